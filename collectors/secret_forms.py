"""Secrets that stand in a form of their own: device configuration, statements with their parameters, issued keys.

As in `collectors.secret_masks`: the automaton has found a telling word, the reader looks at what follows within a bound and says which
span to replace. A digit in a telling word is written `0` and stands for any.

Sources: pgAudit README (order of fields, `log_parameter`); PostgreSQL `log_parameter_max_length`, CREATE ROLE; MySQL and MariaDB CREATE
USER and SET PASSWORD; Transact-SQL `sp_addlogin`, `sp_password`; Oracle unified audit `SQL_BINDS`; Cisco IOS, Junos and FortiOS command
references; snmpd.conf(5); crypt(5); the prefixes that the issuers document.
"""

from __future__ import annotations

import re

from collectors.secret_masks import MASK, NO_VALUE, Reader, Span, named
from collectors.secret_readers import REACH, after, argument, each_after, listed, shaped, spans_of

_STRING = r"'(?:[^']|'')*+'?"
_VALUE = re.compile(
    r"""[ \t"'=:]{1,4}(?:(?:[056789]|enc|encrypted|ascii-text|hexadecimal|ascii|hex)[ \t"']+){0,2}([^\s"',;]+)""",
    re.IGNORECASE,
)
_IDENTIFIED = re.compile(r"""\s{1,8}(?:values\s{1,8})?(?!externally|globally)\\*["']?([^\s"';\\]+)""", re.IGNORECASE)


def _configured(text: str, start: int, end: int) -> list[Span]:
    """`snmp-server community hush RO`, `enable secret 5 hush`, `set psksecret ENC hush`."""
    return spans_of(_VALUE.match(text, end))


def _identified(text: str, _start: int, end: int) -> list[Span]:
    """`IDENTIFIED BY hush`, with or without quotes."""
    return spans_of(_IDENTIFIED.match(text, end))


_GRANTS = ("sid", "session", "sessionid", "assertion")
_SIGNATURE = re.compile(r"([\w.~%+/=-]{20,})")


def _signature(text: str, _start: int, end: int) -> list[Span]:
    """`&sig=` of a signed address: whoever has it may fetch what it opens."""
    return spans_of(_SIGNATURE.match(text, end))


_CRYPT = re.compile(r"\$(?:[156789y]|2[abxy]?|gy|argon2id?)\$[A-Za-z0-9./=,$+-]{8,200}", re.ASCII)


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
    line = text[end : end + 20 * REACH].split("\n", 1)[0]
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
    return [(end, found.end(), MASK)] if found and telling else []


_COMMAND_KEY = r"^.*?\bkey (?:[0-9] )?([^\s\"']+)"
_FIRST_KEY = r"^(?!chain)(?:[0-9] )?([^\s\"']{4,})"
_TEXT = r"""(?:[A-Za-z]{1,2})?\\*["']((?:[^"'\\]|''|\\(?!["'])[^"'])+)\\*["']?"""
"""A string of a statement, quoted once more where a JSON record carries it."""
_PLUGIN_SECRET = rf"^\s+\S{{1,64}}\s+(?:BY|AS|USING)\s+(?:PASSWORD\s*\(?\s*)?{_TEXT}"
_CIPHERS = ("pgp_sym_encrypt", "pgp_sym_decrypt", "aes_encrypt", "aes_decrypt")
_ENCODED_KEY = re.compile(r"([0-9A-Fa-f]{6,}|[A-Za-z^`\[\]_]{20,})(?=[\s\"']|\Z)")


def _numbered_key(text: str, _start: int, end: int) -> list[Span]:
    """`key 7 13061E010803` of IOS; a bare number is no key."""
    return spans_of(_ENCODED_KEY.match(text, end))


_USER_LINE = re.compile(
    r"[^\s\"']{1,64} (?:privilege \d{1,2} )?(?:password|secret) (?:[05-9] )?"
    r"(?!(?:authentication|incorrect|mismatch|expired|failed|invalid|wrong|is|was|not|change|changed|for|has|reset|does|or)\b)([^\s\"']+)",
    re.IGNORECASE,
)


def _user_line(text: str, _start: int, end: int) -> list[Span]:
    """`username bob privilege 15 password 7 hush`, with or without the number."""
    return spans_of(_USER_LINE.match(text, end))


_DOLLAR_QUOTED = re.compile(r"\$(\w{0,32})\$(?P<value>[^$]{1,256})\$\1\$")


def _dollar_quoted(text: str, start: int, end: int) -> list[Span]:
    """`PASSWORD $$hush$$` of PostgreSQL."""
    found = _DOLLAR_QUOTED.match(text, end - 1)
    if found is None:
        return named(text, start, end - 2)
    return [] if found["value"] == MASK else [(*found.span("value"), MASK)]


FORMS: dict[str, Reader] = {
    # device configuration
    **listed(
        _configured,
        *("snmp-server community", "rocommunity", "rwcommunity", "rocommunity0", "rwcommunity0", "snmp community"),
        *("enable secret", "enable password", "password 0", "secret 0", "key-string", "tacacs-server key"),
        *("radius-server key", "isakmp key", "pre-shared-key", "psksecret", "presharedkey", "wpa-psk", "password enc"),
    ),
    **listed(
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
    ),
    **listed(
        after(_COMMAND_KEY), "radius-server host", "radius server", "tacacs-server host", "tacacs server", "command:key"
    ),
    **listed(after(_COMMAND_KEY), "server-private"),
    **listed(_numbered_key, " key 0 "),
    **listed(after(_FIRST_KEY), "command:key ", "command: key "),
    **listed(
        after(r"^ (?:\d+ )?(?:(?:md5|sha\S*|hmac\S*|cmac\S*) )?(?:[0-9] )?([^\s\"';]+)"),
        "message-digest-key",
        "authentication-key",
    ),
    "snmp-server host": after(
        r"^ \S+ (?:vrf \S+ )?(?:(?:traps|informs) )?(?:version (?:1|2c) )?(?!version|vrf)(?:\d )?([^\s\"';]+)"
    ),
    "snmp-server user": each_after(r" (?:auth (?:md5|sha\S*)|priv (?:des|3des|aes(?: \d+)?)) (?:0x)?([^\s\"';]+)"),
    **listed(
        _configured, "plain-text-password-value", "authentication-password", "privacy-password", "simple-password"
    ),
    **listed(_configured, "set password", "set passwd"),
    "username ": _user_line,
    **listed(after(r"""^.*?\sname=["']?([^\s"']+)"""), "/snmp community ", "/snmp/community "),
    **listed(after(r"^(?:[^\]>]{0,200}->)?([^\]>]+)\]"), "psksecret[", "passwd[", "password[", "secret["),
    'cfgpath="system.snmp.community"': after(r"""^.*?cfgattr="name\[(?:[^\]>]*->)?([^\]>]+)\]"""),
    'cfgattr="name[': after(r"""^(?:[^\]>]*->)?([^\]>]+)\](?=.*cfgpath="system\.snmp\.community")"""),
    # statements
    **listed(_identified, "identified by", "identified by password"),
    **listed(after(_PLUGIN_SECRET), "identified with", "identified via"),
    "set password for": after(rf"^\s?\S{{1,200}}?\s?(?:=|\bTO\b)\s?(?:(?:OLD_)?PASSWORD\(\s?)?{_TEXT}"),
    "password $": _dollar_quoted,
    "sp_addlogin": after(rf"^\s+N?'[^']*'\s*,\s*{_TEXT}"),
    "sp_password": after(rf"^\s+(?:NULL|{_TEXT})\s*,\s*{_TEXT}"),
    "sp_addlinkedsrvlogin": after(rf"^\s+(?:(?:N?'[^']*'|NULL)\s*,\s*){{4}}{_TEXT}"),
    **listed(after(rf"^[^()]{{0,300}},\s?{_TEXT}\s?\)"), *(f"{name}(" for name in _CIPHERS)),
    **listed(after(rf"^\s?{_TEXT}"), "crypt(", "password(", "encryptbypassphrase(", "decryptbypassphrase("),
    **listed(_pgaudit, "audit: session,", "audit: object,"),
    **listed(_numbered_parameter, *(f"${'0' * digits} = " for digits in range(1, 6))),
    **listed(_oracle_bind, *(f"#{'0' * n}({'0' * m}):" for n in range(1, 4) for m in range(1, 5))),
    "sp_executesql": _sp_executesql,
    "binding parameter [": after(r"^\d{1,5}\] as \[\w{1,40}\] - \[(.*)\]"),
    # keys by their form
    **listed(shaped(r"A[KS]IA[0-9A-Z]{16}(?![0-9A-Za-z])"), "akia", "asia"),
    **listed(shaped(r"gh[opsur]_[0-9A-Za-z]{36,255}"), "gho_", "ghp_", "ghs_", "ghu_", "ghr_"),
    "github_pat_": shaped(r"github_pat_\w{22,255}"),
    "glpat-": shaped(r"glpat-[\w-]{20,255}"),
    **listed(shaped(r"xox[abeprs]-[\w-]{10,255}"), *(f"xox{kind}-" for kind in "abeprs")),
    "aiza": shaped(r"AIza[\w-]{35}"),
    **listed(shaped(r"[sr]k_(?:live|test)_\w{10,255}"), "sk_live_", "sk_test_", "rk_live_", "rk_test_"),
    **listed(argument, "hooks.slack.com/services/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
    **listed(_signature, "?sig=", "&sig=", ";sig=", "x-amz-signature=", "x-goog-signature="),
    **listed(_authorization_code, *(f"{mark}{name}=" for mark in "?&" for name in _GRANTS)),
    "/bot000000": after(r"^\d{0,6}:([\w-]{30,40})"),
    "api.telegram.org/bot": after(r"^(\d{6,12}:[\w-]{30,40})"),
    **listed(_crypt, "$0$", "$0a$", "$0b$", "$0y$", "$y$", "$gy$", "$argon0id$", "$argon0i$"),
    **listed(_authorization_code, "?code=", "&code="),
    **listed(argument, "ticket=st-", "ticket=pt-"),
}
"""Word -> its reader; a digit in a word is written `0`."""
