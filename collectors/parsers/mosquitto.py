"""MQTT brokers: the log of Mosquitto and the text or JSON log of EMQX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from collectors.parsers.json import load_object
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, epoch_time, iso_time
from collectors.values import put_address, put_port, split_endpoint
from soc.core.i18n import msg

_EPOCH = re.compile(r"(\d{9,10}): ")
_STAMPED = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?):? ")
_LEVEL = re.compile(r"\[(debug|info|notice|warning|error|critical|alert|emergency)\] ")
_NEW_CONNECTION = re.compile(r"New connection from ([^\s]{2,64}?)(?::(\d{1,5}))? on port (\d{1,5})\.?$")
_NEW_CLIENT = re.compile(
    r"New (?:client|bridge) connected from ([^\s]{2,64}?)(?::(\d{1,5}))? as (.{1,255}) \((.{0,400})\)\.?$"
)
_GONE = re.compile(
    r"Client (.{1,255}?)(?: \[([^\s\[\]]{2,64}?)(?::(\d{1,5}))?\])? "
    r"(disconnected|has exceeded timeout|closed its connection|already connected, closing old connection)(?:[,:.] ?(.{0,200}?))?\.?$"
)
_DENIED = re.compile(
    r"Denied (PUBLISH|SUBSCRIBE|UNSUBSCRIBE) (?:from|to) (.{1,255}?) \(d\d, q\d, r\d, m\d{1,5}, '([^']{0,1024})'"
)
_PACKET = re.compile(r"(Received|Sending) ([A-Z]{4,11}) (?:from|to) (.{1,255}?)(?: \((.{0,2000})\))?$")
_TOPIC = re.compile(r"'([^']{1,1024})'")
_FAILED = re.compile(
    r"(?:OpenSSL Error|Error|Warning|Socket error|Protocol error|Bad socket read/write on client)\b:? ?(.{0,1000})"
)
_USER_NAME = re.compile(r"(?:^|, )u'([^']{0,255})'")
_EMQX_PAIR = re.compile(r"(?:^|, )([a-z_]{2,40}): ")
_REASONS = {"not authorised": "not_authorized", "bad user name or password": "bad_credentials"}
_REFUSED = ("not authori", "denied", "unauthori", "bad_username", "failed", "exceeded", "error", "banned")

_CONSTANT: Record = {
    "event.kind": "event",
    "event.category": ["network"],
    "event.type": ["info"],
    "event.dataset": "mqtt.broker",
    "network.protocol": "mqtt",
    "network.transport": "tcp",
}


class MosquittoParser:
    """Lines of an MQTT broker: who connected as which client, what was refused, what was published or asked for.

    The id of a client is `device.id`, and a name that any client may choose: a line is read from the side that the broker wrote. A client
    turned away before it gave its id is `<unknown>` and leaves it out.

    Source: mosquitto.conf(5) (`log_type`, `log_timestamp_format`) and mosquitto 2.0 src/handle_connect.c, loop.c, handle_publish.c;
    docs.emqx.com, EMQX 5 "Logs" (text and JSON formatter).
    """

    id: ClassVar[str] = "mosquitto"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields = dict(_CONSTANT)
        if line.startswith("{"):
            return _emqx_json(fields, load_object(line), context)
        line = _put_time(fields, line, context)
        level = _LEVEL.match(line)
        if level is not None:
            fields["log.level"] = level[1]
            _emqx(fields, _emqx_pairs(line[level.end() :]))
            fields["message"] = line[level.end() :]
            return fields
        if not line or ("@timestamp" not in fields and "process.name" not in fields):
            raise unreadable(msg("dòng của Mosquitto hoặc EMQX, có thời gian ở đầu"))
        fields["message"] = line
        for read in _READERS:
            if read(fields, line):
                break
        return fields


def _put_time(fields: Record, line: str, context: ParseContext) -> str:
    """Take off the epoch time, the ISO one or the syslog header; the rest of the line."""
    seconds, stamped = _EPOCH.match(line), _STAMPED.match(line)
    try:
        if seconds is not None:
            fields["@timestamp"] = epoch_time(int(seconds[1]))
            return line[seconds.end() :]
        if stamped is not None and (line[stamped.end() - 2] == ":" or line.startswith("[", stamped.end())):
            fields["@timestamp"] = iso_time(stamped[1], context.zone)
            return line[stamped.end() :]
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="1794877200:")) from problem
    envelope = open_envelope(line, context)
    if envelope is None:
        return line
    fields.update(envelope.fields)
    return _put_time(fields, envelope.message, context) if _EPOCH.match(envelope.message) else envelope.message


def _new_connection(fields: Record, line: str) -> bool:
    found = _NEW_CONNECTION.match(line)
    if found is None:
        return False
    _put_peer(fields, found[1], found[2])
    put_port(fields, "destination.port", found[3])
    fields |= {"event.action": "connect", "event.type": ["connection", "start"]}
    return True


def _new_client(fields: Record, line: str) -> bool:
    """`New client connected from 192.0.2.1:51022 as id (p2, c1, k60, u'name').`"""
    found = _NEW_CLIENT.match(line)
    if found is None:
        return False
    _put_peer(fields, found[1], found[2])
    _put_device(fields, found[3])
    fields |= {"event.action": "client_connected", "event.outcome": "success", "event.type": ["start"]}
    fields["event.category"] = ["authentication", "network"]
    if (user := _USER_NAME.search(found[4])) is not None:
        fields["user.name"] = user[1]
    return True


def _gone(fields: Record, line: str) -> bool:
    found = _GONE.match(line)
    if found is None:
        return False
    client, address, port, what, reason = found.groups()
    _put_device(fields, client)
    if address:
        _put_peer(fields, address, port)
    fields |= {"event.action": "client_disconnected", "event.type": ["connection", "end"]}
    if what.startswith(("has", "already")):
        fields["event.reason"] = what
    if reason:
        fields["event.reason"] = reason
        if (code := _REASONS.get(reason)) is not None:
            fields |= {"error.code": code, "event.outcome": "failure", "event.category": ["authentication", "network"]}
            fields["event.action"] = "client_refused"
    return True


def _denied(fields: Record, line: str) -> bool:
    found = _DENIED.match(line)
    if found is None:
        return False
    _put_device(fields, found[2])
    fields |= {
        "event.action": found[1].lower(),
        "event.type": ["denied"],
        "event.outcome": "failure",
        "soc.mqtt.topic": found[3],
    }
    fields["error.code"] = "not_authorized"
    return True


def _packet(fields: Record, line: str) -> bool:
    found = _PACKET.match(line)
    if found is None:
        return False
    _put_device(fields, found[3])
    fields |= {"event.action": found[2].lower(), "event.type": ["protocol"]}
    if found[4] and (topic := _TOPIC.search(found[4])) is not None:
        fields["soc.mqtt.topic"] = topic[1]
    return True


def _failed(fields: Record, line: str) -> bool:
    found = _FAILED.match(line)
    if found is None:
        return False
    fields |= {"event.type": ["error"], "error.message": line, "event.outcome": "failure"}
    return True


def _emqx_pairs(text: str) -> dict[str, str]:
    """`clientid: a, msg: b, peername: c`; a value may hold commas: it ends where `, name: ` begins."""
    keys = list(_EMQX_PAIR.finditer(text))
    ends = [*(key.start() for key in keys[1:]), len(text)][: len(keys)]
    pairs: dict[str, str] = {}
    for key, end in zip(keys, ends, strict=True):
        pairs.setdefault(key[1], text[key.end() : end])
    return pairs


def _emqx_json(fields: Record, document: Mapping[str, object], context: ParseContext) -> Record:
    pairs = {name: str(value) for name, value in document.items() if isinstance(value, (str, int, float))}
    if "msg" not in pairs:
        raise unreadable(msg("dòng của Mosquitto hoặc EMQX, có thời gian ở đầu"))
    try:
        fields["@timestamp"] = any_time(document.get("time", document.get("ts")), context.zone)
    except (ValueError, OverflowError) as problem:
        raise unreadable(msg("thời gian dạng {form}", form="1794877200:")) from problem
    if "level" in pairs:
        fields["log.level"] = pairs["level"]
    _emqx(fields, pairs)
    return fields


def _emqx(fields: Record, pairs: Mapping[str, str]) -> None:
    for name, target in _EMQX.items():
        if pairs.get(name):
            fields[target] = pairs[name]
    if (peer := pairs.get("peername")) is not None:
        _put_peer(fields, *split_endpoint(peer))
    what = " ".join((pairs.get("msg", ""), pairs.get("reason", ""))).lower()
    if any(word in what for word in _REFUSED):
        fields |= {
            "event.outcome": "failure",
            "event.type": ["denied"] if "permission" in what or "not_authori" in what else ["error"],
        }
    if "authent" in what or "username" in what:
        fields["event.category"] = ["authentication", "network"]


def _put_peer(fields: Record, address: str, port: str | None) -> None:
    put_address(fields, "source", address)
    put_port(fields, "source.port", port or "")


def _put_device(fields: Record, client: str) -> None:
    if client not in {"<unknown>", "(null)"}:
        fields["device.id"] = client


_EMQX = {
    "msg": "event.action",
    "clientid": "device.id",
    "username": "user.name",
    "topic": "soc.mqtt.topic",
    "action": "mqtt.action",
    "reason": "error.code",
    "source": "mqtt.source",
    "mfa": "log.logger",
}
_READERS: tuple[Callable[[Record, str], bool], ...] = (_new_connection, _new_client, _denied, _gone, _packet, _failed)
