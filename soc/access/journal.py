"""What access needs of the audit trail; `soc.audit.trail.AuditTrail` satisfies it. The two packages do not import each other."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session

from soc.core.act import Act


class Journal(Protocol):
    """Remembers an act inside the caller's transaction."""

    def record(self, session: Session, act: Act) -> int: ...
