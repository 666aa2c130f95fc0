"""From figures and accepted documents to a status, with a reason in words. Pure.

The order of proof: telemetry where a measure exists and has facts; else an accepted document; else nothing, which is never "met".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soc.compliance.assessment import (
    Basis,
    CriterionResult,
    EvidenceRef,
    Figure,
    LayerResult,
    Names,
    Status,
)
from soc.compliance.catalogue import Criterion, Owner, Target
from soc.core.i18n import Message, msg

_JUDGED = {Status.MET: 1.0, Status.PARTLY: 0.5, Status.NOT_MET: 0.0}


@dataclass(frozen=True, slots=True)
class Proof:
    """What there is on one criterion.

    Attributes:
        figures: of the telemetry measures, the deciding one first; empty where no measure exists.
        evidence: accepted documents.
        owing: agencies that owe the criterion.
    """

    figures: tuple[Figure, ...]
    evidence: tuple[EvidenceRef, ...]
    owing: frozenset[str]
    findings: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class _Verdict:
    status: Status
    basis: Basis
    reason: Message


def judge(criterion: Criterion, citations: tuple[str, ...], proof: Proof) -> CriterionResult:
    """The result of one criterion."""
    verdict = _verdict(criterion, proof)
    return CriterionResult(
        criterion=criterion.id,
        layer=criterion.layer,
        title=criterion.title.names(),
        measure=criterion.measure.names(),
        legal_basis=citations,
        confidence=criterion.confidence.value,
        evidence_kind=criterion.evidence_kind.value,
        status=verdict.status,
        basis=verdict.basis,
        reason=verdict.reason,
        figures=proof.figures,
        evidence=proof.evidence,
        findings=proof.findings,
    )


def judge_layer(layer: int, title: Names, results: Sequence[CriterionResult]) -> LayerResult:
    """A layer from its criteria: the score is the mean over those that could be judged."""
    judged = [_JUDGED[result.status] for result in results if result.status in _JUDGED]
    score = round(100 * sum(judged) / len(judged), 1) if judged else None
    total = sum(1 for result in results if result.status is not Status.NOT_APPLICABLE)
    return LayerResult(layer, title, tuple(results), score, len(judged), total)


def grade(value: float, target: Target) -> Status:
    """The status of a measured value against a (proposed) target."""
    if target.better == "higher":
        return Status.MET if value >= target.met else Status.PARTLY if value > target.partly else Status.NOT_MET
    return Status.MET if value <= target.met else Status.PARTLY if value <= target.partly else Status.NOT_MET


def _verdict(criterion: Criterion, proof: Proof) -> _Verdict:
    if not proof.owing:
        return _Verdict(Status.NOT_APPLICABLE, Basis.NOTHING, msg("tiêu chí của cấp tỉnh, không chấm cho từng cơ quan"))
    deciding = proof.figures[0] if proof.figures else None
    if deciding is not None and deciding.value is not None and criterion.target is not None:
        return _Verdict(grade(deciding.value, criterion.target), Basis.TELEMETRY, _measured(deciding, criterion.target))
    if proof.evidence:
        return _documented(criterion, proof)
    if deciding is not None:
        return _Verdict(Status.NOT_MEASURED, Basis.NOTHING, msg("đo được nhưng kỳ này chưa có dữ kiện nào để tính"))
    return _Verdict(
        Status.NOT_EVIDENCED, Basis.NOTHING, msg("chưa có tài liệu nào được chấp nhận, chưa có phép đo tự động")
    )


def _measured(figure: Figure, target: Target) -> Message:
    limits = {"met": f"{target.met:g}", "partly": f"{target.partly:g}"}
    if target.better == "higher":
        return msg("đo tự động; ngưỡng đề xuất: đạt từ {met}, một phần trên {partly}", **limits)
    return msg("đo tự động; ngưỡng đề xuất: đạt đến {met}, một phần đến {partly}", **limits)


def _documented(criterion: Criterion, proof: Proof) -> _Verdict:
    having = {ref.agency for ref in proof.evidence}
    if criterion.owed_by is Owner.PROVINCE or having >= proof.owing:
        return _Verdict(Status.MET, Basis.DOCUMENT, msg("có tài liệu được chấp nhận"))
    have = len(having & proof.owing)
    reason = msg("{have}/{all} cơ quan có tài liệu được chấp nhận", have=have, all=len(proof.owing))
    return _Verdict(Status.PARTLY, Basis.DOCUMENT, reason)


def owing(criterion: Criterion, agencies: Mapping[str, bool], *, whole_province: bool) -> frozenset[str]:
    """The agencies that owe a criterion.

    Args:
        agencies: id -> whether it is the province itself.
        whole_province: False for the assessment of one agency, to which criteria of the province do not apply.
    """
    if criterion.owed_by is Owner.PROVINCE:
        return (
            frozenset(ident for ident, is_province in agencies.items() if is_province)
            if whole_province
            else frozenset()
        )
    return frozenset(ident for ident, is_province in agencies.items() if not is_province)
