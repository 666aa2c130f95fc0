"""Alembic environment: runs on the connection that `soc.app.schema` hands over; there is no alembic.ini."""

from __future__ import annotations

from alembic import context

from soc.app.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata(), render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
