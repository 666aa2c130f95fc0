"""Coverage of ATT&CK by the rules that run: solid where a rule was seen to fire, hollow where rules only claim it."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from fastapi.responses import Response

from soc.access.principal import Right
from soc.web.pages.evidence import attachment
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_RULES))]


@router.get("/rules/coverage")
def show(visit: Reader) -> Response:
    """The matrix, a table for each tactic."""
    covered = visit.services.attack.covered()
    matrix = covered.matrix
    return visit.page("coverage.html", matrix=matrix, columns=list(matrix.columns()), sets=covered.sets)


@router.get("/rules/coverage/layer")
def layer(visit: Reader) -> Response:
    """The same as a layer of the ATT&CK Navigator, in the visitor's language."""
    from detectors.attack_layer import navigator_layer  # noqa: PLC0415 - brings pySigma, which only those who come here need

    found = navigator_layer(visit.services.attack.covered().matrix, visit.lang)
    name = f"attack-navigator-{visit.now:%Y%m%d}.json"
    return attachment(name, "application/json", orjson.dumps(found, option=orjson.OPT_INDENT_2))
