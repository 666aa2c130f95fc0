"""Retro-hunts: filed with a frozen question, looked at, paused, resumed, cancelled; what they found raised. `hunt_moving` moves them.

Who files a hunt reads with it what they may see anyway, and no more: the scope is theirs. A hunt that reads more than somebody may see
does not exist for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from detectors.alert import Alert
from playbooks.queue import Queue
from soc.access.journal import Journal
from soc.access.principal import Principal, Right
from soc.app.hunt_model import (
    MOVING,
    SHORT,
    Hunt,
    HuntState,
    Request,
    agencies_json,
    hunt_of,
    question_from,
    question_hash,
    question_json,
    scope_of,
)
from soc.app.hunt_statement import Statement, statement_from
from soc.app.hunt_tables import HuntAlertRow, HuntRow
from soc.app.news import AlertTaker, News
from soc.core.act import Act
from soc.core.clock import ALL_TIME, Clock, iso
from soc.core.errors import ConflictError, EngineError, ForbiddenError, InputError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id
from soc.incidents.codec import alert_from_json
from soc.storage.sql import Database

MAX_REASON = 500
RAISED_AT_ONCE = 500
"""Alerts that go into incidents in one transaction: the stream waits meanwhile."""


@dataclass(frozen=True, slots=True)
class Find:
    """An alert that a hunt found; `raised` is when it went to the incidents, None when it did not, or was no news to them."""

    number: int
    alert: Alert
    matches: int
    raised: datetime | None


class HuntService:
    """The hunts of an installation, for people.

    Args:
        incidents: takes alerts that are raised.
        queue: hands hunts to the worker.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        journal: Journal,
        incidents: AlertTaker,
        queue: Queue,
    ) -> None:
        self._database, self._clock, self._journal, self._incidents = database, clock, journal, incidents
        self._queue, self._news = queue, News(database)

    def file(self, principal: Principal, request: Request) -> Hunt:
        """Write a hunt down; the worker takes it up.

        Raises:
            ForbiddenError: no right to hunt, or to raise what is found.
            NotFoundError: the scope asks for more than the principal may see.
            InputError: an empty window, or a throttle that is none.
        """
        with self._database.transaction() as session:
            hunt = self.put(session, principal, request)
        ask(self._database, self._queue, hunt.id)
        return hunt

    def put(self, session: Session, principal: Principal, request: Request) -> Hunt:
        """`file` in the caller's transaction; nobody is asked to move it before the sweep."""
        principal.require(Right.RUN_HUNTS)
        if request.raises:
            principal.require(Right.TRIAGE_ALERTS)
        _check(principal, request)
        row = _row(principal, request, self._clock.now())
        session.add(row)
        session.flush()
        self._remember(session, principal.id, row, "hunt.file")
        return hunt_of(row)

    def all(self, principal: Principal, *, size: int = 100) -> list[Hunt]:
        """The hunts that the principal may see, the newest first."""
        principal.require(Right.SEARCH_EVENTS)
        query = _listed().order_by(HuntRow.filed.desc(), HuntRow.id)
        with self._database.reading() as session:
            rows = (row for row in session.scalars(query) if _sees(principal, row))
            return [hunt_of(row) for row in islice(rows, size)]

    def get(self, principal: Principal, ident: str) -> Hunt:
        """One hunt by its id or at least the first SHORT characters of it. Raises NotFoundError."""
        principal.require(Right.SEARCH_EVENTS)
        with self._database.reading() as session:
            return hunt_of(_find(session, principal, ident))

    def rules_of(self, principal: Principal, ident: str) -> list[str]:
        """Ids of the rules that a hunt asks about; none for one that asks about indicators."""
        with self._database.reading() as session:
            frozen = question_from(_find(session, principal, ident).question).rules
        return [] if frozen is None else [ref.id for ref in frozen.refs]

    def statement(self, principal: Principal, ident: str) -> Statement | None:
        """What a hunt states; None before it is done."""
        principal.require(Right.SEARCH_EVENTS)
        with self._database.reading() as session:
            row = _find(session, principal, ident)
            return statement_from(row.statement) if row.statement else None

    def export(self, principal: Principal, ident: str) -> str:
        """The statement of a hunt as JSON, as its hash stands in the audit trail; the export is remembered. Raises NotFoundError."""
        principal.require(Right.SEARCH_EVENTS)
        with self._database.transaction() as session:
            row = _find(session, principal, ident)
            if not row.statement:
                raise NotFoundError(
                    msg("đợt rà soát {id} chưa có tuyên bố", id=row.id[:SHORT]),
                    expected=msg("một đợt đã xong, đợt này {state}", state=HuntState(row.state).label),
                )
            self._remember(session, principal.id, row, "hunt.export")
            return row.statement

    def finds(self, principal: Principal, ident: str, *, after: int = 0, size: int = 100) -> list[Find]:
        """What a hunt found so far, in the order found, from behind number `after`."""
        principal.require(Right.SEARCH_EVENTS)
        with self._database.reading() as session:
            hunt = _find(session, principal, ident).id
            query = select(HuntAlertRow).where(HuntAlertRow.hunt == hunt, HuntAlertRow.number > after)
            rows = session.scalars(query.order_by(HuntAlertRow.number).limit(size))
            return [Find(row.number, alert_from_json(row.body), row.matches, row.raised) for row in rows]

    def pause(self, principal: Principal, ident: str) -> Hunt:
        """Let it stand still until it is resumed; a slice that is being read is read again then, nothing is lost or doubled."""
        return self._move(principal, ident, MOVING, HuntState.PAUSED, "hunt.pause")

    def resume(self, principal: Principal, ident: str) -> Hunt:
        """Go on from the last slice that was done; also after a failure."""
        hunt = self._move(
            principal, ident, (HuntState.PAUSED, HuntState.FAILED), HuntState.QUEUED, "hunt.resume", keeps_problem=False
        )
        ask(self._database, self._queue, hunt.id)
        return hunt

    def cancel(self, principal: Principal, ident: str) -> Hunt:
        """End it for good; what it found until then stays listed."""
        open_ = (*MOVING, HuntState.PAUSED, HuntState.FAILED)
        return self._move(principal, ident, open_, HuntState.CANCELLED, "hunt.cancel")

    def throttle(self, principal: Principal, ident: str, share: float) -> Hunt:
        """Give it another share of the time from the next slice on."""
        _check_throttle(share)
        with self._database.transaction() as session:
            row = _find(session, principal, ident)
            _require_own(principal, row)
            before, row.throttle = row.throttle, share
            self._remember(session, principal.id, row, "hunt.throttle", {"from": before, "to": share})
            return hunt_of(row)

    def raise_finds(self, principal: Principal, ident: str) -> int:
        """Hand what was found to the incidents, leaving out what alerts there told already; gives how many alerts were news.

        Raises:
            ForbiddenError: the principal may not decide about alerts.
        """
        principal.require(Right.TRIAGE_ALERTS)
        with self._database.reading() as session:
            row = _find(session, principal, ident)
            hunt, correlations = row.id, correlations_of(row)
        raised = last = 0
        while some := self._unraised(hunt, last):
            last = some[-1].number
            news = self._news.of([find.alert for find in some], correlations)
            told = {alert.id for alert in news}
            with self._database.transaction() as session:
                self._incidents.take(session, news)
                self._mark_raised(session, hunt, [find.number for find in some if find.alert.id in told])
            raised += len(news)
        with self._database.transaction() as session:
            row = session.get_one(HuntRow, hunt)
            self._remember(session, principal.id, row, "hunt.raise", {"alerts": raised})
        return raised

    def _unraised(self, hunt: str, after: int) -> list[Find]:
        query = select(HuntAlertRow).where(HuntAlertRow.hunt == hunt, HuntAlertRow.raised.is_(None))
        query = query.where(HuntAlertRow.number > after)
        with self._database.reading() as session:
            rows = session.scalars(query.order_by(HuntAlertRow.number).limit(RAISED_AT_ONCE))
            return [Find(row.number, alert_from_json(row.body), row.matches, None) for row in rows]

    def _mark_raised(self, session: Session, hunt: str, numbers: Sequence[int]) -> None:
        now = self._clock.now()
        for number in numbers:
            session.get_one(HuntAlertRow, (hunt, number)).raised = now

    def _move(
        self,
        principal: Principal,
        ident: str,
        allowed: Sequence[HuntState],
        to: HuntState,
        action: str,
        *,
        keeps_problem: bool = True,
    ) -> Hunt:
        now = self._clock.now()
        with self._database.transaction() as session:
            row = _find(session, principal, ident, locked=True)
            _require_own(principal, row)
            if HuntState(row.state) not in allowed:
                raise ConflictError(
                    msg("đợt rà soát {id} {state}", id=row.id[:SHORT], state=HuntState(row.state).label),
                    expected=msg("một đợt rà soát ở trạng thái khác"),
                    advice=msg("xem bằng: soc hunts show {id}", id=row.id[:SHORT]),
                )
            before, row.state = row.state, to.value
            row.due = row.asked = now
            if not keeps_problem:
                row.problem, row.attempts, row.finished = "", 0, None
            if to is HuntState.CANCELLED:
                row.finished, row.snapshot = now, None
            self._remember(session, principal.id, row, action, {"from": before})
            return hunt_of(row)

    def _remember(
        self, session: Session, actor: str, row: HuntRow, action: str, more: dict[str, object] | None = None
    ) -> None:
        after = {"content": row.content, "since": iso(row.since), "until": iso(row.until), "state": row.state}
        agency = next(iter(agencies)) if (agencies := scope_of(row).agencies) and len(agencies) == 1 else ""
        act = Act(actor, action, f"hunt/{row.id}", agency, after=after | (more or {}), reason=row.reason)
        self._journal.record(session, act)


def ask(database: Database, queue: Queue, hunt: str) -> None:
    """Ask a worker to move a hunt. A broker that is down only costs time: the next sweep asks again."""
    try:
        queue.enqueue(hunt)
    except EngineError:  # the queue has told the log
        with database.transaction() as session:
            session.get_one(HuntRow, hunt, options=[defer(HuntRow.snapshot)]).asked = ALL_TIME.since


def correlations_of(row: HuntRow) -> frozenset[str]:
    """Ids of the correlations of a hunt: a repeated case of theirs is no news, also with other events in it."""
    frozen = question_from(row.question).rules
    return frozenset() if frozen is None else frozenset(ref.id for ref in frozen.refs if ref.correlates)


def _listed() -> Select[HuntRow]:
    return select(HuntRow).options(
        defer(HuntRow.snapshot), defer(HuntRow.question), defer(HuntRow.statement), defer(HuntRow.bounds)
    )


def _find(session: Session, principal: Principal, ident: str, *, locked: bool = False) -> HuntRow:
    found: list[HuntRow] = []
    if len(ident) >= SHORT:
        query = select(HuntRow).options(defer(HuntRow.snapshot)).where(HuntRow.id.startswith(ident, autoescape=True))
        found = list(session.scalars((query.with_for_update() if locked else query).limit(2)))
    if len(found) != 1 or not _sees(principal, found[0]):
        raise NotFoundError(msg("không có đợt rà soát nào mang mã này"), advice=msg("xem mã bằng: soc hunts list"))
    return found[0]


def _sees(principal: Principal, row: HuntRow) -> bool:
    """Whether nothing of what the hunt reads is hidden from the principal."""
    mine, its = principal.scope.agencies, scope_of(row).agencies
    return mine is None or (its is not None and its <= mine)


def _require_own(principal: Principal, row: HuntRow) -> None:
    """Hunts of others, and those of the suite, are for those who choose the rules."""
    principal.require(Right.RUN_HUNTS)
    if row.by != principal.id and not principal.may(Right.MANAGE_RULES):
        raise ForbiddenError(
            msg("đợt rà soát này do {by} yêu cầu", by=row.by),
            advice=msg("trưởng ca có thể tạm dừng, chạy tiếp hoặc hủy"),
        )


def _check(principal: Principal, request: Request) -> None:
    mine, asked = principal.scope.agencies, request.scope.agencies
    if mine is not None and (asked is None or not asked <= mine):
        raise NotFoundError(msg("không tìm thấy"))
    if request.window.since >= request.window.until:
        raise InputError(
            msg(
                "khoảng thời gian rỗng: từ {since} đến {until}",
                since=iso(request.window.since),
                until=iso(request.window.until),
            ),
            expected=msg("lúc bắt đầu trước lúc kết thúc"),
        )
    if len(request.reason) > MAX_REASON:
        raise InputError(
            msg("lý do dài {length} ký tự", length=len(request.reason)),
            expected=msg("không quá {limit} ký tự", limit=MAX_REASON),
        )
    _check_throttle(request.throttle)


def _check_throttle(share: float) -> None:
    if not 0.01 <= share <= 1:
        raise InputError(
            msg("phần thời gian {share} không hợp lệ", share=share), expected=msg("một số từ 0.01 đến 1, ví dụ 0.25")
        )


def _row(principal: Principal, request: Request, now: datetime) -> HuntRow:
    text = question_json(request.question)
    return HuntRow(
        id=new_id(),
        kind=request.question.kind.value,
        origin=request.origin.value,
        question=text,
        content=question_hash(text),
        reason=request.reason,
        by=principal.id,
        agencies=agencies_json(request.scope),
        exercise=request.scope.exercise,
        since=request.window.since,
        until=request.window.until,
        raises=request.raises,
        throttle=request.throttle,
        state=HuntState.QUEUED.value,
        filed=now,
        started=None,
        finished=None,
        bounds="[]",
        slices=0,
        slices_done=0,
        planned=0,
        covered=0,
        read=0,
        matches=0,
        alerts=0,
        hidden=0,
        broken=0,
        snapshot=None,
        lease_owner="",
        lease_until=None,
        due=now,
        asked=now,
        attempts=0,
        problem="",
        statement="",
    )
