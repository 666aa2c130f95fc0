"""Questions about incidents and alerts. Every answer lies within the scope of the principal who asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from detectors.alert import Alert, Names
from soc.access.principal import Principal, Right
from soc.core.clock import Clock, iso, parse_iso
from soc.core.errors import InputError, NotFoundError
from soc.core.i18n import msg
from soc.core.scope import Scope
from soc.core.severity import Severity
from soc.incidents.codec import alert_from_json
from soc.incidents.duties import DutyBook, DutyClock, clocks
from soc.incidents.model import OPEN, Grade, Incident, Status, TimelineEntry, Verdict
from soc.incidents.projection import project, timeline
from soc.incidents.stream import read_streams
from soc.incidents.tables import AlertEntityRow, AlertRow, IncidentRow
from soc.storage.sql import Database

COUNT_LIMIT = 10_000
"""Totals are exact up to here; a larger one is given as COUNT_LIMIT + 1, "more than 10,000"."""


class Order(StrEnum):
    """How a list is sorted."""

    NEWEST = "newest"
    GRAVEST = "gravest"


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents; an empty tuple or string leaves that part open. Void incidents are never listed."""

    status: tuple[Status, ...] = ()
    severity: tuple[Severity, ...] = ()
    agency: str = ""
    assignee: str = ""
    text: str = ""


OPEN_INCIDENTS = IncidentFilter(status=tuple(sorted(OPEN)))
"""The queue: what still has to be worked on."""


@dataclass(frozen=True, slots=True)
class IncidentSummary:
    """A line of the list; the fields mean what they mean in `Incident`."""

    code: str
    agency: str
    exercise: str | None
    platform: str
    entity: tuple[str, str]
    status: Status
    title: Names
    severity: Severity
    alert_count: int
    assignee: str
    grade: Grade | None
    verdict: Verdict | None
    detected: datetime
    first: datetime
    last: datetime
    updated: datetime
    acknowledged: datetime | None
    contained: datetime | None
    closed: datetime | None
    merged_into: str
    version: int


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """A page of the list.

    Attributes:
        total: of the whole filter, see COUNT_LIMIT.
        after: cursor of the next page; "" on the last one.
    """

    items: tuple[IncidentSummary, ...]
    total: int
    after: str


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert with the incident that holds it and when it was raised."""

    alert: Alert
    incident: str
    raised: datetime


@dataclass(frozen=True, slots=True)
class AlertPage:
    """A page of alerts, newest first; `after` as in IncidentPage."""

    items: tuple[StoredAlert, ...]
    after: str


class IncidentReader:
    """Reads incidents; raises ForbiddenError without the right, NotFoundError for unknown and foreign ones alike."""

    def __init__(self, database: Database, clock: Clock, duties: DutyBook) -> None:
        self.database, self.clock, self.duties = database, clock, duties

    def page(
        self,
        principal: Principal,
        wanted: IncidentFilter = OPEN_INCIDENTS,
        order: Order = Order.NEWEST,
        limit: int = 50,
        after: str = "",
    ) -> IncidentPage:
        """A page of the list; raises InputError for a broken cursor."""
        principal.require(Right.READ_INCIDENTS)
        conditions = _conditions(principal.scope, wanted)
        columns: list[Any] = [IncidentRow.detected, IncidentRow.code]
        if order is Order.GRAVEST:
            columns.insert(0, IncidentRow.rank)
        query = select(IncidentRow).where(*conditions).order_by(*(column.desc() for column in columns))
        if after:
            query = query.where(_before(columns, after))
        with self.database.reading() as session:
            total = _count(session, select(IncidentRow.code).where(*conditions))
            rows = list(session.scalars(query.limit(limit + 1)))
        more = _cursor([getattr(rows[limit - 1], column.key) for column in columns]) if len(rows) > limit else ""
        return IncidentPage(tuple(_summary(row) for row in rows[:limit]), total, more)

    def get(self, principal: Principal, code: str) -> Incident:
        """One incident with its alerts' facts, tasks, notices and tags."""
        return self._stream(principal, code)[0]

    def timeline(self, principal: Principal, code: str) -> tuple[TimelineEntry, ...]:
        """Everything that happened to it, oldest first, undone things marked."""
        return self._stream(principal, code)[1]

    def clocks(self, principal: Principal, code: str) -> tuple[DutyClock, ...]:
        """Its legal duties and own targets as they stand now."""
        return clocks(self.duties, self.get(principal, code), self.clock.now())

    def related(self, principal: Principal, code: str, limit: int = 20) -> tuple[IncidentSummary, ...]:
        """Other incidents with an alert about one of the same entities, newest first."""
        self.get(principal, code)
        keys = select(AlertEntityRow.key).join(AlertRow, AlertRow.id == AlertEntityRow.alert)
        same = select(AlertRow.incident).join(AlertEntityRow, AlertRow.id == AlertEntityRow.alert)
        others = same.where(AlertEntityRow.key.in_(keys.where(AlertRow.incident == code)), AlertRow.incident != code)
        query = select(IncidentRow).where(IncidentRow.code.in_(others), *_conditions(principal.scope, IncidentFilter()))
        with self.database.reading() as session:
            rows = session.scalars(query.order_by(IncidentRow.detected.desc(), IncidentRow.code.desc()).limit(limit))
            return tuple(_summary(row) for row in rows)

    def alerts(self, principal: Principal, code: str = "", limit: int = 50, after: str = "") -> AlertPage:
        """Alerts, newest first: those of one incident, or all of the scope."""
        principal.require(Right.READ_ALERTS)
        query = select(AlertRow).where(*in_scope(principal.scope, AlertRow))
        if code:
            query = query.where(AlertRow.incident == code)
        columns: list[Any] = [AlertRow.raised, AlertRow.id]
        if after:
            query = query.where(_before(columns, after))
        with self.database.reading() as session:
            rows = list(session.scalars(query.order_by(*(column.desc() for column in columns)).limit(limit + 1)))
        more = _cursor([rows[limit - 1].raised, rows[limit - 1].id]) if len(rows) > limit else ""
        return AlertPage(tuple(_stored(row) for row in rows[:limit]), more)

    def alert(self, principal: Principal, ident: str) -> StoredAlert:
        """One alert with its explanation in both languages."""
        principal.require(Right.READ_ALERTS)
        with self.database.reading() as session:
            row = session.get(AlertRow, ident)
        if row is None or not principal.scope.sees(row.agency, row.exercise):
            raise NotFoundError(msg("không tìm thấy"))
        return _stored(row)

    def _stream(self, principal: Principal, code: str) -> tuple[Incident, tuple[TimelineEntry, ...]]:
        principal.require(Right.READ_INCIDENTS)
        with self.database.reading() as session:
            row = session.get(IncidentRow, code)
            if row is None or not principal.scope.sees(row.agency, row.exercise):
                raise NotFoundError(msg("không tìm thấy"))
            stream = read_streams(session, [code])[code]
        return project(stream), timeline(stream)


def in_scope(scope: Scope, table: type[IncidentRow | AlertRow]) -> list[ColumnElement[bool]]:
    """The one gate of this package for tenants and exercises."""
    gate = [table.exercise.is_(None) if scope.exercise is None else table.exercise == scope.exercise]
    return gate if scope.agencies is None else [*gate, table.agency.in_(sorted(scope.agencies))]


def _conditions(scope: Scope, wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    found = [*in_scope(scope, IncidentRow), IncidentRow.status != Status.VOID.value]
    if wanted.status:
        found.append(IncidentRow.status.in_([status.value for status in wanted.status]))
    if wanted.severity:
        found.append(IncidentRow.severity.in_([severity.value for severity in wanted.severity]))
    if wanted.agency:
        found.append(IncidentRow.agency == wanted.agency)
    if wanted.assignee:
        found.append(IncidentRow.assignee == wanted.assignee)
    if wanted.text:
        shown = (IncidentRow.code, IncidentRow.title_vi, IncidentRow.title_en, IncidentRow.entity_value)
        matching = [column.icontains(wanted.text, autoescape=True) for column in shown]
        found.append(matching[0] | matching[1] | matching[2] | matching[3])
    return found


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(COUNT_LIMIT + 1).subquery())) or 0


def _cursor(values: Sequence[object]) -> str:
    """The sort values of the last row shown, as text for a URL."""
    return "~".join(iso(value) if isinstance(value, datetime) else str(value) for value in values)


def _before(columns: Sequence[Any], cursor: str) -> ColumnElement[bool]:
    """Rows after the cursor in falling order; the values of the cursor are the inverse of `_cursor`."""
    parts = cursor.split("~")
    try:
        values = [_READ.get(column.key, str)(part) for part, column in zip(parts, columns, strict=True)]
    except ValueError as problem:
        raise InputError(
            msg("vị trí trang “{cursor}” không đọc được", cursor=cursor[:80]),
            advice=msg("mở lại danh sách từ trang đầu"),
        ) from problem
    return tuple_(*columns) < tuple_(*values, types=[column.type for column in columns])


_READ: dict[str, Callable[[str], object]] = {"detected": parse_iso, "raised": parse_iso, "rank": int}
"""How the cursor text of a column is read; text stays text."""


def _names(vi: str, en: str) -> Names:
    return {"vi": vi, "en": en}


def _summary(row: IncidentRow) -> IncidentSummary:
    return IncidentSummary(
        code=row.code,
        agency=row.agency,
        exercise=row.exercise,
        platform=row.platform,
        entity=(row.entity_field, row.entity_value),
        status=Status(row.status),
        title=_names(row.title_vi, row.title_en),
        severity=Severity(row.severity),
        alert_count=row.alert_count,
        assignee=row.assignee,
        grade=None if row.grade is None else Grade(row.grade),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        detected=row.detected,
        first=row.first,
        last=row.last,
        updated=row.updated,
        acknowledged=row.acknowledged,
        contained=row.contained,
        closed=row.closed,
        merged_into=row.merged_into,
        version=row.version,
    )


def _stored(row: AlertRow) -> StoredAlert:
    return StoredAlert(alert_from_json(row.body), row.incident, row.raised)
