"""Quality of detection: the last measurement against the truth of a simulated province."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from soc.access.principal import Right
from soc.app.quality_kept import last_measurement
from soc.core.errors import InputError
from soc.core.severity import Severity
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_RULES))]


@router.get("/rules/quality")
def show(visit: Reader) -> Response:
    """Recall, false alarms, time to detect; how to measure when nobody has. What a file that cannot be read lacks is told."""
    fault = None
    try:
        measured = last_measurement(visit.services.settings.home)
    except InputError as problem:
        measured, fault = None, problem.as_message()
    return visit.page("quality.html", measured=measured, fault=fault, levels=list(reversed(Severity)))
