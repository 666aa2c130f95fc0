"""The assessment: what telemetry proves, what it never claims, and that every figure can be computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from collectors.platform import load_platforms
from collectors.sources import Source
from detectors.alert import Alert
from soc.access.principal import Principal, Role
from soc.audit.trail import AuditTrail
from soc.compliance.archive import assessment_from_json, assessment_hash, to_json
from soc.compliance.assessment import Assessment, Basis, Figure, Ran, Status
from soc.compliance.assessor import Assessor, Rulebook
from soc.compliance.catalogue import EvidenceKind, load_catalogue, load_levels
from soc.compliance.evidence import Declaration
from soc.compliance.evidence_service import EvidenceService
from soc.compliance.facts import Surroundings, months_before
from soc.compliance.systems import LevelState, System, SystemRegister
from soc.compliance.tables import SnapshotRow, SystemRow
from soc.core.clock import FixedClock, Window, iso
from soc.core.errors import ForbiddenError, InputError, NotFoundError
from soc.core.event import Event
from soc.core.ids import event_id
from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from soc.incidents.duties import load_duties
from soc.incidents.model import Flags, Grade
from soc.incidents.service import IncidentService
from soc.storage.memory import MemoryEventStore
from soc.storage.sql import Database
from soc.storage.tantivy_store import TantivyEventStore

PLATFORMS = load_platforms()
SOURCES = (
    Source(id="portal-01", platform="public_service_portal", agency="xa-mau-01"),
    Source(id="onestop-02", platform="one_stop", agency="xa-mau-02"),
)
"""Two sources: the first will be heard, the other stays silent."""
ADMIN = Principal("qt.tinh", Role.ADMIN, "tinh-mau", PROVINCE)
ANALYST = Principal("ts.tinh", Role.ANALYST, "tinh-mau", PROVINCE)
LEAD = Principal("tc.tinh", Role.SHIFT_LEAD, "tinh-mau", PROVINCE)
PERIOD = "2026-11"
START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class World:
    """A province whose facts a test sets."""

    database: Database
    clock: FixedClock
    store: MemoryEventStore
    assessor: Assessor
    incidents: IncidentService
    systems: SystemRegister
    sources: dict[str, Source]

    def hear(self, source: str, moments: Sequence[datetime], exercise: str | None = None) -> None:
        """Events of a source at these moments, received by us right then."""
        of = self.sources.get(source) or Source(id=source, platform="lgsp", agency="xa-mau-01")
        self.store.append([_event(of, moment, moment, exercise) for moment in moments])

    def alert(
        self, ident: str, first: datetime, severity: Severity = Severity.HIGH, exercise: str | None = None
    ) -> str:
        """An alert raised now; returns the code of its incident."""
        alert = Alert(
            id=ident,
            detector="sigma",
            rule_id="r1",
            rule_version="1",
            title={"vi": "Thử", "en": "Test"},
            severity=severity,
            agency="xa-mau-01",
            platform="public_service_portal",
            first=first,
            last=first,
            entities={"host.name": ident},
            event_ids=(ident,),
            matched={},
            exercise=exercise,
        )
        with self.database.transaction() as session:
            return self.incidents.take(session, [alert])[0]


def _event(source: Source, moment: datetime, received: datetime, exercise: str | None = None) -> Event:
    fields: dict[str, object] = {
        "@timestamp": iso(moment),
        "event.id": event_id(source.id, int(moment.timestamp() * 1000), (exercise or "").encode()),
        "soc.platform": source.platform,
        "soc.agency": source.agency,
        "soc.source": source.id,
        "soc.seq": 1,
        "soc.parser": "nginx@1",
        "soc.received": iso(received),
    }
    if exercise:
        fields["soc.exercise"] = exercise
    return Event(fields)  # type: ignore[arg-type]


def every(step: timedelta, since: datetime, until: datetime) -> list[datetime]:
    """Moments from `since` to `until`."""
    return [since + number * step for number in range(int((until - since) / step))]


def ran(_window: Window) -> list[Ran]:
    return [Ran("portal_webshell", {"vi": "Web shell", "en": "Web shell"}, 1200, 0)]


@pytest.fixture
def world(database: Database, clock: FixedClock, audit: AuditTrail) -> World:
    store = MemoryEventStore()
    sources = {source.id: source for source in SOURCES}
    duties = load_duties()
    assessor = Assessor(
        store,
        database,
        rulebook=Rulebook(load_catalogue(), duties),
        around=Surroundings(lambda: PLATFORMS, lambda: sources, load_levels()),
        clock=clock,
        audit=audit,
        ran=ran,
    )
    systems = SystemRegister(database, audit)
    for number, source in enumerate(SOURCES, 1):
        systems.put(
            ADMIN, System(f"ht-{number}", source.agency, source.platform, f"Hệ thống {number}", f"System {number}", 3)
        )
    return World(database, clock, store, assessor, IncidentService(database, clock, audit, duties), systems, sources)


def value(assessment: Assessment, ident: str) -> float | None:
    return figure(assessment, ident).value


def figure(assessment: Assessment, ident: str) -> Figure:
    return next(one for one in assessment.all_figures() if one.id == ident)


def test_nothing_is_met_where_there_are_no_facts(world: World) -> None:
    """An empty house: no criterion is met, and what cannot be measured is not drawn as zero."""
    made = world.assessor.assess(LEAD, PERIOD)
    statuses = {result.status for layer in made.results for result in layer.criteria}
    assert Status.MET not in statuses
    assert Status.PARTLY not in statuses
    assert made.criterion("L1-11").status is Status.NOT_MEASURED
    assert value(made, "L1-11.median") is None
    assert made.criterion("L1-01").status is Status.NOT_EVIDENCED


def test_systems_under_monitoring_are_those_whose_sources_were_heard(world: World) -> None:
    """L2-01: one of two systems; the other one is named."""
    world.hear("portal-01", [START])
    made = world.assessor.assess(LEAD, PERIOD)
    share = figure(made, "L2-01.share")
    assert (share.value, share.numerator, share.denominator) == (50.0, 1, 2)
    assert made.criterion("L2-01").status is Status.PARTLY
    assert [str(finding) for finding in made.criterion("L2-01").findings] == [
        "Hệ thống 2: không nguồn nhật ký nào có tín hiệu trong kỳ"
    ]


def test_coverage_counts_the_log_types_of_the_level(world: World) -> None:
    """L2-02: level 3 asks for four types; web access logs stand for one of them. Two systems: 1 of 8."""
    world.hear("portal-01", [START])
    share = figure(world.assessor.assess(LEAD, PERIOD), "L2-02.share")
    assert (share.numerator, share.denominator) == (1, 8)


def test_a_source_that_keeps_its_rhythm_is_not_silent(world: World) -> None:
    """An event every 2 minutes where 5 are allowed; the other source was never heard.

    It is silent from Monday 08:30 on: 1 November is a Sunday, which is quiet there.
    """
    world.hear("portal-01", every(timedelta(minutes=2), datetime(2026, 11, 20, 3, tzinfo=UTC), world.clock.now()))
    made = world.assessor.assess(LEAD, PERIOD)
    heard = {row.source: row for row in made.heard}
    assert heard["portal-01"].silent_hours == 0
    assert heard["onestop-02"].events == 0
    assert heard["onestop-02"].silent_hours == pytest.approx(19.5 * 24 - 32.5, rel=0.02)
    assert value(made, "L2-03.share") == 50.0


def test_a_gap_counts_beyond_the_allowed_silence(world: World) -> None:
    """L2-03: three hours without an event where 5 minutes are allowed, from the first event on."""
    start = datetime(2026, 11, 19, 2, tzinfo=UTC)
    step = timedelta(minutes=1)
    world.hear("portal-01", every(step, start, start + timedelta(hours=2)))
    world.hear("portal-01", every(step, start + timedelta(hours=5), world.clock.now()))
    heard = {row.source: row for row in world.assessor.assess(LEAD, PERIOD).heard}
    assert heard["portal-01"].silent_hours == pytest.approx(3 - 5 / 60, abs=0.05)


def test_retention_is_met_by_the_oldest_event_that_can_be_found(world: World) -> None:
    """L2-04: level 3 keeps three months."""
    world.hear("portal-01", [months_before(world.clock.now(), 3) - timedelta(hours=1), START])
    world.hear("onestop-02", [START])
    made = world.assessor.assess(LEAD, PERIOD)
    assert value(made, "L2-04.share") == 50.0
    assert "cần 3 tháng" in str(made.criterion("L2-04").findings[0])


def test_retention_of_a_system_just_connected_is_not_measured(world: World) -> None:
    """It cannot have three months yet, which is neither met nor failed."""
    for number, source in enumerate(SOURCES, 1):
        system = System(f"ht-{number}", source.agency, source.platform, "x", "x", 3, connected=START)
        world.systems.put(ADMIN, system)
        world.hear(source.id, [START])
    assert world.assessor.assess(LEAD, PERIOD).criterion("L2-04").status is Status.NOT_MEASURED


def test_times_of_response_come_from_the_incidents(world: World) -> None:
    """Detected 10 minutes after the first event, taken on 20 minutes later, contained 90 minutes after the alert."""
    code = world.alert("a1", world.clock.now() - timedelta(minutes=10))
    world.clock.advance(timedelta(minutes=20))
    world.incidents.acknowledge(ANALYST, code)
    world.clock.advance(timedelta(minutes=70))
    world.incidents.contain(ANALYST, code, "khóa tài khoản")
    world.clock.advance(timedelta(hours=1))
    made = world.assessor.assess(LEAD, PERIOD)
    assert value(made, "L2-07.mean") == 10
    assert value(made, "L1-11.median") == 20
    assert value(made, "L1-11.p95") == 20
    assert value(made, "L2-08.mean") == 90
    assert value(made, "L2-08.mean_high") == 90
    assert value(made, "L2-08.mean_critical") is None
    assert made.criterion("L2-08").status is Status.MET


def test_a_late_report_breaks_the_deadline_and_one_not_yet_due_does_not_count(world: World) -> None:
    """L4-05: a serious incident owes a notice in 24 h and a report in 72 h."""
    code = world.alert("a1", world.clock.now())
    world.clock.advance(timedelta(hours=1))
    world.incidents.acknowledge(ANALYST, code)
    world.incidents.grade(ANALYST, code, Grade.M2, Flags())
    early = world.assessor.assess(LEAD, PERIOD)
    assert early.criterion("L4-05").status is Status.NOT_MEASURED
    world.clock.advance(timedelta(hours=24))
    late = world.assessor.assess(LEAD, PERIOD)
    assert value(late, "L4-05.on_time_24") == 0
    assert value(late, "L4-05.on_time_72") is None
    world.incidents.send_notice(ANALYST, code, "incident_72h", "Đơn vị chuyên trách")
    done = world.assessor.assess(LEAD, PERIOD)
    assert (value(done, "L4-05.on_time"), value(done, "L4-05.on_time_72")) == (50.0, 100.0)


def test_law_10_nothing_of_an_exercise_enters(world: World) -> None:
    """Exercise events and incidents change not one figure."""
    world.hear("portal-01", [START])
    before = world.assessor.assess(LEAD, PERIOD)
    world.hear("onestop-02", every(timedelta(hours=1), START, START + timedelta(days=2)), exercise="dt-1")
    world.alert("drill", world.clock.now(), exercise="dt-1")
    after = world.assessor.assess(LEAD, PERIOD)
    assert [(f.id, f.value, f.snapshot) for f in after.all_figures()] == [
        (f.id, f.value, f.snapshot) for f in before.all_figures()
    ]
    assert after.is_nil


def test_an_accepted_document_evidences_a_criterion(
    world: World, evidence: EvidenceService, officer: Principal, reviewer: Principal
) -> None:
    """Not while it only lies there; for the agency it counts whole, for the province it is one agency of two."""
    declared = Declaration(
        "L1-01", "xa-mau-01", EvidenceKind.DOCUMENT, date(2026, 1, 1), date(2026, 11, 1), date(2026, 11, 2)
    )
    ident = evidence.submit(officer, evidence.draft(officer, declared, "qd.pdf", b"%PDF-1.7").id).id
    assert world.assessor.assess(LEAD, PERIOD).criterion("L1-01").status is Status.NOT_EVIDENCED
    evidence.accept(reviewer, ident)
    own = world.assessor.assess(officer, PERIOD).criterion("L1-01")
    assert (own.status, own.basis, own.evidence[0].receipt) == (Status.MET, Basis.DOCUMENT, "BN-2026-00001")
    assert world.assessor.assess(LEAD, PERIOD).criterion("L1-01").status is Status.PARTLY


def test_criteria_of_the_province_do_not_apply_to_one_agency(world: World) -> None:
    made = world.assessor.assess(LEAD, PERIOD, "xa-mau-01")
    assert made.criterion("L4-01").status is Status.NOT_APPLICABLE
    assert made.results[3].total == len(made.results[3].criteria) - made.results[3].count(Status.NOT_APPLICABLE)


def test_law_7_an_assessment_of_one_agency_holds_nothing_of_another(world: World, officer: Principal) -> None:
    """An officer who asks for everything gets the own agency only."""
    world.hear("portal-01", [START])
    world.hear("onestop-02", [START])
    made = world.assessor.assess(officer, PERIOD)
    assert made.agency == "xa-mau-01"
    assert b"xa-mau-02" not in to_json(made)
    assert b"onestop-02" not in to_json(made)


def test_law_7_a_foreign_assessment_does_not_exist(world: World, officer: Principal, other_officer: Principal) -> None:
    mine = world.assessor.assess(officer, PERIOD)
    of_all = world.assessor.assess(LEAD, PERIOD)
    for ident in (mine.id, of_all.id, "0" * 32):
        with pytest.raises(NotFoundError):
            world.assessor.get(other_officer, ident)
    assert world.assessor.latest(other_officer) == []
    with pytest.raises(NotFoundError):
        world.assessor.assess(other_officer, PERIOD, "xa-mau-01")


def test_assessments_of_others_do_not_push_the_own_ones_off_the_list(
    world: World, officer: Principal, other_officer: Principal
) -> None:
    """However many newer ones there are that one may not see, or that are about one agency only."""
    of_all = world.assessor.assess(LEAD, PERIOD)
    mine = world.assessor.assess(officer, PERIOD)
    for _ in range(3):
        world.clock.advance(timedelta(minutes=1))
        theirs = world.assessor.assess(other_officer, PERIOD)
    assert [found.id for found in world.assessor.latest(officer, limit=2)] == [mine.id]
    assert [found.id for found in world.assessor.latest(LEAD, limit=1)] == [theirs.id]
    assert [world.assessor.newest(who) for who in (officer, other_officer, LEAD)] == [mine, theirs, of_all]


def test_an_auditor_reads_assessments_but_makes_none(world: World, auditor: Principal) -> None:
    made = world.assessor.assess(LEAD, PERIOD)
    assert world.assessor.get(auditor, made.id) == made
    with pytest.raises(ForbiddenError):
        world.assessor.assess(auditor, PERIOD)


def test_a_period_that_has_not_begun_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="chưa bắt đầu"):
        world.assessor.assess(LEAD, "2027-01")


def test_a_kept_assessment_is_the_one_that_was_made(world: World) -> None:
    """Through JSON and back, with the hash over its content."""
    world.hear("portal-01", [START])
    world.alert("a1", START)
    made = world.assessor.assess(LEAD, PERIOD)
    assert world.assessor.get(LEAD, made.id) == made
    assert assessment_from_json(to_json(made)) == made
    assert assessment_hash(made) == made.hash == assessment_hash(world.assessor.get(LEAD, made.id))


def test_the_making_is_in_the_audit_trail(world: World, audit: AuditTrail) -> None:
    made = world.assessor.assess(LEAD, PERIOD)
    with world.database.transaction() as session:
        assert [e.target for e in audit.entries(session) if e.action == "assessment.make"] == [f"assessment/{made.id}"]


def test_a_nil_period_says_what_was_heard_and_what_ran(world: World) -> None:
    """No alert at all is a result too."""
    world.hear("portal-01", every(timedelta(hours=1), START, START + timedelta(days=1)))
    made = world.assessor.assess(LEAD, PERIOD)
    assert made.is_nil
    assert value(made, "overall.events") == 24
    assert value(made, "overall.incidents") == 0
    assert made.ran[0].events == 1200
    assert {row.source for row in made.heard} == {"portal-01", "onestop-02"}


@given(
    heard=st.lists(st.integers(0, 19 * 24 * 60), max_size=20),
    late=st.lists(st.integers(0, 19 * 24 * 60), min_size=1, max_size=10),
    alerts=st.integers(0, 3),
)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_law_9_every_figure_recomputes_although_facts_come_later(
    world: World, heard: list[int], late: list[int], alerts: int
) -> None:
    """From the live query: whatever reaches us after the assessment was made is not counted by it."""
    began = world.clock.now()
    world.hear("portal-01", [START + timedelta(minutes=minute) for minute in heard])
    codes = [world.alert(f"{began.timestamp()}-{n}", START) for n in range(alerts)]
    world.clock.advance(timedelta(minutes=5))
    made = world.assessor.assess(LEAD, PERIOD)
    world.clock.advance(timedelta(minutes=5))
    for minute in late:
        moment = START + timedelta(minutes=minute, seconds=30)
        world.store.append([_event(SOURCES[1], moment, world.clock.now())])
    for code in codes:
        world.incidents.acknowledge(ANALYST, code)
    for one, again in zip(made.all_figures(), world.assessor.recompute(LEAD, made.all_figures()), strict=True):
        assert again.confirms(one), one.id
        assert again.origin == "live", one.id


def test_law_9_figures_outlive_their_facts(world: World) -> None:
    """Events are deleted and a system changes its level; the kept rows still give the value, and the change shows."""
    world.hear("portal-01", [START])
    made = world.assessor.assess(LEAD, PERIOD)
    world.store.delete_before(START + timedelta(days=2))
    with world.database.transaction() as session:
        session.execute(update(SystemRow).values(level=5))
    (again,) = world.assessor.recompute(LEAD, [figure(made, "L2-01.share")])
    assert again.confirms(figure(made, "L2-01.share"))
    assert (again.origin, again.live_value) == ("snapshot", 0.0)


def test_a_changed_figure_is_not_confirmed(world: World) -> None:
    """Neither a changed value, nor a changed hash once the facts are gone, nor an unknown function."""
    world.hear("portal-01", [START])
    share = figure(world.assessor.assess(LEAD, PERIOD), "L2-01.share")
    forged = [
        replace(share, value=100.0),
        replace(share, numerator=2),
        replace(share, query=replace(share.query, parameters=())),
        replace(share, query=replace(share.query, function="os.system")),
        replace(share, query=replace(share.query, query="soc.received:[* TO"), snapshot="1" * 64),
        replace(share, query=replace(share.query, facts="../secrets")),
        replace(share, snapshot="0" * 64),
    ]
    again = world.assessor.recompute(LEAD, forged)
    assert [result.confirms(one) for one, result in zip(forged, again, strict=True)] == [False] * len(forged)


def test_a_damaged_snapshot_proves_nothing(world: World) -> None:
    """Rows that do not have the hash any more are not used."""
    world.hear("portal-01", [START])
    share = figure(world.assessor.assess(LEAD, PERIOD), "L2-01.share")
    world.store.delete_before(START + timedelta(days=2))
    with world.database.transaction() as session:
        session.execute(update(SnapshotRow).values(body=b"not a snapshot"))
    assert world.assessor.recompute(LEAD, [share])[0].origin == "nothing"
    with world.database.transaction() as session:
        session.execute(delete(SnapshotRow))
    assert world.assessor.recompute(LEAD, [share])[0].origin == "nothing"


def test_an_approved_level_needs_its_decision(world: World) -> None:
    system = System("ht-3", "xa-mau-01", "lgsp", "Trục", "Bus", 3, level_state=LevelState.APPROVED)
    with pytest.raises(InputError, match="số quyết định"):
        world.systems.put(ADMIN, system)
    with pytest.raises(InputError, match="cấp độ 6"):
        world.systems.put(ADMIN, replace(system, level=6))


def test_systems_of_another_agency_do_not_exist(world: World, officer: Principal) -> None:
    assert [system.id for system in world.systems.visible(officer)] == ["ht-1"]
    with pytest.raises(NotFoundError):
        world.systems.get(officer, "ht-2")


def test_law_7_a_stored_query_is_not_asked_beyond_what_one_may_see(world: World, officer: Principal) -> None:
    """A forged report must not count another agency's events for its bearer."""
    world.hear("onestop-02", [START])
    made = world.assessor.assess(LEAD, PERIOD)
    (again,) = world.assessor.recompute(officer, [figure(made, "overall.events")])
    assert (again.origin, again.value, again.live_value) == ("nothing", None, None)


def test_the_indexed_store_gives_the_same_figures(world: World, audit: AuditTrail, tmp_path: Path) -> None:
    """Events in tantivy instead of in memory: same values, same snapshots."""
    moments = every(timedelta(minutes=7), datetime(2026, 11, 18, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC))
    world.hear("portal-01", [START, *moments])
    world.hear("gone-03", [START + timedelta(days=1)])
    store = TantivyEventStore(tmp_path / "events", writable=True)
    store.append(list(world.store.scan("", PROVINCE)))
    indexed = Assessor(
        store,
        world.database,
        rulebook=Rulebook(load_catalogue(), load_duties()),
        around=Surroundings(lambda: PLATFORMS, lambda: world.sources, load_levels()),
        clock=world.clock,
        audit=audit,
        ran=ran,
    )
    wanted = [(f.id, f.value, f.snapshot) for f in world.assessor.assess(LEAD, PERIOD).all_figures()]
    assert [(f.id, f.value, f.snapshot) for f in indexed.assess(LEAD, PERIOD).all_figures()] == wanted
    store.close()
