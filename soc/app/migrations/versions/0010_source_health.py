"""the health of the sources: what was heard of each, what was not taken, when it fell silent, and the heartbeats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from soc.storage.sql import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    _health()
    _silences()
    op.create_table(
        "canary_beats",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sent", UtcDateTime(), nullable=False),
        sa.Column("received", UtcDateTime(), nullable=True),
        sa.Column("read", UtcDateTime(), nullable=True),
        sa.Column("detected", UtcDateTime(), nullable=True),
        sa.Column("seen", UtcDateTime(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canary_beats")),
    )
    op.create_index(op.f("ix_canary_beats_sent"), "canary_beats", ["sent"], unique=False)


def _health() -> None:
    op.create_table(
        "source_health",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("known", UtcDateTime(), nullable=False),
        sa.Column("first_event", UtcDateTime(), nullable=True),
        sa.Column("last_event", UtcDateTime(), nullable=True),
        sa.Column("first_heard", UtcDateTime(), nullable=True),
        sa.Column("last_heard", UtcDateTime(), nullable=True),
        sa.Column("last_unreadable", UtcDateTime(), nullable=True),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("unreadable", sa.BigInteger(), nullable=False),
        sa.Column("pace", sa.Text(), nullable=False),
        sa.Column("unread", sa.Text(), nullable=False),
        sa.Column("skew", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_health")),
    )
    op.create_table(
        "source_intake",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "outcome", name=op.f("pk_source_intake")),
    )


def _silences() -> None:
    op.create_table(
        "source_silences",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("due", UtcDateTime(), nullable=False),
        sa.Column("raised", UtcDateTime(), nullable=False),
        sa.Column("ended", UtcDateTime(), nullable=True),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("gap", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_silences")),
    )
    op.create_index(op.f("ix_source_silences_ended"), "source_silences", ["ended"], unique=False)
    op.create_index(op.f("ix_source_silences_source"), "source_silences", ["source"], unique=False)
