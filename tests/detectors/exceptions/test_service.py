"""What people do with exceptions: who may, what is kept, what comes back when it is undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.exceptions.acts import ALLOWED, LONGEST, ActKind, Done, State, standing
from detectors.exceptions.feed import ExceptionFeed
from detectors.exceptions.managed import Proposal
from detectors.exceptions.service import ExceptionService
from detectors.exceptions.tally import hidden_once
from detectors.sigma import RuleSet
from soc.access.principal import Principal, Role
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock, Window
from soc.core.errors import ConflictError, DefinitionError, ForbiddenError, InputError, NotFoundError, SocError
from soc.core.scope import PROVINCE, Scope
from soc.storage.sql import Database

from .conftest import FILTER, START, make_event

ONE, OTHER = "xa-mau-01", "xa-mau-02"
TEXT = FILTER.format(rules="bad", field="host.name", value="web-01")


def person(name: str, role: Role, *agencies: str) -> Principal:
    scope = Scope(frozenset(agencies)) if agencies else PROVINCE
    return Principal(name, role, agencies[0] if agencies else "tinh-mau", scope)


ANALYST, LEAD, AUDITOR = person("ts.01", Role.ANALYST), person("tc.01", Role.SHIFT_LEAD), person("dg.01", Role.AUDITOR)
OFFICER, NEIGHBOUR = person("cb.01", Role.OFFICER, ONE), person("cb.02", Role.OFFICER, OTHER)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def service(database: Database, clock: FixedClock, ruleset: RuleSet) -> ExceptionService:
    return ExceptionService(database, clock, AuditTrail(clock), lambda: ruleset)


def proposal(agencies: frozenset[str] | None = frozenset({ONE}), **changes: object) -> Proposal:
    values = {"filter": TEXT, "reason": "máy quét định kỳ", "expires": START + timedelta(days=90)}
    return Proposal(agencies=agencies, **{**values, **changes})  # type: ignore[arg-type]


def test_a_proposal_hides_nothing_until_somebody_else_approves_it(
    service: ExceptionService, database: Database, clock: FixedClock
) -> None:
    feed = ExceptionFeed(database)
    assert feed.news() == []
    made = service.propose(ANALYST, proposal())
    assert (made.id, made.state, made.title) == ("NL-2026-0001", State.PROPOSED, "The scanner of the province")
    assert feed.news() is None
    clock.advance(timedelta(hours=1))
    approved = service.approve(LEAD, made.id)
    assert (approved.state, approved.standing.approved) == (State.APPROVED, Done(ActKind.APPROVE, clock.now(), "tc.01"))
    (applied,) = feed.news() or []
    assert (applied.id, applied.agencies) == (made.id, frozenset({ONE}))
    assert applied.periods == (Window(START + timedelta(hours=1), START + timedelta(days=90)),)
    assert feed.news() is None


def test_nobody_approves_what_they_proposed_or_own(service: ExceptionService) -> None:
    own = service.propose(LEAD, proposal())
    with pytest.raises(ForbiddenError):
        service.approve(LEAD, own.id)
    service.approve(OFFICER, own.id)
    with pytest.raises(ForbiddenError):  # to undo an end would make it hide again
        service.undo(LEAD, own.id, "x")


def test_an_owner_must_have_an_account(service: ExceptionService) -> None:
    with pytest.raises(InputError, match="nobody"):
        service.propose(ANALYST, proposal(owner="nobody"))


@pytest.mark.parametrize(
    ("who", "agencies", "problem"),
    [
        (AUDITOR, frozenset({ONE}), ForbiddenError),
        (OFFICER, None, ForbiddenError),
        (OFFICER, frozenset({OTHER}), NotFoundError),
        (OFFICER, frozenset({ONE, OTHER}), NotFoundError),
        (OFFICER, frozenset(), InputError),
    ],
)
def test_one_proposes_for_what_one_sees_only(
    service: ExceptionService, who: Principal, agencies: frozenset[str] | None, problem: type[SocError]
) -> None:
    with pytest.raises(problem):
        service.propose(who, proposal(agencies))


def test_a_foreign_exception_does_not_exist(service: ExceptionService) -> None:
    """Law 7: the same answer as for a made-up id, for one's neighbour's, the common one's and the province's alike."""
    for agencies in (frozenset({ONE}), frozenset({ONE, OTHER}), None):
        made = service.propose(ANALYST, proposal(agencies))
        for act in (service.approve, service.reject, service.end, service.undo):
            with pytest.raises(NotFoundError) as foreign:
                act(NEIGHBOUR, made.id, "x")
            with pytest.raises(NotFoundError) as unknown:
                act(NEIGHBOUR, "NL-2026-9999", "x")
            assert foreign.value.render() == unknown.value.render()
        with pytest.raises(NotFoundError):
            service.get(NEIGHBOUR, made.id)
    assert service.all(NEIGHBOUR) == []
    assert [one.proposal.agencies for one in service.all(OFFICER)] == [frozenset({ONE})]
    assert len(service.all(AUDITOR)) == 3


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"reason": " "}, InputError),
        ({"reason": "x" * 2001}, InputError),
        ({"expires": START}, InputError),
        ({"expires": START + LONGEST + timedelta(seconds=1)}, InputError),
        ({"filter": TEXT.replace("[bad]", "[bda]")}, InputError),
        ({"filter": TEXT.replace("lgsp", "windows")}, InputError),
        ({"filter": "title: nothing"}, DefinitionError),
    ],
)
def test_a_proposal_that_lacks_something_is_refused_and_leaves_nothing(
    service: ExceptionService, changes: dict[str, object], problem: type[SocError]
) -> None:
    with pytest.raises(problem):
        service.propose(ANALYST, proposal(**changes))
    assert service.all(ANALYST) == []


def test_an_unknown_rule_is_answered_with_the_nearest_name(service: ExceptionService) -> None:
    with pytest.raises(InputError, match="three_failures"):
        service.propose(ANALYST, proposal(filter=TEXT.replace("[bad]", "[three_failure]")))


def test_an_approval_of_something_that_changed_meanwhile_is_a_conflict(service: ExceptionService) -> None:
    made = service.propose(ANALYST, proposal())
    service.reject(LEAD, made.id, "quá rộng", made.number)
    with pytest.raises(ConflictError):
        service.undo(OFFICER, made.id, "x", made.number)
    with pytest.raises(ConflictError):
        service.approve(OFFICER, made.id)


def test_an_expired_one_cannot_be_approved_and_asks_for_review_before(
    service: ExceptionService, clock: FixedClock
) -> None:
    made = service.propose(ANALYST, proposal())
    service.approve(LEAD, made.id)
    late = service.propose(ANALYST, proposal())
    clock.advance(timedelta(days=75))
    assert not service.get(ANALYST, made.id).asks_review
    clock.advance(timedelta(days=1))
    assert service.get(ANALYST, made.id).asks_review
    assert [one.id for one in service.all(ANALYST)] == [late.id, made.id]
    clock.advance(timedelta(days=14))
    assert {one.state for one in service.all(ANALYST)} == {State.EXPIRED}
    with pytest.raises(ConflictError):
        service.approve(LEAD, late.id)


def test_every_step_is_audited_with_the_hash_of_the_filter_and_the_reason(
    service: ExceptionService, database: Database, clock: FixedClock
) -> None:
    made = service.propose(ANALYST, proposal())
    service.approve(LEAD, made.id)
    service.end(ANALYST, made.id, "máy quét đã gỡ")
    service.undo(LEAD, made.id, "gỡ nhầm")
    with database.reading() as session:
        entries = AuditTrail(clock).entries(session)[::-1]
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("exception.propose", "ts.01"),
        ("exception.approve", "tc.01"),
        ("exception.end", "ts.01"),
        ("exception.undo", "tc.01"),
    ]
    assert {(entry.target, entry.agency) for entry in entries} == {(f"exception/{made.id}", ONE)}
    assert "web-01" not in entries[0].after
    assert entries[2].reason == "máy quét đã gỡ"


def test_after_an_end_and_its_undoing_it_hides_again_but_not_what_came_between(
    service: ExceptionService, database: Database, clock: FixedClock
) -> None:
    made = service.propose(ANALYST, proposal())
    hour = timedelta(hours=1)
    for act in (service.approve, service.end, service.undo):
        clock.advance(hour)
        act(LEAD if act != service.end else ANALYST, made.id, "x")
    (applied,) = ExceptionFeed(database).all()
    assert applied.periods == (
        Window(START + hour, START + 2 * hour),
        Window(START + 3 * hour, START + timedelta(days=90)),
    )


def test_a_filter_that_can_no_longer_be_read_hides_nothing_and_stops_nothing(
    service: ExceptionService, database: Database
) -> None:
    made = service.propose(ANALYST, proposal())
    service.approve(LEAD, made.id)
    sound = service.propose(ANALYST, proposal())
    service.approve(LEAD, sound.id)
    from detectors.exceptions.tables import ExceptionRow

    with database.transaction() as session:
        session.get_one(ExceptionRow, made.id).filter = "title: broken"
    assert [one.id for one in ExceptionFeed(database).all()] == [sound.id]


def test_counts_add_up_over_transactions_and_exercises_stay_apart(
    service: ExceptionService, database: Database
) -> None:
    made = service.propose(ANALYST, proposal())
    feed = ExceptionFeed(database)
    events = [make_event(f"e{n}", "bad", "web-01", ONE, n) for n in range(30)]
    drill = make_event("d1", "bad", "web-01", ONE, 0, soc__exercise="dt-1")
    for event in [*events, drill]:
        with database.transaction() as session:
            feed.count(session, [hidden_once(made.id, "r1", event, event.timestamp, ONE)])
    found = service.get(ANALYST, made.id)
    (row,) = found.hidden
    assert (found.count, row.exercise) == (30, None)
    assert (found.first, found.last) == (START, START + timedelta(seconds=29))
    assert row.event_ids == tuple(f"e{n}" for n in (*range(10), *range(20, 30)))


MOMENTS = st.lists(st.tuples(st.sampled_from(list(ActKind)), st.integers(1, 100)), max_size=12)


@given(steps=MOMENTS, days=st.integers(1, 400))
def test_undo_restores_exactly(steps: list[tuple[ActKind, int]], days: int) -> None:
    """Law 6: whatever was done before, an act and its undoing leave the standing as it was."""
    expires, now, acts = START + timedelta(days=days), START, list[Done]()
    for kind, hours in steps:
        now += timedelta(hours=hours)
        before = standing(acts, expires, now)
        if kind not in ALLOWED[before.state]:
            continue
        acts.append(Done(kind, now, "a"))
        if kind is not ActKind.UNDO:
            after = standing([*acts, Done(ActKind.UNDO, now, "b")], expires, now)
            assert (after.state, after.decided, after.approved) == (before.state, before.decided, before.approved)


@given(steps=MOMENTS, at=st.integers(0, 1200))
def test_it_hides_exactly_while_it_was_approved(steps: list[tuple[ActKind, int]], at: int) -> None:
    """The periods say of each moment what the state was then."""
    expires, now, acts = START + timedelta(days=20), START, list[Done]()
    for kind, hours in steps:
        now += timedelta(hours=hours)
        if kind in ALLOWED[standing(acts, expires, now).state]:
            acts.append(Done(kind, now, "a"))
    moment: datetime = START + timedelta(hours=at)
    then = standing([act for act in acts if act.at <= moment], expires, moment)
    hides = any(moment in period for period in standing(acts, expires, datetime(2030, 1, 1, tzinfo=UTC)).periods)
    assert hides is (then.state is State.APPROVED)


def test_the_service_needs_rules_only_for_proposals(database: Database, clock: FixedClock) -> None:
    def no_rules() -> RuleSet:
        raise AssertionError("loaded for nothing")

    unused: Callable[[], RuleSet] = no_rules
    assert ExceptionService(database, clock, AuditTrail(clock), unused).all(ANALYST) == []
