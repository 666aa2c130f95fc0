"""One event with its raw line. Each opening is in the audit trail, as the line may hold people's data."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from soc.access.principal import Right
from soc.core.errors import NotFoundError
from soc.core.event import MARKS
from soc.core.i18n import msg
from soc.core.ids import sha256
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.SEARCH_EVENTS, Right.READ_ALERTS))]


@router.get("/events/{ident}")
def show(visit: Reader, ident: str, exercise: str | None = None) -> Response:
    """All fields and the raw line."""
    event = visit.services.store.get(ident, visit.looking_at(exercise).scope)
    if event is None:
        raise NotFoundError(msg("không tìm thấy"))
    visit.remember("event.read", f"event/{event.id}", event.agency)
    fields = sorted((name, value) for name, value in event.fields.items() if name != "event.original")
    return visit.page(
        "event.html",
        event=event,
        marks=[(name, value) for name, value in fields if name in MARKS],
        fields=[(name, value) for name, value in fields if name not in MARKS],
        hash=sha256(event.original.encode()),
        agencies=visit.agencies(),
        exercise=event.exercise,
    )
