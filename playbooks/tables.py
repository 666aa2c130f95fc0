"""Tables of plans, approvals, runs and the outbox of effects. The state of a run is here and nowhere else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class PlanRow(Base):
    """A plan as it was shown: `body` is the canonical JSON that `hash` is over."""

    __tablename__ = "playbook_plans"
    __table_args__ = (Index("ix_playbook_plans_incident", "incident"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    incident: Mapped[str] = mapped_column(String(32))
    agency: Mapped[str] = mapped_column(String(64))
    exercise: Mapped[str | None] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(String(64))
    made: Mapped[datetime] = mapped_column(UtcDateTime)
    expires: Mapped[datetime] = mapped_column(UtcDateTime)
    body: Mapped[str] = mapped_column(Text)


class DecisionRow(Base):
    """The one decision about a plan: approved or rejected, by whom."""

    __tablename__ = "playbook_decisions"

    plan: Mapped[str] = mapped_column(ForeignKey("playbook_plans.hash"), primary_key=True)
    approved: Mapped[bool]
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)


class RunRow(Base):
    """A run of a plan; at most one for each plan.

    `lease_owner` and `lease_until` say which worker has it in hand; `due` when the next attempt may begin; `asked` when a
    worker was last asked for.
    """

    __tablename__ = "playbook_runs"
    __table_args__ = (Index("ix_playbook_runs_state", "state"), Index("ix_playbook_runs_incident", "incident"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    plan: Mapped[str] = mapped_column(ForeignKey("playbook_plans.hash"), unique=True)
    incident: Mapped[str] = mapped_column(String(32))
    agency: Mapped[str] = mapped_column(String(64))
    exercise: Mapped[str | None] = mapped_column(String(64))
    started_by: Mapped[str] = mapped_column(String(64))
    started: Mapped[datetime] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    due: Mapped[datetime] = mapped_column(UtcDateTime)
    asked: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StepRow(Base):
    """A step of a run and how it stands.

    `attempts` counts all, `interrupted` those of them that ended with their worker: they say nothing about the step.
    """

    __tablename__ = "playbook_steps"

    run: Mapped[str] = mapped_column(ForeignKey("playbook_runs.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    interrupted: Mapped[int] = mapped_column(Integer, default=0)
    started: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_vi: Mapped[str] = mapped_column(Text, default="")
    error_en: Mapped[str] = mapped_column(Text, default="")


class EffectRow(Base):
    """The outbox: written before a thing is done, marked after; `key` goes with it to whoever receives it.

    An effect that is written and not marked may have happened. It is done again under the same key.
    """

    __tablename__ = "playbook_effects"
    __table_args__ = (
        Index("ix_playbook_effects_run", "run", "position"),
        Index("ix_playbook_effects_expires", "expires"),
    )

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    run: Mapped[str] = mapped_column(ForeignKey("playbook_runs.id"))
    position: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    written: Mapped[datetime] = mapped_column(UtcDateTime)
    done: Mapped[datetime | None] = mapped_column(UtcDateTime)
    receipt: Mapped[str] = mapped_column(Text, default="")
    expires: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undo_attempts: Mapped[int] = mapped_column(Integer, default=0)
    undo_receipt: Mapped[str] = mapped_column(Text, default="")
