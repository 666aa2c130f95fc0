r"""Secrets in what protocols say, as analysers and servers write it down: FTP, POP3, IMAP and SMTP sign-ins, RADIUS, HTTP digests, cookies.

Sources: docs.suricata.io, "EVE JSON format" (ftp, pop3, rfb, snmp records); vsftpd.conf(5) `log_ftp_protocol`; RFC 959, 1939, 2228, 3501,
4954, 7616; FreeRADIUS src/main/auth.c (`rad_authlog`); learn.microsoft.com, "W3C Logging" (cs(Cookie)); snmptrapd(8); slapd-ldif(5).
"""

from __future__ import annotations

import base64
import binascii
import re

from collectors.secret_masks import MASK, Reader, Span, named
from collectors.secret_readers import after, hides_nothing, line_from, listed, shaped, spans_of

_LONGEST_COOKIE = 4096
_SECRET_VERBS = frozenset(("pass", "acct", "adat", "apop", "auth", "xauth"))
_DATA_MEMBER = re.compile(r'\\*"\s?,\s?\\*"(?:command_data|args?|arguments?|data)(?=\\*")', re.IGNORECASE)
_VERB_MEMBER = re.compile(r'\\*"\s?,\s?\\*"command\\*"\s?:\s?\\*"(\w{1,8})\\*"', re.IGNORECASE)
_MECHANISMS = frozenset(("tls", "ssl", "tls-c", "tls-p", "gssapi", "login", "plain", "cram-md5", "ntlm", "xoauth2"))


def _command(text: str, _start: int, end: int) -> list[Span]:
    """`"command":"PASS","command_data":"hush"`: the argument of a sign-in command."""
    member = _DATA_MEMBER.match(text, end)
    return _arguments(text, member.start(), member.end()) if member else []


def _arguments(text: str, start: int, end: int) -> list[Span]:
    return [span for span in named(text, start, end) if text[span[0] : span[1]].lower() not in _MECHANISMS]


def _command_data(text: str, start: int, end: int) -> list[Span]:
    """The same with the argument in front of its command."""
    spans = named(text, start, end)
    verb = _VERB_MEMBER.match(text, spans[-1][1]) if spans else None
    return _arguments(text, start, end) if verb and verb[1].lower() in _SECRET_VERBS else []


_SPOKEN = re.compile(r"""([^\s"'\\]+)(?=["'\\\r]|\s*\Z|\s*\n)""")


def _spoken(text: str, start: int, end: int) -> list[Span]:
    """`PASS hush` as it went over the wire, to the end of its line; capital letters, or it is prose."""
    return spans_of(_SPOKEN.match(text, end)) if "PASS" in text[start:end] else []


_TAG = re.compile(r"(?:\A|[\s\"'>]|\\[rn])[A-Za-z]{0,2}\d{1,6} \Z")
_LOGIN = re.compile(r"""(?:"[^"]{1,128}"|[^\s"']{1,128}) "?([^\s"'\\]+)(?=["'\\\r]|\s*\Z|\s*\n)""")


def _imap_login(text: str, start: int, end: int) -> list[Span]:
    """`a001 LOGIN bob hush`."""
    if text[start:end] != "LOGIN " or _TAG.search(text[max(0, start - 10) : start]) is None:
        return []
    return spans_of(_LOGIN.match(text, end))


_BASE64 = re.compile(r"([A-Za-z0-9+/]{8,}={0,2})(?![\w+/])")


def _sasl(text: str, _start: int, end: int) -> list[Span]:
    """`AUTH PLAIN AGh1c2gAaHVzaA==`: Base64 of who and what."""
    found = _BASE64.match(text, end)
    if found is None:
        return []
    try:
        base64.b64decode(found[1], validate=True)
    except (binascii.Error, ValueError):
        return []
    telling = found[1].endswith("=") or any(char.isdigit() for char in found[1])
    return spans_of(found) if telling else []


_OTHER_WAYS = ("<via ", "<chap-", "<no ")


def _radius(text: str, _start: int, end: int) -> list[Span]:
    """`Login incorrect (reason): [name/hush] (from client ...`; the name of a machine (`host/pc1`) has a slash of its own."""
    body, client, _ = line_from(text, end).partition(" (from client ")
    opening = body.find(": [")
    closing = body.rfind("]") if client else body.find("]", opening)
    if opening < 0 or closing < opening:
        return []
    name = opening + 3
    slash = body.find("/", name + len("host/") if body.startswith("host/", name) else name, closing)
    value = body[slash + 1 : closing]
    if slash < 0 or hides_nothing(value) or value.lower().startswith(_OTHER_WAYS):
        return []
    return [(end + slash + 1, end + closing, MASK)]


_BGP_COMMUNITY = re.compile(
    r"""(?:\\*["'])?\s?[:=]?\s?\[?\s?(?:\\*["'])?(?:\d{1,10}:\d|no-|internet\b|local-as\b)""", re.IGNORECASE
)


def _community(text: str, start: int, end: int) -> list[Span]:
    """`community=hush` of SNMP; `community=65000:100` belongs to BGP."""
    end = start + len(text[start:end].rstrip('=\\"'))
    return [] if _BGP_COMMUNITY.match(text, end) else named(text, start, end)


def _assigned(text: str, start: int, end: int) -> list[Span]:
    """A name that tells only with the `=` behind it, which the word takes in."""
    return named(text, start, end - 1)


_COOKIE_COLUMN = re.compile(
    r"""[^\s=;"]{1,128}=(?:"[^\s;"]*+"|[^\s;"]*+)(?:;\+[^\s=;"]{1,128}(?:=(?:"[^\s;"]*+"|[^\s;"]*+))?)++;?(?=[\s"']|\Z)"""
)
_COOKIE_PAIR = re.compile(r"""(?:^|;\+)[^\s=;"]{1,128}="?([^\s;"]*+)""")


def _cookie_column(text: str, start: int, _end: int) -> list[Span]:
    """`a=hush;+b=hush`: how IIS writes the cookies of a request, a column without a name. Names stay.

    Only the first `;+` of a column looks back, so that a column of many is not gone over once for each of them.
    """
    floor = max(text.rfind(";+", max(0, start - _LONGEST_COOKIE), start), 0)
    begin = max(text.rfind(blank, max(floor, start - _LONGEST_COOKIE), start) for blank in " \t") + 1
    if begin == 0 and (floor or start > _LONGEST_COOKIE):
        return []
    column = _COOKIE_COLUMN.match(text, begin)
    if column is None:
        return []
    return [span for pair in _COOKIE_PAIR.finditer(column[0]) for span in spans_of(pair, begin)]


_BEHIND_AGENT = re.compile(r"""[^\s"']{0,1024} ([^\s=;"/?:]{1,128}="?[^\s;"]++)(?=[\s"']|\Z)""")


def _only_cookie(text: str, _start: int, end: int) -> list[Span]:
    """`Mozilla/5.0+(...) lang=hush https://...`: one cookie alone, in the column behind the agent as IIS writes it."""
    column = _BEHIND_AGENT.match(text, end)
    pair = _COOKIE_PAIR.match(column[1]) if column else None
    return spans_of(pair, column.start(1)) if column and pair else []


COMMAND_WORDS = tuple(
    f"command{quote}:{gap}{quote}{verb}" for verb in _SECRET_VERBS for quote in ('"', '\\"') for gap in ("", " ")
)

PROTOCOLS: dict[str, Reader] = {
    **listed(_command, *COMMAND_WORDS),
    "command_data": _command_data,
    **listed(_spoken, '"pass ', "\\npass ", "\npass ", "> pass ", "c: pass "),
    'ftp command: client "': after(r"""^[^"]{1,255}", "(?:PASS|ACCT|ADAT|SITE PSWD) ([^"]+)"""),
    "login ": _imap_login,
    **listed(_sasl, "auth plain ", "authenticate plain ", "auth xoauth0 "),
    **listed(after(r"\tresp=(\S+)"), "client in: auth", "client in: cont"),
    **listed(_radius, "login ok", "login incorrect", "invalid user", "multiple logins", "user has reached"),
    **listed(
        after(r"""^[ \t:=]{1,4}\\*["']([^"'\\]+)"""),
        "login attempt with password",
        "cleartext-password",
        "cleartext password",
    ),
    **listed(_community, "community=", '"community"', '\\"community\\"'),
    **listed(after(r"^[ ,]{1,2}community ([^\s,]+)"), "trap, snmp v0,", "trap, snmp v0c,", "trap0, snmp v0c,"),
    '"challenge":"': after(r'^[0-9a-f]{0,64}"\s?,\s?"response"\s?:\s?"([0-9a-f]+)"'),
    **listed(after(r"""^([0-9a-f]{32,64})(?![0-9a-z])"""), 'response="', 'response=\\"'),
    ";+": _cookie_column,
    "mozilla/0.0+": _only_cookie,
    **listed(_assigned, "credentials=", " cred="),
    **listed(
        shaped(r"\{(?i:s?sha\d*|s?md5|crypt|pbkdf2[\w-]*)\}[\w./+=$-]{4,}"),
        *(f"{{{kind}" for kind in ("ssha", "sha", "smd0", "md0", "crypt}", "pbkdf0")),
    ),
    **listed(
        after(r"""^[\s"':=]{1,4}([^\s"']+)"""),
        "bindpw ",
        "rootpw ",
        "olcrootpw:",
        "ldap_default_authtok",
        "requirepass",
        "masterauth",
    ),
}
"""Word -> its reader; a digit in a word is written `0`."""
