"""The trail as a table: numbering, filters, paging, concurrent writers, and every way of tampering."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from soc.audit.chain import Anchor, FaultKind
from soc.audit.origin import REQUEST_ORIGIN
from soc.audit.tables import AuditRow
from soc.audit.trail import Act, AuditTrail, Filters
from soc.core.clock import FixedClock
from soc.storage.sql import Database


def fill(database: Database, trail: AuditTrail, count: int) -> list[Anchor]:
    """`count` entries, each in its own transaction; the anchors after each."""
    anchors = []
    for number in range(count):
        with database.transaction() as session:
            trail.record(session, Act("cb.mau", "evidence.read", f"evidence/BN-{number}", agency="xa-mau-01"))
            head = trail.head(session)
            assert head is not None
            anchors.append(head)
    return anchors


def test_entries_are_numbered_from_one_without_gaps_and_verify(database: Database, trail: AuditTrail) -> None:
    fill(database, trail, 5)
    with database.transaction() as session:
        report = trail.verify(session)
        assert [entry.number for entry in trail.entries(session)] == [5, 4, 3, 2, 1]
    assert report.ok
    assert (report.first, report.last, report.holds_to) == (1, 5, 5)


def test_a_rolled_back_act_leaves_neither_entry_nor_gap(database: Database, trail: AuditTrail) -> None:
    fill(database, trail, 1)

    def fail_after_recording() -> None:
        with database.transaction() as session:
            trail.record(session, Act("cb.mau", "evidence.submit", "evidence/BN-9"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    fill(database, trail, 1)
    with database.transaction() as session:
        assert trail.verify(session).ok
        assert len(trail.entries(session)) == 2


def test_two_acts_of_one_transaction_are_chained(database: Database, trail: AuditTrail) -> None:
    with database.transaction() as session:
        assert trail.record(session, Act("a", "x.y", "t")) == 1
        assert trail.record(session, Act("a", "x.y", "t", before={"s": 1}, after={"s": 2}, reason="lý do")) == 2
    with database.transaction() as session:
        assert trail.verify(session).ok
        assert trail.entries(session)[0].after == '{"s":2}'


def test_concurrent_writers_keep_one_gapless_chain(database: Database, trail: AuditTrail) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fill(database, trail, 10), range(4)))
    with database.transaction() as session:
        report = trail.verify(session)
    assert report.ok
    assert report.last == 40


def test_an_empty_trail_verifies_but_not_against_an_anchor(database: Database, trail: AuditTrail) -> None:
    with database.transaction() as session:
        assert trail.verify(session).ok
        assert trail.verify(session, [Anchor(3, "0" * 64)]).faults[0].kind is FaultKind.CUT


def test_paging_by_number_neither_skips_nor_repeats(database: Database, trail: AuditTrail) -> None:
    fill(database, trail, 7)
    with database.transaction() as session:
        first = trail.entries(session, size=3)
        fill_more = trail.record(session, Act("b", "x.y", "t"))
        second = trail.entries(session, before=first[-1].number, size=3)
    assert [entry.number for entry in first + second] == [7, 6, 5, 4, 3, 2]
    assert fill_more == 8


def test_filters_narrow_by_actor_action_target_agency_and_time(
    database: Database, trail: AuditTrail, clock: FixedClock
) -> None:
    with database.transaction() as session:
        trail.record(session, Act("an", "evidence.read", "evidence/A", agency="xa-mau-01"))
        clock.advance(timedelta(hours=1))
        trail.record(session, Act("binh", "evidence_x.read", "report/B", agency="xa-mau-02"))
        noon = clock.now()

        def numbers(filters: Filters) -> list[int]:
            return [entry.number for entry in trail.entries(session, filters)]

        assert numbers(Filters(actor="an")) == [1]
        assert numbers(Filters(action="evidence")) == [1]
        assert numbers(Filters(action="evidence.read")) == [1]
        assert numbers(Filters(target="report/")) == [2]
        assert numbers(Filters(agencies=frozenset({"xa-mau-02"}))) == [2]
        assert numbers(Filters(agencies=frozenset())) == []
        assert numbers(Filters(since=noon)) == [2]
        assert numbers(Filters(until=noon)) == [1]


COLUMNS = ("at", "actor", "action", "target", "agency", "before", "after", "reason", "origin", "prev_hash", "hash")


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(1, 8), column=st.sampled_from(COLUMNS))
def test_an_edit_of_any_column_of_any_entry_is_found(
    database: Database, trail: AuditTrail, clock: FixedClock, number: int, column: str
) -> None:
    """Law 8."""
    with database.transaction() as session:
        session.execute(delete(AuditRow))
    fill(database, trail, 8)
    value = clock.now() + timedelta(seconds=1) if column == "at" else "f" * 64
    with database.transaction() as session:
        session.execute(update(AuditRow).where(AuditRow.number == number).values({column: value}))
        report = trail.verify(session)
    assert not report.ok
    assert report.holds_to == number - 1
    assert report.faults[0].number in {number, number + 1}


def test_a_removed_entry_is_a_gap(database: Database, trail: AuditTrail) -> None:
    fill(database, trail, 5)
    with database.transaction() as session:
        session.execute(delete(AuditRow).where(AuditRow.number == 3))
        report = trail.verify(session)
    assert (report.faults[0].kind, report.faults[0].number, report.holds_to) == (FaultKind.GAP, 3, 2)


def test_a_cut_tail_needs_the_anchor_to_be_found(database: Database, trail: AuditTrail) -> None:
    anchor = fill(database, trail, 5)[-1]
    with database.transaction() as session:
        session.execute(delete(AuditRow).where(AuditRow.number > 3))
        assert trail.verify(session).ok
        report = trail.verify(session, [anchor])
    assert report.faults[0].kind is FaultKind.CUT


def test_a_full_rewrite_needs_the_anchor_to_be_found(database: Database, trail: AuditTrail, clock: FixedClock) -> None:
    anchor = fill(database, trail, 5)[-1]
    with database.transaction() as session:
        session.execute(delete(AuditRow))
    clock.advance(timedelta(seconds=1))
    fill(database, trail, 9)
    with database.transaction() as session:
        assert trail.verify(session).ok
        report = trail.verify(session, [anchor])
    assert report.faults[0].kind is FaultKind.REWRITTEN
    assert report.holds_to == 4


def test_an_anchor_still_holds_after_more_entries(database: Database, trail: AuditTrail) -> None:
    anchor = fill(database, trail, 3)[1]
    with database.transaction() as session:
        assert trail.verify(session, [anchor]).ok


def test_an_act_within_a_request_carries_its_address(database: Database, trail: AuditTrail) -> None:
    token = REQUEST_ORIGIN.set("192.0.2.7")
    try:
        fill(database, trail, 1)
    finally:
        REQUEST_ORIGIN.reset(token)
    fill(database, trail, 1)
    with database.transaction() as session:
        assert [entry.origin for entry in trail.entries(session)] == ["", "192.0.2.7"]
