"""Rows of evidence: to and from values, who may see them, and what a step asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.access.principal import Principal, Right
from soc.compliance.catalogue import EvidenceKind
from soc.compliance.evidence import Declaration, Evidence, Review, State
from soc.compliance.tables import EvidenceDecisionRow, EvidenceRow, ReceiptCounterRow
from soc.compliance.uploads import Upload
from soc.core.clock import LOCAL_ZONE, to_utc
from soc.core.errors import ConflictError, ForbiddenError, NotFoundError
from soc.core.i18n import Message, msg
from soc.core.ids import new_id


def accepted_evidence(
    session: Session, criterion: str, agencies: frozenset[str] | None, *, since: date, until: date, as_of: datetime
) -> Sequence[Evidence]:
    """Accepted evidence of a criterion that counts for the days `since` to `until`, in order of receipt.

    It counts when it was received by `as_of`, is valid on the last day, and what it observed touches the days or it is still valid then.
    """
    query = (
        select(EvidenceRow)
        .where(EvidenceRow.criterion == criterion, EvidenceRow.state == State.ACCEPTED.value)
        .where(EvidenceRow.received <= to_utc(as_of), EvidenceRow.observed_since <= until)
        .order_by(EvidenceRow.receipt)
    )
    if agencies is not None:
        query = query.where(EvidenceRow.agency.in_(agencies))
    found = (to_evidence(row) for row in session.scalars(query))
    return [item for item in found if _covers(item, since, until)]


def _covers(item: Evidence, since: date, until: date) -> bool:
    ends = item.review.valid_until
    if ends is None:
        return item.declaration.observed_until >= since
    return ends >= until


def date_faults(declaration: Declaration, today: date) -> Sequence[Message]:
    faults = []
    if declaration.observed_since > declaration.observed_until:
        faults.append(msg("kỳ quan sát kết thúc trước khi bắt đầu"))
    if declaration.observed_until > today:
        faults.append(msg("kỳ quan sát kết thúc trong tương lai"))
    if declaration.made > today:
        faults.append(msg("ngày lập ở tương lai"))
    if declaration.valid_until is not None and declaration.valid_until < declaration.made:
        faults.append(msg("hiệu lực kết thúc trước ngày lập"))
    if declaration.kind is EvidenceKind.TELEMETRY:
        faults.append(msg("bằng chứng đo tự động không nộp bằng tay"))
    return faults


def require_own(principal: Principal, agency: str) -> None:
    if principal.agency != agency:
        raise NotFoundError(msg("không tìm thấy"))


def require_foreign(principal: Principal, row: EvidenceRow) -> None:
    if principal.id == row.submitter or principal.agency == row.agency:
        raise ForbiddenError(
            msg("không ai thẩm định bằng chứng của chính mình hoặc của cơ quan mình"),
            advice=msg("nhờ cán bộ thẩm định của cơ quan khác"),
        )


def is_visible(principal: Principal, row: EvidenceRow) -> bool:
    if row.state == State.DRAFT.value:
        return principal.agency == row.agency and principal.may(Right.SUBMIT_EVIDENCE)
    return principal.scope.sees(row.agency)


def expect_state(row: EvidenceRow, state: State) -> None:
    if row.state != state.value:
        raise ConflictError(
            msg("bằng chứng đang ở trạng thái {found}", found=State(row.state).label),
            expected=msg("trạng thái {state}", state=state.label),
            where=row.receipt or row.id,
            advice=msg("tải lại để xem thay đổi mới nhất"),
        )


def next_receipt(session: Session, now: datetime) -> str:
    year = now.astimezone(LOCAL_ZONE).year
    counter = session.get(ReceiptCounterRow, year)
    if counter is None:
        counter = ReceiptCounterRow(year=year, last=0)
        session.add(counter)
    counter.last += 1
    return f"BN-{year}-{counter.last:05d}"


def decisions_of(session: Session, ident: str) -> Sequence[EvidenceDecisionRow]:
    query = select(EvidenceDecisionRow).where(EvidenceDecisionRow.evidence == ident)
    return list(session.scalars(query.order_by(EvidenceDecisionRow.number)))


def last_standing(session: Session, ident: str) -> EvidenceDecisionRow | None:
    rows = decisions_of(session, ident)
    undone = {row.undoes for row in rows}
    standing = [row for row in rows if row.undoes is None and row.number not in undone]
    return standing[-1] if standing else None


def new_row(principal: Principal, declaration: Declaration, upload: Upload, replaces: str | None) -> EvidenceRow:
    return EvidenceRow(
        id=new_id(),
        criterion=declaration.criterion,
        agency=declaration.agency,
        kind=declaration.kind.value,
        note=declaration.note,
        observed_since=declaration.observed_since,
        observed_until=declaration.observed_until,
        made=declaration.made,
        sha256=upload.sha256,
        size_bytes=len(upload.data),
        media_type=upload.media_type,
        file_name=upload.name,
        submitter=principal.id,
        replaces=replaces,
        state=State.DRAFT.value,
        reviewer="",
        reason="",
        valid_until=declaration.valid_until,
    )


def to_review(row: EvidenceRow) -> Review:
    return Review(State(row.state), row.reviewer, row.reviewed, row.reason, row.valid_until)


def apply_review(row: EvidenceRow, review: Review) -> None:
    row.state, row.reviewer, row.reviewed = review.state.value, review.reviewer, review.reviewed
    row.reason, row.valid_until = review.reason, review.valid_until


def to_evidence(row: EvidenceRow) -> Evidence:
    declaration = Declaration(
        row.criterion,
        row.agency,
        EvidenceKind(row.kind),
        row.observed_since,
        row.observed_until,
        row.made,
        row.valid_until,
        row.note,
    )
    return Evidence(
        row.id,
        row.receipt,
        declaration,
        row.received,
        row.sha256,
        row.size_bytes,
        row.media_type,
        row.file_name,
        row.submitter,
        row.replaces,
        to_review(row),
    )
