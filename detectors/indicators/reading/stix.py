"""STIX 2.1 bundles: the indicators whose patterns are made of single values.

Source: OASIS STIX 2.1, sections 4.7 (indicator) and 9 (patterning). A pattern that asks for several things together means less than each
of them alone; it is left out with its reason rather than matched too widely. Digests joined by AND are one file, so each will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from detectors.indicators.model import Indicator, Kind, Named
from detectors.indicators.reading.readings import Reading, Unread, confidence_of, time_of
from detectors.indicators.values import named_as
from soc.core.i18n import Message, msg

_KINDS = {
    "ipv4-addr:value": Kind.IP,
    "ipv6-addr:value": Kind.IP,
    "domain-name:value": Kind.DOMAIN,
    "url:value": Kind.URL,
}
_TERM = re.compile(
    r"(?P<path>[\w-]+:[\w.'\-\[\]*]+)\s*(?P<how>=|IN|ISSUBSET)\s*(?P<values>'(?:[^'\\]|\\.)*'|\((?:[^()'\\]|'(?:[^'\\]|\\.)*')*\))"
)
_VALUE = re.compile(r"'((?:[^'\\]|\\.)*)'")
_OBSERVATION = re.compile(r"\[((?:[^\[\]']|'(?:[^'\\]|\\.)*'|\[\d*\*?\])*)\]")
_BETWEEN_OBSERVATIONS = re.compile(rf"{_OBSERVATION.pattern}|\bOR\b", re.IGNORECASE)


def is_stix(content: object) -> bool:
    """Whether a document is a bundle."""
    return (
        isinstance(content, dict) and content.get("type") == "bundle" and isinstance(content.get("objects", []), list)
    )


def read_stix(bundle: Any, reading: Reading) -> Iterator[Indicator | Unread]:
    """The indicators of a bundle; objects of other types are no fault."""
    for place, found in enumerate(bundle.get("objects", [])):
        if isinstance(found, dict) and found.get("type") == "indicator":
            yield from _indicator(found, f"{reading.path}#objects[{place}]", reading)


def _indicator(found: Mapping[str, Any], where: str, reading: Reading) -> Iterator[Indicator | Unread]:
    if found.get("revoked") is True:
        yield Unread(where, msg("nguồn đã thu hồi chỉ dấu này"))
        return
    values = _values(found)
    if isinstance(values, Message):
        yield Unread(where, values)
        return
    for named in values:
        yield Indicator(
            named,
            reading.source,
            confidence_of(found.get("confidence"), reading.confidence),
            time_of(found.get("valid_from")),
            time_of(found.get("valid_until")),
            label=str(found.get("name") or ""),
        )


def _values(found: Mapping[str, Any]) -> list[Named] | Message:
    """The single values of a pattern, or why there are none."""
    if found.get("pattern_type", "stix") != "stix":
        return msg("mẫu kiểu {kind} không so được bằng giá trị", kind=str(found.get("pattern_type")))
    pattern = str(found.get("pattern", "")).strip()
    if _BETWEEN_OBSERVATIONS.sub("", pattern).strip():
        return msg("mẫu STIX không chỉ gồm các giá trị nối bằng OR: {pattern}", pattern=pattern[:120])
    named: list[Named] = []
    for observation in _OBSERVATION.findall(pattern):
        terms = _terms(observation)
        if terms is None:
            return msg("mẫu STIX không chỉ gồm các giá trị nối bằng OR: {pattern}", pattern=pattern[:120])
        named += terms
    return named or msg("mẫu STIX không có giá trị nào đọc được: {pattern}", pattern=pattern[:120])


def _terms(observation: str) -> list[Named] | None:
    """The values of one observation; None when it asks for more than one of them."""
    matches = list(_TERM.finditer(observation))
    joints = _TERM.sub("", observation).split()
    kinds = [_kind(match["path"]) for match in matches]
    if len(joints) != max(0, len(matches) - 1) or any(kind is None for kind in kinds):
        return None
    words = {word.upper() for word in joints}
    if not words <= {"OR", "AND"} or ("AND" in words and any(kind is not Kind.HASH for kind in kinds)):
        return None
    found = (
        named_as(kind, value.replace("\\'", "'").replace("\\\\", "\\"))
        for kind, match in zip(kinds, matches, strict=True)
        for value in _VALUE.findall(match["values"])
        if kind is not None
    )
    return [named for named in found if named is not None]


def _kind(path: str) -> Kind | None:
    if path.startswith("file:hashes."):
        return Kind.HASH
    return _KINDS.get(path)
