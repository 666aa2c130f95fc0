"""Today: what the visitor owes, and whether we can see right now. Every count equals the list it opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from detectors.exceptions.acts import State as ExceptionState
from soc.access.principal import Principal, Right, Role
from soc.app.outages import Outage
from soc.compliance.evidence import State
from soc.compliance.evidence_service import EvidenceFilter
from soc.core.i18n import Message, msg
from soc.incidents.model import Status
from soc.incidents.reader import COUNT_LIMIT, OPEN_INCIDENTS, IncidentFilter, IncidentSummary, Order
from soc.storage.events import Search
from soc.web.services import Services
from soc.web.visit import SignedIn, Visit

router = APIRouter()
QUIET = timedelta(hours=1)
"""Without any event for so long, the page says so: somebody should look whether we still hear."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One line of work: how many, and the list that holds exactly these."""

    label: Message
    count: int
    path: str
    urgent: bool = False


@router.get("/today")
def show(visit: SignedIn) -> Response:
    """The page."""
    principal, services = visit.principal, visit.services
    return visit.page(
        "today.html",
        owed=[*_incidents(services, principal), *_exceptions(visit), *_evidence(visit)],
        gravest=_gravest(services, principal),
        newest=_newest(services, principal) if _sees_events(principal) else None,
        sees_events=_sees_events(principal),
        quiet=QUIET,
        assessment=services.assessor.newest(principal) if visit.may(Right.READ_COMPLIANCE) else None,
        agencies=visit.agencies(),
        days_left=_days_left(visit),
        outages=_outages(visit),
    )


def _incidents(services: Services, principal: Principal) -> list[Owed]:
    if not principal.may(Right.READ_INCIDENTS):
        return []
    reader = services.incident_reader

    def count(wanted: IncidentFilter) -> int:
        return min(reader.page(principal, wanted, limit=1).total, COUNT_LIMIT)

    new = count(IncidentFilter(status=(Status.NEW,)))
    path = f"/incidents?f.status={Status.NEW.value}"
    return [
        Owed(msg("sự cố chưa tiếp nhận"), new, path, urgent=new > 0),
        Owed(msg("sự cố đang mở"), count(OPEN_INCIDENTS), "/incidents"),
    ]


def _exceptions(visit: Visit) -> list[Owed]:
    """For those who decide: what waits for them, and what ends soon and is to be looked at again."""
    if not visit.may(Right.APPROVE_EXCEPTIONS):
        return []
    found = visit.services.exceptions.all(visit.principal)
    waiting = sum(one.state is ExceptionState.PROPOSED for one in found)
    ending = sum(one.asks_review for one in found)
    path = "/rules/exceptions?f.state"
    return [
        Owed(msg("ngoại lệ chờ phê duyệt"), waiting, f"{path}=proposed"),
        Owed(msg("ngoại lệ sắp hết hạn cần xem lại"), ending, f"{path}=review", urgent=ending > 0),
    ]


def _gravest(services: Services, principal: Principal) -> tuple[IncidentSummary, ...]:
    if not principal.may(Right.READ_INCIDENTS):
        return ()
    return services.incident_reader.page(principal, OPEN_INCIDENTS, Order.GRAVEST, limit=5).items


def _evidence(visit: Visit) -> list[Owed]:
    find, principal = visit.services.evidence.find, visit.principal
    owed = []
    if visit.may(Right.SUBMIT_EVIDENCE):
        back = find(principal, EvidenceFilter(agency=principal.agency, state=State.RETURNED))
        owed.append(Owed(msg("bằng chứng bị trả lại"), len(back), "/evidence?f.state=returned", urgent=bool(back)))
    if visit.may(Right.REVIEW_EVIDENCE):
        waiting = find(principal, EvidenceFilter(state=State.SUBMITTED))
        owed.append(Owed(msg("bằng chứng chờ thẩm định"), len(waiting), "/evidence/review", urgent=bool(waiting)))
    return owed


def _sees_events(principal: Principal) -> bool:
    return principal.may(Right.SEARCH_EVENTS)


def _newest(services: Services, principal: Principal) -> datetime | None:
    events = services.store.search(Search("", principal.scope, size=1)).events
    return events[0].timestamp if events else None


def _outages(visit: Visit) -> list[Outage]:
    """Engines that take no work, for those who watch the stream and those who look after the machines."""
    watches = visit.may(Right.SEARCH_EVENTS) or visit.may(Right.ADMINISTER)
    return list(visit.services.outages.open().values()) if watches else []


def _days_left(visit: Visit) -> int | None:
    """How many whole days an auditor's account still has."""
    expires = visit.live.account.expires if visit.live else None
    return None if expires is None or visit.principal.role is not Role.AUDITOR else (expires - visit.now).days
