"""vsftpd: its own log and the transfer log in the form of wu-ftpd."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import text_time
from collectors.transforms import SPREADS
from collectors.values import put_address, whole
from soc.core.i18n import msg

_TIME = re.compile(r"([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]?\d \d{2}:\d{2}:\d{2} \d{4}) ")
_LINE = re.compile(
    r"(?:\[pid (\d{1,10})\] )?(?:\[([^\[\]]{0,255})\] )?(?:(OK|FAIL) ([A-Z]{3,12})|(CONNECT|DEBUG)|(FTP (?:command|response))): "
    r"Client \"([^\"]{1,255})\"(?:, (.*))?"
)
_DETAIL = re.compile(r"\"(.*)\"(?:, (\d{1,18}) bytes)?(?:, ([\d.]{1,20})Kbyte/sec)?$")
_TRANSFER = re.compile(
    r"(\d{1,9}) (\S{1,255}) (\d{1,18}) (.{1,4096}) ([ab]) ([CUT_]{1,3}) ([iod]) ([agr]) (\S{1,255}) (\S{1,20}) ([01]) (\S{1,255}) ([ci])$"
)
_DIRECTIONS = {"i": "upload", "o": "download", "d": "delete"}
_KINDS: dict[str, tuple[list[str], list[str]]] = {
    "LOGIN": (["authentication"], ["start"]),
    "UPLOAD": (["file"], ["creation"]),
    "DOWNLOAD": (["file"], ["access"]),
    "DELETE": (["file"], ["deletion"]),
    "RENAME": (["file"], ["change"]),
    "CHMOD": (["file"], ["change"]),
    "MKDIR": (["file"], ["creation"]),
    "RMDIR": (["file"], ["deletion"]),
    "CONNECT": (["network"], ["connection", "start"]),
}
_SECRET = re.compile(r"^(PASS|ACCT) .*", re.IGNORECASE)

_CONSTANT: Record = {
    "event.kind": "event",
    "event.dataset": "vsftpd.log",
    "network.protocol": "ftp",
    "network.transport": "tcp",
}


class VsftpdParser:
    """Connections, log-ins and file transfers of vsftpd. Times have no offset: they are of the machine's zone.

    The name of a file may hold anything, quotes too: it is read from the right, where size and speed stand. The argument of a password
    command (`log_ftp_protocol`) is left out.

    Source: vsftpd.conf(5) (`xferlog_std_format`, `log_ftp_protocol`), logging.c of vsftpd 3; xferlog(5) for the transfer form.
    """

    id: ClassVar[str] = "vsftpd"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields = dict(_CONSTANT)
        moment = _TIME.match(line)
        if moment is not None:
            try:
                fields["@timestamp"] = text_time(" ".join(moment[1].split()), context.zone)
            except ValueError as problem:
                raise unreadable(msg("thời gian dạng {form}", form="Tue Nov 17 08:05:01 2026")) from problem
            line = line[moment.end() :].lstrip()
        elif (envelope := open_envelope(line, context)) is not None:
            fields.update(envelope.fields)
            line = envelope.message
        if (found := _LINE.match(line)) is not None:
            return _own(fields, found)
        if moment is not None and (found := _TRANSFER.match(line)) is not None:
            return _transferred(fields, found)
        raise unreadable(msg("dòng vsftpd.log hoặc xferlog"))


def _own(fields: Record, found: re.Match[str]) -> Record:
    """`[pid 2211] [user] OK UPLOAD: Client "192.0.2.1", "/path", 212 bytes, 12.30Kbyte/sec`."""
    pid, user, result, verb, word, protocol, client, rest = found.groups()
    action = verb or word or protocol
    category, types = _KINDS.get(action, (["network"], ["info"]))
    fields |= {
        "event.category": list(category),
        "event.type": list(types),
        "event.action": action.lower().replace(" ", "_"),
    }
    if pid:
        fields["process.pid"] = int(pid)
    if user:
        fields["user.name"] = user
    if result:
        fields["event.outcome"] = "success" if result == "OK" else "failure"
    put_address(fields, "source", client.removeprefix("::ffff:"))
    detail = _DETAIL.match(rest or "")
    if detail is not None and category == ["file"]:
        _put_file(fields, detail[1], detail[2])
    elif rest:
        fields["message"] = _SECRET.sub(r"\1", rest.strip('"'))
    return fields


def _transferred(fields: Record, found: re.Match[str]) -> Record:
    """`seconds client bytes path mode action direction access user service authenticated id status`."""
    seconds, client, size, path, _, _, direction, access, user, _, _, _, status = found.groups()
    action = _DIRECTIONS[direction]
    category, types = _KINDS[action.upper()]
    fields |= {"event.category": list(category), "event.type": list(types), "event.action": action}
    fields |= {"event.outcome": "success" if status == "c" else "failure", "event.duration": int(seconds) * 10**9}
    put_address(fields, "source", client.removeprefix("::ffff:"))
    if access != "a":
        fields["user.name"] = user
    _put_file(fields, path, size)
    return fields


def _put_file(fields: Record, path: str, size: str | None) -> None:
    SPREADS["file"](fields, "file", path)
    fields["file.path"] = path
    if size is not None and (number := whole(size)) is not None:
        fields["file.size"] = number
