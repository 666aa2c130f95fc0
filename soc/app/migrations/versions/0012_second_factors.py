"""second factors: keys of one-time codes, spare codes, and sign-ins that wait for a code."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from soc.storage.sql import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("accounts", sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "totp_keys",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name=op.f("fk_totp_keys_account_accounts")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_totp_keys")),
    )
    op.create_table(
        "spare_codes",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name=op.f("fk_spare_codes_account_accounts")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_spare_codes")),
    )
    op.create_index(op.f("ix_spare_codes_account"), "spare_codes", ["account"])
    op.create_table(
        "sign_in_ceremonies",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("ends", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name=op.f("fk_sign_in_ceremonies_account_accounts")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_ceremonies")),
    )
    op.create_index(op.f("ix_sign_in_ceremonies_account"), "sign_in_ceremonies", ["account"])
