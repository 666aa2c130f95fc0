"""Flows of NetFlow v5, v9 and IPFIX: one JSON object a flow, its members named as the IPFIX elements."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from collectors.parsers.json import load_object
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from collectors.values import is_ip
from soc.core.i18n import msg

MOST_MEMBERS = 600
_LARGEST = 2**63 - 1

_ADDRESSES = {
    "exporter": "observer.ip",
    "sourceIPv4Address": "source.ip",
    "sourceIPv6Address": "source.ip",
    "destinationIPv4Address": "destination.ip",
    "destinationIPv6Address": "destination.ip",
    "postNATSourceIPv4Address": "source.nat.ip",
    "postNATSourceIPv6Address": "source.nat.ip",
    "postNATDestinationIPv4Address": "destination.nat.ip",
    "postNATDestinationIPv6Address": "destination.nat.ip",
}
_PORTS = {
    "sourceTransportPort": "source.port",
    "udpSourcePort": "source.port",
    "tcpSourcePort": "source.port",
    "destinationTransportPort": "destination.port",
    "udpDestinationPort": "destination.port",
    "tcpDestinationPort": "destination.port",
    "postNAPTSourceTransportPort": "source.nat.port",
    "postNAPTDestinationTransportPort": "destination.nat.port",
}
_COUNTS = {
    "octetDeltaCount": "source.bytes",
    "octetTotalCount": "source.bytes",
    "initiatorOctets": "source.bytes",
    "packetDeltaCount": "source.packets",
    "packetTotalCount": "source.packets",
    "initiatorPackets": "source.packets",
    "reverseOctetDeltaCount": "destination.bytes",
    "reverseOctetTotalCount": "destination.bytes",
    "responderOctets": "destination.bytes",
    "reversePacketDeltaCount": "destination.packets",
    "reversePacketTotalCount": "destination.packets",
    "responderPackets": "destination.packets",
    "bgpSourceAsNumber": "source.as.number",
    "bgpDestinationAsNumber": "destination.as.number",
}
_TEXTS = {
    "sourceMacAddress": "source.mac",
    "destinationMacAddress": "destination.mac",
    "userName": "user.name",
    "httpRequestMethod": "http.request.method",
    "httpRequestHost": "url.domain",
    "ingressInterface": "observer.ingress.interface.id",
    "egressInterface": "observer.egress.interface.id",
    "vlanId": "network.vlan.id",
    "dot1qVlanId": "network.vlan.id",
}
_STARTS = (
    *(
        "flowStartMilliseconds",
        "flowStartSysUpTime",
        "flowStartSeconds",
        "flowStartMicroseconds",
        "flowStartNanoseconds",
    ),
    *("observationTimeMilliseconds", "observationTimeSeconds", "observationTimeMicroseconds"),
)
_ENDS = ("flowEndMilliseconds", "flowEndSysUpTime", "flowEndSeconds", "flowEndMicroseconds", "flowEndNanoseconds")
_NAMED = frozenset({*_ADDRESSES, *_PORTS, *_COUNTS, *_TEXTS, *_STARTS, *_ENDS, "protocolIdentifier", "applicationName"})

_TRANSPORTS = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    89: "ospf",
    132: "sctp",
}
_DIRECTIONS = {0: "ingress", 1: "egress"}
_FIREWALL = {
    1: (["connection", "start"], "flow_created"),
    2: (["connection", "end"], "flow_deleted"),
    3: (["connection", "denied"], "flow_denied"),
    4: (["info"], "flow_alert"),
    5: (["info"], "flow_update"),
}
"""Element 233 -> event.type and event.action."""
_TCP_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")


class NetflowParser:
    """One flow as the listener `netflow` writes it. What has no ECS name is kept under `netflow.`, as the registry calls it.

    Source: IANA registry "IP Flow Information Export (IPFIX) Entities" (names, firewallEvent, flowDirection), ECS 8.17.
    """

    id: ClassVar[str] = "netflow"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        flow = load_object(text)
        if "flowVersion" not in flow or len(flow) > MOST_MEMBERS:
            raise unreadable(msg("một flow NetFlow hoặc IPFIX dạng JSON, có flowVersion"))
        fields: Record = {"event.kind": "event", "event.category": ["network"], "event.dataset": "netflow"}
        _put_kind(fields, flow)
        _put_times(fields, flow, context)
        _put_ends(fields, flow)
        _put_protocol(fields, flow)
        _put_totals(fields)
        for name, value in flow.items():
            if name not in _NAMED and isinstance(value, (str, int, float, bool)) and not _is_too_large(value):
                fields["netflow." + name[:128].replace(".", "_")] = value
        return fields


def _put_kind(fields: Record, flow: dict[str, object]) -> None:
    event = _whole(flow.get("firewallEvent"))
    fields["event.type"], fields["event.action"] = _FIREWALL.get(event or 0, (["connection", "end"], "netflow_flow"))
    if event == 3:
        fields["event.outcome"] = "failure"
    direction = _DIRECTIONS.get(_whole(flow.get("flowDirection"), -1) or 0)
    if direction is not None:
        fields["network.direction"] = direction


def _put_times(fields: Record, flow: dict[str, object], context: ParseContext) -> None:
    """The flow happened when it ended; an exporter that does not say when, when it was exported."""
    start, end = _moment(flow, _STARTS, context), _moment(flow, _ENDS, context)
    moment = end or start or _moment(flow, ("exportTime",), context)
    if moment is not None:
        fields["@timestamp"] = moment
    if start is not None:
        fields["event.start"] = start
    if end is not None:
        fields["event.end"] = end
    if start is not None and end is not None and end >= start:
        fields["event.duration"] = int((end - start).total_seconds() * 1_000_000) * 1000


def _moment(flow: dict[str, object], names: tuple[str, ...], context: ParseContext) -> datetime | None:
    for name in names:
        value = flow.get(name)
        if isinstance(value, str):
            try:
                return iso_time(value, context.zone)
            except (ValueError, OverflowError):
                continue
    return None


def _put_ends(fields: Record, flow: dict[str, object]) -> None:
    for name, target in _ADDRESSES.items():
        value = flow.get(name)
        if isinstance(value, str) and is_ip(value) and value not in ("0.0.0.0", "::"):  # noqa: S104 - "no address"
            fields.setdefault(target, value)
    for side in ("source", "destination"):
        if f"{side}.ip" in fields:
            fields[f"{side}.address"] = fields[f"{side}.ip"]
    for name, target in _PORTS.items():
        port = _whole(flow.get(name))
        if port is not None and port <= 65535:
            fields.setdefault(target, port)
    for name, target in _COUNTS.items():
        count = _whole(flow.get(name))
        if count is not None and (count or ".as." not in target):
            fields.setdefault(target, count)
    for name, target in _TEXTS.items():
        value = flow.get(name)
        if isinstance(value, (str, int)) and value != "":
            fields.setdefault(target, str(value))


def _put_protocol(fields: Record, flow: dict[str, object]) -> None:
    number = _whole(flow.get("protocolIdentifier"))
    if number is not None:
        fields["network.iana_number"] = str(number)
        if number in _TRANSPORTS:
            fields["network.transport"] = _TRANSPORTS[number]
    source = fields.get("source.ip") or fields.get("destination.ip")
    if source is not None:
        fields["network.type"] = "ipv6" if ":" in str(source) else "ipv4"
    application = flow.get("applicationName")
    if isinstance(application, str) and application:
        fields["network.application"] = application.lower()
    flags = _whole(flow.get("tcpControlBits"))
    if flags and number == 6:
        fields["netflow.tcp_flags"] = [name for bit, name in enumerate(_TCP_FLAGS) if flags >> bit & 1]


def _put_totals(fields: Record) -> None:
    for unit in ("bytes", "packets"):
        parts = [fields[name] for name in (f"source.{unit}", f"destination.{unit}") if name in fields]
        total = sum(part for part in parts if isinstance(part, int))
        if parts and total <= _LARGEST:
            fields[f"network.{unit}"] = total


def _whole(value: object, default: int | None = None) -> int | None:
    """A number that ECS can hold; `default` for anything else."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    return value if fits and isinstance(value, int) else default


def _is_too_large(value: object) -> bool:
    return isinstance(value, int) and not -_LARGEST <= value <= _LARGEST
