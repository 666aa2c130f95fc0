"""Search over events: histogram, facets, rows. The window and the query are in the address, so a link shows the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import QueryParams

from soc.access.principal import Principal, Right
from soc.core.clock import Window
from soc.core.errors import InputError, QueryError
from soc.core.i18n import Message, msg
from soc.storage.events import EventStore, Page, Search, Terms
from soc.storage.query import term
from soc.web.charts import Histogram, histogram, interval_for, rounded
from soc.web.formats import typed_moment
from soc.web.links import changed, next_page, one_of
from soc.web.visit import Visit, needs

router = APIRouter()
Searcher = Annotated[Visit, Depends(needs(Right.SEARCH_EVENTS))]
RANGES = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "365d": timedelta(days=365)}
FACETS = ("soc.platform", "event.action", "event.outcome", "user.name", "source.ip")
COLUMNS = ("soc.platform", "host.name", "user.name", "event.action", "event.outcome", "source.ip")
_LONGEST_QUERY = 1500


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query string asks for; `faults` names what was left out."""

    text: str
    window: Window
    range: str
    since: str
    until: str
    faults: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What the store answered."""

    page: Page
    chart: Histogram
    facets: dict[str, Terms]


def read_query(query: QueryParams, now: datetime) -> Asked:
    """The grammar of the page's query string: `q`, and `range` or `since` and `until`."""
    faults: list[Message] = []
    chosen = one_of(query, "range", RANGES, "7d", faults)
    since, until = query.get("since", "").strip(), query.get("until", "").strip()
    window = Window(now - RANGES[chosen], now)
    try:
        end = typed_moment(until) if until and until != "now" else window.until
        window = Window(typed_moment(since) if since else end - RANGES[chosen], end)
    except InputError as problem:
        faults.append(problem.found)
    if window.since >= window.until:
        faults.append(msg("khoảng thời gian kết thúc trước khi bắt đầu"))
        window = Window(now - RANGES[chosen], now)
    return Asked(query.get("q", "")[:_LONGEST_QUERY].strip(), window, chosen, since, until, tuple(faults))


def ask(store: EventStore, principal: Principal, asked: Asked, after: str | None) -> Found:
    """One page of rows, the histogram and the facets. Raises QueryError."""
    scope = principal.scope
    page = store.search(Search(asked.text, scope, asked.window, after=after or None))
    interval = interval_for(asked.window)
    buckets = store.histogram(asked.text, scope, rounded(asked.window, interval), interval)
    facets = {field: store.terms(asked.text, scope, field, 8, asked.window) for field in FACETS} if page.total else {}
    return Found(page, histogram(buckets, interval), facets)


@router.get("/search")
def show(visit: Searcher, request: Request, after: str = "", exercise: str | None = None) -> Response:
    """The page."""
    principal = visit.looking_at(exercise)
    asked = read_query(request.query_params, visit.now)
    found, problem = None, None
    try:
        found = ask(visit.services.store, principal, asked, after)
    except QueryError as fault:
        problem = fault

    def narrowed(field: str, value: object, sign: str = "") -> str:
        added = sign + term(field, value)
        return changed(request, q=f"({asked.text}) AND {added}" if asked.text else added, after="")

    return visit.page(
        "search.html",
        200 if problem is None else 400,
        asked=asked,
        found=found,
        problem=problem,
        ranges=tuple(RANGES),
        columns=COLUMNS,
        narrowed=narrowed,
        newest=_newest(visit.services.store, principal) if found and not found.page.total else None,
        agencies=visit.agencies(),
        next=next_page(request, found.page.next if found else None),
        exercise=exercise,
    )


def _newest(store: EventStore, principal: Principal) -> datetime | None:
    """When the newest event of all was: tells an empty answer from a silent house."""
    events = store.search(Search("", principal.scope, size=1)).events
    return events[0].timestamp if events else None
