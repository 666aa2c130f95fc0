"""Secrets that stand in a form of their own: command lines, device configuration, statements with their parameters, issued keys.

As in `collectors.secret_masks`: the automaton has found a telling word, the reader looks at what follows within a bound and says which
span to replace. A digit in a telling word is written `0` and stands for any.

Sources: pgAudit README (order of fields, `log_parameter`); PostgreSQL `log_parameter_max_length`; Oracle unified audit `SQL_BINDS`;
Cisco IOS and FortiOS command references; snmpd.conf(5); FreeRADIUS `auth_goodpass`; crypt(5); the prefixes that the issuers document.
"""

from __future__ import annotations

import re

from collectors.secret_masks import MASK, NO_VALUE, Reader, Span, named

_REACH = 400
"""Characters behind a telling word in which a reader looks for a value that does not follow at once."""

_STRING = r"'(?:[^']|'')*+'?"
_VALUE = re.compile(r"""[ \t"'=:]{1,4}(?:[05678][ \t]+|enc[ \t]+|encrypted[ \t]+)?([^\s"',;]+)""", re.IGNORECASE)
_IDENTIFIED = re.compile(r"""\s{1,8}(?:values\s{1,8})?(?!externally|globally)\\*["']?([^\s"';\\]+)""", re.IGNORECASE)
_ARGUMENT = re.compile(r"""["']?([^\s"']+)""")


def _spans(found: re.Match[str] | None, group: int = 1) -> list[Span]:
    """The group as one span, unless there is nothing to hide."""
    if found is None or found.start(group) < 0 or found[group].lower() in NO_VALUE:
        return []
    return [(found.start(group), found.end(group), MASK)]


def _configured(text: str, start: int, end: int) -> list[Span]:
    """`snmp-server community hush RO`, `enable secret 5 hush`, `set psksecret ENC hush`."""
    return _spans(_VALUE.match(text, end))


def _argument(text: str, start: int, end: int) -> list[Span]:
    """What follows the word at once: `sshpass -p hush`."""
    return _spans(_ARGUMENT.match(text, end))


def _identified(text: str, _start: int, end: int) -> list[Span]:
    """`IDENTIFIED BY hush`, with or without quotes."""
    return _spans(_IDENTIFIED.match(text, end))


def _after(pattern: str) -> Reader:
    """The first group of `pattern`, sought from the word on within reach and within the line."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def read(text: str, _start: int, end: int) -> list[Span]:
        line = text[end : end + _REACH].split("\n", 1)[0]
        return [(begin + end, stop + end, mask) for begin, stop, mask in _spans(compiled.search(line))]

    return read


def _shaped(pattern: str) -> Reader:
    """A key that shows by its own form what it is, standing alone."""
    compiled = re.compile(pattern, re.ASCII)

    def read(text: str, start: int, _end: int) -> list[Span]:
        if start and (text[start - 1].isalnum() or text[start - 1] in "_-"):
            return []
        found = compiled.match(text, start)
        return [(found.start(), found.end(), MASK)] if found else []

    return read


_CRYPT = re.compile(r"\$(?:[1567y]|2[abxy]?|gy|argon2id?)\$[A-Za-z0-9./=,$+-]{8,200}", re.ASCII)


def _crypt(text: str, start: int, _end: int) -> list[Span]:
    """The hash of a password as /etc/shadow has it."""
    found = _CRYPT.match(text, start)
    return [(found.start(), found.end(), MASK)] if found else []


_NUMBERED = re.compile(rf"\$\d{{1,5}} = ({_STRING}|[\w.+-]++)")


def _numbered_parameter(text: str, start: int, _end: int) -> list[Span]:
    """`$1 = '079090001234', $2 = NULL` of PostgreSQL; each parameter is a match of its own."""
    found = _NUMBERED.match(text, start)
    if found is None or found[1].strip("'").lower() in NO_VALUE:
        return []
    quote = "'" if found[1].startswith("'") else ""
    return [(found.start(1), found.end(1), f"{quote}{MASK}{quote}")]


_CSV_FIELD = re.compile(r'(?:\\"(?:[^"\\]|\\(?!")|\\"\\")*+\\"|"(?:[^"]|"")*+"|[^,\r\n"\\]*+),')
_NOTHING_LOGGED = ("<none>", "<not logged>", MASK)


def _pgaudit(text: str, _start: int, end: int) -> list[Span]:
    """The parameters of a pgAudit record, behind its eighth comma: everything up to the end of the line."""
    at = end
    for _ in range(7):  # the word took the first field; statement id to statement
        field = _CSV_FIELD.match(text, at)
        if field is None:
            return []
        at = field.end()
    stop = next((place for place in (text.find(char, at) for char in "\r\n") if place >= 0), len(text))
    value = text[at:stop]
    closing = value[len(value.rstrip('"}')) :] if text.startswith("{") else ""
    value = value.removesuffix(closing)
    if value.strip('\\" ').lower() in (*_NOTHING_LOGGED, ""):
        return []
    return [(at, at + len(value), MASK)]


_BIND = re.compile(r"#\d{1,4}\((\d{1,4})\):")


def _oracle_bind(text: str, start: int, _end: int) -> list[Span]:
    """` #1(12):Le Van Mau` of Oracle: the length of the value stands in front of it."""
    found = _BIND.match(text, start)
    if found is None:
        return []
    stop = min(len(text), found.end() + int(found[1]))
    # a mask is shorter than what the length in front of it says
    return [] if text.startswith(MASK, found.end()) or stop == found.end() else [(found.end(), stop, MASK)]


_SP_VALUE = re.compile(rf"@\w{{1,128}}\s?=\s?N?({_STRING})")


def _sp_executesql(text: str, _start: int, end: int) -> list[Span]:
    """`sp_executesql N'...', N'@p0 nvarchar(20)', @p0 = N'hush'`: the values by name; the statement stays."""
    line = text[end : end + 20 * _REACH].split("\n", 1)[0]
    declared = _SP_HEAD.match(line)
    if declared is None:
        return []
    found = (match for match in _SP_VALUE.finditer(line, declared.end()) if match[1].strip("'") not in NO_VALUE)
    return [(match.start(1) + end, match.end(1) + end, f"'{MASK}'") for match in found]


_SP_HEAD = re.compile(rf"\s*(?:@\w{{1,40}}\s?=\s?)?N?{_STRING}\s*,\s*(?:@\w{{1,40}}\s?=\s?)?N?{_STRING}")


def _authorization_code(text: str, _start: int, end: int) -> list[Span]:
    """`?code=` of OAuth: whoever has it can fetch the token. A short or plain code is something else."""
    found = re.compile(r"[\w.~-]{20,}+").match(text, end)
    telling = found is not None and any(c.isdigit() for c in found[0]) and any(c.isalpha() for c in found[0])
    return _spans(found, 0) if telling else []


def _listed(reader: Reader, *words: str) -> dict[str, Reader]:
    return dict.fromkeys(words, reader)


_BGP_COMMUNITY = re.compile(r"\d{1,10}:\d")


def _community(text: str, start: int, end: int) -> list[Span]:
    """`community=hush` of SNMP; `community=65000:100` belongs to BGP."""
    return [] if _BGP_COMMUNITY.match(text, end) else named(text, start, end - 1)


FORMS: dict[str, Reader] = {
    # device configuration
    **_listed(
        _configured,
        *("snmp-server community", "rocommunity", "rwcommunity", "rocommunity0", "rwcommunity0", "snmp community"),
        *("enable secret", "enable password", "password 0", "secret 0", "key-string", "tacacs-server key"),
        *("radius-server key", "isakmp key", "pre-shared-key", "psksecret", "presharedkey", "wpa-psk", "password enc"),
    ),
    **_listed(
        named,
        *(
            "community_string",
            "communitystring",
            "community-string",
            "snmp_community",
            "snmpcommunity",
            "community_name",
        ),
        *("accountkey", "sharedaccesskey", "account_key", "encryption_key", "encryptionkey", "master_key"),
        *("checksumkey", "checksum_key", "hashkey", "hash_key", "samlresponse", "id_token_hint", "credential_value"),
        '"password","value',
    ),
    "community=": _community,
    # command lines
    **_listed(_argument, "sshpass -p ", " -pw ", "-passin pass:", "-passout pass:", "sshpass -p"),
    **_listed(_after(r"(?:^|\s)-p([^\s\"'=-][^\s\"']*)"), "mysql ", "mysqldump ", "mysqladmin "),
    **_listed(
        _after(r"(?:^|\s)(?:-u|--user|-U|--proxy-user)[ =]?[\"']?[^\s:\"']{1,64}:([^\s\"']+)"), "curl ", "curl.exe "
    ),
    "net user ": _after(r"^[\w.$-]{1,64} {1,4}([^\s/*\"'][^\s\"']*)(?=\s{1,4}/|[\"']?\Z)"),
    "psexec": _after(r"\s-p\s+[\"']?([^\s\"']+)"),
    "sqlplus ": _after(r"^(?:-\w+\s+)*[\w.]{1,64}/([^\s@\"']+)@"),
    "jdbc:oracle:thin:": _after(r"^[\w.]{1,64}/([^\s@\"']+)@"),
    "convertto-securestring": _after(r"""^\s+(?:-string\s+)?["']([^"']+)["']"""),
    # what servers write of a sign-in
    **_listed(_after(r"^[^\[]{0,200}\[[^\]/]{0,253}/(?!<)([^\]]*)\]"), "login ok", "login incorrect", "invalid user:"),
    # statements
    "identified by": _identified,
    **_listed(_pgaudit, "audit: session,", "audit: object,"),
    **_listed(_numbered_parameter, *(f"${'0' * digits} = " for digits in range(1, 6))),
    **_listed(_oracle_bind, *(f"#{'0' * n}({'0' * m}):" for n in range(1, 4) for m in range(1, 5))),
    "sp_executesql": _sp_executesql,
    "binding parameter [": _after(r"^\d{1,5}\] as \[\w{1,40}\] - \[(.*)\]"),
    # keys by their form
    **_listed(_shaped(r"A[KS]IA[0-9A-Z]{16}(?![0-9A-Za-z])"), "akia", "asia"),
    **_listed(_shaped(r"gh[opsur]_[0-9A-Za-z]{36,255}"), "gho_", "ghp_", "ghs_", "ghu_", "ghr_"),
    "github_pat_": _shaped(r"github_pat_\w{22,255}"),
    "glpat-": _shaped(r"glpat-[\w-]{20,255}"),
    **_listed(_shaped(r"xox[abeprs]-[\w-]{10,255}"), *(f"xox{kind}-" for kind in "abeprs")),
    "aiza": _shaped(r"AIza[\w-]{35}"),
    **_listed(_shaped(r"[sr]k_(?:live|test)_\w{10,255}"), "sk_live_", "sk_test_", "rk_live_", "rk_test_"),
    "api.telegram.org/bot": _after(r"^(\d{6,12}:[\w-]{30,40})"),
    **_listed(_crypt, "$0$", "$0a$", "$0b$", "$0y$", "$y$", "$gy$", "$argon0id$", "$argon0i$"),
    **_listed(_authorization_code, "?code=", "&code="),
    **_listed(_argument, "ticket=st-", "ticket=pt-"),
}
"""Word -> its reader; a digit in a word is written `0`."""
