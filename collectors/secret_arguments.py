"""Secrets in what a record holds in another form than plain text: the arguments of a command as a list, hexadecimal, Base64.

A finder sees the plain text with the masks of all other words (`find`) and says which spans of the record to replace:

- `a0="mysql" a1="-phush"` of auditd and `"args":["mysql","-phush"]` read as the command line they are;
- `proctitle=6D7973...` of auditd is written again in hexadecimal, so that it still decodes;
- a Base64 payload of an analyser goes as a whole when there is a secret in it.

Sources: linux-audit wiki, "Audit event fields" (proctitle, EXECVE); docs.suricata.io, "EVE JSON format" (payload, http_request_body).
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeAlias

from collectors.secret_masks import MASK, Span

Find: TypeAlias = Callable[[str], list[Span]]
"""Gives the secrets of a plain text."""
Finder: TypeAlias = Callable[[str, int, int, Find], list[Span]]
"""Gives the spans to replace, for a word found from start to end."""

_MOST = 1 << 16
_AUDIT_ARGUMENT = re.compile(r'\sa\d{1,4}(?:\[\d{1,4}\])?=(?:\\*"([^"\\]*)\\*"|([0-9A-Fa-f]+))')
_LISTED_ARGUMENT = re.compile(r'\s{0,4},?\s{0,4}"((?:[^"\\]|\\.)*+)"')
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}(?=[\"\\])")


def _line(text: str, parts: Sequence[tuple[int, int]], find: Find) -> list[Span]:
    """The parts of `text` read as one line with a blank between; a secret is inside one part, or it is none of ours."""
    starts, length = [], 0
    for begin, stop in parts:
        starts.append(length)
        length += stop - begin + 1
    spans = []
    for begin, stop, mask in find(" ".join(text[begin:stop] for begin, stop in parts)):
        at = bisect_right(starts, begin) - 1
        offset = parts[at][0] - starts[at]
        spans.append((begin + offset, min(stop + offset, parts[at][1]), mask))
    return spans


def _audit_arguments(text: str, _start: int, end: int, find: Find) -> list[Span]:
    """The arguments of an EXECVE record; one in hexadecimal stands alone."""
    line = text[end : end + _MOST].split("\n", 1)[0].partition("type=")[0]
    found = list(_AUDIT_ARGUMENT.finditer(line))
    plain = [(match.start(1) + end, match.end(1) + end) for match in found if match[1] is not None]
    coded = [_hexadecimal(text, *match.span(2), find, offset=end) for match in found if match[2] is not None]
    return _line(text, plain, find) + [span for spans in coded for span in spans]


def _hexadecimal(text: str, begin: int, stop: int, find: Find, offset: int = 0) -> list[Span]:
    """Bytes in hexadecimal with the secrets in them masked there."""
    begin, stop = begin + offset, stop + offset
    if _HEX.fullmatch(text, begin, stop) is None:
        return []
    data = bytes.fromhex(text[begin:stop])
    plain = data.decode("latin-1")
    spans = find(plain.replace("\0", " "))
    if not spans:
        return []
    position, pieces = 0, []
    for first, last, mask in spans:
        pieces += [plain[position:first], mask]
        position = last
    masked = "".join([*pieces, plain[position:]]).encode("latin-1")
    return [(begin, stop, masked.hex().upper())]


def _title(text: str, _start: int, end: int, find: Find) -> list[Span]:
    found = _HEX.match(text, end, end + _MOST)
    return _hexadecimal(text, end, found.end(), find) if found else []


def _list(text: str, _start: int, end: int, find: Find) -> list[Span]:
    """Strings of a JSON list."""
    parts = []
    item = _LISTED_ARGUMENT.match(text, end)
    while item is not None and item.end() - end < _MOST:
        parts.append(item.span(1))
        item = _LISTED_ARGUMENT.match(text, item.end())
    return _line(text, parts, find) if len(parts) > 1 else []


def _payload(text: str, _start: int, end: int, find: Find) -> list[Span]:
    found = _BASE64.match(text, end)
    if found is None:
        return []
    try:
        plain = base64.b64decode(found[0], validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return []
    return [(*found.span(), MASK)] if find(plain) else []


def _members(finder: Finder, opening: str, *names: str) -> dict[str, Finder]:
    return {f'"{name}":{gap}{opening}': finder for name in names for gap in ("", " ")}


ARGUMENTS: dict[str, Finder] = {
    "type=execve": _audit_arguments,
    "proctitle=": _title,
    **_members(_list, "[", "args", "argv", "cmdline", "command", "cmd", "arguments", "process.args"),
    **_members(_payload, '"', "payload", "packet", "http_request_body", "http_response_body"),
}
"""Word -> its finder."""
