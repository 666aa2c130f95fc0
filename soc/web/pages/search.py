"""Search over events: histogram, facets, figures of a field, rows; and the searches that were saved.

The window and the query are in the address, so a link shows the same rows; a saved search is an address of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from soc.access.principal import Right
from soc.app.saved_searches import NAME_CHARS, SPANS, SavedSearch
from soc.core.ecs import TYPES, FieldType
from soc.core.errors import ConflictError, ForbiddenError, InputError, QueryError, SocError
from soc.core.scope import Scope
from soc.storage.events import EventStore, Page, Search, Terms
from soc.web.asking import LONGEST_QUERY, PATH, Asked, asked_of, read_query
from soc.web.charts import Histogram, histogram, interval_for, rounded
from soc.web.field_figures import FieldFigures, figures_or_fault
from soc.web.links import next_page
from soc.web.problems import status_of
from soc.web.visit import Posted, Visit, needs, see_other

router = APIRouter()
Searcher = Annotated[Visit, Depends(needs(Right.SEARCH_EVENTS))]
FACETS = ("soc.platform", "event.action", "event.outcome", "user.name", "source.ip")
SHOWN_SAVED = 8
"""Saved searches named on the page itself; the others are a link away."""
TEXT_FIELDS = frozenset(name for name, kind in TYPES.items() if kind is FieldType.TEXT)


@dataclass(frozen=True, slots=True)
class Found:
    """What the store answered; `figures` or `no_figures` where a field was asked for."""

    page: Page
    chart: Histogram
    facets: dict[str, Terms]
    figures: FieldFigures | None
    no_figures: QueryError | None

    @property
    def fields(self) -> list[str]:
        """The fields that the events of the page hold, apart from running text."""
        return sorted({name for event in self.page.events for name in event.fields} - TEXT_FIELDS)


class SaveForm(BaseModel):
    """What the form for saving sends: the search as in the address, and its name."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=1000)
    shared: str = ""
    replace: str = ""
    q: str = ""
    range: str = ""
    since: str = ""
    until: str = ""
    cols: str = ""
    sort: str = ""


class ActOnSaved(StrEnum):
    """What can be done with a saved search."""

    RENAME = "rename"
    SHARE = "share"
    KEEP = "keep"
    DELETE = "delete"


class ActForm(BaseModel):
    """What the forms of the list send."""

    model_config = ConfigDict(extra="forbid")

    act: ActOnSaved
    name: str | None = Field(default=None, max_length=1000)


def ask(store: EventStore, scope: Scope, asked: Asked, after: str | None) -> Found:
    """One page of rows, the histogram and the figures. Raises QueryError."""
    query, window = asked.question.query, asked.window
    page = store.search(
        Search(query, scope, window, asked.question.sort, asked.question.ascending, after=after or None)
    )
    interval = interval_for(window)
    buckets = store.histogram(query, scope, rounded(window, interval), interval)
    facets = {field: store.terms(query, scope, field, 8, window) for field in FACETS} if page.total else {}
    figures, fault = figures_or_fault(store, scope, asked, page.total)
    return Found(page, histogram(buckets, interval), facets, figures, fault)


@router.get(PATH)
def show(visit: Searcher, request: Request, after: str = "", exercise: str | None = None) -> Response:
    """The page."""
    return _answer(visit, request, read_query(request.query_params, visit.now), after, exercise)


@router.get("/search/saved")
def show_saved(visit: Searcher) -> Response:
    """The searches one may run, with what one may do to them."""
    return _list(visit)


@router.post("/search/saved")
def save(visit: Searcher, request: Request, form: Posted) -> Response:
    """Keep a search under a name; what was typed is kept when it is refused."""
    sent = form.into(SaveForm)
    asked = read_query(sent.model_dump(), visit.now)
    try:
        made = visit.services.saved_searches.save(
            visit.principal, sent.name, asked.question, shared=bool(sent.shared), replace=bool(sent.replace)
        )
    except (InputError, ConflictError) as problem:
        return _answer(visit, request, asked, "", None, refused=problem, typed=sent)
    return see_other(f"/search/{made.id}")


@router.get("/search/{ident}")
def run(visit: Searcher, ident: str, request: Request, after: str = "", exercise: str | None = None) -> Response:
    """A saved search, run now and within the own scope."""
    saved = visit.services.saved_searches.get(visit.principal, ident)
    asked = asked_of(saved.question, request.query_params, visit.now)
    return _answer(visit, request, asked, after, exercise, saved=saved)


@router.post("/search/{ident}")
def act(visit: Searcher, ident: str, form: Posted) -> Response:
    """Rename, share, keep for oneself, delete."""
    service = visit.services.saved_searches
    service.get(visit.principal, ident)
    sent = form.into(ActForm)
    try:
        if sent.act is ActOnSaved.DELETE:
            service.delete(visit.principal, ident)
        elif sent.act is ActOnSaved.RENAME:
            service.change(visit.principal, ident, name=sent.name or "")
        else:
            service.change(visit.principal, ident, shared=sent.act is ActOnSaved.SHARE)
    except (InputError, ConflictError, ForbiddenError) as problem:
        return _list(visit, problem)
    return see_other("/search/saved")


def _answer(
    visit: Visit,
    request: Request,
    asked: Asked,
    after: str,
    exercise: str | None,
    *,
    saved: SavedSearch | None = None,
    refused: SocError | None = None,
    typed: SaveForm | None = None,
) -> Response:
    principal = visit.looking_at(exercise)
    found, problem = None, None
    try:
        found = ask(visit.services.store, principal.scope, asked, after)
    except QueryError as fault:
        problem = fault
    shown = refused or problem
    known = visit.services.saved_searches.all(principal)
    others, as_well = asked.as_well(visit.services.lookups.current.names)
    return visit.page(
        "search.html",
        200 if shown is None else status_of(shown),
        asked=asked,
        other_names=others,
        as_well=as_well,
        found=found,
        problem=problem,
        refused=refused,
        typed=typed,
        saved=saved,
        known=known,
        shown_saved=SHOWN_SAVED,
        longest=max(LONGEST_QUERY, len(asked.question.query)),
        name_chars=NAME_CHARS,
        ranges=tuple(SPANS),
        text_fields=TEXT_FIELDS,
        newest=_newest(visit.services.store, principal.scope) if found and not found.page.total else None,
        agencies=visit.agencies(),
        next=next_page(request, found.page.next if found and refused is None else None),
        exercise=exercise,
    )


def _list(visit: Visit, problem: SocError | None = None) -> Response:
    return visit.page(
        "saved_searches.html",
        200 if problem is None else status_of(problem),
        known=visit.services.saved_searches.all(visit.principal),
        problem=problem,
        name_chars=NAME_CHARS,
        agencies=visit.agencies(),
    )


def _newest(store: EventStore, scope: Scope) -> datetime | None:
    """When the newest event of all was: tells an empty answer from a silent house."""
    events = store.search(Search("", scope, size=1)).events
    return events[0].timestamp if events else None
