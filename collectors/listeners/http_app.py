"""The requests: who may send, what they sent, and an answer only when it is on disk.

    POST /v1/push, /v1/push/SOURCE          records: lines of JSON, a JSON array, an object, or lines of text
    POST|PUT /_bulk, /INDEX/_bulk           what shippers of the Elastic family send
    GET|HEAD|PUT|POST elsewhere             what these ask before, and make

A request is kept whole or not at all. What is broken in it goes to quarantine and is named in the answer, the rest is kept.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_network

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from collectors.door import Arrival, Door, DoorClosedError
from collectors.listeners.elastic_api import BulkReader, Item, Json, bulk_answer, error_answer, filtered
from collectors.listeners.elastic_api_answers import PRODUCT, Asked, answer_making, answer_question, banner
from collectors.listeners.http import HttpSpec
from collectors.listeners.http_auth import Gate
from collectors.listeners.http_body import BodyLimits, Memory, RefusedError, read_body
from collectors.listeners.http_records import BodyType, Sent, Splitter, body_type, line_charset
from collectors.listeners.routing import Network, plain_address
from collectors.quarantine import Kind
from soc.core.i18n import Lang, Message, msg

PUSH = "/v1/push"
MAX_KEY = 255
MAX_FAULTS = 1000
"""Faults that an answer lists; it says how many there were."""
DRAIN_BYTES = 4 * 1024 * 1024
DRAIN_S = 5.0
_ELASTIC_JSON = "application/vnd.elasticsearch+json"
_MAKING = ("PUT", "POST")


@dataclass(frozen=True)
class HttpApp:
    """An ASGI application. Used from one event loop; `memory` and `gate` are its own. `fields`: of sources whose documents wrap text."""

    spec: HttpSpec
    door: Door
    gate: Gate
    limits: BodyLimits
    memory: Memory
    fields: Mapping[str, str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except RefusedError as problem:
            await _drain(request)
            answer = self._refusal(request, problem)
        except ClientDisconnect:  # nobody is there to be answered; nothing was kept
            return
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path, method = request.url.path.rstrip("/"), request.method
        address = self._address(request)
        if path == PUSH or path.startswith(f"{PUSH}/"):
            source = self._admit(request, address, path.removeprefix(PUSH).strip("/"))
            _require(method == "POST", 405, msg("chỉ nhận POST"))
            return await _Push(self, request, source, address).answer()
        source = self._admit(request, address)
        if path.endswith("/_bulk"):
            _require(method in _MAKING, 405, msg("chỉ nhận POST hoặc PUT"))
            return await _Bulk(self, request, source, address).answer()
        return self._handshake(request, path)

    def _admit(self, request: Request, address: str, wanted: str = "") -> str:
        try:
            return self.gate.admit(request.headers.get("authorization", ""), address.rpartition(":")[0], wanted)
        except RefusedError as problem:
            self.door.tally.fault(
                self.spec.id, "token", msg("{reason}, từ {address}", reason=problem.reason, address=address)
            )
            raise

    def _handshake(self, request: Request, path: str) -> Response:
        asked = Asked(request.headers.get("host", "localhost")[:255], "", self.spec.elastic_version)
        if request.method in ("GET", "HEAD"):
            found = answer_question(path, asked) if path else banner(asked.version)
        else:
            found = answer_making(path) if request.method in _MAKING else None
        _require(found is not None, 404, msg("cổng này chỉ nhận sự kiện; không có {path}", path=path[:200]))
        return elastic_answer(request, 200, found)

    def _address(self, request: Request) -> str:
        """Address and port of the sender; behind a proxy the last address that the proxy itself has seen.

        Raises:
            RefusedError: 403 for who goes round the proxy.
        """
        host, port = request.client or ("", 0)
        if not self._proxies:
            return f"{host}:{port}"
        _require(self._is_proxy(host), 403, msg("chỉ nhận kết nối qua proxy đã khai"))
        hops = [hop.strip() for hop in ",".join(request.headers.getlist("x-forwarded-for")).split(",") if hop.strip()]
        sender = next((hop for hop in reversed(hops) if not self._is_proxy(hop)), host)
        return f"{plain_address(sender) or host}:0"

    @cached_property
    def _proxies(self) -> tuple[Network, ...]:
        return tuple(ip_network(text) for text in self.spec.behind_proxy)

    def _is_proxy(self, host: str) -> bool:
        address = plain_address(host)
        return address is not None and any(address in network for network in self._proxies)

    def _refusal(self, request: Request, problem: RefusedError) -> Response:
        reason = problem.reason.render(lang_of(request))
        if request.url.path.startswith(PUSH):
            answer = _json(problem.status, {"error": reason})
        else:
            answer = elastic_answer(request, problem.status, error_answer(problem.status, reason))
        if problem.retry_after_s:
            answer.headers["Retry-After"] = str(math.ceil(problem.retry_after_s))
        if problem.status == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer, Basic realm="vong-gac", ApiKey'
        return answer


@dataclass
class _Taking:
    """One request of an admitted source."""

    app: HttpApp
    request: Request
    source: str
    address: str
    lang: Lang = field(init=False)

    def __post_init__(self) -> None:
        self.lang = lang_of(self.request)

    async def answer(self) -> Response:
        """Raises RefusedError."""
        body = await self._body()
        try:
            return await self._taken(body)
        except DoorClosedError as problem:
            raise RefusedError(429, problem.as_message(), retry_after_s=problem.retry_after_s) from problem
        finally:
            self.app.memory.release(len(body))

    async def _taken(self, body: bytes) -> Response:
        raise NotImplementedError

    async def _body(self) -> bytes:
        app, headers = self.app, self.request.headers
        length = headers.get("content-length", "0")
        packed = int(length) if length.isdigit() and len(length) < 20 else 0
        try:
            _require(
                packed <= app.limits.max_bytes,
                413,
                msg("thân yêu cầu lớn hơn {limit} byte", limit=app.limits.max_bytes),
            )
            async with asyncio.timeout(app.spec.body_timeout_s):
                encoding = headers.get("content-encoding", "")
                return await read_body(self.request.stream(), encoding, app.limits, app.memory)
        except TimeoutError as problem:
            raise RefusedError(408, msg("thân yêu cầu đến quá chậm")) from problem
        except RefusedError as problem:
            app.door.tally.fault(self.source, "body", problem.reason)
            raise

    def _too_long(self, data: bytes) -> Message | None:
        """Why a record is cut and set aside by the door; None for one that is not."""
        limit = self.app.door.record_limit(self.source)
        return (
            msg("bản ghi dài {size} byte, giới hạn {limit}", size=len(data), limit=limit) if len(data) > limit else None
        )

    async def _keep(self, arrivals: Sequence[Arrival], bad: Iterable[tuple[Arrival, Message]]) -> None:
        """Both on disk, the good ones first: they are what a closed door must keep the whole request out for."""
        if arrivals:
            await self.app.door.take(self.source, arrivals)
        elif not self.app.door.is_open:
            raise RefusedError(429, msg("đang nhận quá nhiều, chưa ghi kịp xuống đĩa"), retry_after_s=1.0)
        aside = [self.app.door.set_aside(self.source, one, reason, Kind.PARSE) for one, reason in bad]
        await asyncio.gather(*aside)


@dataclass
class _Push(_Taking):
    async def _taken(self, body: bytes) -> Response:
        key, kind = (
            self.request.headers.get("idempotency-key", ""),
            body_type(self.request.headers.get("content-type", "")),
        )
        _require(len(key) <= MAX_KEY, 400, msg("Idempotency-Key dài quá {limit} ký tự", limit=MAX_KEY))
        # in a thread: large bodies must not hold up the datagrams of the same loop
        sent = await asyncio.to_thread(
            Splitter(key, self.app.fields.get(self.source, ""), self.app.spec.max_records).split, body, kind
        )
        good = [one for one in sent if one.fault is None]
        bad = [(one, one.fault) for one in sent if one.fault is not None]
        await self._keep(
            [self._arrival(one, kind) for one in good], [(self._arrival(one, kind), fault) for one, fault in bad]
        )
        long = [(one, fault) for one in good if (fault := self._too_long(one.data)) is not None]
        return self._told(
            len(sent), sorted(((one.index, fault) for one, fault in [*bad, *long]), key=lambda pair: pair[0])
        )

    def _arrival(self, one: Sent, kind: BodyType) -> Arrival:
        return Arrival(one.data, f"{self.address}/http#{one.index}", one.name, line_charset(kind))

    def _told(self, count: int, faults: Sequence[tuple[int, Message]]) -> Response:
        told: Json = {"accepted": count - len(faults), "quarantined": len(faults)}
        if faults:
            told["error"] = msg(
                "{count} bản ghi không đọc được, đã cách ly; các bản ghi khác đã nhận", count=len(faults)
            ).render(self.lang)
            told["errors"] = [{"index": n, "reason": why.render(self.lang)} for n, why in faults[:MAX_FAULTS]]
        return _json(400 if faults else 200, told)


@dataclass
class _Bulk(_Taking):
    async def _taken(self, body: bytes) -> Response:
        started = asyncio.get_running_loop().time()
        target = self.request.url.path.rstrip("/").removesuffix("/_bulk").strip("/").rpartition("/")[2]
        items = await asyncio.to_thread(
            BulkReader(target, self.app.fields.get(self.source, ""), self.app.spec.max_records).read, body
        )
        kept = [self._arrival(item) for item in items if item.status < 300]
        await self._keep(
            kept, [(self._arrival(i), i.fault) for i in items if i.fault is not None and i.status == 400 and i.data]
        )
        self._count(items)
        took_ms = round((asyncio.get_running_loop().time() - started) * 1000)
        answer = bulk_answer([self._judged(item) for item in items], took_ms, self.lang)
        return elastic_answer(self.request, 200, answer)

    def _arrival(self, item: Item) -> Arrival:
        """The index that the sender named stands in the place of the record; it decides nothing here."""
        return Arrival(item.data, f"{self.address}/_bulk/{item.target}#{item.index}", item.name)

    def _judged(self, item: Item) -> Item:
        long = self._too_long(item.data) if item.status < 300 else None
        return item if long is None else item.failed(long)

    def _count(self, items: Sequence[Item]) -> None:
        for item in items:
            if item.action in ("update", "delete") and item.fault is not None:
                self.app.door.tally.fault(self.source, "action", item.fault)


def lang_of(request: Request) -> Lang:
    """English for who asks for it, else Vietnamese."""
    return Lang.EN if request.headers.get("accept-language", "").lower().startswith("en") else Lang.VI


def elastic_answer(request: Request, status: int, answer: object) -> Response:
    """An answer as clients of Elasticsearch want it: with the product's name, in the media type they ask for, and filtered."""
    wanted = request.query_params.get("filter_path", "")
    media = (
        f"{_ELASTIC_JSON};compatible-with=8"
        if _ELASTIC_JSON in request.headers.get("accept", "")
        else "application/json"
    )
    body = filtered(answer, wanted) if wanted and status < 300 else answer
    return Response(orjson.dumps(body), status, dict([PRODUCT]), media)


def _json(status: int, answer: Json) -> Response:
    return Response(orjson.dumps(answer), status, media_type="application/json")


def _require(condition: bool, status: int, reason: Message) -> None:
    if not condition:
        raise RefusedError(status, reason)


async def _drain(request: Request) -> None:
    """Read on for a moment: many clients look at the answer only after they have sent everything."""
    left = DRAIN_BYTES
    try:
        async with asyncio.timeout(DRAIN_S):
            async for piece in request.stream():
                left -= len(piece)
                if left < 0:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):  # the stream was read already
        return
