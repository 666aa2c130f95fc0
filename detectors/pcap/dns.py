"""DNS messages: what was asked, and what came back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scapy.layers.dns import DNS, DNSQR, dnsclasses, dnsqtypes, dnstypes

MAX_ANSWERS = 32
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


@dataclass(frozen=True, slots=True)
class DnsMessage:
    """A query or an answer.

    Attributes:
        kind: query | answer.
        name: as asked, without the dot of the root.
        answers: data of the answers as text, at most 32.
        addresses: those of the answers that are addresses.
    """

    id: int
    kind: str
    name: str
    type: str
    klass: str
    code: str
    answers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def parse_dns(payload: bytes, *, over_tcp: bool = False) -> DnsMessage | None:
    """The message in a UDP or TCP payload; None when it is none or asks nothing. Source: RFC 1035, section 4."""
    data = payload[2:] if over_tcp else payload
    if len(data) < 12:
        return None
    try:
        message = DNS(data)
        question = message.qd[0] if message.qd else None
    except Exception:  # hostile bytes make scapy raise anything; the packet is kept in its flow
        return None
    if not isinstance(question, DNSQR):
        return None
    records = list(_records(message)) if message.qr else []
    return DnsMessage(
        id=int(message.id),
        kind="answer" if message.qr else "query",
        name=_name(question.qname),
        type=str(dnsqtypes.get(question.qtype, question.qtype)),
        klass=str(dnsclasses.get(question.qclass, question.qclass)),
        code=_RCODES.get(int(message.rcode), str(message.rcode)) if message.qr else "",
        answers=tuple(text for _, text in records),
        addresses=tuple(text for kind, text in records if kind in {"A", "AAAA"}),
    )


def _records(message: DNS) -> Iterable[tuple[str, str]]:
    for record in (message.an or [])[:MAX_ANSWERS]:
        data = getattr(record, "rdata", None)
        if data is not None:
            yield str(dnstypes.get(record.type, record.type)), _text(data)


def _text(data: object) -> str:
    if isinstance(data, (list, tuple)):
        return "".join(_text(part) for part in data)
    return data.decode("utf-8", "backslashreplace").rstrip(".") if isinstance(data, bytes) else str(data)


def _name(data: object) -> str:
    return _text(data) or "."
