"""An act: one thing that somebody did or read, as it goes into the audit trail. Here, so that every package can say one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to be remembered.

    Attributes:
        actor: user name, or `vonggac` for the suite itself.
        action: verb of ours, `evidence.submit`, `evidence.read`, `report.download`, `session.start`.
        target: what it was done to, `evidence/BN-2026-00001`.
        agency: whose thing it is; "" where it belongs to nobody.
        before, after: the values that changed; never secrets or personal data.
        origin: address the request came from; "" for the command line and the suite.
    """

    actor: str
    action: str
    target: str
    agency: str = ""
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    origin: str = ""
