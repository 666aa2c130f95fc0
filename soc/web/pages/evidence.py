"""Evidence: an officer hands in a file, a reviewer accepts or returns it, an auditor opens it. Each reading is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from soc.access.principal import Right
from soc.compliance.catalogue import EvidenceKind
from soc.compliance.evidence import Declaration, Evidence, State
from soc.compliance.evidence_service import EvidenceFilter
from soc.core.errors import ConflictError, InputError, SocError
from soc.core.i18n import Message, msg
from soc.web.formats import typed_day
from soc.web.links import one_of
from soc.web.problems import status_of
from soc.web.security import UPLOAD_BYTES
from soc.web.visit import Posted, Visit, needs, see_other

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_COMPLIANCE))]
Submitter = Annotated[Visit, Depends(needs(Right.SUBMIT_EVIDENCE))]
Reviewer = Annotated[Visit, Depends(needs(Right.REVIEW_EVIDENCE))]
KINDS = (EvidenceKind.DOCUMENT, EvidenceKind.ATTESTATION, EvidenceKind.EXERCISE)
SHOWN = 200
KIND_LABELS: dict[EvidenceKind, Message] = {
    EvidenceKind.TELEMETRY: msg("đo tự động"),
    EvidenceKind.DOCUMENT: msg("tài liệu"),
    EvidenceKind.ATTESTATION: msg("xác nhận"),
    EvidenceKind.EXERCISE: msg("diễn tập"),
}


class HandIn(BaseModel):
    """What the form of the officer sends: dates as typed, `d/M/yyyy` or ISO; the agency is the officer's own."""

    model_config = ConfigDict(extra="forbid")

    criterion: str = Field(max_length=20)
    kind: EvidenceKind
    observed_since: str = Field(max_length=40)
    observed_until: str = Field(max_length=40)
    made: str = Field(max_length=40)
    valid_until: str = Field(default="", max_length=40)
    note: str = Field(default="", max_length=2000)
    replaces: str = Field(default="", max_length=40)

    def declaration(self, agency: str) -> Declaration:
        """The statement about the file. Raises InputError for a date that cannot be read."""
        return Declaration(
            criterion=self.criterion,
            agency=agency,
            kind=self.kind,
            observed_since=typed_day(self.observed_since),
            observed_until=typed_day(self.observed_until),
            made=typed_day(self.made),
            valid_until=typed_day(self.valid_until) if self.valid_until.strip() else None,
            note=self.note.strip(),
        )


class Decide(BaseModel):
    """What the form of the reviewer sends."""

    model_config = ConfigDict(extra="forbid")

    decision: str = Field(pattern="^(accept|return|undo)$")
    reason: str = Field(default="", max_length=4000)
    valid_until: str = Field(default="", max_length=40)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form before or after a fault."""

    criterion: str = ""
    kind: str = EvidenceKind.DOCUMENT.value
    observed_since: str = ""
    observed_until: str = ""
    made: str = ""
    valid_until: str = ""
    note: str = ""
    replaces: str = ""


@router.get("/evidence")
def show_list(visit: Reader, criterion: str = "", replaces: str = "") -> Response:
    """The evidence the visitor may see, and for an officer the form to hand one in."""
    if not replaces:
        return _list(visit, Typed(criterion=criterion[:20]))
    returned = visit.services.evidence.read(visit.principal, replaces)
    return _list(visit, Typed(criterion=returned.criterion, kind=returned.declaration.kind, replaces=returned.id))


@router.post("/evidence")
def hand_in(visit: Submitter, form: Posted) -> Response:
    """Hand in one file; a draft is kept even when it cannot be received."""
    service = visit.services.evidence
    sent = form.into(HandIn)
    try:
        declared = sent.declaration(visit.principal.agency)
        draft = service.draft(visit.principal, declared, form.file.name, form.file.data, sent.replaces or None)
        received = service.submit(visit.principal, draft.id)
    except (InputError, ConflictError) as problem:
        return _list(visit, Typed(**sent.model_dump()), problem)
    return see_other(f"/evidence/{received.id}")


@router.get("/evidence/review")
def show_queue(visit: Reviewer) -> Response:
    """What waits for review, oldest first."""
    waiting = visit.services.evidence.find(visit.principal, EvidenceFilter(state=State.SUBMITTED))
    waiting.sort(key=lambda item: item.received or visit.now)
    return visit.page(
        "evidence_review.html", items=waiting[:SHOWN], total=len(waiting), agencies=visit.agencies(), kinds=KIND_LABELS
    )


@router.get("/evidence/{ident}")
def show(visit: Reader, ident: str) -> Response:
    """One piece of evidence: its four dates, hash, history; the receipt of its officer."""
    return _one(visit, visit.services.evidence.read(visit.principal, ident))


@router.post("/evidence/{ident}/submit")
def submit(visit: Submitter, ident: str, form: Posted) -> Response:
    """Hand in a draft that was kept."""
    form.into(_Nothing)
    service = visit.services.evidence
    try:
        service.submit(visit.principal, ident)
    except ConflictError as problem:
        return _one(visit, service.read(visit.principal, ident), problem)
    return see_other(f"/evidence/{ident}")


@router.post("/evidence/{ident}/review")
def review(visit: Reviewer, ident: str, form: Posted) -> Response:
    """Accept, return with a reason, or take the last decision back."""
    sent, service = form.into(Decide), visit.services.evidence
    found = service.read(visit.principal, ident)
    try:
        if sent.decision == "accept":
            until = typed_day(sent.valid_until) if sent.valid_until.strip() else None
            service.accept(visit.principal, ident, until)
        elif sent.decision == "return":
            service.send_back(visit.principal, ident, sent.reason)
        else:
            service.undo(visit.principal, ident)
    except (InputError, ConflictError) as problem:
        return _one(visit, found, problem, sent.reason)
    return see_other(f"/evidence/{ident}")


@router.get("/evidence/{ident}/file")
def download(visit: Reader, ident: str) -> Response:
    """The file, always as an attachment and under the type that was found in its content."""
    item, data = visit.services.evidence.open_file(visit.principal, ident)
    return attachment(item.file_name, item.media_type, data)


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


def attachment(name: str, media_type: str, data: bytes) -> Response:
    """Bytes that a browser saves and never opens in our origin."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition})


def _list(visit: Visit, typed: Typed, problem: SocError | None = None) -> Response:
    faults: list[Message] = []
    state = one_of(visit.request.query_params, "f.state", ["", *State], "", faults)
    items = visit.services.evidence.find(visit.principal, EvidenceFilter(state=State(state) if state else None))
    return visit.page(
        "evidence_list.html",
        200 if problem is None else status_of(problem),
        items=items[:SHOWN],
        total=len(items),
        state=state,
        states=tuple(State),
        faults=faults,
        criteria=_criteria(visit),
        kinds=KINDS,
        kind_labels=KIND_LABELS,
        typed=typed,
        problem=problem,
        limit_bytes=UPLOAD_BYTES,
        agencies=visit.agencies(),
    )


def _criteria(visit: Visit) -> Sequence[tuple[str, str]]:
    """Criteria that a file can prove, for the list of the form."""
    known = visit.services.catalogue.criteria
    return [
        (one.id, dict(one.title)[visit.lang.value]) for one in known if one.evidence_kind is not EvidenceKind.TELEMETRY
    ]


def _one(visit: Visit, item: Evidence, problem: SocError | None = None, typed_reason: str = "") -> Response:
    principal = visit.principal
    criterion = visit.services.catalogue.criterion(item.criterion)
    return visit.page(
        "evidence_one.html",
        200 if problem is None else status_of(problem),
        item=item,
        state=item.state_at(visit.now),
        history=visit.services.evidence.history(principal, item.id),
        criterion=criterion,
        kinds=KIND_LABELS,
        own=item.agency == principal.agency,
        may_review=visit.may(Right.REVIEW_EVIDENCE) and principal.agency != item.agency,
        problem=problem,
        typed_reason=typed_reason,
        agencies=visit.agencies(),
    )
