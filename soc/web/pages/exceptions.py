"""Exceptions: what is hidden, why, by whom and until when; propose one from an alert, try it over the store, decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from detectors.exceptions.acts import ALLOWED, ActKind, State
from detectors.exceptions.limits import MAX_CHARACTERS, MAX_REASON
from detectors.exceptions.managed import ManagedException, Proposal
from soc.access.principal import Principal, Right
from soc.core.clock import LOCAL_ZONE, Window
from soc.core.errors import ConflictError, FaultsError, ForbiddenError, InputError, SocError
from soc.core.i18n import Message, msg
from soc.web.formats import typed_day
from soc.web.links import one_of
from soc.web.problems import status_of
from soc.web.visit import Posted, Visit, needs, see_other

if TYPE_CHECKING:  # a console that hides nothing does without the Sigma engine
    from detectors.exceptions.service import ExceptionService
    from soc.app.exceptions import ReplayReport

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_EXCEPTIONS))]
Proposer = Annotated[Visit, Depends(needs(Right.PROPOSE_EXCEPTIONS))]
Decider = Annotated[Visit, Depends(needs(Right.PROPOSE_EXCEPTIONS, Right.APPROVE_EXCEPTIONS))]
PROVINCE = "*"
"""What the form sends for the whole province."""
REVIEW = "review"
"""Not a state: those in force that end soon."""
DAYS = ("7", "30", "90")
MOST_EVENTS = 100_000
"""Events that a page reads for a replay; the command line reads all."""
USUAL = timedelta(days=90)


class ProposeForm(BaseModel):
    """What the form of a proposal sends; `try` looks at what it would have hidden and keeps nothing."""

    model_config = ConfigDict(extra="forbid")

    act: str = Field(default="try", pattern="^(try|propose)$")
    filter: str = Field(max_length=MAX_CHARACTERS)
    reason: str = Field(default="", max_length=MAX_REASON)
    agency: str = Field(max_length=120)
    expires: str = Field(default="", max_length=40)
    days: str = Field(default=DAYS[0], pattern="^(7|30|90)$")
    alert: str = Field(default="", max_length=64)

    def proposal(self) -> Proposal:
        """What is proposed. Raises InputError for a date that cannot be read."""
        agencies = None if self.agency == PROVINCE else frozenset({self.agency})
        end = datetime.combine(typed_day(self.expires) + timedelta(days=1), time(), LOCAL_ZONE)
        return Proposal(self.filter, self.reason, agencies, end, alert=self.alert)


class ActForm(BaseModel):
    """What the forms of an exception send."""

    model_config = ConfigDict(extra="forbid")

    act: ActKind
    reason: str = Field(default="", max_length=MAX_REASON)
    number: int


Acting: TypeAlias = "Callable[[ExceptionService, Principal, str, ActForm], ManagedException]"
ACTS: Mapping[ActKind, Acting] = {
    ActKind.APPROVE: lambda service, who, ident, form: service.approve(who, ident, form.reason, form.number),
    ActKind.REJECT: lambda service, who, ident, form: service.reject(who, ident, form.reason, form.number),
    ActKind.END: lambda service, who, ident, form: service.end(who, ident, form.reason, form.number),
    ActKind.UNDO: lambda service, who, ident, form: service.undo(who, ident, form.reason, form.number),
}


@router.get("/rules/exceptions")
def show_list(visit: Reader, request: Request) -> Response:
    """The exceptions in sight, what asks for something first."""
    faults: list[Message] = []
    state = one_of(request.query_params, "f.state", ["", REVIEW, *State], "", faults)
    every = visit.services.exceptions.all(visit.principal)
    items = [one for one in every if state in ("", one.state.value) or (state == REVIEW and one.asks_review)]
    return visit.page(
        "exceptions.html",
        items=items,
        hidden=sum(one.count for one in items),
        state=state,
        states=tuple(State),
        faults=faults,
        agencies=visit.agencies(),
    )


@router.get("/rules/exceptions/new")
def show_form(visit: Proposer, alert: str = "") -> Response:
    """The form, filled in from an alert."""
    if not alert:
        return _form(visit, _blank(visit, visit.principal.agency))
    stored = visit.services.incident_reader.alert(visit.principal, alert)
    typed = _blank(visit, stored.alert.agency, alert)
    try:
        draft = visit.services.exceptions.draft(visit.principal, stored.alert, visit.lang)
    except InputError as problem:
        return _form(visit, typed, problem)
    return _form(visit, typed.model_copy(update={"filter": draft}))


@router.post("/rules/exceptions")
def propose(visit: Proposer, form: Posted) -> Response:
    """Try a proposal over the store, or write it down."""
    sent = form.into(ProposeForm)
    try:
        what = sent.proposal()
        if sent.act == "try":
            return _form(visit, sent, report=_replay(visit, what, sent.days))
        made = visit.services.exceptions.propose(visit.principal, what)
    except (InputError, FaultsError, ForbiddenError) as problem:
        return _form(visit, sent, problem)
    return see_other(f"/rules/exceptions/{made.id}")


@router.get("/rules/exceptions/{ident}")
def show(visit: Reader, ident: str, request: Request) -> Response:
    """One exception: filter, decisions, what it hid; with `days`, what it would have hidden."""
    found = visit.services.exceptions.get(visit.principal, ident)
    if not request.query_params.get("days"):
        return _one(visit, found)
    days = one_of(request.query_params, "days", DAYS, DAYS[0], [])
    try:
        return _one(visit, found, report=_replay(visit, found.proposal, days), days=days)
    except (InputError, FaultsError) as problem:  # a rule may have gone since
        return _one(visit, found, problem)


@router.post("/rules/exceptions/{ident}/acts")
def act(visit: Decider, ident: str, form: Posted) -> Response:
    """Approve, reject, end or undo; what was typed is kept when it is refused."""
    service = visit.services.exceptions
    service.get(visit.principal, ident)
    sent = form.into(ActForm)
    try:
        ACTS[sent.act](service, visit.principal, ident, sent)
    except (InputError, ConflictError) as problem:
        return _one(visit, service.get(visit.principal, ident), problem, typed=sent)
    return see_other(f"/rules/exceptions/{ident}")


def _replay(visit: Visit, what: Proposal, days: str) -> ReplayReport:
    window = Window(visit.now - timedelta(days=int(days)), visit.now)
    return visit.services.exception_replay.run(visit.principal, what, window, most=MOST_EVENTS)


def _blank(visit: Visit, agency: str, alert: str = "") -> ProposeForm:
    expires = (visit.now + USUAL).astimezone(LOCAL_ZONE)
    return ProposeForm(filter="", agency=agency, alert=alert, expires=f"{expires.day}/{expires.month}/{expires.year}")


def _form(
    visit: Visit, typed: ProposeForm, problem: SocError | None = None, report: ReplayReport | None = None
) -> Response:
    return visit.page(
        "exception_new.html",
        200 if problem is None else status_of(problem),
        typed=typed,
        problem=problem,
        faults=_faults(problem),
        report=report,
        agencies=visit.agencies(),
        may_province=visit.principal.scope.agencies is None,
        days=DAYS,
        titles=visit.services.exceptions.titles() if report is not None else {},
    )


def _one(
    visit: Visit,
    found: ManagedException,
    problem: SocError | None = None,
    report: ReplayReport | None = None,
    typed: ActForm | None = None,
    days: str = DAYS[0],
) -> Response:
    own = found.is_of(visit.principal.id)
    return visit.page(
        "exception.html",
        200 if problem is None else status_of(problem),
        found=found,
        may_do=_may_do(visit, found),
        why_not=msg("Người khác phải phê duyệt: đây là ngoại lệ của chính bạn.") if own else None,
        problem=problem,
        faults=_faults(problem),
        typed=typed,
        report=report,
        chosen=days,
        days=DAYS,
        agencies=visit.agencies(),
        titles=visit.services.exceptions.titles() if found.hidden or report is not None else {},
    )


def _may_do(visit: Visit, found: ManagedException) -> frozenset[str]:
    """The acts that the visitor could do now."""
    own = found.is_of(visit.principal.id)
    may = {ActKind.END: visit.may(Right.PROPOSE_EXCEPTIONS), ActKind.REJECT: visit.may(Right.APPROVE_EXCEPTIONS)}
    may[ActKind.APPROVE] = may[ActKind.UNDO] = visit.may(Right.APPROVE_EXCEPTIONS) and not own
    return frozenset(kind.value for kind in ALLOWED[found.state] if may[kind])


def _faults(problem: SocError | None) -> tuple[SocError, ...]:
    """All faults of a filter, where there are several."""
    return problem.faults if isinstance(problem, FaultsError) else ()
