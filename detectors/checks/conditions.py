"""Conditions that can never hold, that always hold, or that leave a search out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from detectors.checks.detections import searches_of
from detectors.checks.issue import Issue, IssueSeverity, RuleDocument
from detectors.checks.logic import is_certain, is_impossible
from detectors.sigma.labels import Label, Labels, Role, parts_of
from detectors.sigma.predicates import SameAs
from detectors.sigma.routing import facts
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.table import holds_for
from detectors.sigma.tree import FALSE, AtomTable, Node, Some, holds, simplified
from soc.core.i18n import msg

_CONDITION = ("detection", "condition")


def check_condition(document: RuleDocument, rule: Rule, atoms: AtomTable) -> Iterator[Issue]:
    """Issues of the condition of a detection rule that has been loaded."""
    program, labels = _without_filters(rule.program, rule.labels)
    yield from _unused(document, labels)
    if is_impossible(program, atoms):
        yield document.issue(
            "impossible",
            IssueSeverity.ERROR,
            msg("điều kiện không bao giờ đúng: có phép thử loại trừ nhau"),
            _CONDITION,
            advice=msg("nối bằng or, hoặc bỏ một trong hai phép thử"),
        )
        return
    if _is_elsewhere(program, rule.logsource, atoms):
        yield document.issue(
            "impossible",
            IssueSeverity.ERROR,
            msg("điều kiện không bao giờ đúng với nhật ký của category {category}", category=rule.logsource.category),
            _CONDITION,
            advice=msg("sửa EventID hoặc Channel, hoặc logsource"),
        )
    if is_certain(program, atoms):
        yield document.issue("certain", IssueSeverity.ERROR, msg("điều kiện luôn luôn đúng"), _CONDITION)
    elif holds(program, lambda number: holds_for(atoms, number, {})):
        yield document.issue(
            "broad",
            IssueSeverity.WARNING,
            msg("điều kiện đúng cả với sự kiện không có trường nào của luật"),
            _CONDITION,
            advice=msg("thêm một phép thử phải có giá trị"),
        )
    yield from _dead(document, program, labels, atoms)


def _is_elsewhere(program: Node, source: LogSource, atoms: AtomTable) -> bool:
    """Whether a rule of a Windows category asks for channels or event numbers of which the category has none."""
    logs = facts().categories.get(source.category, ()) if source.product == "windows" else ()
    constants = [{"Channel": log.channel, "EventID": event} for log in logs for event in log.events]
    return bool(constants) and all(simplified(program, _knowing(atoms, known)) == FALSE for known in constants)


def _knowing(atoms: AtomTable, constants: Mapping[str, object]) -> Callable[[int], bool | None]:
    def known(number: int) -> bool | None:
        atom = atoms[number]
        decided = atom.field in constants and not isinstance(atom.test, SameAs)
        return holds_for(atoms, number, constants) if decided else None

    return known


def _without_filters(program: Node, labels: Labels) -> tuple[Node, Labels]:
    """The rule's own program: Sigma filters on it are no fault of its own."""
    if not any(label.role is Role.FILTER for label in labels.values()):
        return program, labels
    own = {place[1:]: label for place, label in labels.items() if place[:1] == (0,)}
    return parts_of(program)[0], own


def _unused(document: RuleDocument, labels: Labels) -> Iterator[Issue]:
    used = {label.name for label in labels.values()}
    for name in searches_of(document):
        if name not in used:
            yield document.issue(
                "unused",
                IssueSeverity.WARNING,
                msg("phần {name} không được điều kiện dùng đến", name=name),
                ("detection", name),
            )


def _dead(document: RuleDocument, program: Node, labels: Labels, atoms: AtomTable) -> Iterator[Issue]:
    """Searches that by themselves can never hold, while the condition as a whole can."""
    told: set[Label] = set()
    for place, label in labels.items():
        if label in told:
            continue
        node = program
        for step in place:
            node = parts_of(node)[step]
        if node != Some(()) and is_impossible(node, atoms):
            told.add(label)
            yield document.issue(
                "dead",
                IssueSeverity.WARNING,
                msg("phần {name} không bao giờ đúng: có phép thử loại trừ nhau", name=label.name),
                ("detection", label.name),
            )
