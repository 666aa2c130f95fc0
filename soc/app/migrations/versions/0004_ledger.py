"""the ledger of what the rules ran over, and of the gaps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from soc.storage.sql import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "ledger_days",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("newest", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", "source", "version", name=op.f("pk_ledger_days")),
    )
    op.create_table(
        "ledger_gaps",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("exercise", sa.String(length=32), nullable=True),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("first", UtcDateTime(), nullable=False),
        sa.Column("last", UtcDateTime(), nullable=False),
        sa.Column("received_since", UtcDateTime(), nullable=False),
        sa.Column("received_until", UtcDateTime(), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", UtcDateTime(), nullable=False),
        sa.Column("closed", UtcDateTime(), nullable=True),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_gaps")),
    )
    op.create_index(op.f("ix_ledger_gaps_closed"), "ledger_gaps", ["closed"], unique=False)
    op.create_index(op.f("ix_ledger_gaps_source"), "ledger_gaps", ["source"], unique=False)
    op.create_table(
        "ledger_kinds",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ledger_kinds")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_kinds_key")),
    )
    op.create_index(op.f("ix_ledger_kinds_source"), "ledger_kinds", ["source"], unique=False)
    op.create_table(
        "ledger_rules",
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_ledger_rules")),
    )
