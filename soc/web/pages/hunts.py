"""Retro-hunts: what is looked for in the past, how far it came, what it found and what it states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from soc.access.principal import Principal, Right
from soc.app.hunt_model import Hunt, HuntState, Question, Request
from soc.app.hunt_words import limit_lines
from soc.app.hunts import MAX_REASON
from soc.core.clock import LOCAL_ZONE, Window
from soc.core.errors import ConflictError, FaultsError, ForbiddenError, InputError, SocError
from soc.core.scope import Scope
from soc.web.formats import Formats, typed_moment
from soc.web.pages.evidence import attachment
from soc.web.problems import status_of
from soc.web.visit import Posted, Visit, needs, see_other

if TYPE_CHECKING:
    from soc.app.hunts import HuntService

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.SEARCH_EVENTS))]
Hunter = Annotated[Visit, Depends(needs(Right.RUN_HUNTS))]
SHARES = ("0.25", "0.5", "1")
USUAL = timedelta(days=30)
FINDS = 50
MAX_TEXT = 90_000
"""Characters of rules that a form takes; more by the command line."""


class FileForm(BaseModel):
    """What the form of a new hunt sends."""

    model_config = ConfigDict(extra="forbid")

    rules: str = Field(max_length=MAX_TEXT)
    since: str = Field(max_length=40)
    until: str = Field(max_length=40)
    share: str = Field(default=SHARES[1], pattern=r"^(0\.25|0\.5|1)$")
    reason: str = Field(default="", max_length=MAX_REASON)
    raises: str = Field(default="", pattern="^1?$")


class ActForm(BaseModel):
    """What the buttons of a hunt send."""

    model_config = ConfigDict(extra="forbid")

    act: str = Field(pattern="^(pause|resume|cancel|raise)$")


Acting: TypeAlias = "Callable[[HuntService, Principal, str], object]"
ACTS: Mapping[str, Acting] = {
    "pause": lambda hunts, who, ident: hunts.pause(who, ident),
    "resume": lambda hunts, who, ident: hunts.resume(who, ident),
    "cancel": lambda hunts, who, ident: hunts.cancel(who, ident),
    "raise": lambda hunts, who, ident: hunts.raise_finds(who, ident),
}
_OPEN = (HuntState.QUEUED, HuntState.RUNNING)
_WHEN: Mapping[str, tuple[HuntState, ...]] = {
    "pause": _OPEN,
    "resume": (HuntState.PAUSED, HuntState.FAILED),
    "cancel": (*_OPEN, HuntState.PAUSED, HuntState.FAILED),
}


@router.get("/hunts")
def show_list(visit: Reader) -> Response:
    """The hunts in sight, the newest first."""
    return visit.page(
        "hunts.html",
        hunts=visit.services.hunts.all(visit.principal),
        days=visit.services.settings.lookback_days,
        agencies=visit.agencies(),
    )


@router.get("/hunts/new")
def show_form(visit: Hunter) -> Response:
    """The form of a new hunt."""
    since, until = ((visit.now - back).astimezone(LOCAL_ZONE) for back in (USUAL, timedelta()))
    return _form(visit, FileForm(rules="", since=f"{since:%d/%m/%Y %H:%M}", until=f"{until:%d/%m/%Y %H:%M}"))


@router.post("/hunts")
def file(visit: Hunter, form: Posted) -> Response:
    """File a hunt over what the visitor may see; what was typed is kept when it is refused."""
    sent = form.into(FileForm)
    try:
        window = Window(typed_moment(sent.since), typed_moment(sent.until))
        question = Question(rules=visit.services.hunt_rules.freeze_text(sent.rules))
        scope = Scope(visit.principal.scope.agencies)
        request = Request(question, window, scope, sent.reason, bool(sent.raises), float(sent.share))
        made = visit.services.hunts.file(visit.principal, request)
    except (InputError, FaultsError, ForbiddenError) as problem:
        return _form(visit, sent, problem)
    return see_other(f"/hunts/{made.id}")


@router.get("/hunts/{ident}")
def show(visit: Reader, ident: str, after: str = "") -> Response:
    """One hunt."""
    return _one(visit, ident, int(after) if after.isdecimal() and len(after) < 9 else 0)


@router.post("/hunts/{ident}/acts")
def act(visit: Hunter, ident: str, form: Posted) -> Response:
    """Pause, resume, cancel, or put what was found into incidents."""
    visit.services.hunts.get(visit.principal, ident)
    sent = form.into(ActForm)
    try:
        ACTS[sent.act](visit.services.hunts, visit.principal, ident)
    except (ConflictError, ForbiddenError) as problem:
        return _one(visit, ident, 0, problem)
    return see_other(f"/hunts/{ident}")


@router.get("/hunts/{ident}/statement")
def statement(visit: Reader, ident: str) -> Response:
    """The statement as JSON; the export is remembered."""
    found = visit.services.hunts.get(visit.principal, ident)
    body = visit.services.hunts.export(visit.principal, ident).encode()
    return attachment(f"ra-soat-nguoc-{found.short}.json", "application/json", body)


def _form(visit: Visit, typed: FileForm, problem: SocError | None = None) -> Response:
    return visit.page(
        "hunt_new.html",
        200 if problem is None else status_of(problem),
        typed=typed,
        problem=problem,
        faults=problem.faults if isinstance(problem, FaultsError) else (),
        shares=SHARES,
    )


def _one(visit: Visit, ident: str, after: int, problem: SocError | None = None) -> Response:
    hunts = visit.services.hunts
    hunt = hunts.get(visit.principal, ident)
    stated = hunts.statement(visit.principal, hunt.id)
    finds = hunts.finds(visit.principal, hunt.id, after=after, size=FINDS)
    fmt = Formats(visit.lang)
    limits = () if stated is None else tuple(limit_lines(stated.limits, fmt.moment, fmt.number))
    more = finds and finds[-1].number < hunt.alerts
    return visit.page(
        "hunt.html",
        200 if problem is None else status_of(problem),
        hunt=hunt,
        stated=stated,
        limits=limits,
        matched=[rule for rule in stated.rules if rule.matches] if stated is not None else [],
        finds=finds,
        next=f"/hunts/{hunt.id}?after={finds[-1].number}" if more else "",
        may_do=_may_do(visit, hunt),
        problem=problem,
        agencies=visit.agencies(),
        exercise=hunt.scope.exercise,
    )


def _may_do(visit: Visit, hunt: Hunt) -> frozenset[str]:
    """The acts that the visitor could do now."""
    own = visit.may(Right.RUN_HUNTS) and (hunt.by == visit.principal.id or visit.may(Right.MANAGE_RULES))
    found = {name for name, states in _WHEN.items() if own and hunt.state in states}
    may_raise = visit.may(Right.TRIAGE_ALERTS) and hunt.alerts and not hunt.raises
    return frozenset(found | ({"raise"} if may_raise else set()))
