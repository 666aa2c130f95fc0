"""Secrets on command lines, found by the program or option in front of them.

Sources: the manual pages of the programs named (curl, mysql, ldapsearch, smbclient, useradd, htpasswd, zip, 7z, redis-cli, mongosh,
docker login, sudo); learn.microsoft.com for `net`, `schtasks`, `cmdkey`, `sqlcmd`, `ConvertTo-SecureString`.
"""

from __future__ import annotations

from collectors.secret_masks import Reader
from collectors.secret_readers import after, argument, each_after, listed

_ATTACHED = r"(?:^|\s)-p([^\s\"'=-][^\s\"']*)"
_DETACHED = r"(?:^|\s)-{letter}[ =]?[\"']?([^\s\"'-][^\s\"']*)"
_USER_AND = r"(?:^|\s)(?:-u|--user|-U|--proxy-user)[ =]?[\"']?[^\s:\"']{1,64}:([^\s\"']+)"


def _option(letter: str) -> Reader:
    """`-p hush`, `-p=hush`, `-phush`."""
    return after(_DETACHED.format(letter=letter))


COMMANDS: dict[str, Reader] = {
    **listed(argument, "sshpass -p ", " -pw ", "-passin pass:", "-passout pass:", "sshpass -p", " /rp ", "/pass:"),
    **listed(after(_ATTACHED), "mysql ", "mysqldump ", "mysqladmin ", "mariadb ", "mariadb-dump "),
    **listed(
        after(r"(?:^|\s)-h?p([^\s\"'-][^\s\"']*)"), "0z a ", "0z x ", "0za a ", "0za x ", "0z.exe a ", "0z.exe x "
    ),
    **listed(after(r"(?:^|\s)-h?p([^\s\"'-][^\s\"']*)"), "rar a ", "rar.exe a ", "unrar x "),
    **listed(after(_USER_AND), "curl ", "curl.exe "),
    **listed(
        _option("p"),
        "rdesktop ",
        "mongo ",
        "mongosh ",
        "mongodump ",
        "docker login ",
        "podman login ",
        "helm registry login ",
    ),
    **listed(_option("p"), "useradd ", "usermod ", "evil-winrm ", "crackmapexec ", "netexec "),
    **listed(
        after(r"(?-i:(?:^|\s)-P)[ =]?[\"']?([^\s\"'-][^\s\"']*)"), "zip ", "sqlcmd ", "sqlcmd.exe ", "bcp ", "osql "
    ),
    **listed(_option("a"), "redis-cli "),
    **listed(
        after(r"(?:^|\s)(?-i:-w)[ =]?[\"']?([^\s\"'-][^\s\"']*)"),
        *(f"ldap{verb} " for verb in ("search", "modify", "add", "delete")),
    ),
    **listed(after(r"(?:^|\s)(?-i:-w)[ =]?[\"']?([^\s\"'-][^\s\"']*)"), "ldappasswd ", "ldapwhoami "),
    **listed(
        after(r"(?:^|\s)(?:-U|--user)[ =]?[\"']?[^\s%\"']{1,128}%([^\s\"']+)"), "smbclient ", "rpcclient ", "winexe "
    ),
    **listed(after(r"\s/p:[\"']?([^\s\"']+)"), "xfreerdp ", "wfreerdp ", "xfreerdp0 "),
    **listed(after(r"(?:^|\s)-k[ ][\"']?([^\s\"'-][^\s\"']*)"), "openssl enc "),
    "htpasswd ": after(
        r"^(?:-\w+ )*-\w*(?:n\w*b|b\w*n)\w* (?:-\w+ )*\S+ ([^\s\"']+)|^(?:-\w+ )*-\w*b\w* (?:-\w+ )*\S+ \S+ ([^\s\"']+)"
    ),
    "echo ": after(
        r"""^(?:-\w+ )?["']?(?:[^\s:|"']{1,64}:([^|"'\s]+)["']?\s*\|\s*(?:sudo )?chpasswd"""
        r"""|([^|"']{1,100}?)["']?\s*\|\s*(?:sudo\s+(?:-\w+\s+)*-\w*S|(?:sudo )?passwd --stdin))"""
    ),
    "net user ": after(r"^[\w.$-]{1,64} {1,4}([^\s/*\"'][^\s\"']*)(?=\s{1,4}/|[\"']?\Z)"),
    "net use ": after(
        r"""^.{0,200}?(?:\s/u(?:ser)?:\S+\s+([^\s/"'][^\s"']*)|\\\\\S+\s+([^\s/*"'][^\s"']*)\s+/u(?:ser)?:)"""
    ),
    "psexec": after(r"\s-p\s+[\"']?([^\s\"']+)"),
    **listed(
        after(r"^\S{0,8}.{0,200}?\s[\w./\\-]{1,128}:([^\s@\"']+)@"),
        "psexec.py",
        "secretsdump",
        "wmiexec",
        "smbexec",
        "atexec",
    ),
    "sqlplus ": after(r"^(?:-\w+\s+)*[\w.]{1,64}/([^\s@\"']+)@"),
    "jdbc:oracle:thin:": after(r"^[\w.]{1,64}/([^\s@\"']+)@"),
    "convertto-securestring": after(r"""^\s+(?:-string\s+)?["']([^"']+)["']"""),
    "secret_access_key ": after(r"""^[=: ]{0,3}["']?([^\s"'=:]+)"""),
    '"auth" "': each_after(r"""(?:^|\s")([^"\s]+)\""""),
}
"""Program or option -> its reader; a digit in a word is written `0`."""
