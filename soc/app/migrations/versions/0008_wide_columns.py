"""room for counts of years, for rules known by a name, and for long field names: PostgreSQL holds a column to its type."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COUNTS = (("rule_runs", "events"), ("rule_runs", "matches"), ("ledger_days", "events"), ("ledger_gaps", "events"))
RULES = (("rule_runs", "rule"), ("ledger_gaps", "rule"))
FIELDS = (("incidents", "entity_field"), ("alert_entities", "field"))


def upgrade() -> None:
    """To this revision."""
    for table in ("rule_runs", "ledger_days", "ledger_gaps", "incidents", "alert_entities"):
        with op.batch_alter_table(table) as batch:
            for column in _of(table, COUNTS):
                batch.alter_column(column, existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)
            for column in _of(table, RULES):
                batch.alter_column(column, existing_type=sa.String(64), type_=sa.String(200), existing_nullable=False)
            for column in _of(table, FIELDS):
                batch.alter_column(column, existing_type=sa.String(64), type_=sa.Text(), existing_nullable=False)


def _of(table: str, columns: tuple[tuple[str, str], ...]) -> list[str]:
    return [column for owner, column in columns if owner == table]
