"""HTTP/1 heads out of TCP payloads: requests joined with their answers.

Only heads are kept, at most 16 KiB each, and only what arrives in order: enough to see who asked for what, without holding
bodies. Source: RFC 9112, sections 2 and 3.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MAX_HEAD = 16 << 10
MAX_PENDING = 64
"""Requests of one connection that wait for their answer."""
_END = re.compile(rb"\r?\n\r?\n")
_REQUEST = re.compile(
    rb"^(GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH|TRACE|CONNECT|PROPFIND|MOVE|COPY|MKCOL) ([^ \r\n]{1,8192}) HTTP/(1\.[01])"
)
_RESPONSE = re.compile(rb"^HTTP/(1\.[01]) (\d{3})")
_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Head of a request; header names in lower case, the first value of each."""

    time_us: int
    method: str
    target: str
    version: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """A request and the status of its answer, None when none was seen."""

    request: HttpRequest
    status: int | None = None
    answered_us: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _HeadReader:
    """Puts one direction's segments together until a head is complete."""

    first: re.Pattern[bytes]
    buffer: bytes = b""
    next_seq: int = 0
    last_start: int = -1

    def feed(self, seq: int, payload: bytes) -> bytes | None:
        """A complete head, or None. What was seen already (a retransmission) is left out."""
        if not self.buffer:
            if seq == self.last_start or not self.first.match(payload):
                return None
            self.last_start, self.next_seq = seq, seq
        if seq != self.next_seq:
            if (seq - self.next_seq) % _MODULUS < _MODULUS // 2:  # a hole: the head can't be told any more
                self.buffer = b""
            return None
        self.buffer += payload
        self.next_seq = (seq + len(payload)) % _MODULUS
        return self._taken()

    def _taken(self) -> bytes | None:
        end = _END.search(self.buffer, 0, MAX_HEAD)
        if end is None:
            self.buffer = b"" if len(self.buffer) > MAX_HEAD else self.buffer
            return None
        head, self.buffer = self.buffer[: end.start()], b""
        return head


class HttpConversation:
    """The HTTP of one TCP connection."""

    def __init__(self) -> None:
        self._asked = _HeadReader(_REQUEST)
        self._answered = _HeadReader(_RESPONSE)
        self._pending: deque[HttpRequest] = deque()

    def feed(self, from_source: bool, seq: int, payload: bytes, time_us: int) -> Iterator[HttpExchange]:
        """Take a segment; gives exchanges that are complete with it."""
        if not payload:
            return
        if from_source:
            head = self._asked.feed(seq, payload)
            if head is not None:
                self._pending.append(_request(head, time_us))
                if len(self._pending) > MAX_PENDING:
                    yield HttpExchange(self._pending.popleft())
            return
        head = self._answered.feed(seq, payload)
        status = _RESPONSE.match(head) if head is not None else None
        # 100 Continue and its like announce the answer that counts.
        if head is not None and status is not None and status[2][:1] != b"1" and self._pending:
            yield HttpExchange(self._pending.popleft(), int(status[2]), time_us, _headers(head))

    def rest(self) -> Iterator[HttpExchange]:
        """Requests that got no answer."""
        while self._pending:
            yield HttpExchange(self._pending.popleft())


def _request(head: bytes, time_us: int) -> HttpRequest:
    found = _REQUEST.match(head)
    assert found is not None  # noqa: S101 - the reader only begins at a request line
    method, target, version = (part.decode("latin-1") for part in found.groups())
    return HttpRequest(time_us, method, target, version, _headers(head))


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.splitlines()[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            headers.setdefault(name.strip().lower().decode("latin-1"), value.strip().decode("utf-8", "replace"))
    return headers
