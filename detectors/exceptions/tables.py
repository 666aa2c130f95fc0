"""Tables of exceptions: what was proposed, what was done with it, and what it hid. The first two only grow."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class ExceptionRow(Base):
    """A proposal as it was made; it is never changed, so what was approved is what applies."""

    __tablename__ = "rule_exceptions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    filter: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(String(120))
    agencies: Mapped[str | None] = mapped_column(Text)
    """JSON list of agency ids; NULL for the whole province."""
    alert: Mapped[str] = mapped_column(String(64))
    expires: Mapped[datetime] = mapped_column(UtcDateTime)
    proposed: Mapped[datetime] = mapped_column(UtcDateTime)
    proposed_by: Mapped[str] = mapped_column(String(120))


class ExceptionActRow(Base):
    """One decision about an exception; rows are only ever added."""

    __tablename__ = "rule_exception_acts"

    exception: Mapped[str] = mapped_column(ForeignKey("rule_exceptions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)


class HiddenRow(Base):
    """How often an exception hid a rule's matches of an agency in a local day; `exercise` is "" for real events."""

    __tablename__ = "rule_exception_counts"

    exception: Mapped[str] = mapped_column(String(32), primary_key=True)
    rule: Mapped[str] = mapped_column(String(200), primary_key=True)
    agency: Mapped[str] = mapped_column(String(120), primary_key=True)
    exercise: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[datetime] = mapped_column(UtcDateTime)
    last: Mapped[datetime] = mapped_column(UtcDateTime)
    event_ids: Mapped[str] = mapped_column(Text)
    """JSON list: the first and the last ones."""
