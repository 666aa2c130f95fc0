"""Use cases of evidence: draft, submit, read, accept, return, undo.

Whoever submits works for the agency the evidence is about; whoever reviews does not, and never reviews an own submission. Each
use case is one transaction with its audit entry in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.access.principal import Principal, Right
from soc.audit.trail import Act, AuditTrail
from soc.compliance.catalogue import Catalogue
from soc.compliance.evidence import Decision, Declaration, Evidence, Review, State
from soc.compliance.evidence_rows import (
    apply_review,
    date_faults,
    decisions_of,
    expect_state,
    is_visible,
    last_standing,
    new_row,
    next_receipt,
    require_foreign,
    require_own,
    to_evidence,
    to_review,
)
from soc.compliance.tables import EvidenceDecisionRow, EvidenceRow
from soc.compliance.uploads import check_upload
from soc.core.clock import LOCAL_ZONE, Clock
from soc.core.errors import ConflictError, InputError, NotFoundError
from soc.core.i18n import msg
from soc.storage.sql import Database

_FILED = (State.SUBMITTED.value, State.ACCEPTED.value)


class Blobs(Protocol):
    """What is needed of the content-addressed file store."""

    def put(self, data: bytes) -> str:
        """Keep the bytes durably; returns their SHA-256."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their hash."""
        ...


@dataclass(frozen=True, slots=True)
class EvidenceFilter:
    """Which evidence; None asks for all."""

    criterion: str | None = None
    agency: str | None = None
    state: State | None = None


class EvidenceService:
    """Evidence that agencies hand in.

    Args:
        database: the case database.
        blobs: where the files are kept.
        clock: gives the date of receipt.
        audit: where every act and every reading is remembered.
        catalogue: which criteria exist.
    """

    def __init__(self, database: Database, blobs: Blobs, clock: Clock, audit: AuditTrail, catalogue: Catalogue) -> None:
        self._database, self._blobs, self._clock, self._audit = database, blobs, clock, audit
        self._catalogue = catalogue

    def draft(
        self, principal: Principal, declaration: Declaration, file_name: str, data: bytes, replaces: str | None = None
    ) -> Evidence:
        """Keep a draft with its file; nothing is received yet.

        Args:
            replaces: id of returned evidence that this one corrects.

        Raises:
            ForbiddenError, NotFoundError: no right to submit; another agency's evidence.
            InputError: a refused file, an unknown criterion, or dates that contradict one another.
        """
        principal.require(Right.SUBMIT_EVIDENCE)
        require_own(principal, declaration.agency)
        upload = check_upload(file_name, data)
        self._check(declaration)
        digest = self._blobs.put(upload.data)
        with self._database.transaction() as session:
            if replaces is not None:
                self._returned(session, principal, replaces)
            row = new_row(principal, declaration, upload, replaces)
            session.add(row)
            self._remember(session, principal, "evidence.draft", row, after={"sha256": digest})
            return to_evidence(row)

    def submit(self, principal: Principal, ident: str) -> Evidence:
        """Hand a draft in: it gets its date of receipt and its receipt number.

        Raises:
            ConflictError: not a draft any more, or the same file was handed in before (names that receipt).
        """
        principal.require(Right.SUBMIT_EVIDENCE)
        with self._database.transaction() as session:
            row = self._row(session, principal, ident)
            require_own(principal, row.agency)
            expect_state(row, State.DRAFT)
            self._refuse_same(session, row)
            now = self._clock.now()
            row.received, row.receipt = now, next_receipt(session, now)
            row.state = State.SUBMITTED.value
            self._remember(
                session, principal, "evidence.submit", row, after={"receipt": row.receipt, "sha256": row.sha256}
            )
            return to_evidence(row)

    def accept(self, principal: Principal, ident: str, valid_until: date | None = None) -> Evidence:
        """Accept submitted evidence; `valid_until` shortens or sets its validity."""
        return self._decide(principal, ident, "accept", state=State.ACCEPTED, reason="", valid_until=valid_until)

    def send_back(self, principal: Principal, ident: str, reason: str) -> Evidence:
        """Return submitted evidence to its agency. Raises InputError without a reason."""
        if not reason.strip():
            raise InputError(msg("thiếu lý do trả lại"), advice=msg("ghi rõ điều cơ quan cần bổ sung"))
        return self._decide(principal, ident, "return", state=State.RETURNED, reason=reason.strip(), valid_until=None)

    def undo(self, principal: Principal, ident: str) -> Evidence:
        """Take back the last decision: the evidence is exactly as it was before.

        Raises:
            ConflictError: there is no decision to take back, or the same file has been handed in again since.
        """
        principal.require(Right.REVIEW_EVIDENCE)
        with self._database.transaction() as session:
            row = self._row(session, principal, ident)
            require_foreign(principal, row)
            last = last_standing(session, ident)
            if last is None:
                raise ConflictError(msg("không có quyết định nào để hoàn tác"), where=row.receipt or ident)
            before, review = to_review(row), Review.from_json(last.before)
            if before.state is State.RETURNED:
                self._refuse_same(session, row)
            apply_review(row, review)
            self._write_decision(session, principal, row, "undo", before=before, after=review, undoes=last.number)
            return to_evidence(row)

    def read(self, principal: Principal, ident: str) -> Evidence:
        """One piece of evidence; the reading is remembered."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.transaction() as session:
            row = self._row(session, principal, ident)
            self._remember(session, principal, "evidence.read", row)
            return to_evidence(row)

    def open_file(self, principal: Principal, ident: str) -> tuple[Evidence, bytes]:
        """A piece of evidence with its file; the download is remembered."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.transaction() as session:
            row = self._row(session, principal, ident)
            data = self._blobs.get(row.sha256)
            self._remember(session, principal, "evidence.download", row, after={"sha256": row.sha256})
            return to_evidence(row), data

    def find(self, principal: Principal, wanted: EvidenceFilter | None = None) -> list[Evidence]:
        """Evidence the principal may see, newest first; drafts of others are left out."""
        principal.require(Right.READ_COMPLIANCE)
        wanted = wanted or EvidenceFilter()
        query = select(EvidenceRow).order_by(EvidenceRow.received.desc().nulls_last(), EvidenceRow.id)
        if wanted.criterion is not None:
            query = query.where(EvidenceRow.criterion == wanted.criterion)
        if wanted.agency is not None:
            query = query.where(EvidenceRow.agency == wanted.agency)
        now = self._clock.now()
        with self._database.reading() as session:
            found = [to_evidence(row) for row in session.scalars(query) if is_visible(principal, row)]
        return [item for item in found if wanted.state is None or item.state_at(now) is wanted.state]

    def history(self, principal: Principal, ident: str) -> list[Decision]:
        """The decisions on one piece of evidence, oldest first, undone ones included."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.reading() as session:
            self._row(session, principal, ident)
            rows = list(decisions_of(session, ident))
        undone = {row.undoes for row in rows}
        return [
            Decision(row.number, row.verb, row.actor, row.at, Review.from_json(row.after).reason, row.number in undone)
            for row in rows
        ]

    def _decide(
        self, principal: Principal, ident: str, verb: str, *, state: State, reason: str, valid_until: date | None
    ) -> Evidence:
        principal.require(Right.REVIEW_EVIDENCE)
        with self._database.transaction() as session:
            row = self._row(session, principal, ident)
            require_foreign(principal, row)
            expect_state(row, State.SUBMITTED)
            before = to_review(row)
            until = valid_until if valid_until is not None else row.valid_until
            review = Review(state, principal.id, self._clock.now(), reason, until)
            apply_review(row, review)
            self._write_decision(session, principal, row, verb, before=before, after=review)
            return to_evidence(row)

    def _write_decision(
        self,
        session: Session,
        principal: Principal,
        row: EvidenceRow,
        verb: str,
        *,
        before: Review,
        after: Review,
        undoes: int | None = None,
    ) -> None:
        session.add(
            EvidenceDecisionRow(
                evidence=row.id,
                verb=verb,
                actor=principal.id,
                at=self._clock.now(),
                before=before.to_json(),
                after=after.to_json(),
                undoes=undoes,
            )
        )
        self._remember(
            session,
            principal,
            f"evidence.{verb}",
            row,
            before={"state": before.state.value},
            after={"state": after.state.value},
            reason=after.reason,
        )

    def _row(self, session: Session, principal: Principal, ident: str) -> EvidenceRow:
        row = session.get(EvidenceRow, ident)
        if row is None or not is_visible(principal, row):
            raise NotFoundError(msg("không tìm thấy"))
        return row

    def _returned(self, session: Session, principal: Principal, ident: str) -> None:
        row = self._row(session, principal, ident)
        require_own(principal, row.agency)
        expect_state(row, State.RETURNED)

    def _check(self, declaration: Declaration) -> None:
        if self._catalogue.criterion(declaration.criterion) is None:
            raise InputError(
                msg("không có tiêu chí '{id}'", id=declaration.criterion[:20]),
                advice=msg("xem danh mục tiêu chí của mô hình 4 lớp"),
            )
        for fault in date_faults(declaration, self._clock.now().astimezone(LOCAL_ZONE).date()):
            raise InputError(fault, where=declaration.criterion)

    def _refuse_same(self, session: Session, row: EvidenceRow) -> None:
        same = select(EvidenceRow).where(
            EvidenceRow.sha256 == row.sha256,
            EvidenceRow.criterion == row.criterion,
            EvidenceRow.agency == row.agency,
            EvidenceRow.state.in_(_FILED),
            EvidenceRow.id != row.id,
        )
        now = self._clock.now()
        for other in session.scalars(same):
            if to_evidence(other).state_at(now) is not State.EXPIRED:
                raise ConflictError(
                    msg("tệp này đã nộp cho tiêu chí {criterion}", criterion=row.criterion),
                    where=other.receipt or "",
                    advice=msg("xem biên nhận {receipt}; nếu nội dung mới, hãy nộp tệp mới", receipt=other.receipt),
                )

    def _remember(
        self,
        session: Session,
        principal: Principal,
        action: str,
        row: EvidenceRow,
        *,
        before: dict[str, object] | None = None,
        after: dict[str, object] | None = None,
        reason: str = "",
    ) -> None:
        target = f"evidence/{row.receipt or row.id}"
        self._audit.record(session, Act(principal.id, action, target, row.agency, before or {}, after or {}, reason))
