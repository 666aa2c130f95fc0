"""Every component in its states, for whoever changes a style. Shows no data."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from soc.core.severity import Severity
from soc.incidents.duties import ClockState
from soc.web.charts import ring
from soc.web.visit import SignedIn

router = APIRouter()


@router.get("/_ui")
def show(visit: SignedIn) -> Response:
    """The page."""
    return visit.page(
        "styles.html",
        severities=tuple(reversed(Severity)),
        states=tuple(ClockState),
        rings=[(layer, score, ring(score)) for layer, score in ((1, 78.4), (2, 64.0), (3, 51.2), (4, 88.9))],
    )
