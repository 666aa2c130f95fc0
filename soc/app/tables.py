"""What the pipeline remembers between two batches, what ran over what, and where it did not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, String, Text, UniqueConstraint
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
    rule: Mapped[str] = mapped_column(String(200), primary_key=True)
    platform: Mapped[str] = mapped_column(String(64), primary_key=True)
    events: Mapped[int] = mapped_column(BigInteger)
    matches: Mapped[int] = mapped_column(BigInteger)


class LedgerRules(Base):
    """A set of rules that ran: `rules` maps rule id to rule version, as JSON. `version` is a hash over them.

    `since` is the time of receipt of the first event.
    """

    __tablename__ = "ledger_rules"

    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    rules: Mapped[str] = mapped_column(Text)


class LedgerKind(Base):
    """A kind of events that a source sends: where routing puts it (`origin`, JSON) and every field it ever had (`fields`, JSON).

    Written when a source sends something new, which is rare.
    """

    __tablename__ = "ledger_kinds"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    source: Mapped[str] = mapped_column(String(200), index=True)
    agency: Mapped[str] = mapped_column(String(64))
    platform: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(Text)
    fields: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerDay(Base):
    """The events of one source, received on one local day, that a set of rules was run over.

    Written in the transaction that moves the checkpoint. `hours` holds 24 counts by local hour of receipt, `kinds` a count by
    `LedgerKind.number`, both JSON. What that means for a rule is worked out on reading: a row for each rule would be thousands.
    """

    __tablename__ = "ledger_days"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    source: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(32), primary_key=True)
    agency: Mapped[str] = mapped_column(String(64))
    events: Mapped[int] = mapped_column(BigInteger)
    hours: Mapped[str] = mapped_column(Text)
    kinds: Mapped[str] = mapped_column(Text)
    newest: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerGap(Base):
    """Events that no run of the detector covered, or not in time: open until a retro run has closed it.

    `first`, `last` are event times; `received_since`, `received_until` bound the time of receipt, both included; `ids` lists the events
    where they are few, else it is empty; `rule` is empty for all rules; `reason` is a message as JSON.
    """

    __tablename__ = "ledger_gaps"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(200), index=True)
    agency: Mapped[str] = mapped_column(String(64))
    exercise: Mapped[str | None] = mapped_column(String(32))
    rule: Mapped[str] = mapped_column(String(200))
    events: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[datetime] = mapped_column(UtcDateTime)
    last: Mapped[datetime] = mapped_column(UtcDateTime)
    received_since: Mapped[datetime] = mapped_column(UtcDateTime)
    received_until: Mapped[datetime] = mapped_column(UtcDateTime)
    ids: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    opened: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    due: Mapped[datetime] = mapped_column(UtcDateTime)
    closed: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    alerts: Mapped[int] = mapped_column(Integer)


class SavedSearchRow(Base):
    """A search that somebody named to run it again.

    `span` is how far back it looks from now (`24h`); where it is "", `since` and `until` bound a fixed window. `columns` is a JSON
    list of field names.
    """

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("owner", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    owner: Mapped[str] = mapped_column(String(64))
    agency: Mapped[str] = mapped_column(String(120), index=True)
    shared: Mapped[bool] = mapped_column(Boolean)
    query: Mapped[str] = mapped_column(Text)
    span: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    columns: Mapped[str] = mapped_column(Text)
    sort: Mapped[str] = mapped_column(Text)
    ascending: Mapped[bool] = mapped_column(Boolean)
    made: Mapped[datetime] = mapped_column(UtcDateTime)
    changed: Mapped[datetime] = mapped_column(UtcDateTime)


class ScheduleTick(Base):
    """The last tick of a schedule that fired: whichever of several schedulers moves the number on is the one that fires it."""

    __tablename__ = "schedule_ticks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    tick: Mapped[int] = mapped_column(BigInteger)
