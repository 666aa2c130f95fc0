"""What the pipeline remembers between two batches, and what ran over what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class Checkpoint(Base):
    """How far the detection has come: written in the transaction that keeps the alerts of the batch."""

    __tablename__ = "pipeline_checkpoints"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RuleRun(Base):
    """How many events of a platform a rule was tried on in a day, and how many it matched: what ran, for the reports."""

    __tablename__ = "rule_runs"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    rule: Mapped[str] = mapped_column(String(64), primary_key=True)
    platform: Mapped[str] = mapped_column(String(64), primary_key=True)
    events: Mapped[int] = mapped_column(Integer)
    matches: Mapped[int] = mapped_column(Integer)
