"""A case database with three agencies, the people who work there, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from soc.access.principal import Principal, Role
from soc.access.tables import AgencyRow
from soc.audit.trail import AuditTrail
from soc.compliance.catalogue import load_catalogue
from soc.compliance.evidence_service import EvidenceService
from soc.core.clock import FixedClock
from soc.core.ids import sha256
from soc.core.scope import PROVINCE, Scope
from soc.storage.sql import Database

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class MemoryBlobs:
    """A content-addressed store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        self.kept[sha256(data)] = data
        return sha256(data)

    def get(self, digest: str) -> bytes:
        return self.kept[digest]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def database(database: Database) -> Database:
    """Of three agencies."""
    with database.transaction() as session:
        session.add(
            AgencyRow(id="tinh-mau", name_vi="Tỉnh Mẫu", name_en="Sample Province", kind="province", parent=None)
        )
        session.flush()
        for ident, vi, en in (
            ("xa-mau-01", "Xã Mẫu 01", "Sample Commune 01"),
            ("xa-mau-02", "Xã Mẫu 02", "Sample Commune 02"),
        ):
            session.add(AgencyRow(id=ident, name_vi=vi, name_en=en, kind="commune", parent="tinh-mau"))
    return database


@pytest.fixture
def audit(clock: FixedClock) -> AuditTrail:
    return AuditTrail(clock)


@pytest.fixture
def evidence(database: Database, clock: FixedClock, audit: AuditTrail) -> EvidenceService:
    return EvidenceService(database, MemoryBlobs(), clock, audit, load_catalogue())


def person(ident: str, role: Role, agency: str) -> Principal:
    """Somebody who sees the province, or only the own agency."""
    return Principal(ident, role, agency, PROVINCE if agency == "tinh-mau" else Scope(frozenset({agency})))


@pytest.fixture
def officer() -> Principal:
    return person("cb.mau01", Role.OFFICER, "xa-mau-01")


@pytest.fixture
def other_officer() -> Principal:
    return person("cb.mau02", Role.OFFICER, "xa-mau-02")


@pytest.fixture
def reviewer() -> Principal:
    return person("td.tinh", Role.REVIEWER, "tinh-mau")


@pytest.fixture
def auditor() -> Principal:
    return person("dg.tinh", Role.AUDITOR, "tinh-mau")
