"""Evidence: receipt, review, undo, tenants, and what the audit trail keeps of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soc.access.principal import Principal, Role
from soc.audit.trail import AuditTrail
from soc.compliance.catalogue import EvidenceKind
from soc.compliance.evidence import Declaration, Evidence, State
from soc.compliance.evidence_service import EvidenceFilter, EvidenceService
from soc.core.clock import FixedClock
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.scope import PROVINCE
from soc.storage.sql import Database

DECLARED = Declaration(
    criterion="L1-05",
    agency="xa-mau-01",
    kind=EvidenceKind.DOCUMENT,
    observed_since=date(2026, 1, 1),
    observed_until=date(2026, 11, 15),
    made=date(2026, 11, 16),
    valid_until=date(2026, 12, 31),
)
FILE = b"%PDF-1.7\n1 0 obj\n"


def hand_in(service: EvidenceService, officer: Principal, data: bytes = FILE) -> Evidence:
    """Evidence of the officer's own agency, submitted."""
    declared = replace(DECLARED, agency=officer.agency)
    return service.submit(officer, service.draft(officer, declared, "quyet-dinh.pdf", data).id)


def actions(database: Database, audit: AuditTrail) -> list[str]:
    with database.transaction() as session:
        return sorted(entry.action for entry in audit.entries(session))


def test_a_submission_gets_a_receipt_and_a_date_of_ours(
    evidence: EvidenceService, officer: Principal, clock: FixedClock
) -> None:
    """Numbers run on within the year; the date received is the clock's, not the officer's."""
    first, second = hand_in(evidence, officer), hand_in(evidence, officer, FILE + b"2")
    assert (first.receipt, second.receipt) == ("BN-2026-00001", "BN-2026-00002")
    assert first.received == clock.now()
    assert first.state_at(clock.now()) is State.SUBMITTED


def test_the_four_dates_are_kept_apart(evidence: EvidenceService, officer: Principal, clock: FixedClock) -> None:
    found = evidence.read(officer, hand_in(evidence, officer).id)
    assert found.declaration.observed_since == date(2026, 1, 1)
    assert found.declaration.made == date(2026, 11, 16)
    assert found.received == clock.now()
    assert found.review.valid_until == date(2026, 12, 31)


def test_the_file_comes_back_as_it_was(evidence: EvidenceService, officer: Principal) -> None:
    _, data = evidence.open_file(officer, hand_in(evidence, officer).id)
    assert data == FILE


def test_the_same_file_twice_names_the_earlier_receipt(evidence: EvidenceService, officer: Principal) -> None:
    """Same content, criterion and agency; the draft stays."""
    hand_in(evidence, officer)
    again = evidence.draft(officer, DECLARED, "ten-khac.pdf", FILE)
    with pytest.raises(ConflictError, match="BN-2026-00001"):
        evidence.submit(officer, again.id)
    assert evidence.read(officer, again.id).review.state is State.DRAFT


def test_the_same_file_of_another_agency_is_not_a_duplicate(
    evidence: EvidenceService, officer: Principal, other_officer: Principal
) -> None:
    """Otherwise one agency could learn what another one handed in."""
    hand_in(evidence, officer)
    assert hand_in(evidence, other_officer).receipt == "BN-2026-00002"


def test_a_returned_file_may_be_handed_in_again(
    evidence: EvidenceService, officer: Principal, reviewer: Principal
) -> None:
    """With a link to what it corrects."""
    first = hand_in(evidence, officer)
    evidence.send_back(reviewer, first.id, "ảnh chụp không có ngày lập")
    draft = evidence.draft(officer, DECLARED, "quyet-dinh.pdf", FILE, replaces=first.id)
    assert evidence.submit(officer, draft.id).replaces == first.id


def test_a_return_needs_a_reason(evidence: EvidenceService, officer: Principal, reviewer: Principal) -> None:
    ident = hand_in(evidence, officer).id
    with pytest.raises(InputError, match="lý do"):
        evidence.send_back(reviewer, ident, "  ")


def test_nobody_reviews_own_agency_or_own_submission(evidence: EvidenceService, officer: Principal) -> None:
    """Neither a colleague with the right, nor the submitter under another role."""
    ident = hand_in(evidence, officer).id
    colleague = Principal("td.mau01", Role.REVIEWER, "xa-mau-01", PROVINCE)
    submitter = Principal(officer.id, Role.REVIEWER, "tinh-mau", PROVINCE)
    for person in (colleague, submitter):
        with pytest.raises(ForbiddenError):
            evidence.accept(person, ident)


def test_a_foreign_agency_finds_nothing(
    evidence: EvidenceService, officer: Principal, other_officer: Principal
) -> None:
    """A real id answers the same as a made-up one, at every door."""
    ident = hand_in(evidence, officer).id
    for attempt in (evidence.read, evidence.open_file, evidence.submit, evidence.history):
        with pytest.raises(NotFoundError) as real:
            attempt(other_officer, ident)
        with pytest.raises(NotFoundError) as made_up:
            attempt(other_officer, "0" * 32)
        assert str(real.value) == str(made_up.value)
    assert evidence.find(other_officer) == []


def test_an_officer_cannot_submit_for_another_agency(evidence: EvidenceService, other_officer: Principal) -> None:
    with pytest.raises(NotFoundError):
        evidence.draft(other_officer, DECLARED, "a.pdf", FILE)


def test_a_draft_is_seen_by_nobody_else(evidence: EvidenceService, officer: Principal, reviewer: Principal) -> None:
    draft = evidence.draft(officer, DECLARED, "a.pdf", FILE)
    with pytest.raises(NotFoundError):
        evidence.read(reviewer, draft.id)
    assert evidence.find(reviewer) == []
    assert [item.id for item in evidence.find(officer)] == [draft.id]


def test_an_auditor_reads_but_changes_nothing(
    evidence: EvidenceService, officer: Principal, auditor: Principal
) -> None:
    ident = hand_in(evidence, officer).id
    assert evidence.read(auditor, ident).receipt == "BN-2026-00001"
    for attempt in (lambda: evidence.accept(auditor, ident), lambda: evidence.undo(auditor, ident)):
        with pytest.raises(ForbiddenError):
            attempt()


def test_every_act_and_every_reading_is_in_the_audit_trail(
    evidence: EvidenceService, officer: Principal, reviewer: Principal, database: Database, audit: AuditTrail
) -> None:
    ident = hand_in(evidence, officer).id
    evidence.read(reviewer, ident)
    evidence.open_file(reviewer, ident)
    evidence.accept(reviewer, ident)
    evidence.undo(reviewer, ident)
    assert actions(database, audit) == sorted(
        f"evidence.{verb}" for verb in ("draft", "submit", "read", "download", "accept", "undo")
    )


def test_a_refused_act_leaves_no_trace(
    evidence: EvidenceService, officer: Principal, database: Database, audit: AuditTrail
) -> None:
    """The receipt counter and the audit roll back together."""
    hand_in(evidence, officer)
    again = evidence.draft(officer, DECLARED, "a.pdf", FILE)
    before = actions(database, audit)
    with pytest.raises(ConflictError):
        evidence.submit(officer, again.id)
    assert actions(database, audit) == before
    assert hand_in(evidence, officer, FILE + b"x").receipt == "BN-2026-00002"


def test_accepted_evidence_expires_by_its_date(
    evidence: EvidenceService, officer: Principal, reviewer: Principal, clock: FixedClock
) -> None:
    """No job has to run for it; the last day still counts."""
    ident = hand_in(evidence, officer).id
    evidence.accept(reviewer, ident)
    clock.moment = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)
    assert evidence.read(officer, ident).state_at(clock.now()) is State.ACCEPTED
    clock.advance(timedelta(minutes=1))
    assert evidence.read(officer, ident).state_at(clock.now()) is State.EXPIRED
    assert [item.id for item in evidence.find(reviewer, EvidenceFilter(state=State.EXPIRED))] == [ident]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"observed_until": date(2025, 12, 31)}, "trước khi bắt đầu"),
        ({"observed_until": date(2026, 12, 1)}, "tương lai"),
        ({"made": date(2026, 11, 21)}, "tương lai"),
        ({"valid_until": date(2026, 1, 1)}, "trước ngày lập"),
        ({"criterion": "L9-99"}, "không có tiêu chí"),
        ({"kind": EvidenceKind.TELEMETRY}, "không nộp bằng tay"),
    ],
)
def test_dates_that_contradict_are_refused(
    evidence: EvidenceService, officer: Principal, change: dict[str, object], word: str
) -> None:
    with pytest.raises(InputError, match=word):
        evidence.draft(officer, replace(DECLARED, **change), "a.pdf", FILE)  # type: ignore[arg-type]


def test_undo_of_a_return_is_refused_once_the_file_came_again(
    evidence: EvidenceService, officer: Principal, reviewer: Principal
) -> None:
    """Else the same file would stand twice."""
    first = hand_in(evidence, officer)
    evidence.send_back(reviewer, first.id, "thiếu chữ ký")
    hand_in(evidence, officer)
    with pytest.raises(ConflictError, match="BN-2026-00002"):
        evidence.undo(reviewer, first.id)


def test_a_decision_can_be_undone_only_once(evidence: EvidenceService, officer: Principal, reviewer: Principal) -> None:
    ident = hand_in(evidence, officer).id
    evidence.accept(reviewer, ident)
    evidence.undo(reviewer, ident)
    with pytest.raises(ConflictError, match="không có quyết định"):
        evidence.undo(reviewer, ident)
    assert [(entry.verb, entry.undone) for entry in evidence.history(reviewer, ident)] == [
        ("accept", True),
        ("undo", False),
    ]


@given(st.lists(st.sampled_from(["accept", "accept_until", "return"]), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_law_6_undo_restores_the_evidence_exactly(
    evidence: EvidenceService, officer: Principal, reviewer: Principal, clock: FixedClock, decisions: list[str]
) -> None:
    """After any decision, undo gives back the very evidence there was before it."""
    unique = f"%PDF-1.7\n{clock.now().timestamp()} {decisions}".encode()
    ident = hand_in(evidence, officer, unique).id
    for decision in decisions:
        before = evidence.read(reviewer, ident)
        clock.advance(timedelta(minutes=7))
        if decision == "return":
            evidence.send_back(reviewer, ident, "thiếu trang")
        else:
            evidence.accept(reviewer, ident, date(2026, 12, 15) if decision == "accept_until" else None)
        assert evidence.read(reviewer, ident) != before
        evidence.undo(reviewer, ident)
        assert evidence.read(reviewer, ident) == before
