"""NetFlow v5, v9 and IPFIX packets as flows: dicts of the element names of IPFIX, ready to be written as JSON.

Any bytes are safe: lengths are checked before they are used, and what cannot be read is told, not raised.

Source: Cisco "NetFlow Export Datagram Format" (v5), RFC 3954 (v9), RFC 7011 (IPFIX), RFC 5477 section 8 (sampling).
"""

from __future__ import annotations

import struct
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from collectors.listeners.flow_templates import MOST_FIELDS, VARIABLE, Domain, Key, Template, TemplateField, Templates
from collectors.listeners.flow_values import Started, element_of, iso_ms, value_of

Flow: TypeAlias = dict[str, object]

MOST_FLOWS = 2000
"""Flows of one datagram; a true one of 1,500 bytes has some sixty."""
MOST_HELD = 256
MOST_HELD_BYTES = 1024 * 1024
MOST_DOMAINS = 4096
_V5_HEAD = struct.Struct("!HHIIIIBBH")
_V5_FLOW = struct.Struct("!4s4s4sHHIIIIHHxBBBHHBBxx")
_V9_HEAD = struct.Struct("!HHIIII")
_IPFIX_HEAD = struct.Struct("!HHIII")
_PAIR = struct.Struct("!HH")
_NO_SAMPLING = (0, 1)


@dataclass
class Decoded:
    """What a packet came to.

    Attributes:
        malformed: what was wrong with its lengths; "" when nothing was.
        contradicted: numbers of templates that now say something else than before.
        held: data sets that wait for their template.
        let_go: data sets that waited in vain and made room: (template number, bytes).
        lost: packets or flows that the sequence numbers say are missing before this packet.
    """

    flows: list[Flow] = field(default_factory=list)
    malformed: str = ""
    contradicted: list[int] = field(default_factory=list)
    held: int = 0
    let_go: list[tuple[int, bytes]] = field(default_factory=list)
    lost: int = 0


@dataclass(frozen=True, slots=True)
class _Head:
    """What the header of a packet gives to its records."""

    domain: Domain
    export_ms: int
    started: Started | None

    @property
    def common(self) -> Flow:
        domain = self.domain
        return {
            "flowVersion": domain.version,
            "exporter": domain.exporter,
            "observationDomainId": domain.number,
            "exportTime": iso_ms(self.export_ms),
        }


class _MalformedError(Exception):
    """A length that cannot be true; the text says which."""


class FlowDecoder:
    """Keeps templates, sampling rates and held data sets of all exporters, each bounded.

    Args:
        templates: of all exporters.
    """

    def __init__(self, templates: Templates | None = None) -> None:
        self._templates = templates or Templates()
        self._sampling: OrderedDict[Domain, int] = OrderedDict()
        self._next: OrderedDict[Domain, int] = OrderedDict()
        self._held: deque[tuple[Key, _Head, bytes]] = deque()
        self._held_bytes = 0

    def decode(self, packet: bytes, exporter: str) -> Decoded:
        """The flows of one datagram of `exporter`, and of earlier ones that waited for its templates."""
        found = Decoded()
        try:
            self._read(packet, exporter, found)
        except _MalformedError as problem:
            found.malformed = str(problem)
        except (struct.error, OverflowError):
            found.malformed = "header"
        return found

    # packets

    def _read(self, packet: bytes, exporter: str, found: Decoded) -> None:
        version = int.from_bytes(packet[:2], "big")
        if version == 5:
            self._v5(packet, exporter, found)
        elif version == 9:
            self._v9(packet, exporter, found)
        elif version == 10:
            self._ipfix(packet, exporter, found)
        else:
            raise _MalformedError(f"version {version}")

    def _v5(self, packet: bytes, exporter: str, found: Decoded) -> None:
        _, count, uptime, seconds, nanos, sequence, engine_type, engine, sampling = _V5_HEAD.unpack_from(packet)
        export_ms = seconds * 1000 + nanos // 1_000_000
        head = _Head(Domain(exporter, 5, engine_type << 8 | engine), export_ms, Started(export_ms, uptime))
        if len(packet) < _V5_HEAD.size + count * _V5_FLOW.size:
            raise _MalformedError(f"count {count}")
        found.lost = self._missing(head.domain, sequence, count)
        rate = sampling & 0x3FFF
        for number in range(count):
            found.flows.append(_v5_flow(packet, _V5_HEAD.size + number * _V5_FLOW.size, head, rate))

    def _v9(self, packet: bytes, exporter: str, found: Decoded) -> None:
        _, _, uptime, seconds, sequence, source = _V9_HEAD.unpack_from(packet)
        head = _Head(Domain(exporter, 9, source), seconds * 1000, Started(seconds * 1000, uptime))
        found.lost = self._missing(head.domain, sequence, 1)
        self._sets(packet, _V9_HEAD.size, head, found, templates=0, options=1)

    def _ipfix(self, packet: bytes, exporter: str, found: Decoded) -> None:
        _, length, seconds, _, domain = _IPFIX_HEAD.unpack_from(packet)
        if not _IPFIX_HEAD.size <= length <= len(packet):
            raise _MalformedError(f"length {length}")
        head = _Head(Domain(exporter, 10, domain), seconds * 1000, None)
        self._sets(packet[:length], _IPFIX_HEAD.size, head, found, templates=2, options=3)

    def _sets(self, packet: bytes, at: int, head: _Head, found: Decoded, *, templates: int, options: int) -> None:
        while len(packet) - at >= _PAIR.size:
            number, length = _PAIR.unpack_from(packet, at)
            if length < _PAIR.size or at + length > len(packet):
                raise _MalformedError(f"set {number} length {length}")
            body = packet[at + _PAIR.size : at + length]
            if number in (templates, options):
                self._announce(body, head, found, options=number == options)
            elif number > 255:
                self._data(number, body, head, found)
            at += length

    # templates

    def _announce(self, body: bytes, head: _Head, found: Decoded, *, options: bool) -> None:
        ipfix = head.domain.version == 10
        for number, template in _templates_in(body, ipfix=ipfix, options=options):
            if template is None:
                self._templates.withdraw(head.domain, number)
                continue
            if self._templates.put(head.domain, number, template):
                found.contradicted.append(number)
            self._release((head.domain, number), found)

    def _release(self, key: Key, found: Decoded) -> None:
        """Read what waited for this template."""
        waiting = [entry for entry in self._held if entry[0] == key]
        if not waiting:
            return
        self._held = deque(entry for entry in self._held if entry[0] != key)
        for _, head, body in waiting:
            self._held_bytes -= len(body)
            self._data(key[1], body, head, found)

    def _hold(self, number: int, body: bytes, head: _Head, found: Decoded) -> None:
        self._held.append(((head.domain, number), head, body))
        self._held_bytes += len(body)
        found.held += 1
        while len(self._held) > MOST_HELD or self._held_bytes > MOST_HELD_BYTES:
            (_, old), _, rest = self._held.popleft()
            self._held_bytes -= len(rest)
            found.let_go.append((old, rest))

    # data

    def _data(self, number: int, body: bytes, head: _Head, found: Decoded) -> None:
        template = self._templates.get(head.domain, number)
        if template is None:
            self._hold(number, body, head, found)
            return
        rate = self._sampling.get(head.domain, 0)
        for values in _records_in(body, template, head):
            if template.options:
                self._learn(head.domain, values)
                continue
            if len(found.flows) >= MOST_FLOWS:
                raise _MalformedError(f"more than {MOST_FLOWS} flows")
            if rate and not values.keys() & _SAMPLED:
                values["samplingInterval"] = rate
            found.flows.append(head.common | {"templateId": number} | values)

    def _learn(self, domain: Domain, values: Flow) -> None:
        """Take the sampling rate out of an options record."""
        taken, left = values.get("samplingPacketInterval"), values.get("samplingPacketSpace")
        rate = values.get("samplingInterval") or values.get("samplerRandomInterval")
        if isinstance(taken, int) and isinstance(left, int) and taken > 0:
            rate = (taken + left) // taken
        if isinstance(rate, int):
            _remember(self._sampling, domain, rate if rate not in _NO_SAMPLING else 0)

    def _missing(self, domain: Domain, sequence: int, count: int) -> int:
        """How many are missing before this packet; a jump back is a restart of the exporter, or a packet that was overtaken."""
        expected = self._next.get(domain)
        _remember(self._next, domain, (sequence + count) & 0xFFFFFFFF)
        gap = 0 if expected is None else (sequence - expected) & 0xFFFFFFFF
        return gap if gap < 1 << 24 else 0


_SAMPLED = frozenset({"samplingInterval", "samplerRandomInterval", "samplingPacketInterval"})


def _remember(known: OrderedDict[Domain, int], domain: Domain, number: int) -> None:
    known[domain] = number
    known.move_to_end(domain)
    if len(known) > MOST_DOMAINS:
        known.popitem(last=False)


def _templates_in(body: bytes, *, ipfix: bool, options: bool) -> Iterator[tuple[int, Template | None]]:
    """(number, template) of a set; None for one that is withdrawn."""
    at = 0
    head_size = 6 if options else 4
    while len(body) - at >= head_size:
        number, count = _PAIR.unpack_from(body, at)
        if number < 256:  # padding
            return
        if options and not ipfix:
            (option_bytes,) = struct.unpack_from("!H", body, at + 4)
            count = (count + option_bytes) // 4
        elif options and count == 0:
            head_size = 4
        at += head_size
        if count > MOST_FIELDS:
            raise _MalformedError(f"template {number} with {count} fields")
        fields, at = _fields_in(body, at, count, number, ipfix=ipfix)
        template = Template(fields, options)
        if fields and template.shortest == 0:
            raise _MalformedError(f"template {number} of no length")
        yield number, template if fields else None


def _fields_in(body: bytes, at: int, count: int, number: int, *, ipfix: bool) -> tuple[tuple[TemplateField, ...], int]:
    fields = []
    for _ in range(count):
        if len(body) - at < 4:
            raise _MalformedError(f"template {number} is cut")
        element, length = _PAIR.unpack_from(body, at)
        at += 4
        enterprise = 0
        if ipfix and element & 0x8000:
            if len(body) - at < 4:
                raise _MalformedError(f"template {number} is cut")
            (enterprise,) = struct.unpack_from("!I", body, at)
            element, at = element & 0x7FFF, at + 4
        fields.append(TemplateField(element_of(element, enterprise), length))
    return tuple(fields), at


def _records_in(body: bytes, template: Template, head: _Head) -> Iterator[Flow]:
    at, shortest = 0, template.shortest
    while len(body) - at >= shortest:
        values: Flow = {}
        for one in template.fields:
            length = one.length
            if length == VARIABLE and head.domain.version == 10:
                length, at = _variable_length(body, at)
            if at + length > len(body):
                return  # padding, or a last record that was cut
            value = value_of(one.element.type, body[at : at + length], head.started)
            at += length
            if value is not None:
                values.setdefault(one.element.name, value)
        yield values


def _variable_length(body: bytes, at: int) -> tuple[int, int]:
    if at >= len(body):
        raise _MalformedError("variable length")
    length = body[at]
    if length < 255:
        return length, at + 1
    if at + 3 > len(body):
        raise _MalformedError("variable length")
    return int.from_bytes(body[at + 1 : at + 3], "big"), at + 3


_V5_NAMES = (
    *("sourceIPv4Address", "destinationIPv4Address", "ipNextHopIPv4Address", "ingressInterface", "egressInterface"),
    *("packetDeltaCount", "octetDeltaCount", "flowStartSysUpTime", "flowEndSysUpTime", "sourceTransportPort"),
    *("destinationTransportPort", "tcpControlBits", "protocolIdentifier", "ipClassOfService", "bgpSourceAsNumber"),
    *("bgpDestinationAsNumber", "sourceIPv4PrefixLength", "destinationIPv4PrefixLength"),
)


def _v5_flow(packet: bytes, at: int, head: _Head, rate: int) -> Flow:
    flow = head.common
    for name, value in zip(_V5_NAMES, _V5_FLOW.unpack_from(packet, at), strict=True):
        if isinstance(value, bytes):
            flow[name] = value_of("a4", value, None)
        elif name.endswith("SysUpTime"):
            flow[name] = value_of("up", value.to_bytes(4, "big"), head.started)
        else:
            flow[name] = value
    if rate not in _NO_SAMPLING:
        flow["samplingInterval"] = rate
    return flow
