"""Use cases of the assessment: make one, read one, and compute any of its figures again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.access.agencies import AgencyKind, visible
from soc.access.principal import Principal, Right
from soc.access.tables import AgencyRow
from soc.audit.trail import Act, AuditTrail
from soc.compliance import archive
from soc.compliance.assessment import (
    Assessment,
    CriterionResult,
    EvidenceRef,
    Figure,
    Heard,
    IncidentCount,
    LayerResult,
    Names,
    Ran,
    StoredQuery,
)
from soc.compliance.catalogue import Catalogue, Criterion
from soc.compliance.counting import Counter, Question
from soc.compliance.evidence_rows import accepted_evidence
from soc.compliance.facts import LISTS, Facts, Surroundings
from soc.compliance.figures import Outcome, Table, compute
from soc.compliance.findings import find
from soc.compliance.judging import Proof, judge, judge_layer, owing
from soc.compliance.measures import MEASURES, OVERALL
from soc.compliance.period import Period, parse_period
from soc.core.clock import LOCAL_ZONE, Clock, Window, parse_iso
from soc.core.errors import InputError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id
from soc.incidents.duties import DutyBook
from soc.storage.events import EventStore
from soc.storage.sql import Database


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A figure computed anew.

    Attributes:
        origin: live = the stored query gave the very rows of the snapshot; snapshot = the facts have changed or gone since, and the
            rows that were kept were used; nothing = neither is there, `value` says nothing.
        live_value: what the stored query gives over the facts of today; None also when they cannot be asked.
    """

    figure: str
    origin: str
    value: float | None
    numerator: int | None
    denominator: int | None
    live_value: float | None

    def confirms(self, figure: Figure) -> bool:
        """Whether the figure says what its rows say."""
        again = (self.value, self.numerator, self.denominator)
        return self.origin != "nothing" and again == (figure.value, figure.numerator, figure.denominator)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """By what is judged: the catalogue of criteria and the duties of notice."""

    catalogue: Catalogue
    duties: DutyBook


class Assessor:
    """Judges agencies by facts.

    Args:
        store: the events; read only.
        database: incidents, systems, evidence; assessments are kept here.
        rulebook: criteria and duties.
        around: registered platforms and sources.
        clock: gives the moment of the assessment.
        audit: where the making of one is remembered.
        ran: the rules that ran over events of a window, and how often they matched.
        sample: whether this home holds sample data.
    """

    def __init__(
        self,
        store: EventStore,
        database: Database,
        *,
        rulebook: Rulebook,
        around: Surroundings,
        clock: Clock,
        audit: AuditTrail,
        ran: Callable[[Window], Sequence[Ran]],
        sample: bool = False,
    ) -> None:
        self._database, self._rulebook, self._around = database, rulebook, around
        self._facts = Facts(store, database, around)
        self._clock, self._audit, self._ran, self._sample = clock, audit, ran, sample

    def assess(self, principal: Principal, period: str, agency: str | None = None) -> Assessment:
        """Judge the province, or one agency with those below it, over a period, and keep the result.

        Args:
            period: "2026-Q4", "2026-11", see `parse_period`; a running one is judged up to now.
            agency: None = all that the principal may see.

        Raises:
            ForbiddenError, NotFoundError: no right to build reports; an agency out of sight.
            InputError: not a period, or one that has not begun.
        """
        principal.require(Right.BUILD_REPORTS)
        sitting = self._sitting(principal, parse_period(period), _own_unless_province(principal, agency))
        made = self._judged(principal, sitting)
        with self._database.transaction() as session:
            archive.save(session, made, sitting.counter.snapshots())
            after = {"period": made.period, "hash": made.hash}
            act = Act(principal.id, "assessment.make", f"assessment/{made.id}", made.agency or "", after=after)
            self._audit.record(session, act)
        return made

    def get(self, principal: Principal, ident: str) -> Assessment:
        """A kept assessment. Raises NotFoundError, also for one of an agency out of sight."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.reading() as session:
            found = archive.find(session, ident)
        if found is None or not _may_see(principal, found):
            raise NotFoundError(msg("không tìm thấy"))
        return found

    def latest(self, principal: Principal, limit: int = 50) -> list[Assessment]:
        """Kept assessments that the principal may see, newest first."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.reading() as session:
            return [found for found in archive.listed(session, principal.scope, limit) if _may_see(principal, found)]

    def newest(self, principal: Principal) -> Assessment | None:
        """The newest of the province, or of the principal's own agency where the province's is not theirs to see."""
        principal.require(Right.READ_COMPLIANCE)
        with self._database.reading() as session:
            found = archive.newest(session, _own_unless_province(principal, None))
        return found if found is not None and _may_see(principal, found) else None

    def recompute(self, principal: Principal, figures: Sequence[Figure]) -> list[Recomputed]:
        """Ask the stored queries again, and fall back on the kept rows where the facts have changed since.

        The figures may come out of a file that somebody altered: a question that makes no sense any more proves nothing, and one
        beyond what the principal may see is not asked.

        Returns:
            One result a figure, in their order.
        """
        principal.require(Right.READ_COMPLIANCE)
        tables: dict[StoredQuery, Table | None] = {}
        return [self._again(principal, figure, tables) for figure in figures]

    def _again(self, principal: Principal, figure: Figure, tables: dict[StoredQuery, Table | None]) -> Recomputed:
        nothing = Recomputed(figure.id, "nothing", None, None, None, None)
        if figure.query.facts not in LISTS or not _within_scope(principal, figure):
            return nothing
        live = self._live(figure.query, tables)
        today = None if live is None else _outcome(figure, live)
        if live is not None and today is not None and live.hash == figure.snapshot:
            return Recomputed(figure.id, "live", today.value, today.numerator, today.denominator, today.value)
        with self._database.reading() as session:
            kept = archive.snapshot(session, figure.snapshot)
        proved = None if kept is None else _outcome(figure, kept)
        live_value = None if today is None else today.value
        if proved is None:
            return replace(nothing, live_value=live_value)
        return Recomputed(figure.id, "snapshot", proved.value, proved.numerator, proved.denominator, live_value)

    def _live(self, query: StoredQuery, tables: dict[StoredQuery, Table | None]) -> Table | None:
        """The rows of today; several figures count the same ones, which are then read once."""
        asked = replace(query, function="", parameters=())
        if asked not in tables:
            try:
                tables[asked] = self._facts.table(asked)
            except InputError:  # a query text that was altered
                tables[asked] = None
        return tables[asked]

    def _sitting(self, principal: Principal, period: Period, agency: str | None) -> _Sitting:
        now = self._clock.now()
        window = _cut(period, now)
        with self._database.reading() as session:
            places = _places(session, principal, agency)
        question = Question(None if agency is None else frozenset(places), window, now)
        counter = Counter(self._facts, question, self._rulebook.duties, self._around.levels.hash)
        day = min(period.last_day, now.astimezone(LOCAL_ZONE).date())
        return _Sitting(period, agency, places, question, counter, day)

    def _judged(self, principal: Principal, sitting: _Sitting) -> Assessment:
        catalogue, question, counter = self._rulebook.catalogue, sitting.question, sitting.counter
        overall = {measure.key: measure for measure in OVERALL}
        heard = counter.table(overall["sources"])
        made = Assessment(
            id=new_id(),
            agency=sitting.agency,
            period=sitting.period.text,
            window=question.window,
            catalogue_id=catalogue.id,
            catalogue_version=catalogue.version,
            catalogue_hash=catalogue.hash,
            made=question.as_of,
            made_by=principal.id,
            results=tuple(self._layer(sitting, layer) for layer in sorted(catalogue.layers)),
            heard=_heard(heard),
            ran=tuple(self._ran(question.window)),
            incidents=_incident_counts(counter.table(overall["incidents"])),
            sample=self._sample,
            names=self._names(sitting.places, heard),
            figures=tuple(counter.figure("overall", measure, question.window.since) for measure in OVERALL),
        )
        return replace(made, hash=archive.assessment_hash(made))

    def _layer(self, sitting: _Sitting, layer: int) -> LayerResult:
        catalogue = self._rulebook.catalogue
        results = [self._result(sitting, criterion) for criterion in catalogue.of_layer(layer, sitting.day)]
        return judge_layer(layer, catalogue.layers[layer].names(), results)

    def _result(self, sitting: _Sitting, criterion: Criterion) -> CriterionResult:
        measures = MEASURES.get(criterion.id, ())
        since = sitting.question.window.since if criterion.valid_from is None else _midnight(criterion.valid_from)
        proof = Proof(
            figures=tuple(sitting.counter.figure(criterion.id, measure, since) for measure in measures),
            evidence=self._evidence(criterion, sitting.question, sitting.day),
            owing=owing(criterion, sitting.kinds, whole_province=sitting.agency is None),
            findings=find(criterion.id, sitting.counter.table(measures[0])) if measures else (),
        )
        return judge(criterion, self._rulebook.catalogue.citations(criterion, sitting.day), proof)

    def _evidence(self, criterion: Criterion, question: Question, day: date) -> tuple[EvidenceRef, ...]:
        since = question.window.since.astimezone(LOCAL_ZONE).date()
        with self._database.reading() as session:
            found = accepted_evidence(
                session, criterion.id, question.agencies, since=since, until=day, as_of=question.as_of
            )
        return tuple(
            EvidenceRef(
                item.receipt or "",
                item.agency,
                item.file_name,
                item.sha256,
                item.received or question.as_of,
                None if item.review.valid_until is None else _midnight(item.review.valid_until),
            )
            for item in found
        )

    def _names(self, places: Mapping[str, _Place], heard: Table) -> dict[str, Names]:
        platforms = self._around.platforms()
        named = {str(fact["platform"]) for fact in heard.facts()} & platforms.keys()
        of_platforms = {
            f"platform/{ident}": {"vi": platforms[ident].name_vi, "en": platforms[ident].name_en}
            for ident in sorted(named)
        }
        return {ident: place.names for ident, place in places.items()} | of_platforms


@dataclass(frozen=True, slots=True)
class _Place:
    names: Names
    is_province: bool


@dataclass(frozen=True, slots=True)
class _Sitting:
    """One making of an assessment; `day` is the last day of the period that has come, by which texts apply."""

    period: Period
    agency: str | None
    places: Mapping[str, _Place]
    question: Question
    counter: Counter
    day: date

    @property
    def kinds(self) -> dict[str, bool]:
        return {ident: place.is_province for ident, place in self.places.items()}


def _places(session: Session, principal: Principal, agency: str | None) -> dict[str, _Place]:
    """The agencies that an assessment is about."""
    below = principal.scope.agencies if agency is None else visible(session, agency)
    query = select(AgencyRow).order_by(AgencyRow.id)
    rows = [row for row in session.scalars(query) if below is None or row.id in below]
    return {
        row.id: _Place({"vi": row.name_vi, "en": row.name_en}, row.kind == AgencyKind.PROVINCE.value) for row in rows
    }


def _own_unless_province(principal: Principal, agency: str | None) -> str | None:
    if agency is None:
        return None if principal.scope.agencies is None else principal.agency
    principal.require_agency(agency)
    return agency


def _may_see(principal: Principal, assessment: Assessment) -> bool:
    if assessment.agency is None:
        return principal.scope.agencies is None
    return principal.scope.sees(assessment.agency)


def _cut(period: Period, now: datetime) -> Window:
    if period.window.since >= now:
        raise InputError(
            msg("kỳ {period} chưa bắt đầu", period=period.text), advice=msg("chọn kỳ đã qua hoặc kỳ đang diễn ra")
        )
    return Window(period.window.since, min(period.window.until, now))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE).astimezone(UTC)


def _within_scope(principal: Principal, figure: Figure) -> bool:
    seen, asked = principal.scope.agencies, figure.query.agencies
    return seen is None or (asked is not None and seen.issuperset(asked))


def _outcome(figure: Figure, table: Table) -> Outcome | None:
    try:
        return compute(figure.query.function, table, figure.query.parameters)
    except (KeyError, ValueError):  # a function, column or parameter that was altered
        return None


def _heard(table: Table) -> tuple[Heard, ...]:
    return tuple(
        Heard(
            source=str(fact["source"]),
            platform=str(fact["platform"]),
            agency=str(fact["agency"]),
            events=int(fact["events"] or 0),
            first=None if fact["first"] is None else parse_iso(str(fact["first"])),
            last=None if fact["last"] is None else parse_iso(str(fact["last"])),
            silent_hours=None if fact["silent_hours"] is None else float(fact["silent_hours"]),
        )
        for fact in table.facts()
    )


def _incident_counts(table: Table) -> tuple[IncidentCount, ...]:
    return tuple(
        IncidentCount(str(f["agency"]), str(f["severity"]), int(f["incidents"] or 0), int(f["alerts"] or 0))
        for f in table.facts()
    )
