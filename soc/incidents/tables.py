"""Tables of alerts and incidents. `incident_events` is the truth and only grows; `incidents` can be rebuilt from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class AlertRow(Base):
    """An alert as the detector made it (`body`, JSON), and the incident it is in now."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_raised", "raised", "id"),
        Index("ix_alerts_agency", "agency", "raised", "id"),
        Index("ix_alerts_incident", "incident"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    incident: Mapped[str] = mapped_column(String(32))
    rule_id: Mapped[str] = mapped_column(String(200))
    severity: Mapped[str] = mapped_column(String(16))
    agency: Mapped[str] = mapped_column(String(64))
    platform: Mapped[str] = mapped_column(String(64))
    exercise: Mapped[str | None] = mapped_column(String(64))
    raised: Mapped[datetime] = mapped_column(UtcDateTime)
    first: Mapped[datetime] = mapped_column(UtcDateTime)
    last: Mapped[datetime] = mapped_column(UtcDateTime)
    body: Mapped[str] = mapped_column(Text)


class IncidentEventRow(Base):
    """One event of one incident; rows are only ever added."""

    __tablename__ = "incident_events"
    __table_args__ = (
        UniqueConstraint("incident", "position"),
        Index("ix_incident_events_op", "op"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    incident: Mapped[str] = mapped_column(String(32))
    position: Mapped[int] = mapped_column(Integer)
    op: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    data: Mapped[str] = mapped_column(Text)


class IncidentRow(Base):
    """The row of a list: a summary of the stream."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("ix_incidents_detected", "detected", "code"),
        Index("ix_incidents_rank", "rank", "detected", "code"),
        Index("ix_incidents_agency", "agency", "detected", "code"),
        Index("ix_incidents_group", "group_key", "status"),
    )

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    agency: Mapped[str] = mapped_column(String(64))
    exercise: Mapped[str | None] = mapped_column(String(64))
    platform: Mapped[str] = mapped_column(String(64))
    group_key: Mapped[str] = mapped_column(String(32))
    entity_field: Mapped[str] = mapped_column(Text)
    entity_value: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    title_vi: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(String(16))
    rank: Mapped[int] = mapped_column(Integer)
    alert_count: Mapped[int] = mapped_column(Integer)
    assignee: Mapped[str] = mapped_column(String(64))
    grade: Mapped[str | None] = mapped_column(String(2))
    verdict: Mapped[str | None] = mapped_column(String(16))
    detected: Mapped[datetime] = mapped_column(UtcDateTime)
    first: Mapped[datetime] = mapped_column(UtcDateTime)
    last: Mapped[datetime] = mapped_column(UtcDateTime)
    updated: Mapped[datetime] = mapped_column(UtcDateTime)
    acknowledged: Mapped[datetime | None] = mapped_column(UtcDateTime)
    contained: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed: Mapped[datetime | None] = mapped_column(UtcDateTime)
    merged_into: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(Integer)


class AlertEntityRow(Base):
    """Every entity of every alert, for finding related incidents; `key` is a hash of field and value, which may be long."""

    __tablename__ = "alert_entities"
    __table_args__ = (Index("ix_alert_entities_key", "key"),)

    alert: Mapped[str] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    field: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(String(32))


class CodeCounterRow(Base):
    """The last number given in a series of codes."""

    __tablename__ = "incident_codes"

    series: Mapped[str] = mapped_column(String(16), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)
