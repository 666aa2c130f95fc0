"""An assessment with something of everything: heard and silent sources, rules that ran, incidents, evidence, and long names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from collectors.platform import load_platforms
from collectors.sources import Source
from detectors.alert import Alert
from reports.document import Letterhead
from soc.access.principal import SYSTEM, Principal, Role
from soc.access.tables import AgencyRow
from soc.audit.trail import AuditTrail
from soc.compliance.assessment import Assessment, Ran
from soc.compliance.assessor import Assessor, Rulebook
from soc.compliance.catalogue import EvidenceKind, load_catalogue, load_levels
from soc.compliance.evidence import Declaration
from soc.compliance.evidence_service import EvidenceService
from soc.compliance.facts import Surroundings
from soc.compliance.systems import System, SystemRegister
from soc.core.clock import FixedClock, Window, iso
from soc.core.event import Event
from soc.core.ids import event_id, sha256
from soc.core.scope import PROVINCE, Scope
from soc.core.severity import Severity
from soc.incidents.duties import load_duties
from soc.incidents.service import IncidentService
from soc.storage.memory import MemoryEventStore
from soc.storage.sql import Database, connect
from tests.servers.databases import CaseDatabases

START = datetime(2026, 11, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LEAD = Principal("tc.tinh", Role.SHIFT_LEAD, "tinh-mau", PROVINCE)
OFFICER = Principal("cb.mau01", Role.OFFICER, "xa-mau-01", Scope(frozenset({"xa-mau-01"})))
REVIEWER = Principal("td.tinh", Role.REVIEWER, "tinh-mau", PROVINCE)
LETTERHEAD = Letterhead(
    parent_agency="UBND TỈNH MẪU",
    agency="TRUNG TÂM ĐIỀU HÀNH AN NINH MẠNG",
    number="…/BC-TTANM",
    place="Tỉnh Mẫu",
    addressee="Ủy ban nhân dân tỉnh Mẫu",
    recipients=("Như trên;", "Các sở, ban, ngành;", "UBND các xã, phường;", "Lưu: VT, ANM."),
    signer_authority=("GIÁM ĐỐC",),
)
_AGENCIES = (
    ("tinh-mau", "Tỉnh Mẫu", "Sample Province", "province", None),
    ("xa-mau-01", "Xã Mẫu 01", "Sample Commune 01", "commune", "tinh-mau"),
    ("xa-mau-02", "Ủy ban nhân dân phường Mẫu 02 <b>&</b>", "Sample Ward 02", "commune", "tinh-mau"),
)
SOURCES = {
    source.id: source
    for source in (
        Source(id="portal-01", platform="public_service_portal", agency="xa-mau-01"),
        Source(id="onestop-02", platform="one_stop", agency="xa-mau-02"),
    )
}


class MemoryBlobs:
    """A content-addressed store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        self.kept[sha256(data)] = data
        return sha256(data)

    def get(self, digest: str) -> bytes:
        return self.kept[digest]


@dataclass
class House:
    """The parts that a report is made with."""

    database: Database
    clock: FixedClock
    store: MemoryEventStore
    assessor: Assessor
    incidents: IncidentService
    evidence: EvidenceService
    audit: AuditTrail
    blobs: MemoryBlobs


def event(source: Source, moment: datetime) -> Event:
    """An event received when it happened."""
    return Event(
        {
            "@timestamp": iso(moment),
            "event.id": event_id(source.id, int(moment.timestamp()), b""),
            "soc.platform": source.platform,
            "soc.agency": source.agency,
            "soc.source": source.id,
            "soc.seq": 1,
            "soc.parser": "nginx@1",
            "soc.received": iso(moment),
        }
    )


def ran(_window: Window) -> list[Ran]:
    return [
        Ran(
            f"rule_{number:02d}",
            {"vi": f"Luật số {number}: tải lên tệp thực thi", "en": f"Rule {number}"},
            14400,
            number % 3,
        )
        for number in range(24)
    ]


@pytest.fixture
def house_url(sqlite_databases: CaseDatabases) -> str:
    """Of the case database; what asks for more than reading overrides it, to run on every engine."""
    return sqlite_databases.make()


@pytest.fixture
def house(house_url: str) -> Iterator[House]:
    with built_house(house_url) as house:
        yield house


@pytest.fixture(scope="session")
def frozen(sqlite_databases: CaseDatabases) -> Assessment:
    """The same as `assessment`, made once, for tests that only look at the report."""
    with built_house(sqlite_databases.make()) as house:
        return eventful(house)


@contextmanager
def built_house(url: str) -> Iterator[House]:
    """A province of two agencies in the empty case database at `url`."""
    clock, store, blobs = FixedClock(NOW), MemoryEventStore(), MemoryBlobs()
    database = connect(url)
    with database.transaction() as session:
        for ident, vi, en, kind, parent in _AGENCIES:
            session.add(AgencyRow(id=ident, name_vi=vi, name_en=en, kind=kind, parent=parent))
            session.flush()
    audit, duties, catalogue = AuditTrail(clock), load_duties(), load_catalogue()
    platforms = load_platforms()
    assessor = Assessor(
        store,
        database,
        rulebook=Rulebook(catalogue, duties),
        around=Surroundings(lambda: platforms, lambda: SOURCES, load_levels()),
        clock=clock,
        audit=audit,
        ran=ran,
        sample=True,
    )
    systems = SystemRegister(database, audit)
    for source in SOURCES.values():
        names = platforms[source.platform]
        systems.put(SYSTEM, System(f"ht-{source.id}", source.agency, source.platform, names.name_vi, names.name_en, 3))
    incidents = IncidentService(database, clock, audit, duties)
    yield House(
        database,
        clock,
        store,
        assessor,
        incidents,
        EvidenceService(database, blobs, clock, audit, catalogue),
        audit,
        blobs,
    )
    database.close()


@pytest.fixture
def nil_assessment(house: House) -> Assessment:
    """A period in which something was heard and nothing was found."""
    _hear(house)
    return house.assessor.assess(LEAD, "2026-11")


@pytest.fixture
def assessment(house: House) -> Assessment:
    return eventful(house)


def eventful(house: House) -> Assessment:
    """A period with incidents and evidence."""
    _hear(house)
    for number, severity in enumerate((Severity.CRITICAL, Severity.HIGH, Severity.HIGH, Severity.LOW)):
        code = _alert(house, number, severity)
        house.clock.advance(timedelta(minutes=9 + number))
        if number < 3:
            house.incidents.acknowledge(LEAD, code)
            house.clock.advance(timedelta(minutes=37))
            house.incidents.contain(LEAD, code, "khóa tài khoản")
    declared = Declaration(
        "L1-01", "xa-mau-01", EvidenceKind.DOCUMENT, date(2026, 1, 1), date(2026, 11, 1), date(2026, 11, 2)
    )
    name = "quyet-dinh-thanh-lap-to-an-ninh-mang-xa-mau-01-nam-2026.pdf"
    draft = house.evidence.draft(OFFICER, declared, name, b"%PDF-1.7")
    house.evidence.accept(REVIEWER, house.evidence.submit(OFFICER, draft.id).id, date(2026, 12, 31))
    house.clock.advance(timedelta(days=4))
    return house.assessor.assess(LEAD, "2026-11")


def _hear(house: House) -> None:
    minutes = [number for number in range(0, 10 * 24 * 60, 10) if not 2000 < number < 2400]
    house.store.append([event(SOURCES["portal-01"], START + timedelta(minutes=minute)) for minute in minutes])


def _alert(house: House, number: int, severity: Severity) -> str:
    first = house.clock.now() - timedelta(minutes=3 + number)
    template = Alert(
        id=f"a{number}",
        detector="sigma",
        rule_id=f"rule_{number:02d}",
        rule_version="1",
        title={"vi": "Thử", "en": "Test"},
        severity=severity,
        agency="xa-mau-01",
        platform="public_service_portal",
        first=first,
        last=first,
        entities={"host.name": f"web-{number}"},
        event_ids=(f"e{number}",),
        matched={},
    )
    with house.database.transaction() as session:
        return house.incidents.take(session, [replace(template)])[0]
