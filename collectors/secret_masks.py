"""Finds secrets in raw text by the name in front of them, or by their own shape.

One pass of an automaton over the lower-cased text (`collectors.redact`) finds the telling words; a small reader per kind of word then
looks at what follows and says which span to replace. No pattern is ever searched from every position, so the cost is linear.

The shapes of a value behind a name: bare (`pwd=abc&`), quoted, quoted inside a JSON string inside a JSON string (`\\\\\\"`), as
nginx writes a quote (`\\x22`), percent-encoded, as an element (`<Password>`), a header, a command line option.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

MASK = "***"
Span: TypeAlias = tuple[int, int, str]
"""From, to, and what stands there afterwards."""

Reader: TypeAlias = Callable[[str, int, int], list[Span]]
"""Gives the spans to replace, for a word found from start to end."""

_QUOTE = r"""\\x2[27]|\\u002[27]|%2[27]|&quot;|\\*["']"""
_AFTER_NAME = re.compile(
    rf"""\d{{0,2}}(?:%5[Bb]%5[Dd]|%5[Dd]|\[\]|\])?(?P<key>{_QUOTE})?"""
    rf"""(?:\s{{0,8}}(?P<sep>=>|[:=]{{1,2}}|%3[AaDd])\s{{0,8}}|[ \t]{{1,4}}(?=[NnEe]?'))(?:[NnEe](?='))?(?P<open>{_QUOTE})?"""
)
_OPTION_VALUE = re.compile(rf"[ \t]{{1,4}}(?!-)(?P<open>{_QUOTE})?")
_ELEMENT_VALUE = re.compile(r"[^<>]{0,200}>(?:<!\[CDATA\[([^\]]*)|([^<]*))")
_PAIR_VALUE = re.compile(
    rf"""(?:{_QUOTE})\s{{0,4}}(?:,\s{{0,4}}(?:{_QUOTE})|(?<=[\s"'])\s{{0,4}})(?:new_?)?value(?=(?:{_QUOTE})?\s{{0,8}}[:=])""",
    re.IGNORECASE,
)
_PART_VALUE = re.compile(rf"""(?:{_QUOTE})(?:\s{{0,4}}>|(?:\\r\\n|\\n|\r?\n){{2}})([^<\r\n\\]+)""")
# a comma, semicolon or bracket belongs to the value unless what follows looks like the next field or the end
_BARE = re.compile(
    r"""(?:[^\s&;,"'<>)\]}\\]|\\(?!["'nrt]|[xu]\d)|[,;](?!\s|["'\[{]|[\w.-]{1,40}[=:]|\Z)|[)\]}](?![\s,;)\]}"']|\Z))*+"""
)
_BARE_ENCODED = re.compile(r"""(?:[^\s&;,"'<>%]|%(?!2[026Cc]|7[Dd]|0[AaDd]))*+""")
_MASKED_ALREADY = ("*" * count for count in range(1, 33))
NO_VALUE = frozenset(("", "null", "true", "false", "none", "undefined", "(null)", "-", *_MASKED_ALREADY))
_MESSAGE_NUMBER = re.compile(r"%%\d{1,5}")
"""How Windows writes yes and no: `ElevatedToken: %%1842`."""
_LIST_ITEM = re.compile(rf"""[\[,]\s{{0,8}}(?P<open>{_QUOTE})""")


def named(text: str, start: int, end: int) -> list[Span]:
    """The value behind a name such as `password` that stands from `start` to `end`; nothing when no value follows."""
    after = _AFTER_NAME.match(text, end)
    if after is None:
        return _option(text, start, end) or _element(text, start, end) or _pair(text, start, end)
    begin, quote = after.end(), after["open"]
    if quote:
        return _quoted(text, begin, quote, bare_name=not after["key"])
    if text.startswith(("{", "["), begin):
        return _list(text, begin) if text[begin] == "[" else []
    stop = _bare_end(text, begin, encoded=(after["sep"] or "").startswith("%"))
    if _is_working_folder(text, start, begin) or _is_empty(text[begin:stop]):
        return []
    key = after["key"] or ""
    # a number without quotes under a quoted name is JSON: it must stay JSON
    return [(begin, stop, f"{key}{MASK}{key}")]


def _quoted(text: str, begin: int, quote: str, *, bare_name: bool) -> list[Span]:
    # a quote right before a blank or comma closes an outer value (`msg="no password=" user=`), it opens none
    if bare_name and (begin == len(text) or text[begin] in " ,;}"):
        return []
    stop = _closing(text, begin, quote)
    return [] if _is_empty(text[begin:stop]) else [(begin, stop, MASK)]


def _list(text: str, begin: int) -> list[Span]:
    """Every string of a JSON list of strings."""
    spans: list[Span] = []
    item = _LIST_ITEM.match(text, begin)
    while item:
        spans += _quoted(text, item.end(), item["open"], bare_name=False)
        item = _LIST_ITEM.match(text, _closing(text, item.end(), item["open"]) + len(item["open"]))
    return spans


def _pair(text: str, start: int, end: int) -> list[Span]:
    """`{"name":"password","value":"abc"}`, `<param name="password" value="abc"/>`, `<Data Name='Password'>abc</Data>`, a part of a form."""
    value = _PAIR_VALUE.match(text, end)
    if value is not None:
        return named(text, start, value.end())
    part = _PART_VALUE.match(text, end)
    return [] if part is None or _is_empty(part[1].strip()) else [(part.start(1), part.end(1), MASK)]


def _option(text: str, start: int, end: int) -> list[Span]:
    """`--password abc`, `-Password "abc"`."""
    name = _name_start(text, start)
    if not text.startswith("-", name) or (name and not text[name - 1].isspace()):
        return []
    value = _OPTION_VALUE.match(text, end)
    if value is None:
        return []
    if value["open"]:
        return _quoted(text, value.end(), value["open"], bare_name=False)
    stop = _bare_end(text, value.end(), encoded=False)
    return [] if _is_empty(text[value.end() : stop]) else [(value.end(), stop, MASK)]


def _element(text: str, start: int, end: int) -> list[Span]:
    """`<wsse:Password Type="...">abc</wsse:Password>`."""
    name = _name_start(text, start)
    value = _ELEMENT_VALUE.match(text, end) if name and text[name - 1] == "<" else None
    if value is None or _is_empty(value[value.lastindex or 0].strip()):
        return []
    begin, stop = value.span(value.lastindex or 0)
    # `"PASS <password>"` is what a server wrote in place of one
    return [] if text[begin] in "\"'" and not text.startswith("<", stop) else [(begin, stop, MASK)]


def _name_start(text: str, start: int) -> int:
    """Where the name begins whose last part stands at `start`; looks back 60 characters at most."""
    floor = max(0, start - 60)
    while start > floor and (text[start - 1].isalnum() or text[start - 1] in "_-:."):
        start -= 1
    return start


def _bare_end(text: str, begin: int, *, encoded: bool) -> int:
    found = (_BARE_ENCODED if encoded else _BARE).match(text, begin)
    return found.end() if found else begin


def _closing(text: str, begin: int, quote: str) -> int:
    """Where the value that `quote` opened ends; a cut record has no closing quote, then it is the end of the text."""
    if quote[-1] in "\"'" and len(quote) <= 16:
        closing = _closing_pattern(quote).search(text, begin)
        return closing.start("quote") if closing else len(text)
    stop = text.find(quote, begin)
    return len(text) if stop < 0 else stop


@lru_cache(maxsize=64)
def _closing_pattern(quote: str) -> re.Pattern[str]:
    """At nesting depth d a quote has n = 2^d - 1 backslashes, and an escaped backslash inside the value has 2(n + 1)."""
    depth = len(quote) - 1
    return re.compile(rf"(?<!\\)(?:\\{{{2 * (depth + 1)}}})*+(?P<quote>\\{{{depth}}}{quote[-1]})")


def _is_empty(value: str) -> bool:
    """Whether there is nothing to hide."""
    return value.lower() in NO_VALUE or _MESSAGE_NUMBER.fullmatch(value) is not None


def _is_working_folder(text: str, start: int, begin: int) -> bool:
    """`PWD=/root` of a sudo line is where somebody stood, not a secret."""
    return text.startswith("PWD=/", start) and begin == start + 4


_NEW_OR_OLD = re.compile(r"\s(?:mới|cũ|hiện tại|moi|cu|hien tai)(?=\s?[:=])", re.IGNORECASE)


def _vietnamese(text: str, start: int, end: int) -> list[Span]:
    """`mật khẩu: abc`, `mật khẩu mới: abc`."""
    which = _NEW_OR_OLD.match(text, end)
    return named(text, start, which.end() if which else end)


def _session_id(text: str, start: int, end: int) -> list[Span]:
    """A session cookie by its name; as a path parameter (`/a;jsessionid=1f?x=2`) it ends where the query begins."""
    spans = named(text, start, end)
    query = text.find("?", spans[0][0], spans[0][1]) if spans else -1
    if query < 0:
        return spans
    begin = spans[0][0]
    return [] if text[begin:query] in NO_VALUE else [(begin, query, MASK)]


def _whole(text: str, start: int, end: int) -> list[Span]:
    """A short word that counts only as a whole name: `pin`, `keyPin`, not `mapping`; and not in prose: `pass: 3 of 5`."""
    if start and text[start - 1].isalnum() and not (text[start].isupper() and text[start - 1].islower()):
        return []
    after = _AFTER_NAME.match(text, end)
    if after is None and text.startswith(">", end):
        return _element(text, start, end)
    return named(text, start, end) if after and (after["key"] or after["sep"] == "=") else []


_SCHEME = re.compile(r"(?:bearer|basic|negotiate|ntlm|token|apikey)(?:\s+|%20|\+)", re.IGNORECASE)
_LONG_SCHEME = re.compile(r"(?:digest|aws4-hmac-sha256|hawk|oauth|signature)\s+", re.IGNORECASE)
_TO_LINE_END = re.compile(r"(?:[^\r\n\\]|\\(?![rn]))*+")


def _authorization(text: str, start: int, end: int) -> list[Span]:
    """An Authorization header; the scheme stays, because it tells how somebody came in."""
    spans = named(text, start, end)
    after = _AFTER_NAME.match(text, end)
    if not spans or (after is not None and spans[0][0] != after.end()):
        return spans
    begin, stop, _ = spans[0]
    quoted = after is None or after["open"]
    if _LONG_SCHEME.match(text, begin) and not quoted:
        line = _TO_LINE_END.match(text, begin)
        return [(begin, line.end() if line else stop, MASK)]
    scheme = _SCHEME.match(text, begin)
    if scheme is None:
        return spans
    stop = stop if quoted else _bare_end(text, scheme.end(), encoded=False)
    return [] if text[scheme.end() : stop] in NO_VALUE else [(scheme.end(), stop, MASK)]


_COOKIES = re.compile(r"[^=;\s\"'\\,]{1,128}=[^;\s\"'\\]*+(?:;\s{0,2}[^=;\s\"'\\]{1,128}(?:=[^;\"'\\\r\n]*+)?)*+")
_COOKIE_PAIR = re.compile(r"([^=;\s]{1,128})=([^;]*+)")
_COOKIE_ATTRIBUTES = frozenset(("path", "domain", "expires", "max-age", "samesite", "priority", "version"))


def _cookie(text: str, start: int, end: int) -> list[Span]:
    """A Cookie or Set-Cookie header: names and attributes stay, values go."""
    after = _AFTER_NAME.match(text, end)
    if after is not None and after["sep"] is None:
        return []
    if after is None or after["open"] or text.startswith("[", after.end()):
        return [span for outer in named(text, start, end) for span in _cookie_values(text, outer)]
    header = _COOKIES.match(text, after.end())
    return _cookie_values(text, (header.start(), header.end(), MASK)) if header else named(text, start, end)


def _cookie_values(text: str, outer: Span) -> list[Span]:
    begin, stop, _ = outer
    pairs = list(_COOKIE_PAIR.finditer(text, begin, stop))
    secret = [p for p in pairs if p[1].lower() not in _COOKIE_ATTRIBUTES and p[2] not in NO_VALUE]
    return [(p.start(2), p.end(2), MASK) for p in secret] if pairs else [outer]


_JWT = re.compile(r"eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]*+", re.ASCII)
_PEM_END = re.compile(r"-----END[ A-Z]{0,40}-----")
_USER_INFO = re.compile(r"""[^/\s:@"'<>?#]{1,128}:([^/\s"'<>?#]{1,256})@""")
_CREDENTIAL = re.compile(r"[A-Za-z0-9._~+/=-]{8,}+")


def _token(text: str, start: int, _end: int) -> list[Span]:
    """A JSON web token, wherever it stands."""
    if start and (text[start - 1].isalnum() or text[start - 1] in "_-"):
        return []
    found = _JWT.match(text, start)
    return [(start, found.end(), MASK)] if found else []


def _private_key(text: str, _start: int, end: int) -> list[Span]:
    closing = _PEM_END.search(text, end)
    stop = closing.start() if closing else len(text)
    return [] if text[end:stop] in NO_VALUE else [(end, stop, MASK)]


def _user_info(text: str, _start: int, end: int) -> list[Span]:
    """The password of `scheme://user:password@host`."""
    found = _USER_INFO.match(text, end)
    return [(found.start(1), found.end(1), MASK)] if found and found[1] != MASK else []


def _bearer(text: str, start: int, end: int) -> list[Span]:
    """`Bearer` with something behind it that no word of prose looks like."""
    found = _CREDENTIAL.match(text, end)
    if found is None or (start and text[start - 1].isalnum()):
        return []
    telling = len(found[0]) >= 16 and any(char.isdigit() for char in found[0])
    return [(found.start(), found.end(), MASK)] if telling else []


def _basic(text: str, start: int, end: int) -> list[Span]:
    """`Basic` with Base64 of `user:password` behind it."""
    found = _CREDENTIAL.match(text, end)
    if found is None or (start and text[start - 1].isalnum()):
        return []
    try:
        plain = base64.b64decode(found[0] + "=" * (-len(found[0]) % 4), validate=True)
    except (binascii.Error, ValueError):
        return []
    return [(found.start(), found.end(), MASK)] if b":" in plain else []


def _leave(_text: str, _start: int, _end: int) -> list[Span]:
    """A name that ends like a secret and is none."""
    return []


# the automaton folds the case of ASCII letters alone
_ACCENTED = tuple(f"m{a}t{gap}kh{u}u" for a in "ậẬ" for u in "ẩẨ" for gap in ("", "_", " "))

_CODES = (
    "otp_code",
    "otpcode",
    "pin_code",
    "pincode",
    "ma_otp",
    "ma_pin",
    "ma_xac_nhan",
    "maxacnhan",
    "ma_xac_thuc",
    "maxacthuc",
)

SECRETS: dict[str, Reader] = {
    **dict.fromkeys(
        (
            *("password", "passwd", "passphrase", "passcode", "pwd"),
            *("secret", "secretkey", "secret_key", "secret-key", "secretaccesskey", "secret_access_key"),
            *("password_hash", "passwordhash", "passwd_hash", "passwrd", "secret_key_base", "client_assertion"),
            *("code_verifier", "device_code", "wresult", "saml_response", "authkey", "auth_key"),
            *("token", "apikey", "api_key", "api-key"),
            *("privatekey", "private_key", "private-key", "subscription-key"),
            *("__viewstate", "__eventvalidation"),
        ),
        named,
    ),
    **dict.fromkeys(("matkhau", "mat_khau", "mat-khau", "mat khau", *_ACCENTED), _vietnamese),
    **dict.fromkeys(
        (
            *("jsessionid", "phpsessid", "asp.net_sessionid", "aspxauth", "laravel_session", "connect.sid"),
            *("ci_session", "mrhsession", "svpncookie", "wordpress_logged_in", "csrftoken", "sap-contextid"),
            *("keycloak_identity", "keycloak_session", "auth_session_id"),
        ),
        _session_id,
    ),
    **dict.fromkeys(("pass", "pin", "otp", "psk", "cvv", "cvc", "pw", *_CODES), _whole),
    **dict.fromkeys(("publickeytoken", "eventtoken"), _leave),
    "authorization": _authorization,
    **dict.fromkeys(("cookie", "cookies"), _cookie),
    "eyj": _token,
    "private key-----": _private_key,
    "://": _user_info,
    "bearer ": _bearer,
    "basic ": _basic,
}
