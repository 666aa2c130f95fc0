"""OpenVPN: the log of server and client, in a file, in syslog or from systemd."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from typing import ClassVar

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time, text_time
from collectors.values import is_ip, put_address, put_port, split_endpoint
from soc.core.i18n import msg

_ISO = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:us=(\d{1,6}) )?")
_CTIME = re.compile(r"([A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4}) (?:us=(\d{1,6}) )?")
_ENDPOINT = r"\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}|\[[0-9A-Fa-f:.%]{2,60}\](?::\d{1,5})?|[0-9A-Fa-f:]{3,39}:\d{1,5}"
_CLIENT = re.compile(rf"(?:([^/\[\]:\r\n]{{1,128}})/)?(?:(?:udp|tcp)[46]?(?:-server)?:)?({_ENDPOINT}) ")
_INITIATED = re.compile(r"\[([^\]]{1,128})\] Peer Connection Initiated with \[AF_INET6?\](\S{3,64})")
_PASSWORD = re.compile(r"TLS: Username/Password authentication (succeeded|deferred) for username '([^']{1,256})'")
_AUTH_FAILED = re.compile(
    r"TLS Auth Error: (.{0,300})|AUTH: Received control message: AUTH_FAILED(.{0,300})|.{0,200}AUTH_FAILED"
)
_PLUGIN_USER = re.compile(r"\b(?:username|user|User) ?[:=]? ?'([^']{1,256})'")
_VERIFY = re.compile(
    r"VERIFY ((?:[A-Za-z0-9]{2,10} )?OK|ERROR)[:.]?(?:.{0,200}?depth=(\d{1,2}))?(?:.{0,400}?CN=([^,/\r\n]{1,128}))?"
)
_VIRTUAL = re.compile(r"MULTI: (?:primary virtual IPv?6?|Learn: (\S{2,45}) ->)(?:.{0,200}?: (\S{2,45})$)?")
_PEER_INFO = re.compile(r"peer info: (IV_\w{1,32}|UV_\w{1,64})=(.{0,300})")
_INTERFACES = (
    re.compile(r"\b(?:dev|for|set|delete|device) (?:TUN/TAP device )?((?:tun|tap|ovpn)[\w.-]{0,16})"),
    re.compile(r"(?:TUN/TAP device|DCO device|Opened) ((?:tun|tap|ovpn)[\w.-]{0,16})"),
)
_EGRESS = re.compile(r"ROUTE6?_GATEWAY (\S{2,64})(?: .{0,40}?)?IFACE=(\S{1,32})(?: HWADDR=([0-9a-f:]{17}))?")
_EXIT = re.compile(r"SIGTERM\[|SIGUSR1\[|SIGINT\[|SIGHUP\[")
_REASON = re.compile(r"SIG\w{3,5}\[(?:soft|hard),([^\]]{0,80})\]")
_CIPHER = re.compile(r"Control Channel: (TLSv1(?:\.\d)?), cipher (?:TLSv1(?:\.\d)? )?([\w-]{3,80})")
_COMMON_NAME = "soc.vpn.common_name"
_CONSTANT: Record = {
    "event.kind": "event",
    "event.category": ["network"],
    "event.type": ["info"],
    "event.dataset": "openvpn",
    "process.name": "openvpn",
}


class OpenvpnParser:
    """A line of OpenVPN.

    In front of a message stand the client's common name and its real address, `name/address:port`. The name is the user's only after
    the connection is authenticated, which is when OpenVPN begins to write it. The virtual address of a client is `client.nat.ip`. A
    time without an offset is read in the zone of the source.

    Source: OpenVPN 2.4 to 2.6, src/openvpn (multi.c, ssl.c, ssl_verify.c, route.c, tun.c, error.c): messages and time forms.
    """

    id: ClassVar[str] = "openvpn"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields = dict(_CONSTANT)
        line = _take_time(fields, line, context)
        if "@timestamp" not in fields and (envelope := open_envelope(line, context)) is not None:
            fields.update(envelope.fields)
            line = _take_time(fields, envelope.message.strip(), context)
        if not line:
            raise unreadable(msg("một dòng của OpenVPN"))
        fields["message"] = line
        line = _take_client(fields, line)
        fields["event.reason"] = line
        for read in _READERS:
            if read(fields, line):
                break
        if "user.name" in fields:
            fields["source.user.name"] = fields["user.name"]
        return fields


def _take_time(fields: Record, line: str, context: ParseContext) -> str:
    head = _ISO.match(line)
    other = _CTIME.match(line) if head is None else None
    try:
        if head is not None:
            fields["@timestamp"] = iso_time(f"{head[1]}.{int(head[2] or 0):06}", context.zone)
            return line[head.end() :]
        if other is not None:
            moment = text_time(other[1], context.zone)
            fields["@timestamp"] = moment.replace(microsecond=int(other[2] or 0)).astimezone(UTC)
            return line[other.end() :]
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss")) from problem
    return line


def _take_client(fields: Record, line: str) -> str:
    head = _CLIENT.match(line)
    if head is None:
        return line
    address, port = split_endpoint(head[2])
    if not port and address.count(":") > 1:
        address, _, port = address.rpartition(":")
    if is_ip(address):
        put_address(fields, "source", address)
        put_port(fields, "source.port", port)
    if head[1]:
        fields["user.name"] = fields[_COMMON_NAME] = head[1]
    return line[head.end() :]


def _password(fields: Record, line: str) -> bool:
    found = _PASSWORD.search(line)
    if found is None:
        return False
    fields["user.name"] = found[2]
    _told(fields, "user-authenticated" if found[1] == "succeeded" else "user-authentication-deferred", "start")
    if found[1] == "succeeded":
        fields["event.outcome"] = "success"
    return True


def _told(fields: Record, action: str, kind: str) -> None:
    fields |= {"event.category": ["authentication", "network"], "event.type": [kind], "event.action": action}


def _failed(fields: Record, line: str) -> bool:
    if _AUTH_FAILED.match(line) is None and "TLS Error:" not in line and "auth-failure" not in line:
        return False
    fields["event.outcome"] = "failure"
    if "TLS Error:" in line:
        fields |= {"event.action": "tls-error", "event.type": ["error"]}
    else:
        _told(fields, "user-authentication-failed", "start")
    if (user := _PLUGIN_USER.search(line)) is not None:
        fields["user.name"] = user[1]
    return True


def _initiated(fields: Record, line: str) -> bool:
    found = _INITIATED.search(line)
    if found is None:
        return False
    fields.setdefault("user.name", found[1])
    fields[_COMMON_NAME] = found[1]
    _told(fields, "connection-initiated", "start")
    fields["event.outcome"] = "success"
    _take_client(fields, f"{found[2]} ")
    return True


def _verify(fields: Record, line: str) -> bool:
    found = _VERIFY.match(line)
    if found is None:
        return False
    fields |= {"event.action": "certificate-verified", "event.outcome": "failure" if found[1] == "ERROR" else "success"}
    if found[3] and found[2] == "0":
        fields["tls.client.x509.subject.common_name"] = found[3]
    return True


def _virtual(fields: Record, line: str) -> bool:
    found = _VIRTUAL.match(line)
    if found is None:
        return False
    address = found[1] or found[2] or ""
    fields |= {"event.action": "address-assigned", "event.type": ["connection", "start"]}
    if is_ip(address):
        fields["client.nat.ip"] = address
    return True


def _peer_info(fields: Record, line: str) -> bool:
    found = _PEER_INFO.match(line)
    if found is None:
        return False
    fields |= {"event.action": "peer-info", f"openvpn.peer.{found[1].lower()}": found[2]}
    if found[1] == "IV_GUI_VER":
        fields["user_agent.original"] = found[2]
    return True


def _ended(fields: Record, line: str) -> bool:
    if _EXIT.search(line) is None:
        return False
    fields |= {"event.action": "connection-ended", "event.type": ["connection", "end"]}
    if (reason := _REASON.search(line)) is not None:
        fields["event.reason"] = reason[1]
    return True


def _channel(fields: Record, line: str) -> bool:
    found = _CIPHER.match(line)
    if found is None:
        return False
    fields |= {"tls.version": found[1].removeprefix("TLSv"), "tls.version_protocol": "tls", "tls.cipher": found[2]}
    fields["event.action"] = "control-channel"
    return True


def _interface(fields: Record, line: str) -> bool:
    """The tunnel's side is where clients come in; the gateway's interface is the way out."""
    if (gateway := _EGRESS.match(line)) is not None:
        fields["observer.egress.interface.name"] = gateway[2]
        if gateway[3]:
            fields["observer.mac"] = gateway[3].upper().replace(":", "-")
        return True
    found = next((hit for pattern in _INTERFACES if (hit := pattern.search(line)) is not None), None)
    if found is None:
        return False
    fields["observer.ingress.interface.name"] = found[1]
    return True


_READERS: tuple[Callable[[Record, str], bool], ...] = (
    *(_password, _failed, _initiated, _verify, _virtual, _peer_info, _ended, _channel, _interface),
)
