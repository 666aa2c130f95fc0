"""the tables of exceptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from soc.storage.sql import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "rule_exception_counts",
        sa.Column("exception", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.Column("agency", sa.String(length=120), nullable=False),
        sa.Column("exercise", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first", UtcDateTime(), nullable=False),
        sa.Column("last", UtcDateTime(), nullable=False),
        sa.Column("event_ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "exception", "rule", "agency", "exercise", "day", name=op.f("pk_rule_exception_counts")
        ),
    )
    op.create_table(
        "rule_exceptions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("agencies", sa.Text(), nullable=True),
        sa.Column("alert", sa.String(length=64), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.Column("proposed", UtcDateTime(), nullable=False),
        sa.Column("proposed_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_exceptions")),
    )
    op.create_table(
        "rule_exception_acts",
        sa.Column("exception", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exception"], ["rule_exceptions.id"], name=op.f("fk_rule_exception_acts_exception_rule_exceptions")
        ),
        sa.PrimaryKeyConstraint("exception", "position", name=op.f("pk_rule_exception_acts")),
    )
