"""What is known of the health of each source, and when it fell silent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class SourceHealthRow(Base):
    """One source: counts of all times, and a bounded memory of late.

    Written in the transaction that moves the detector's checkpoint, so that they are exact whatever is killed. `known` is when the source
    was first registered or heard; `first_event`, `last_event` are event times, `first_heard`, `last_heard` times of receipt. `unreadable`
    records wait in quarantine, `rejected` events too. `pace`, `unread`, `skew` are JSON, see `soc.app.source_health`.
    """

    __tablename__ = "source_health"

    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    agency: Mapped[str] = mapped_column(String(64))
    platform: Mapped[str] = mapped_column(String(64))
    known: Mapped[datetime] = mapped_column(UtcDateTime)
    first_event: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_event: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_heard: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_heard: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_unreadable: Mapped[datetime | None] = mapped_column(UtcDateTime)
    events: Mapped[int] = mapped_column(BigInteger)
    duplicates: Mapped[int] = mapped_column(BigInteger)
    unreadable: Mapped[int] = mapped_column(BigInteger)
    pace: Mapped[str] = mapped_column(Text)
    unread: Mapped[str] = mapped_column(Text)
    skew: Mapped[str] = mapped_column(Text)


class SourceIntakeRow(Base):
    """What a source or a listener sent and what was not taken of it, by what became of it; the sum of what `collectors.tally` counted."""

    __tablename__ = "source_intake"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceSilenceRow(Base):
    """A time in which a source was silent, or said far less than usual; open until it speaks again.

    `since` is its last sign of life, or when it was registered; `due` when its silence became too long; `impact` what goes blind
    meanwhile, as JSON; `incident` the case that the alert went into, `gap` the entry in the ledger of gaps ("" for none).
    """

    __tablename__ = "source_silences"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(200), index=True)
    agency: Mapped[str] = mapped_column(String(64))
    platform: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    due: Mapped[datetime] = mapped_column(UtcDateTime)
    raised: Mapped[datetime] = mapped_column(UtcDateTime)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    impact: Mapped[str] = mapped_column(Text)
    incident: Mapped[str] = mapped_column(String(32))
    gap: Mapped[str] = mapped_column(String(32))


class CanaryBeatRow(Base):
    """A heartbeat that was sent the way of all records, and how far it came: each time is that of a stage it is known to have passed."""

    __tablename__ = "canary_beats"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sent: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    received: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read: Mapped[datetime | None] = mapped_column(UtcDateTime)
    detected: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seconds: Mapped[float | None] = mapped_column(Float)
