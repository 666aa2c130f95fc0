"""The audit trail: who did or read what, provably complete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import QueryParams

from soc.access.principal import Principal, Right
from soc.audit.chain import Anchor, ChainReport
from soc.audit.pack import public_text, sign_anchor, write_pack
from soc.audit.trail import Filters
from soc.core.clock import iso
from soc.core.errors import ForbiddenError, InputError, NotFoundError
from soc.core.i18n import Message, msg
from soc.web.formats import typed_moment
from soc.web.links import changed
from soc.web.pages.evidence import attachment
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_AUDIT))]
PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """The list as the query string asks for it; `anchor` is "number hash" as kept elsewhere."""

    filters: Filters
    before: int | None
    anchor: Anchor | None
    faults: tuple[Message, ...]


def read_query(query: QueryParams, principal: Principal) -> Wanted:
    """The grammar of the page's query string; what is not understood is left out and named."""
    faults: list[Message] = []

    def moment(name: str) -> datetime | None:
        try:
            return typed_moment(query[name]) if query.get(name, "").strip() else None
        except InputError as problem:
            faults.append(problem.found)
            return None

    filters = Filters(
        actor=query.get("actor", "").strip()[:120],
        action=query.get("action", "").strip()[:80],
        target=query.get("target", "").strip()[:300],
        agencies=principal.scope.agencies,
        since=moment("since"),
        until=moment("until"),
    )
    before = query.get("before", "")
    return Wanted(filters, int(before) if before.isdecimal() else None, _anchor(query, faults), tuple(faults))


@router.get("/audit")
def show(visit: Reader, request: Request, verify: str = "") -> Response:
    """The list; with `verify` the chain is checked as well, against an anchor if one is given."""
    wanted = read_query(request.query_params, visit.principal)
    trail = visit.services.audit
    with visit.services.database.reading() as session:
        entries = trail.entries(session, wanted.filters, before=wanted.before, size=PAGE + 1)
        head = trail.head(session)
        report: ChainReport | None = trail.verify(session, filter(None, [wanted.anchor])) if verify else None
    more = changed(request, before=str(entries[PAGE - 1].number), verify="") if len(entries) > PAGE else ""
    return visit.page(
        "audit.html",
        entries=entries[:PAGE],
        head=head,
        report=report,
        wanted=wanted,
        query=request.query_params,
        key=public_text(visit.services.audit_key),
        whole=visit.principal.scope.agencies is None,
        next=more,
    )


@router.get("/audit/pack")
def pack(visit: Reader) -> Response:
    """The whole chain with its signed anchor, to be verified offline; the export is remembered first."""
    _require_whole(visit)
    visit.remember("audit.export", "audit/pack")

    def lines() -> Iterator[bytes]:
        with visit.services.database.reading() as session:
            yield from write_pack(visit.services.audit.walk(session), iso(visit.now), visit.services.audit_key)

    return attachment(f"nhat-ky-kiem-toan-{visit.now:%Y%m%d-%H%M%S}.ndjson", "application/x-ndjson", b"".join(lines()))


@router.get("/audit/anchor")
def anchor(visit: Reader) -> Response:
    """The newest point of the chain, signed: to be kept off this machine."""
    _require_whole(visit)
    with visit.services.database.reading() as session:
        head = visit.services.audit.head(session)
    if head is None:
        raise NotFoundError(msg("không tìm thấy"))
    visit.remember("audit.anchor", f"audit/{head.number}")
    line = sign_anchor(head, iso(visit.now), visit.services.audit_key)
    return attachment(f"diem-neo-{head.number}.json", "application/json", line)


def _require_whole(visit: Visit) -> None:
    if visit.principal.scope.agencies is not None:
        raise ForbiddenError(
            msg("gói toàn chuỗi chứa việc của cơ quan khác"),
            advice=msg("nhờ đánh giá viên hoặc quản trị viên cấp tỉnh"),
        )


def _anchor(query: QueryParams, faults: list[Message]) -> Anchor | None:
    text = query.get("anchor", "").strip()
    if not text:
        return None
    number, _, digest = text.partition(" ")
    if number.isdecimal() and len(digest.strip()) == 64:
        return Anchor(int(number), digest.strip().lower())
    faults.append(msg("điểm neo cần có dạng: số, dấu cách, 64 chữ số hệ 16"))
    return None
