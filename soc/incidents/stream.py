"""The streams in SQL: read, append, and keep the row that lists show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from soc.core.errors import ConflictError
from soc.core.i18n import msg
from soc.incidents.codec import fact_from_json
from soc.incidents.grouping import group_key
from soc.incidents.model import Incident, IncidentEvent, Kind
from soc.incidents.projection import project
from soc.incidents.tables import AlertRow, IncidentEventRow, IncidentRow

_CHUNK = 500
"""Values in one IN list; SQLite and PostgreSQL both take more, but plans get worse."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no position yet."""

    incident: str
    kind: Kind
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the events of one act have in common."""

    op: str
    at: datetime
    actor: str


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """The distinct values in sorted pieces that fit into one query."""
    wanted = sorted(set(values))
    return (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))


def read_streams(
    session: Session, codes: Iterable[str], as_of: datetime | None = None
) -> dict[str, list[IncidentEvent]]:
    """The streams of the incidents in order of position; with `as_of`, as they were at that moment."""
    streams: dict[str, list[IncidentEvent]] = defaultdict(list)
    for some in chunks(codes):
        query = select(IncidentEventRow).where(IncidentEventRow.incident.in_(some))
        if as_of is not None:
            query = query.where(IncidentEventRow.at <= as_of)
        for row in session.scalars(query.order_by(IncidentEventRow.incident, IncidentEventRow.position)):
            streams[row.incident].append(_event(row))
    return dict(streams)


def codes_of_op(session: Session, op: str) -> list[str]:
    """The incidents that an act wrote to, in order of code."""
    query = select(IncidentEventRow.incident).where(IncidentEventRow.op == op).distinct()
    return sorted(session.scalars(query))


def append(
    session: Session, stamp: Stamp, drafts: Sequence[Draft], streams: dict[str, list[IncidentEvent]]
) -> list[Incident]:
    """Add the drafts to their streams and bring rows and alerts up to date.

    Args:
        streams: the present streams of all incidents concerned, as read in this transaction; grown in place.

    Returns:
        The incidents as they stand now, in the order in which the drafts first name them.

    Raises:
        ConflictError: an event is not allowed in the incident's state, or somebody else wrote at the same time.
    """
    for draft in drafts:
        stream = streams.setdefault(draft.incident, [])
        event = _stamped(draft, stamp, len(stream) + 1)
        stream.append(event)
        session.add(_event_row(event))
    incidents = [project(streams[code]) for code in dict.fromkeys(draft.incident for draft in drafts)]
    for incident in incidents:
        save_row(session, incident)
    _flush(session)
    return incidents


def append_alerts(session: Session, stamp: Stamp, drafts: Sequence[Draft]) -> list[IncidentRow]:
    """Add openings and new alerts, without reading the streams: an incident may hold tens of thousands of alerts.

    The row is carried on by arithmetic; that it ends up as a projection of the whole stream would make it, a test proves.

    Returns:
        The rows of the incidents, in the order in which the drafts first name them.
    """
    rows: dict[str, IncidentRow] = {}
    for draft in drafts:
        row = rows.get(draft.incident)
        if draft.kind is Kind.OPENED:
            event = _stamped(draft, stamp, 1)
            row = row_of(project([event]))
            session.add(row)
        else:
            row = row or session.get_one(IncidentRow, draft.incident)
            event = _stamped(draft, stamp, row.version + 1)
            _carry_on(row, event)
        rows[draft.incident] = row
        session.add(_event_row(event))
    _flush(session)
    return list(rows.values())


def _carry_on(row: IncidentRow, event: IncidentEvent) -> None:
    for data in cast("Sequence[Mapping[str, Any]]", event.data["alerts"]):
        fact = fact_from_json(data)
        if fact.severity.rank > row.rank:
            row.severity, row.rank = fact.severity.value, fact.severity.rank
            row.title_vi, row.title_en = fact.title.get("vi", ""), fact.title.get("en", "")
        row.alert_count += 1
        row.detected = min(row.detected, fact.raised)
        row.first, row.last = min(row.first, fact.first), max(row.last, fact.last)
    row.updated, row.version = event.at, event.position


def _stamped(draft: Draft, stamp: Stamp, position: int) -> IncidentEvent:
    return IncidentEvent(draft.incident, position, stamp.op, draft.kind, stamp.at, stamp.actor, dict(draft.data))


def save_row(session: Session, incident: Incident) -> None:
    """Write the summary row of an incident, new or changed."""
    session.merge(row_of(incident))


def move_alerts(session: Session, incident: Incident) -> None:
    """Note on each alert of the incident that it is in there now."""
    for some in chunks(alert.id for alert in incident.alerts):
        session.execute(update(AlertRow).where(AlertRow.id.in_(some)).values(incident=incident.code))


def rebuild(session: Session) -> int:
    """Make every row of `incidents` anew from the streams; returns how many. The result equals what is there already."""
    codes = list(session.scalars(select(IncidentEventRow.incident).distinct()))
    for code in codes:
        incident = project(read_streams(session, [code])[code])
        save_row(session, incident)
        move_alerts(session, incident)
    session.flush()
    return len(codes)


def row_of(incident: Incident) -> IncidentRow:
    """The summary row of an incident."""
    field, value = incident.entity
    return IncidentRow(
        code=incident.code,
        agency=incident.agency,
        exercise=incident.exercise,
        platform=incident.platform,
        group_key=group_key(incident.agency, incident.exercise, incident.entity),
        entity_field=field,
        entity_value=value,
        status=incident.status.value,
        title_vi=incident.title.get("vi", ""),
        title_en=incident.title.get("en", ""),
        severity=incident.severity.value,
        rank=incident.severity.rank,
        alert_count=len(incident.alerts),
        assignee=incident.assignee,
        grade=None if incident.grade is None else incident.grade.value,
        verdict=None if incident.verdict is None else incident.verdict.value,
        detected=incident.detected,
        first=incident.first,
        last=incident.last,
        updated=incident.updated,
        acknowledged=incident.acknowledged,
        contained=incident.contained,
        closed=incident.closed,
        merged_into=incident.merged_into,
        version=incident.version,
    )


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as problem:  # the position in the stream was taken by another writer
        raise ConflictError(
            msg("người khác vừa thay đổi sự cố này"), advice=msg("tải lại trang để xem trạng thái mới nhất")
        ) from problem


def _event(row: IncidentEventRow) -> IncidentEvent:
    return IncidentEvent(row.incident, row.position, row.op, Kind(row.kind), row.at, row.actor, orjson.loads(row.data))


def _event_row(event: IncidentEvent) -> IncidentEventRow:
    return IncidentEventRow(
        incident=event.incident,
        position=event.position,
        op=event.op,
        kind=event.kind.value,
        at=event.at,
        actor=event.actor,
        data=orjson.dumps(event.data, option=orjson.OPT_SORT_KEYS).decode(),
    )
