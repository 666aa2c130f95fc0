"""MISP: attributes of events that are meant for detection, and warning lists.

Source: MISP core format (draft-dulaunoy-misp-core-format), sections on event, attribute and object; misp-warninglists, its schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from detectors.indicators.model import Indicator, Kind
from detectors.indicators.reading.readings import Reading, Unread, time_of
from detectors.indicators.values import hash_of, named_as, url
from detectors.indicators.warninglists import WarningList
from soc.core.errors import InputError
from soc.core.i18n import msg

_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
_KINDS: Mapping[str, tuple[Kind | None, ...]] = {
    "ip-src": (Kind.IP,),
    "ip-dst": (Kind.IP,),
    "ip-src|port": (Kind.IP, None),
    "ip-dst|port": (Kind.IP, None),
    "domain": (Kind.DOMAIN,),
    "hostname": (Kind.DOMAIN,),
    "hostname|port": (Kind.DOMAIN, None),
    "domain|ip": (Kind.DOMAIN, Kind.IP),
    "url": (Kind.URL,),
    "uri": (Kind.URL,),
    **dict.fromkeys(_HASHES, (Kind.HASH,)),
    **{f"filename|{name}": (None, Kind.HASH) for name in _HASHES},
}
"""Type of an attribute -> the kinds of its parts, which `|` sets apart."""


def is_misp(content: object) -> bool:
    """Whether a document is an event, a list of events, or the answer of a search."""
    return bool(_events(content))


def is_warning_list(content: object) -> bool:
    """Whether a document is one of misp-warninglists."""
    return isinstance(content, dict) and isinstance(content.get("list"), list) and isinstance(content.get("type"), str)


def _events(content: object) -> list[Mapping[str, Any]]:
    if isinstance(content, dict) and "response" in content:
        return _events(content["response"])
    rows = content if isinstance(content, list) else [content]
    return [row["Event"] for row in rows if isinstance(row, dict) and isinstance(row.get("Event"), dict)]


def read_misp(content: object, reading: Reading) -> Iterator[Indicator | Unread]:
    """The attributes with `to_ids`, of events and of the objects in them; the others are no indicators by their makers' word."""
    for event in _events(content):
        for attribute, where in _attributes(event, f"{reading.path}#{event.get('uuid', 'Event')}"):
            if attribute.get("to_ids") is True:
                yield from _indicators(attribute, event, where, reading)


def _attributes(event: Mapping[str, Any], where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    groups = [event, *(found for found in event.get("Object") or [] if isinstance(found, dict))]
    for group in groups:
        for attribute in group.get("Attribute") or []:
            if isinstance(attribute, dict) and not attribute.get("deleted"):
                yield attribute, f"{where}/{attribute.get('uuid', '?')}"


def _indicators(
    attribute: Mapping[str, Any], event: Mapping[str, Any], where: str, reading: Reading
) -> Iterator[Indicator | Unread]:
    kinds = _KINDS.get(str(attribute.get("type")))
    if kinds is None:
        yield Unread(where, msg("thuộc tính MISP kiểu {kind} không được so", kind=str(attribute.get("type"))))
        return
    for kind, part in zip(kinds, str(attribute.get("value", "")).split("|"), strict=False):
        if kind is None:
            continue
        found = named_as(kind, part)
        if found is None:
            yield Unread(where, msg("'{value}' không phải địa chỉ, tên miền, URL hay mã băm", value=part[:80]))
        else:
            seen = (time_of(attribute.get("first_seen")), time_of(attribute.get("last_seen")))
            label = str(attribute.get("comment") or event.get("info") or "")
            yield Indicator(found, reading.source, reading.confidence, None, None, *seen, label)


def read_warning_list(content: Any, path: Path) -> tuple[WarningList, int]:
    """A warning list, and how many of its values have no counterpart here. Raises InputError for the types regex and substring."""
    values = [str(value) for value in content["list"]]
    kind = content["type"]
    if kind not in {"cidr", "hostname", "string"}:
        raise InputError(
            msg("danh sách cảnh báo kiểu {kind} không so được bằng giá trị", kind=kind),
            expected=msg("kiểu cidr, hostname hoặc string"),
            where=str(path),
        )
    networks = tuple(value for value in values if kind != "hostname" and _is_network(value))
    hashes = tuple(value for value in values if kind == "string" and hash_of(value))
    urls = tuple(filter(None, (url(value) for value in values if kind == "string" and "://" in value)))
    rest = [value for value in values if kind != "cidr" and "://" not in value and value not in {*networks, *hashes}]
    domains = tuple(value for value in rest if named_as(Kind.DOMAIN, value.lstrip(".")))
    name = str(content.get("name") or path.stem)
    made = WarningList(
        id=f"misp:{path.stem}",
        name={"vi": name, "en": name},
        source=str(content.get("description") or ""),
        below="refuse" if kind == "hostname" else None,
        networks=networks,
        domains=tuple(value.lstrip(".") for value in domains),
        hashes=hashes,
        urls=urls,
    )
    return made, len(values) - len(networks) - len(hashes) - len(urls) - len(domains)


def _is_network(value: str) -> bool:
    try:
        ip_network(value, strict=False)
    except ValueError:
        return False
    return True
