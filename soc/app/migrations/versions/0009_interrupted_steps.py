"""how often a step was interrupted, apart from how often it failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("playbook_steps") as batch:
        batch.add_column(sa.Column("interrupted", sa.Integer(), nullable=False, server_default="0"))
