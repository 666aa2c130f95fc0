"""LEEF taken apart: header and attributes of the Log Event Extended Format, 1.0 and 2.0.

Source: IBM, "Log Event Extended Format (LEEF)", version 2: header, delimiter character, predefined attributes. Senders depart from it: some
part the attributes of 1.0 with `|`, `^` or blanks, and syslog daemons write a tab as `#011`; all of these are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from collectors.parsing import unreadable
from soc.core.i18n import msg

_START = re.compile(r"(?:LEEF: ?)?([12](?:\.\d)?)\|")
_DELIMITER = re.compile(r"(?:0?[xX]([0-9A-Fa-f]{2})|([^\w\s=]|\t))?\|")
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z_][\w.\-]*)=")
_PAIR = re.compile(r"\s*([A-Za-z_][\w.\- ]{0,127}?)=(.*)", re.DOTALL)
_ESCAPED_TAB = "#011"


@dataclass(frozen=True, slots=True)
class LeefRecord:
    """A LEEF message.

    `header` has vendor, product, version and event_id; `attributes` the keys as written, the first of a name winning.
    """

    header: Mapping[str, str]
    attributes: Mapping[str, str]


def split_leef(text: str) -> LeefRecord:
    """Take a message apart, with or without the word LEEF in front. Raises ParseError, with the column, when the header is short."""
    start = _START.match(text)
    parts = [] if start is None else text[start.end() :].split("|", 4)
    if start is None or len(parts) < 4:
        raise unreadable(
            msg("LEEF: phiên bản|hãng|sản phẩm|phiên bản|mã|thuộc tính"), column=1 if start is None else start.end()
        )
    header = dict(zip(("vendor", "product", "version", "event_id"), parts[:4], strict=True))
    body = parts[4] if len(parts) == 5 else ""
    delimiter = ""
    if start[1].startswith("2") and (given := _DELIMITER.match(body)) is not None:
        delimiter = chr(int(given[1], 16)) if given[1] else (given[2] or "")
        body = body[given.end() :]
    return LeefRecord(header, _attributes(body, delimiter or _delimiter_of(body)))


def _delimiter_of(body: str) -> str:
    """The delimiter that a body of version 1.0 uses; empty for blanks."""
    return next((sign for sign in ("\t", _ESCAPED_TAB, "|", "^") if sign in body), "")


def _attributes(body: str, delimiter: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    if delimiter:
        for part in body.split(delimiter):
            pair = _PAIR.match(part)
            if pair is not None:
                attributes.setdefault(pair[1], pair[2].strip())
        return attributes
    keys = list(_KEY.finditer(body))
    ends = [*(key.start() for key in keys[1:]), len(body)]
    for key, end in zip(keys, ends, strict=False):
        attributes.setdefault(key[1], body[key.end() : end].strip())
    return attributes
