"""Alerts: the queue as a plain list, and why one of them was raised."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from soc.access.principal import Right
from soc.web.links import next_page
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_ALERTS))]


@router.get("/alerts")
def show_list(visit: Reader, request: Request, after: str = "", exercise: str | None = None) -> Response:
    """Alerts, newest first."""
    page = visit.services.incident_reader.alerts(visit.looking_at(exercise), after=after[:300])
    return visit.page(
        "alerts.html",
        page=page,
        agencies=visit.agencies(),
        next=next_page(request, page.after),
        exercise=exercise,
    )


@router.get("/alerts/{ident}")
def show(visit: Reader, ident: str, exercise: str | None = None) -> Response:
    """One alert: the condition tree with the values that held, entities, events."""
    stored = visit.services.incident_reader.alert(visit.looking_at(exercise), ident)
    return visit.page(
        "alert.html", stored=stored, alert=stored.alert, agencies=visit.agencies(), exercise=stored.alert.exercise
    )
