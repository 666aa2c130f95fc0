"""How far the detection has come, kept in the case database beside the alerts it belongs to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from soc.app.tables import Checkpoint
from soc.storage.sql import Database


class Checkpoints:
    """Named positions with the state of their detector."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, name: str) -> int:
        """The last spool position whose alerts are committed; 0 before the first."""
        with self._database.reading() as session:
            row = session.get(Checkpoint, name)
            return row.position if row else 0

    def state(self, name: str) -> bytes | None:
        """The detector's state at that position."""
        with self._database.reading() as session:
            row = session.get(Checkpoint, name)
            return row.state if row else None

    def moment(self, name: str) -> datetime | None:
        """When the last batch was committed; None before the first."""
        with self._database.reading() as session:
            row = session.get(Checkpoint, name)
            return row.at if row else None

    def save(self, session: Session, name: str, position: int, state: bytes, at: datetime) -> None:
        """Move the checkpoint, in the caller's transaction."""
        session.merge(Checkpoint(name=name, position=position, state=state, at=at))
