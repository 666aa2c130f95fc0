"""Accounts in a real database, with cheap hashes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from soc.access.accounts import AccountService, NewAccount
from soc.access.agencies import Agency, AgencyKind, AgencyService
from soc.access.passwords import Passwords
from soc.access.principal import SYSTEM, Role
from soc.access.sessions import Lifetimes, SessionService
from soc.access.throttle import Policy, Throttle
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock
from soc.storage.sql import Database

PASSWORD = "câu mật khẩu dài 9"
AGENCIES = (
    Agency("tinh-mau", "Tỉnh Mẫu", "Sample Province", AgencyKind.PROVINCE),
    Agency("so-mau", "Sở Mẫu", "Sample Department", AgencyKind.DEPARTMENT, "tinh-mau"),
    Agency("trung-tam-mau", "Trung tâm Mẫu", "Sample Centre", AgencyKind.UNIT, "so-mau"),
    Agency("xa-mau-01", "Xã Mẫu 01", "Sample Commune 01", AgencyKind.COMMUNE, "tinh-mau"),
    Agency("xa-mau-02", "Xã Mẫu 02", "Sample Commune 02", AgencyKind.COMMUNE, "tinh-mau"),
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 3, 42, tzinfo=UTC))


@pytest.fixture
def trail(clock: FixedClock) -> AuditTrail:
    return AuditTrail(clock)


@pytest.fixture
def agencies(database: Database, trail: AuditTrail) -> AgencyService:
    service = AgencyService(database, trail)
    service.add(SYSTEM, AGENCIES)
    return service


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def accounts(
    database: Database, clock: FixedClock, trail: AuditTrail, agencies: AgencyService, passwords: Passwords
) -> AccountService:
    service = AccountService(database, clock, trail, passwords, Throttle(Policy()))
    service.add(SYSTEM, NewAccount("quantri", "Quản trị", Role.ADMIN, "tinh-mau"), PASSWORD)
    service.add(SYSTEM, NewAccount("cb.mau", "Cán bộ Mẫu", Role.OFFICER, "xa-mau-01"), PASSWORD)
    return service


@pytest.fixture
def sessions(database: Database, clock: FixedClock, trail: AuditTrail, accounts: AccountService) -> SessionService:
    return SessionService(database, clock, trail, accounts, Lifetimes())
