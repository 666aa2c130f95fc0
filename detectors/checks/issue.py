"""One thing that is wrong or odd about a rule, with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from detectors.sigma.yaml12 import YamlDocument
from soc.core.errors import DefinitionError
from soc.core.i18n import Lang, Message


class IssueSeverity(StrEnum):
    """An error must be put right; a warning may be meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Issue:
    """A finding of one check.

    Attributes:
        check: short name of the check, the same in every language.
        fault: what was found, where (file:line:column), what was expected, what to do.
    """

    check: str
    severity: IssueSeverity
    fault: DefinitionError

    @property
    def where(self) -> str:
        return self.fault.where

    def render(self, lang: Lang) -> str:
        """One line for a person."""
        return f"{self.severity.value} [{self.check}] {self.fault.render(lang)}"


@dataclass(frozen=True, slots=True)
class RuleDocument:
    """A rule as written: its file, its YAML document with places, and whether it is one of ours or of the site."""

    file: Path
    document: YamlDocument
    content: dict[str, object]
    own: bool

    @property
    def line(self) -> str:
        """file:line, by which the loaded rule is known too (`Rule.where`)."""
        return f"{self.file}:{self.document.line}"

    def issue(
        self,
        check: str,
        severity: IssueSeverity,
        found: Message,
        path: Sequence[object] = (),
        *,
        expected: Message | None = None,
        advice: Message | None = None,
    ) -> Issue:
        """An issue at `path` (keys and indexes) of the document."""
        line, column = self.document.place(path)
        where = f"{self.file}:{line}:{column}"
        return Issue(check, severity, DefinitionError(found, expected=expected, where=where, advice=advice))
