"""The assessment as a value: what was judged, from which facts, and how anybody can compute each figure again.

Nothing here reads a store. An Assessment is frozen when it is made; facts that change later make a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from soc.core.clock import Window
from soc.core.i18n import Message, msg

Names = Mapping[str, str]
"""Language -> text, `{"vi": ..., "en": ...}`."""

Row = tuple[str | int | float | bool | None, ...]
"""One counted fact, in the order of `Snapshot.columns`."""


class Status(StrEnum):
    """What became of a criterion. Only telemetry or an accepted document makes anything but the last three."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"
    NOT_EVIDENCED = "not_evidenced"
    NOT_MEASURED = "not_measured"
    NOT_APPLICABLE = "not_applicable"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _STATUS_LABELS[self]


_STATUS_LABELS = {
    Status.MET: msg("Đạt"),
    Status.PARTLY: msg("Đạt một phần"),
    Status.NOT_MET: msg("Chưa đạt"),
    Status.NOT_EVIDENCED: msg("Chưa có bằng chứng"),
    Status.NOT_MEASURED: msg("Chưa đo"),
    Status.NOT_APPLICABLE: msg("Không áp dụng"),
}


class Basis(StrEnum):
    """What a criterion's status rests on."""

    TELEMETRY = "telemetry"
    DOCUMENT = "document"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """Everything needed to ask the same question again.

    Attributes:
        engine: events (the event store) | sql (the case database).
        facts: name of the list of facts that is counted (`soc.compliance.facts.LISTS`).
        query: what selects them: Lucene text for `events`, a sentence of conditions for `sql`.
        agencies: ids whose data was asked for; None = all of the province. Real data only, never an exercise.
        since, until: window over event time, or over the time an incident was detected.
        as_of: facts that reached us later were not counted.
        function: name of the function that turns the rows into the value (`soc.compliance.figures.FUNCTIONS`).
        parameters: its named arguments, in order of name.
    """

    engine: str
    facts: str
    query: str
    agencies: tuple[str, ...] | None
    since: datetime
    until: datetime
    as_of: datetime
    function: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def window(self) -> Window:
        return Window(self.since, self.until)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of an assessment.

    Attributes:
        id: unique within the assessment, `L2-01.share`.
        value: None = not measured, which is never the same as 0.
        unit: percent | count | minutes | hours | months.
        numerator, denominator: of a share; None for other figures.
        formula: how the value comes about, in both languages.
        snapshot: SHA-256 over the counted rows, as kept in the snapshot table.
    """

    id: str
    label: Names
    value: float | None
    unit: str
    numerator: int | None
    denominator: int | None
    formula: Names
    query: StoredQuery
    snapshot: str


@dataclass(frozen=True, slots=True)
class EvidenceRef:
    """An accepted document that a criterion rests on."""

    receipt: str
    agency: str
    name: str
    sha256: str
    received: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """The judgement of one criterion.

    Attributes:
        reason: why this status, as a sentence.
        figures: the first one decides the status; empty without telemetry.
        findings: what is lacking, a sentence each, worst first.
    """

    criterion: str
    layer: int
    title: Names
    measure: Names
    legal_basis: tuple[str, ...]
    confidence: str
    evidence_kind: str
    status: Status
    basis: Basis
    reason: Message
    figures: tuple[Figure, ...] = ()
    evidence: tuple[EvidenceRef, ...] = ()
    findings: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerResult:
    """One of the four layers.

    Attributes:
        score: percent of the judged criteria, `partly` counting half; None where none could be judged.
        judged: criteria with status met, partly or not_met; `total` leaves the not applicable ones out.
    """

    layer: int
    title: Names
    criteria: tuple[CriterionResult, ...]
    score: float | None
    judged: int
    total: int

    def count(self, status: Status) -> int:
        """How many of the criteria have that status."""
        return sum(1 for result in self.criteria if result.status is status)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one log source said in the period. `silent_hours` is beyond its expected rhythm; None where it has none."""

    source: str
    platform: str
    agency: str
    events: int
    first: datetime | None
    last: datetime | None
    silent_hours: float | None


@dataclass(frozen=True, slots=True)
class Ran:
    """That a detection rule ran: how many events it was asked about and how often it matched."""

    rule_id: str
    title: Names
    events: int
    matches: int


@dataclass(frozen=True, slots=True)
class IncidentCount:
    """Incidents of one agency and severity detected in the period, and the alerts that they hold."""

    agency: str
    severity: str
    incidents: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """A frozen judgement of the province or of one agency over one period.

    Attributes:
        id: 32 hexadecimal digits.
        agency: None = the whole province.
        period: as asked for, "2026-Q4"; `window` is its span in UTC, `until` cut to the moment it was made.
        made_by: user name.
        names: agency id -> names, of every agency that appears, as they were called then.
        sample: made in a home of sample data; every page of its report says so.
        hash: SHA-256 over everything above, see `soc.compliance.archive.assessment_hash`.
    """

    id: str
    agency: str | None
    period: str
    window: Window
    catalogue_id: str
    catalogue_version: str
    catalogue_hash: str
    made: datetime
    made_by: str
    results: tuple[LayerResult, ...]
    heard: tuple[Heard, ...]
    ran: tuple[Ran, ...]
    incidents: tuple[IncidentCount, ...]
    sample: bool
    names: Mapping[str, Names] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    hash: str = ""

    def criterion(self, ident: str) -> CriterionResult:
        """The result of one criterion. Raises KeyError for one that is not in the catalogue."""
        return {result.criterion: result for layer in self.results for result in layer.criteria}[ident]

    def all_figures(self) -> tuple[Figure, ...]:
        """Every figure in the order of the report: of the criteria, then those of the assessment itself."""
        of_criteria = (f for layer in self.results for result in layer.criteria for f in result.figures)
        return (*of_criteria, *self.figures)

    @property
    def is_nil(self) -> bool:
        """Whether the period saw no alert and no incident at all."""
        return not any(row.incidents or row.alerts for row in self.incidents)
