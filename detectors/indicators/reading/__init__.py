"""Files of indicators: plain lists, CSV, STIX 2.1 bundles, MISP events; and MISP warning lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from detectors.indicators.model import DEFAULT_CONFIDENCE, Indicator
from detectors.indicators.reading.misp import is_misp, is_warning_list, read_misp, read_warning_list
from detectors.indicators.reading.plain import read_plain
from detectors.indicators.reading.readings import Reading, Unread
from detectors.indicators.reading.stix import is_stix, read_stix
from detectors.indicators.warninglists import WarningList
from soc.core.errors import InputError
from soc.core.i18n import msg

LARGEST_JSON = 1 << 30

__all__ = ["Reading", "Unread", "read_file", "read_list"]


def read_file(path: Path, source: str, confidence: int = DEFAULT_CONFIDENCE) -> Iterator[Indicator | Unread]:
    """The indicators of a file in its order, and what in it is none.

    Args:
        source: who gives them; in an MISP event, its organisation goes into the label.
        confidence: where the file says nothing.

    Raises:
        InputError: the file cannot be read, or is JSON of no form that we know.
    """
    reading = Reading(path, source, confidence)
    content = _json(path)
    if content is None:
        return read_plain(reading)
    if is_stix(content):
        return read_stix(content, reading)
    if is_misp(content):
        return read_misp(content, reading)
    raise InputError(
        msg("JSON không phải gói STIX 2.1 hay sự kiện MISP"),
        expected=msg("một đối tượng có type bundle, hoặc có Event"),
        where=str(path),
        advice=msg("xem docs/detectors.md"),
    )


def read_list(path: Path) -> tuple[WarningList, int] | None:
    """The warning list in a file of MISP's form, and how many of its values have no counterpart here; None when it is no such file.

    Raises:
        InputError: the file cannot be read, or its list is of a type that cannot be judged by values.
    """
    content = _json(path)
    return read_warning_list(content, path) if is_warning_list(content) else None


def _json(path: Path) -> object:
    """What a JSON file holds; None when it is no JSON."""
    try:
        with path.open("rb") as stream:
            if stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
                return None
            stream.seek(0)
            data = stream.read(LARGEST_JSON + 1)
    except OSError as problem:
        raise InputError(
            msg("không đọc được tệp: {reason}", reason=problem.strerror or str(problem)),
            where=str(path),
            advice=msg("kiểm tra đường dẫn và quyền đọc"),
        ) from problem
    if len(data) > LARGEST_JSON:
        raise InputError(
            msg("tệp JSON lớn hơn {limit} MiB", limit=LARGEST_JSON >> 20),
            where=str(path),
            advice=msg("chia tệp thành nhiều tệp nhỏ hơn"),
        )
    try:
        return orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as problem:
        raise InputError(
            msg("JSON sai: {reason}", reason=problem.msg), where=f"{path}:{problem.lineno}:{problem.colno}"
        ) from problem
