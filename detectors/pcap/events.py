"""A capture as ECS documents, and as events of a source of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from detectors.pcap.dns import DnsMessage, parse_dns
from detectors.pcap.flows import MAX_FLOWS, Flow, FlowTable
from detectors.pcap.http import HttpExchange
from detectors.pcap.packets import CaptureCounts, Segment, read_segments
from soc.core.clock import iso
from soc.core.event import Event, Fields, typed
from soc.core.ids import event_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DNS_PORT = 53
_US_TO_NS = 1000


def read_capture(path: Path, counts: CaptureCounts | None = None, max_flows: int = MAX_FLOWS) -> Iterator[Fields]:
    """The events in a capture as flat ECS documents, each as soon as it is complete.

    `event.dataset` is pcap.dns (a query or an answer), pcap.http (a request with the status of its answer) or pcap.flow (two ends,
    bytes, packets, duration). Memory is bounded: the longest silent flow is closed when more than `max_flows` are open.

    Raises:
        InputError: the file cannot be read, or is no capture.
    """
    table = FlowTable(max_flows)
    for segment in read_segments(path, counts or CaptureCounts()):
        for flow in table.finished(segment.time_us):
            yield from _closing(flow)
        flow = table.take(segment)
        yield from _contents(flow, segment)
    for flow in table.rest():
        yield from _closing(flow)


def _contents(flow: Flow, segment: Segment) -> Iterator[Fields]:
    if _DNS_PORT in (segment.source_port, segment.destination_port):
        message = parse_dns(segment.payload, over_tcp=segment.transport == "tcp")
        if message is not None:
            yield _dns(flow, message, segment)
    elif segment.transport == "tcp":
        for exchange in flow.http.feed(flow.is_from_source(segment), segment.seq, segment.payload, segment.time_us):
            yield _http(flow, exchange)


def _closing(flow: Flow) -> Iterator[Fields]:
    for exchange in flow.http.rest():
        yield _http(flow, exchange)
    yield typed(
        _ends(flow, "flow", flow.start_us)
        | {
            "event.category": ["network"],
            "event.type": ["connection"],
            "event.start": _moment(flow.start_us),
            "event.end": _moment(flow.end_us),
            "event.duration": (flow.end_us - flow.start_us) * _US_TO_NS,
            "source.bytes": flow.sent_bytes,
            "source.packets": flow.sent_packets,
            "destination.bytes": flow.received_bytes,
            "destination.packets": flow.received_packets,
            "network.bytes": flow.sent_bytes + flow.received_bytes,
            "network.packets": flow.sent_packets + flow.received_packets,
        }
    )


def _ends(flow: Flow, kind: str, time_us: int) -> dict[str, object]:
    ports = flow.transport in {"tcp", "udp"}
    return {
        "@timestamp": _moment(time_us),
        "event.kind": "event",
        "event.dataset": f"pcap.{kind}",
        "network.type": f"ipv{flow.version}",
        "network.transport": flow.transport,
        "network.community_id": flow.community_id,
        "source.ip": flow.source,
        "source.port": flow.source_port if ports else None,
        "destination.ip": flow.destination,
        "destination.port": flow.destination_port if ports else None,
    }


def _dns(flow: Flow, message: DnsMessage, segment: Segment) -> Fields:
    return typed(
        _ends(flow, "dns", segment.time_us)
        | {
            "event.category": ["network"],
            "event.type": ["protocol"],
            "network.protocol": "dns",
            "dns.id": str(message.id),
            "dns.type": message.kind,
            "dns.question.name": message.name,
            "dns.question.type": message.type,
            "dns.question.class": message.klass,
            "dns.response_code": message.code,
            "dns.answers.data": list(message.answers),
            "dns.resolved_ip": list(message.addresses),
        }
    )


def _http(flow: Flow, exchange: HttpExchange) -> Fields:
    request = exchange.request
    return typed(
        _ends(flow, "http", request.time_us)
        | _url(request.target, request.headers.get("host", ""))
        | {
            "event.category": ["web", "network"],
            "event.type": ["protocol"],
            "event.outcome": _outcome(exchange.status),
            "event.duration": None
            if exchange.answered_us is None
            else (exchange.answered_us - request.time_us) * _US_TO_NS,
            "network.protocol": "http",
            "http.request.method": request.method,
            "http.version": request.version,
            "http.request.referrer": request.headers.get("referer"),
            "user_agent.original": request.headers.get("user-agent"),
            "http.response.status_code": exchange.status,
            "http.response.mime_type": exchange.headers.get("content-type", "").partition(";")[0].strip(),
        }
    )


def _url(target: str, host: str) -> dict[str, object]:
    """`url.*` of a request target, which may be a whole address when a proxy is asked. Bytes that fit no URL stay in `url.original`."""
    try:
        parts = urlsplit(
            target if "://" in target[:10] else f"//{host}{target}" if target.startswith("/") else f"//{target}"
        )
        domain = parts.hostname
    except ValueError:
        return {"url.original": target, "url.domain": host}
    return {"url.original": target, "url.path": parts.path, "url.query": parts.query, "url.domain": domain}


def _outcome(status: int | None) -> str | None:
    if status is None:
        return None
    return "success" if status < 400 else "failure"


def _moment(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)


@dataclass(frozen=True, slots=True)
class CaptureMarks:
    """Marks of ours for the events of one capture."""

    source: str
    agency: str
    platform: str
    received: datetime
    exercise: str | None = None


def as_events(documents: Iterable[Mapping[str, object]], marks: CaptureMarks) -> Iterator[Event]:
    """The documents with the marks and `event.id`, ready for detector and store; the same capture gives the same ids."""
    for seq, document in enumerate(documents):
        content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        fields = typed(document) | {
            "event.id": event_id(marks.source, seq, content),
            "event.original": content.decode(),
            "soc.source": marks.source,
            "soc.agency": marks.agency,
            "soc.platform": marks.platform,
            "soc.seq": seq,
            "soc.parser": "pcap@1",
            "soc.received": iso(marks.received),
        }
        if marks.exercise is not None:
            fields["soc.exercise"] = marks.exercise
        yield Event(fields)
