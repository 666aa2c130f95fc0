"""Tables of the systems register, evidence, and assessments with the snapshots behind their figures."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class SystemRow(Base):
    """An information system of an agency, with its legal security level."""

    __tablename__ = "systems"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    agency: Mapped[str] = mapped_column(String(64), index=True)
    platform: Mapped[str] = mapped_column(String(64), index=True)
    name_vi: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    level: Mapped[int] = mapped_column(Integer)
    level_state: Mapped[str] = mapped_column(String(16))
    decision: Mapped[str] = mapped_column(String(120))
    connected: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16))


class EvidenceRow(Base):
    """One piece of evidence. After submission only the review columns (state to valid_until) change."""

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_same", "sha256", "criterion", "agency"),
        Index("ix_evidence_agency", "agency", "criterion"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    receipt: Mapped[str | None] = mapped_column(String(16), unique=True)
    criterion: Mapped[str] = mapped_column(String(16))
    agency: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    observed_since: Mapped[date] = mapped_column(Date)
    observed_until: Mapped[date] = mapped_column(Date)
    made: Mapped[date] = mapped_column(Date)
    received: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(String(120))
    file_name: Mapped[str] = mapped_column(String(160))
    submitter: Mapped[str] = mapped_column(String(120))
    replaces: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), index=True)
    reviewer: Mapped[str] = mapped_column(String(120))
    reviewed: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)
    valid_until: Mapped[date | None] = mapped_column(Date)


class EvidenceDecisionRow(Base):
    """A decision on evidence, with the review columns as they were before and after (JSON); rows are only added.

    `undoes` holds the number of the decision that this one takes back.
    """

    __tablename__ = "evidence_decisions"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    evidence: Mapped[str] = mapped_column(ForeignKey("evidence.id"), index=True)
    verb: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    undoes: Mapped[int | None] = mapped_column(Integer)


class ReceiptCounterRow(Base):
    """The last receipt number given in a year."""

    __tablename__ = "evidence_receipts"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class AssessmentRow(Base):
    """A frozen assessment; `body` is its canonical JSON, `hash` its SHA-256."""

    __tablename__ = "assessments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    agency: Mapped[str | None] = mapped_column(String(64), index=True)
    period: Mapped[str] = mapped_column(String(16), index=True)
    made: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(120))
    hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)


class SnapshotRow(Base):
    """The rows a figure was counted from, compressed; content-addressed, so equal ones are kept once."""

    __tablename__ = "snapshots"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
