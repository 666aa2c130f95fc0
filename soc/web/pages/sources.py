"""The sources: how each is, what goes blind with it, what the rules ran over, where there are gaps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from soc.access.principal import Right
from soc.core.errors import NotFoundError
from soc.core.i18n import msg
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_SOURCES))]
STATES = ("ready", "partly_blind", "blind")


@router.get("/sources")
def show(visit: Reader) -> Response:
    """How every source is; what the rules ran over in its last days; then the open gaps."""
    from soc.app.ledger_view import STATE_LABELS  # noqa: PLC0415 - brings pySigma, which only those who come here need

    rows = visit.services.ledger.sources(visit.principal.scope, visit.now)
    desk, scope = visit.services.source_desk, visit.principal.scope
    return visit.page(
        "sources.html",
        reports=desk.reports(scope, visit.now),
        missing=desk.missing(scope),
        rows=rows,
        days=[cell.day for cell in rows[0].days] if rows else [],
        gaps=[gap for row in rows for gap in row.gaps],
        labels=STATE_LABELS,
        states=STATES,
        agencies=visit.agencies(),
        platforms=desk.platform_names(visit.lang),
    )


@router.get("/sources/{ident}")
def one(visit: Reader, ident: str) -> Response:
    """How one source is, its silences, and the rules on it, the blind ones first. A foreign source answers like a made-up one."""
    from soc.app.ledger_view import STATE_LABELS  # noqa: PLC0415 - see above

    ledger, scope = visit.services.ledger, visit.principal.scope
    desk = visit.services.source_desk
    row = next((row for row in ledger.sources(scope, visit.now) if row.source == ident), None)
    report = next((one for one in desk.reports(scope, visit.now) if one.source == ident), None)
    if row is None and report is None:
        raise NotFoundError(msg("không tìm thấy"))
    return visit.page(
        "source.html",
        source=ident,
        row=row,
        report=report,
        silences=desk.silences(ident, scope),
        rules=ledger.rules_of(ident, scope, visit.now),
        labels=STATE_LABELS,
        states=STATES,
        agencies=visit.agencies(),
        platforms=desk.platform_names(visit.lang),
    )
