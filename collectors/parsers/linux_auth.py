"""Logins and accounts of a Linux machine: the auth log, whichever program of it wrote the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from collectors.parsers.openssh import OpensshParser
from collectors.parsers.sudo import read_sudo
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import put_address
from soc.core.i18n import msg

_CRON = re.compile(
    r"\(([^()]{1,64})\) (CMD|CMDOUT|CMDEND|RELOAD|BEGIN EDIT|END EDIT|REPLACE|LIST|DELETE|EDIT|INFO|FAILED|ERROR|AUTH) ?\((.{0,8192})\)?"
)
_SU = re.compile(r"(?:(Successful|FAILED) su for (\S{1,64}) by (\S{1,64})|([+-]) \S{1,64} (\S{1,64})[:-](\S{1,64}))")
_SU_TO = re.compile(r"(FAILED SU )?\(to (\S{1,64})\) (\S{1,64}) on (\S{1,64})")
_NEW = re.compile(
    r"new (user|group): name=([^,\s]{1,64})(?:, ?UID=(\d{1,10}))?(?:, ?GID=(\d{1,10}))?"
    r"(?:, ?home=([^,]{1,255}))?(?:, ?shell=([^,\s]{1,255}))?"
)
_TO_GROUP = re.compile(r"(add|delete|remove|removed|added) '([^']{1,64})' (?:to|from) (?:shadow )?group '([^']{1,64})'")
_GPASSWD = re.compile(r"user (\S{1,64}) (added|removed) by (\S{1,64}) (?:to|from) group (\S{1,64})")
_DELETED = re.compile(r"delete user '([^']{1,64})'|removed (?:shadow )?group '([^']{1,64})'")
_CHANGED = re.compile(
    r"(?:change|changed|lock|unlock|failed \w{1,20}) (?:user |password expiry for |uid of )?'?([^'\s:,]{1,64})'?(?: (\S.{0,80}))?"
)
_PASSWORD = re.compile(r"(?:password changed for (\S{1,64})|password for '([^']{1,64})' changed by '([^']{1,64})')")
_LOGIND = re.compile(r"(New|Removed) session (\S{1,32})(?: of user ([^\s.]{1,64}))?|Session (\S{1,32}) logged out")
_LOGIN = re.compile(
    r"(FAILED LOGIN|ROOT LOGIN|LOGIN|DIALUP)[^'A-Z]{0,24}(?:ON|on) '?([\w/-]{1,40})'?"
    r"(?: (?:BY|FOR) '?([^'\s,]{1,64})'?)?(?: FROM (\S{1,255}))?"
)
_PKEXEC = re.compile(
    r"(\S{1,64}): Executing command \[USER=([^\]]{1,64})\] \[TTY=([^\]]{1,64})\] \[CWD=([^\]]{1,1024})\] \[COMMAND=(.{1,8192})\]"
)
_POLKIT = re.compile(r"(?:FAILED|successfully) .{0,120}?action ([\w.-]{1,200})")
_POLKIT_USER = re.compile(r"\(owned by unix-user:(\S{1,64})\)")
_CHANGER = re.compile(r"\bruser=([^\s;]{1,64})| by ([^\s(]{1,64})\(uid=(\d{1,10})\)")
"""Who called su or sudo: PAM names first as whom."""
_PAM = re.compile(r"pam_\w{1,24}\(")
_SSHD = frozenset({"sshd", "sshd-session", "sshd-auth"})
_CONSTANT: Record = {"event.kind": "event", "event.dataset": "linux.auth", "host.os.type": "linux"}
Reading = Callable[[Record, str], bool]


class LinuxAuthParser:
    """A line of /var/log/auth.log or /var/log/secure: sshd, sudo, su, login, cron, PAM, shadow-utils, systemd-logind, polkit.

    Who acts is `user`, whose account or group is changed `user.target` and `group`, as whom a command runs `user.effective`. A line of
    another program keeps its message and says nothing more.

    Source: sudoers(5) "LOG FORMAT"; Linux-PAM; shadow-utils src/*.c; util-linux login; cronie and vixie-cron `log_it`; systemd logind;
    polkit.
    """

    id: ClassVar[str] = "linux_auth"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        envelope = open_envelope(text.strip(), context)
        if envelope is None or not envelope.message.strip():
            raise unreadable(msg("một dòng auth.log: giờ, máy, chương trình[số]: nội dung"))
        fields = _CONSTANT | envelope.fields
        message = envelope.message.strip()
        fields["message"] = message
        read_auth(fields, message, context)
        return fields


def read_auth(fields: Record, message: str, context: ParseContext) -> bool:
    """Add what `message` says to `fields`, by the program that `process.name` names; False when it is none of ours."""
    program = str(fields.get("process.name", "")).rpartition("/")[2].lower()
    if program in _SSHD or _PAM.match(message) is not None:
        _from_sshd(fields, message, context)
        return True
    reading = _READINGS.get(program)
    if reading is None or not reading(fields, message):
        fields.setdefault("event.category", ["authentication" if reading is not None else "host"])
        fields.setdefault("event.type", ["info"])
        return reading is not None
    if "user.name" in fields and "source.ip" in fields:
        fields["source.user.name"] = fields["user.name"]
    return True


def _from_sshd(fields: Record, message: str, context: ParseContext) -> None:
    """sshd's own lines, and those of PAM for any program."""
    kept: Record = {name: fields[name] for name in ("process.name", "event.dataset") if name in fields}
    fields |= OpensshParser().parse(message, context)
    fields |= kept
    _password(fields, message)
    changer = _CHANGER.search(message) if str(fields.get("process.name", "")) not in _SSHD else None
    if changer is not None and "user.name" in fields:
        fields["user.effective.name"] = fields["user.name"]
        fields["user.name"] = fields["source.user.name"] = changer[1] or changer[2]
        if changer[3]:
            fields["user.id"] = changer[3]


def _told(fields: Record, category: str, kinds: list[str], action: str, outcome: str = "success") -> bool:
    fields |= {"event.category": [category], "event.type": kinds, "event.action": action, "event.outcome": outcome}
    return True


def _cron(fields: Record, message: str) -> bool:
    found = _CRON.match(message)
    if found is None:
        return False
    fields["user.name"] = found[1]
    verb, text = found[2], found[3].removesuffix(")")
    if verb == "CMD":
        fields["process.command_line"] = text
        return _told(fields, "process", ["start"], "cron-command")
    if verb in {"REPLACE", "DELETE", "EDIT", "END EDIT", "RELOAD"}:
        fields["user.target.name"] = text
        return _told(fields, "configuration", ["change"], "crontab-" + verb.lower().replace(" ", "-"))
    fields["event.reason"] = text
    outcome = "failure" if verb in {"FAILED", "ERROR", "AUTH"} else "success"
    return _told(fields, "configuration", ["info"], "crontab-" + verb.lower().replace(" ", "-"), outcome)


def _su(fields: Record, message: str) -> bool:
    """`Successful su for root by thu` and `+ /dev/pts/0 thu:root` of shadow; `(to root) thu on pts/0` of util-linux."""
    if (found := _SU.match(message)) is not None:
        source, target = (found[3], found[2]) if found[1] else (found[5], found[6])
        failed = found[1] == "FAILED" or found[4] == "-"
    elif (other := _SU_TO.match(message)) is not None:
        source, target, failed = other[3], other[2], other[1] is not None
        fields["process.tty.name"] = other[4]
    else:
        return False
    fields |= {"user.name": source, "user.effective.name": target}
    return _told(fields, "authentication", ["start"], "su", "failure" if failed else "success")


def _accounts(fields: Record, message: str) -> bool:
    """useradd, usermod, userdel, groupadd, gpasswd, passwd, chage and their relatives."""
    for read in (_new, _group, _deleted, _password, _changed):
        if read(fields, message):
            if "failed" in message or "cannot" in message:
                fields["event.outcome"] = "failure"
            return True
    return False


def _new(fields: Record, message: str) -> bool:
    found = _NEW.search(message)
    if found is None:
        return False
    if found[1] == "group":
        fields |= {"group.name": found[2], **({"group.id": found[4]} if found[4] else {})}
        return _told(fields, "iam", ["group", "creation"], "added-group-account")
    fields["user.target.name"] = found[2]
    named = {
        "user.target.id": found[3],
        "user.target.group.id": found[4],
        "soc.account.home": found[5],
        "soc.account.shell": found[6],
    }
    fields |= {name: value for name, value in named.items() if value}
    return _told(fields, "iam", ["user", "creation"], "added-user-account")


def _group(fields: Record, message: str) -> bool:
    if (found := _TO_GROUP.search(message)) is not None:
        added, user, group = found[1].startswith("add"), found[2], found[3]
    elif (other := _GPASSWD.search(message)) is not None:
        added, user, group = other[2] == "added", other[1], other[4]
        fields["user.name"] = other[3]
    else:
        return False
    fields |= {"user.target.name": user, "group.name": group}
    return _told(fields, "iam", ["group", "change"], "added-member-to-group" if added else "removed-member-from-group")


def _deleted(fields: Record, message: str) -> bool:
    found = _DELETED.search(message)
    if found is None:
        return False
    fields["user.target.name" if found[1] else "group.name"] = found[1] or found[2]
    what = "user" if found[1] else "group"
    return _told(fields, "iam", [what, "deletion"], f"deleted-{what}-account")


def _password(fields: Record, message: str) -> bool:
    found = _PASSWORD.search(message)
    if found is None:
        return False
    fields["user.target.name"] = found[1] or found[2]
    if found[3]:
        fields["user.name"] = found[3]
    return _told(fields, "iam", ["user", "change"], "changed-password")


def _changed(fields: Record, message: str) -> bool:
    found = _CHANGED.match(message)
    if found is None:
        return False
    fields["user.target.name"] = found[1]
    return _told(fields, "iam", ["user", "change"], "modified-user-account")


def _logind(fields: Record, message: str) -> bool:
    found = _LOGIND.match(message)
    if found is None:
        return False
    fields["soc.session.id"] = (found[2] or found[4]).rstrip(".")
    if found[3]:
        fields["user.name"] = found[3]
    started = found[1] == "New"
    return _told(fields, "session", ["start" if started else "end"], "session-started" if started else "session-ended")


def _login(fields: Record, message: str) -> bool:
    found = _LOGIN.search(message)
    if found is None:
        return False
    fields["process.tty.name"] = found[2]
    fields["user.name"] = found[3] or "root"
    if found[4]:
        put_address(fields, "source", found[4])
    return _told(fields, "authentication", ["start"], "login", "failure" if found[1] == "FAILED LOGIN" else "success")


def _polkit(fields: Record, message: str) -> bool:
    if (command := _PKEXEC.match(message)) is not None:
        user, target, tty, folder, line = command.groups()
        fields |= {"user.name": user, "user.effective.name": target, "process.tty.name": tty}
        fields |= {"process.working_directory": folder, "process.command_line": line}
        return _told(fields, "process", ["start"], "pkexec")
    found = _POLKIT.search(message)
    if found is None:
        return False
    if (user_found := _POLKIT_USER.search(message)) is not None:
        fields["user.name"] = user_found[1]
    fields["soc.object.name"] = found[1]
    return _told(fields, "authentication", ["info"], "authorization", "failure" if "FAILED" in message else "success")


_READINGS: dict[str, Reading] = {
    "sudo": read_sudo,
    "su": _su,
    **dict.fromkeys(("cron", "crond", "crontab", "anacron", "atd"), _cron),
    **dict.fromkeys(
        ("useradd", "usermod", "userdel", "adduser", "groupadd", "groupmod", "groupdel", "gpasswd", "newusers"),
        _accounts,
    ),
    **dict.fromkeys(("passwd", "chpasswd", "chage", "chfn", "chsh"), _accounts),
    "systemd-logind": _logind,
    "login": _login,
    **dict.fromkeys(("polkitd", "pkexec", "polkit-agent-helper-1"), _polkit),
}
