"""A trail and its clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 3, 42, tzinfo=UTC))


@pytest.fixture
def trail(clock: FixedClock) -> AuditTrail:
    return AuditTrail(clock)
