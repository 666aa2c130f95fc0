"""Every check over a set of rule files, all issues at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from detectors.cases import load_cases
from detectors.checks.conditions import check_condition
from detectors.checks.fields import FieldBook, FieldCheck
from detectors.checks.issue import Issue, IssueSeverity, RuleDocument
from detectors.checks.metadata import check_metadata
from detectors.checks.regexes import check_regexes
from detectors.sigma.ruleset import RuleSet, rule_files
from detectors.sigma.yaml12 import load_documents
from detectors.testing import ONE_EACH, Needed, alerting_rules, missing_cases
from soc.core.errors import DefinitionError
from soc.core.i18n import msg


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it: the rules that loaded, and the issues in the order of the files."""

    ruleset: RuleSet
    issues: tuple[Issue, ...]

    @property
    def errors(self) -> int:
        return sum(issue.severity is IssueSeverity.ERROR for issue in self.issues)

    @property
    def warnings(self) -> int:
        return len(self.issues) - self.errors


def check_rules(
    paths: Sequence[Path],
    book: FieldBook,
    is_own: Callable[[Path], bool],
    *,
    tests: bool | None = None,
    needed: Needed = ONE_EACH,
) -> Checked:
    """Load rule files and check every rule.

    Args:
        paths: files and folders.
        book: what the caller knows of fields.
        is_own: whether a rule file is one of ours or of the site, which owes texts in both languages and cases.
        tests: ask for cases of all rules (True), of none (False), or of our own (None).
        needed: how many cases of each kind.

    Raises:
        SetupError: never with the pipeline `auto`.
    """
    ruleset = RuleSet.load(paths)
    documents = [document for path in paths for file in rule_files(path) for document in _documents(file, is_own)]
    issues = [Issue("load", IssueSeverity.ERROR, refusal) for refusal in ruleset.refusals]
    issues += _of_documents(documents, ruleset, book)
    issues += _same_names(documents)
    if tests is not False:
        issues += _without_cases(ruleset, {d.file for d in documents if tests or d.own}, needed)
    return Checked(ruleset, tuple(sorted(issues, key=_by_place)))


def _documents(file: Path, is_own: Callable[[Path], bool]) -> Iterator[RuleDocument]:
    """The documents of a file as far as it can be read; what cannot is among the refusals already."""
    own = is_own(file)
    try:
        for document in load_documents(file.read_bytes()):
            if isinstance(document.content, dict):
                yield RuleDocument(file, document, document.content, own or "vonggac" in document.content)
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return


def _of_documents(documents: Sequence[RuleDocument], ruleset: RuleSet, book: FieldBook) -> Iterator[Issue]:
    fields = FieldCheck(book, documents)
    compiled = {rule.where: rule for rule in ruleset.rules}
    counted = {rule.where: rule for rule in ruleset.correlations}
    by_id = {rule.id: rule for rule in ruleset.rules}
    for document in documents:
        yield from check_metadata(document)
        yield from fields.check(document)
        yield from check_regexes(document)
        rule = compiled.get(document.line)
        if rule is not None:
            yield from check_condition(document, rule, ruleset.atoms)
        if document.line in counted:
            yield from fields.check_correlation(document, counted[document.line], by_id)


def _same_names(documents: Sequence[RuleDocument]) -> Iterator[Issue]:
    """A name is what correlations and cases call a rule by; a title is what people do."""
    for key, severity in (("name", IssueSeverity.ERROR), ("title", IssueSeverity.WARNING)):
        first: dict[str, str] = {}
        for document in documents:
            value = document.content.get(key)
            if not isinstance(value, str):
                continue
            other = first.setdefault(value, document.line)
            if other != document.line:
                yield document.issue(
                    f"same-{key}",
                    severity,
                    msg("{key} “{value}” đã dùng ở {other}", key=key, value=value, other=other),
                    (key,),
                )


def _without_cases(ruleset: RuleSet, files: set[Path], needed: Needed) -> Iterator[Issue]:
    rules = defaultdict(list)
    for rule in alerting_rules(ruleset):
        rules[Path(rule.where.rpartition(":")[0])].append(rule)
    for file in sorted(files & rules.keys()):
        try:
            cases = load_cases(file)
        except DefinitionError as fault:
            yield Issue("cases", IssueSeverity.ERROR, fault)
            continue
        for rule in rules[file]:
            yield from (Issue("cases", IssueSeverity.ERROR, lack) for lack in missing_cases(rule, file, cases, needed))


def _by_place(issue: Issue) -> tuple[str, int, int]:
    file, *numbers = issue.where.rsplit(":", 2)
    line, column = (int(number) if number.isdigit() else 0 for number in [*numbers, "0", "0"][:2])
    return file, line, column
