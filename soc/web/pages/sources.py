"""Detection coverage by source: what the rules ran over, where there are gaps, and which rules are blind there."""

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
    """Every source that ever sent something, with its last days; then the open gaps."""
    from soc.app.ledger_view import STATE_LABELS  # noqa: PLC0415 - brings pySigma, which only those who come here need

    rows = visit.services.ledger.sources(visit.principal.scope, visit.now)
    return visit.page(
        "sources.html",
        rows=rows,
        days=[cell.day for cell in rows[0].days] if rows else [],
        gaps=[gap for row in rows for gap in row.gaps],
        labels=STATE_LABELS,
        states=STATES,
        agencies=visit.agencies(),
    )


@router.get("/sources/{ident}")
def one(visit: Reader, ident: str) -> Response:
    """The rules on one source, the blind ones first. A foreign source answers like a made-up one."""
    from soc.app.ledger_view import STATE_LABELS  # noqa: PLC0415 - see above

    ledger, scope = visit.services.ledger, visit.principal.scope
    row = next((row for row in ledger.sources(scope, visit.now) if row.source == ident), None)
    if row is None:
        raise NotFoundError(msg("không tìm thấy"))
    rules = ledger.rules_of(ident, scope, visit.now)
    return visit.page(
        "source.html", row=row, rules=rules, labels=STATE_LABELS, states=STATES, agencies=visit.agencies()
    )
