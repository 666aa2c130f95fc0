"""The 4-layer model: the overview and one criterion, down to the query and the counted rows of each figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from soc.access.principal import Right
from soc.compliance.archive import snapshot
from soc.compliance.assessment import Assessment, CriterionResult, Figure, LayerResult, Status, StoredQuery
from soc.compliance.evidence_service import EvidenceFilter
from soc.compliance.figures import Table
from soc.compliance.period import parse_period
from soc.core.clock import LOCAL_ZONE, iso
from soc.core.errors import NotFoundError
from soc.core.i18n import msg
from soc.web.charts import Ring, ring
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_COMPLIANCE))]
SHOWN_ROWS = 200


@dataclass(frozen=True, slots=True)
class LayerView:
    """A layer as the overview shows it; `ring` None = not measured, and nothing is drawn as 0."""

    result: LayerResult
    ring: Ring | None


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure with the way down: the search that counts the same events, and the counted rows."""

    figure: Figure
    search: str
    rows: Table | None


@router.get("/compliance")
def overview(visit: Reader) -> Response:
    """Four rings, each with its sentence, and every criterion."""
    assessment = visit.services.assessor.newest(visit.principal)
    layers = [] if assessment is None else [_view(layer) for layer in assessment.results]
    return visit.page(
        "compliance.html",
        assessment=assessment,
        layers=layers,
        catalogue=visit.services.catalogue,
        period=None if assessment is None else parse_period(assessment.period).label,
        agencies=visit.agencies(),
        statuses=tuple(Status),
    )


@router.get("/compliance/{criterion}")
def show(visit: Reader, criterion: str) -> Response:
    """One criterion: measure, legal basis, figures, evidence."""
    known = visit.services.catalogue.criterion(criterion)
    if known is None:
        raise NotFoundError(msg("không tìm thấy"))
    assessment = visit.services.assessor.newest(visit.principal)
    result = None if assessment is None else _result(assessment, criterion)
    figures = [] if result is None else [_figure(visit, figure) for figure in result.figures]
    today = visit.now.astimezone(LOCAL_ZONE).date()
    return visit.page(
        "criterion.html",
        criterion=known,
        citations=visit.services.catalogue.citations(known, today),
        assessment=assessment,
        result=result,
        figures=figures,
        evidence=visit.services.evidence.find(visit.principal, EvidenceFilter(criterion=criterion))[:SHOWN_ROWS],
        agencies=visit.agencies(),
        shown_rows=SHOWN_ROWS,
    )


def _view(layer: LayerResult) -> LayerView:
    return LayerView(layer, None if layer.score is None else ring(layer.score))


def _result(assessment: Assessment, criterion: str) -> CriterionResult | None:
    try:
        return assessment.criterion(criterion)
    except KeyError:
        return None


def _figure(visit: Visit, figure: Figure) -> FigureView:
    may_search = visit.may(Right.SEARCH_EVENTS) and figure.query.engine == "events"
    return FigureView(
        figure,
        search_path(figure.query) if may_search else "",
        _rows(visit, figure),
    )


def _rows(visit: Visit, figure: Figure) -> Table | None:
    """The kept rows behind a figure of an assessment that the visitor may see."""
    with visit.services.database.reading() as session:
        return snapshot(session, figure.snapshot)


def search_path(query: StoredQuery) -> str:
    """The search page over the events that a stored query asks about."""
    span = {"since": iso(query.since), "until": iso(query.until)}
    return "/search?" + urlencode({"q": query.query, **span})
