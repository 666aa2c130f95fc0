"""Kinds of reports: id -> how a document is made of an assessment. A new kind is one module and one line here."""

from __future__ import annotations

from typing import Protocol

from reports.document import Document, Letterhead
from reports.kinds.periodic_4layer import PeriodicFourLayer
from soc.compliance.assessment import Assessment, Names
from soc.core.i18n import Lang


class ReportKind(Protocol):
    """Makes documents of one kind; the same assessment, letterhead and language always give the same document."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> Names: ...

    def build(self, assessment: Assessment, letterhead: Letterhead, lang: Lang) -> Document:
        """The document in one language."""
        ...


KINDS: dict[str, ReportKind] = {kind.id: kind for kind in (PeriodicFourLayer(),)}
"""Every kind that can be built."""
