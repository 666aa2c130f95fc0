"""Incidents: the list, one incident with its clocks and timeline, and what one does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import QueryParams

from soc.access.principal import Principal, Right
from soc.core.errors import ConflictError, InputError, SocError
from soc.core.i18n import Message, msg
from soc.core.severity import Severity
from soc.incidents.model import OPEN, Incident, Kind, Status, Verdict
from soc.incidents.projection import ALLOWED
from soc.incidents.reader import COUNT_LIMIT, IncidentFilter, IncidentPage, Order
from soc.incidents.service import IncidentService
from soc.web.links import next_page, one_of
from soc.web.problems import status_of
from soc.web.visit import Posted, Visit, needs, see_other

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_INCIDENTS))]
Manager = Annotated[Visit, Depends(needs(Right.MANAGE_INCIDENTS))]
_SHOWN_STATES = (Status.NEW, Status.ACKNOWLEDGED, Status.CONTAINED, Status.CLOSED, Status.MERGED)


class ActForm(BaseModel):
    """What the forms of an incident send; which fields an act needs, the use case says."""

    model_config = ConfigDict(extra="forbid")

    act: str = Field(max_length=20)
    version: int | None = None
    text: str = Field(default="", max_length=10_000)
    verdict: str = Field(default="", max_length=20)
    task: str = Field(default="", max_length=40)
    op: str = Field(default="", max_length=40)


Acting: TypeAlias = Callable[[IncidentService, Principal, str, ActForm], Incident]


def _close(service: IncidentService, principal: Principal, code: str, form: ActForm) -> Incident:
    if form.verdict not in set(Verdict):
        raise InputError(msg("chưa chọn kết luận"), advice=msg("chọn một kết luận trong danh sách"))
    return service.close(principal, code, Verdict(form.verdict), form.text, version=form.version)


ACTS: Mapping[str, Acting] = {
    "acknowledge": lambda service, who, code, form: service.acknowledge(who, code, form.version),
    "note": lambda service, who, code, form: service.note(who, code, form.text),
    "task": lambda service, who, code, form: service.add_task(who, code, form.text),
    "task_done": lambda service, who, code, form: service.finish_task(who, code, form.task),
    "contain": lambda service, who, code, form: service.contain(who, code, form.text, form.version),
    "close": _close,
    "reopen": lambda service, who, code, form: service.reopen(who, code, form.text, form.version),
    "undo": lambda service, who, code, form: service.undo(who, code, form.op),
}
"""Name of an act in the form -> the use case."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The list as the query string asks for it; `faults` names the parts that were not understood and left out."""

    filter: IncidentFilter
    order: Order
    after: str
    faults: tuple[Message, ...]


def read_query(query: QueryParams) -> Wanted:
    """The grammar of the list's query string."""
    faults: list[Message] = []
    status = one_of(query, "f.status", ["", "open", *_SHOWN_STATES], "open", faults)
    severity = one_of(query, "f.severity", ["", *Severity], "", faults)
    order = one_of(query, "sort", list(Order), Order.NEWEST, faults)
    states = {"open": tuple(sorted(OPEN)), "": ()}.get(status) or ((Status(status),) if status in set(Status) else ())
    wanted = IncidentFilter(
        status=states,
        severity=(Severity(severity),) if severity else (),
        agency=query.get("f.agency", "")[:120],
        text=query.get("q", "")[:200].strip(),
    )
    return Wanted(wanted, Order(order), query.get("after", "")[:300], tuple(faults))


@router.get("/incidents")
def show_list(visit: Reader, request: Request) -> Response:
    """The list, filtered by the query string."""
    query = request.query_params
    wanted = read_query(query)
    principal = visit.looking_at(query.get("exercise"))
    if wanted.filter.agency:
        principal.require_agency(wanted.filter.agency)
    page = visit.services.incident_reader.page(principal, wanted.filter, wanted.order, after=wanted.after)
    return visit.page(
        "incidents.html",
        page=page,
        total=_total(page),
        query=query,
        wanted=wanted,
        states=_SHOWN_STATES,
        severities=tuple(reversed(Severity)),
        agencies=visit.agencies(),
        next=next_page(request, page.after),
        exercise=query.get("exercise"),
    )


@router.get("/incidents/{code}")
def show(visit: Reader, code: str, exercise: str | None = None) -> Response:
    """One incident."""
    return _page(visit, code, exercise)


@router.post("/incidents/{code}/events")
def act(visit: Reader, code: str, form: Posted, exercise: str | None = None) -> Response:
    """Do one thing to an incident; what was typed is kept when it is refused."""
    sent = form.into(ActForm)
    principal = visit.looking_at(exercise)
    visit.services.incident_reader.get(principal, code)
    if sent.act not in ACTS:
        raise InputError(msg("không có việc '{act}'", act=sent.act), advice=msg("tải lại trang rồi gửi lại"))
    try:
        ACTS[sent.act](visit.services.incidents, principal, code, sent)
    except (InputError, ConflictError) as problem:
        return _page(visit, code, exercise, problem, sent)
    suffix = f"?exercise={exercise}" if exercise else ""
    return see_other(f"/incidents/{code}{suffix}")


def _page(
    visit: Visit, code: str, exercise: str | None, problem: SocError | None = None, typed: ActForm | None = None
) -> Response:
    principal, reader = visit.looking_at(exercise), visit.services.incident_reader
    incident = reader.get(principal, code)
    clocks = reader.clocks(principal, code)
    return visit.page(
        "incident.html",
        200 if problem is None else status_of(problem),
        incident=incident,
        timeline=reader.timeline(principal, code),
        duties=[clock for clock in clocks if clock.legal],
        targets=[clock for clock in clocks if not clock.legal],
        alerts=reader.alerts(principal, code).items if visit.may(Right.READ_ALERTS) else (),
        related=reader.related(principal, code, limit=5),
        may_do={kind.value for kind, states in ALLOWED.items() if incident.status in states},
        agencies=visit.agencies(),
        verdicts=tuple(Verdict),
        undoable=_UNDOABLE,
        problem=problem,
        typed=typed,
        exercise=incident.exercise,
    )


_UNDOABLE = frozenset(
    {
        Kind.ACKNOWLEDGED,
        Kind.ASSIGNED,
        Kind.NOTE,
        Kind.TASK_ADDED,
        Kind.TASK_DONE,
        Kind.CONTAINED,
        Kind.MERGED,
        Kind.SPLIT,
    }
    | {Kind.CLOSED, Kind.REOPENED, Kind.GRADED, Kind.UNDONE}
)


def _total(page: IncidentPage) -> int | None:
    """How many there are, None for "more than 10,000"."""
    return page.total if page.total <= COUNT_LIMIT else None
