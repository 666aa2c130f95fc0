"""Retro-hunts as they stand in SQL: the frozen question, how far it came, what it found, and what it states."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class HuntRow(Base):
    """One hunt. After each slice the counts, the state of the detector and the alerts move on in one transaction.

    `question`, `agencies` (null = the province), `bounds` (edges of the slices) and `statement` are JSON; `content` is the hash of
    the question; `problem` a message as JSON, empty for none; `snapshot` what the detector remembers behind slice `slices_done`.
    """

    __tablename__ = "hunts"
    __table_args__ = (Index("ix_hunts_state_due", "state", "due"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    question: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(120))
    agencies: Mapped[str] = mapped_column(Text)
    exercise: Mapped[str | None] = mapped_column(String(32))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    raises: Mapped[bool] = mapped_column(Boolean)
    throttle: Mapped[float] = mapped_column(Float)
    state: Mapped[str] = mapped_column(String(16))
    filed: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    started: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)
    bounds: Mapped[str] = mapped_column(Text)
    slices: Mapped[int] = mapped_column(Integer)
    slices_done: Mapped[int] = mapped_column(Integer)
    planned: Mapped[int] = mapped_column(BigInteger)
    covered: Mapped[int] = mapped_column(BigInteger)
    read: Mapped[int] = mapped_column(BigInteger)
    matches: Mapped[int] = mapped_column(BigInteger)
    alerts: Mapped[int] = mapped_column(Integer)
    hidden: Mapped[int] = mapped_column(BigInteger)
    broken: Mapped[int] = mapped_column(BigInteger)
    snapshot: Mapped[bytes | None] = mapped_column(LargeBinary)
    lease_owner: Mapped[str] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due: Mapped[datetime] = mapped_column(UtcDateTime)
    asked: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    problem: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)


class HuntAlertRow(Base):
    """An alert that a hunt found, in the order found.

    `matches` is how many matches it tells; `raised` is when it went to the incidents as news.
    """

    __tablename__ = "hunt_alerts"

    hunt: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    alert: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(200))
    agency: Mapped[str] = mapped_column(String(64))
    first: Mapped[datetime] = mapped_column(UtcDateTime)
    matches: Mapped[int] = mapped_column(Integer)
    raised: Mapped[datetime | None] = mapped_column(UtcDateTime)
    body: Mapped[str] = mapped_column(Text)


class RulesInForce(Base):
    """The rules that ran when last looked (`rules`: rule id -> digest of the rule, JSON): what is not among them is new. One row."""

    __tablename__ = "hunt_rules_in_force"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    rules: Mapped[str] = mapped_column(Text)
