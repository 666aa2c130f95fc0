"""Grok: patterns of named pieces, compiled so that a match takes time linear in the text.

The language, a subset of what grok libraries read:

    %{IP:source.ip} %{WORD:http.request.method} \\[%{DATA:user.name}\\] took %{INT:event.duration:int} ms%{GREEDYDATA:message}
    %{NAME}, %{NAME:field}, %{NAME:field:int|float}      a piece of ours or of `definitions`
    \\[ \\( \\. ...                                         a sign as it is
    \\s \\s+ \\s*, a blank, + or * behind a blank          blanks
    (?: ... )?                                           a part that may be missing

A piece never gives back what it took (atomic groups, possessive repetition), and DATA or GREEDYDATA stand at the end or in front of fixed
text, whose first or last occurrence ends them. So nothing is tried twice: patterns that other libraries match by trying again do not match
here, and a pattern that would need it is refused where it is declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from collectors.definition import DefinitionProblem, advice_for
from soc.core.i18n import msg

MAX_DEPTH = 8
MAX_PIECES = 500

_OCTET = r"\d{1,3}+"
_IPV4 = rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}"
_IPV6 = r"(?=[0-9A-Fa-f]{0,4}+:)[0-9A-Fa-f:]{2,39}+(?:(?<=:)[0-9.]{1,15}+|(?<=\d)(?:\.\d{1,3}+){3})?+(?:%\w{1,16}+)?+"
_HOST = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*+)"
_NUMBER = r"[+-]?+(?:\d++(?:\.\d*+)?+|\.\d++)"
_CLOCK = r"\d{1,2}+:\d{2}(?::\d{2}(?:[.,]\d{1,9}+)?+)?+"

PIECES: Mapping[str, str] = {
    "WORD": r"\b\w++\b",
    "NOTSPACE": r"\S++",
    "SPACE": r"\s*+",
    "INT": r"[+-]?+\d++",
    "POSINT": r"\d++",
    "NONNEGINT": r"\d++",
    "NUMBER": _NUMBER,
    "BASE10NUM": _NUMBER,
    "BASE16NUM": r"[+-]?+(?:0[xX])?+[0-9A-Fa-f]++",
    "IPV4": _IPV4,
    "IPV6": _IPV6,
    "IP": rf"(?>{_IPV4}|{_IPV6})",
    "HOSTNAME": _HOST,
    "IPORHOST": rf"(?>{_IPV4}(?![\w.-])|{_IPV6}(?!\w)|{_HOST})",
    "HOSTPORT": rf"(?>{_HOST}):\d++",
    "MAC": r"[0-9A-Fa-f]{2}(?:[:.-]?+[0-9A-Fa-f]{2}){5}",
    "UUID": r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}",
    "USERNAME": r"[A-Za-z0-9._-]++",
    "USER": r"[A-Za-z0-9._-]++",
    "EMAILADDRESS": r"[^\s@]{1,256}+@[A-Za-z0-9._-]{1,255}+",
    "QUOTEDSTRING": r"(?>\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|'[^'\\]*+(?:\\.[^'\\]*+)*+')",
    "QS": r"(?>\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|'[^'\\]*+(?:\\.[^'\\]*+)*+')",
    "PATH": r"(?>(?:[A-Za-z]:)?\\[^\s:*?\"<>|]*+|/[^\s]*+)",
    "URIPATH": r"/[^\s?#]*+",
    "URIPATHPARAM": r"/[^\s]*+",
    "URI": r"[A-Za-z][A-Za-z0-9+.-]{0,31}+://[^\s]++",
    "YEAR": r"\d{4}",
    "MONTHNUM": r"\d{1,2}+",
    "MONTHDAY": r"\d{1,2}+",
    "MONTH": r"[A-Z][a-z]{2,8}+",
    "DAY": r"[A-Z][a-z]{2,8}+",
    "HOUR": r"\d{1,2}+",
    "MINUTE": r"\d{2}",
    "SECOND": r"\d{2}(?:[.,]\d{1,9}+)?+",
    "TIME": _CLOCK,
    "DATE": r"\d{1,4}+[./-]\d{1,2}+[./-]\d{1,4}+",
    "TIMESTAMP_ISO8601": rf"\d{{4}}-\d{{2}}-\d{{2}}[T ]{_CLOCK}(?>Z|[+-]\d{{2}}:?+\d{{2}})?+",
    "HTTPDATE": r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}",
    "SYSLOGTIMESTAMP": r"[A-Z][a-z]{2} {1,2}+\d{1,2}+ \d{2}:\d{2}:\d{2}",
    "LOGLEVEL": r"[A-Za-z]{3,13}+",
    "PROG": r"[A-Za-z0-9_./@-]{1,64}+",
    "SYSLOGPROG": r"[A-Za-z0-9_./@-]{1,64}+(?:\[\d++\])?+",
}
"""Name -> expression, each of our own writing; none gives back what it took."""

_REST = {"DATA": ".*?", "GREEDYDATA": ".*"}
_TOKEN = re.compile(
    r"%\{(?P<name>\w{1,64})(?::(?P<field>@?[\w.-]{1,128}))?(?::(?P<type>int|float))?\}"
    r"|(?P<blank>(?:\\s| )[+*])|(?P<anyblank>\\s)|\\(?P<escaped>[^\w\s])|(?P<open>\(\?:)|(?P<close>\)\?)|(?P<plain>[^\\()%*+?{}|^$\[\].])"
)


@dataclass(frozen=True, slots=True)
class Grok:
    """A compiled pattern: group number -> (field, type)."""

    expression: re.Pattern[str]
    fields: tuple[tuple[str, str, str], ...]


@dataclass(slots=True)
class _Build:
    """What has been written so far; `waiting` is the DATA that the fixed text behind it will end."""

    definitions: Mapping[str, str]
    fields: list[tuple[str, str, str]] = field(default_factory=list)
    pieces: int = 0


@dataclass(slots=True)
class _Part:
    """A sequence: the expressions so far, fixed text not yet written, and the DATA in front of it."""

    written: list[str] = field(default_factory=list)
    fixed: str = ""
    waiting: str = ""


def compile_grok(pattern: str, definitions: Mapping[str, str]) -> Grok:
    """`pattern` ready to match a whole record. Raises DefinitionProblem that says which sign or piece cannot be."""
    return _compiled(pattern, tuple(sorted(definitions.items())))


@lru_cache(maxsize=256)
def _compiled(pattern: str, definitions: tuple[tuple[str, str], ...]) -> Grok:
    build = _Build(dict(definitions))
    expression = _sequence(build, pattern, 0)
    return Grok(re.compile(expression, re.DOTALL), tuple(build.fields))


def _sequence(build: _Build, pattern: str, depth: int) -> str:
    parts = [_Part()]
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise _unknown_sign(pattern, at)
        _take(build, parts, token, depth)
        at = token.end()
    if len(parts) != 1:
        raise DefinitionProblem(msg("mẫu grok mở (?: mà không đóng bằng )?"))
    return _closed(parts[0], at_end=depth == 0)


def _take(build: _Build, parts: list[_Part], token: re.Match[str], depth: int) -> None:
    part = parts[-1]
    if token["plain"] is not None or token["escaped"] is not None:
        part.fixed += token["plain"] or token["escaped"]
    elif token["open"]:
        _settle(part)
        parts.append(_Part())
    elif token["close"]:
        if len(parts) == 1:
            raise DefinitionProblem(msg("mẫu grok đóng )? mà không mở bằng (?:"))
        inner = _closed(parts.pop(), at_end=False)
        parts[-1].written.append(f"(?>{inner})?+")
    else:
        _settle(part)
        part.written.append(_blank(token)) if token["name"] is None else _piece(build, part, token, depth)


def _blank(token: re.Match[str]) -> str:
    if token["anyblank"]:
        return r"\s"
    return (r"\s" if token["blank"].startswith("\\") else " ") + token["blank"][-1] + "+"


def _piece(build: _Build, part: _Part, token: re.Match[str], depth: int) -> None:
    name = token["name"]
    build.pieces += 1
    if build.pieces > MAX_PIECES or depth > MAX_DEPTH:
        raise DefinitionProblem(msg("mẫu grok quá {count} mảnh hoặc {depth} tầng", count=MAX_PIECES, depth=MAX_DEPTH))
    group = _group(build, token)
    if name in _REST:
        part.waiting = f"({group}{_REST[name]})"
    elif name in build.definitions:
        inner = _sequence(build, build.definitions[name], depth + 1)
        part.written.append(f"({group}(?>{inner}))")
    elif name in PIECES:
        part.written.append(f"({group}(?>{PIECES[name]}))")
    else:
        known = sorted({*PIECES, *_REST, *build.definitions})
        raise DefinitionProblem(msg("mẫu grok lạ '{name}'", name=name), advice=advice_for(name, known))


def _group(build: _Build, token: re.Match[str]) -> str:
    if token["field"] is None:
        return "?:"
    name = f"g{len(build.fields)}"
    build.fields.append((name, token["field"], token["type"] or ""))
    return f"?P<{name}>"


def _settle(part: _Part) -> None:
    """Write the fixed text; with a DATA in front of it the two become one group, so that its end is looked for once."""
    if part.waiting:
        if not part.fixed.strip():
            raise _open_ended()
        part.written.append(f"(?>{part.waiting}{re.escape(part.fixed)})")
    else:
        part.written.append(re.escape(part.fixed))
    part.fixed = part.waiting = ""


def _closed(part: _Part, *, at_end: bool) -> str:
    if part.waiting and not part.fixed:
        if not at_end:
            raise _open_ended()
        part.written.append(part.waiting)
        part.waiting = ""
    elif at_end and part.waiting:
        part.written.append(f"{part.waiting}{re.escape(part.fixed)}")
        part.waiting = part.fixed = ""
    _settle(part)
    return "".join(part.written)


def _open_ended() -> DefinitionProblem:
    return DefinitionProblem(
        msg("DATA hoặc GREEDYDATA không đứng trước chữ cố định"),
        msg("chữ cố định không chỉ gồm khoảng trắng, hoặc cuối mẫu"),
        msg("dùng NOTSPACE, WORD hoặc thêm dấu ngăn vào mẫu"),
    )


def _unknown_sign(pattern: str, at: int) -> DefinitionProblem:
    return DefinitionProblem(
        msg("mẫu grok có '{sign}' ở cột {column} mà bộ đọc không nhận", sign=pattern[at : at + 8], column=at + 1),
        msg("%{TÊN:trường}, chữ, khoảng trắng, hoặc (?: … )?"),
        msg("viết dấu của câu với \\ ở trước, ví dụ \\["),
    )
