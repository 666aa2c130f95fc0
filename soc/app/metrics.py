"""The figures of an installation for Prometheus: its own registry, filled anew at each scrape; no name of an agency in any label.

Numbers of other processes come from SQL, from the spool, and from the file that the collecting process writes. A source that does not
answer is left out and counted in `vonggac_scrape_errors`, so that the others still arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from collectors.quarantine import Quarantine
from collectors.spool import Spool
from playbooks.states import RunState
from playbooks.tables import RunRow
from soc.app.canary_beats import BeatBook
from soc.app.figures import BOUNDS_S, Durations, Kept, read_figures
from soc.app.gaps import GapKind
from soc.app.hunt_tables import HuntRow
from soc.app.outages import OutageBook, Part
from soc.app.source_desk import SILENT, SourceDesk, SourceReport, SourceState
from soc.app.tables import LedgerGap
from soc.core.clock import Clock
from soc.core.errors import SocError
from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from soc.incidents.model import OPEN
from soc.incidents.tables import AlertRow, IncidentRow
from soc.storage.events import EventStore
from soc.storage.sql import Database

if TYPE_CHECKING:
    from playbooks.broker import Broker


class Parts(Protocol):
    """What is asked; the object graph of `soc.app` has it all."""

    @property
    def home(self) -> Path: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def database(self) -> Database: ...
    @property
    def store(self) -> EventStore: ...
    @property
    def spool(self) -> Spool: ...
    @property
    def quarantine(self) -> Quarantine: ...
    @property
    def broker(self) -> Broker: ...
    @property
    def outages(self) -> OutageBook: ...
    @property
    def source_desk(self) -> SourceDesk: ...
    @property
    def canary_beats(self) -> BeatBook: ...


class Metrics(Collector):
    """Asks all parts at each scrape.

    Args:
        parts: built lazily, so that one that cannot be built only fails its own figures.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def render(self) -> bytes:
        """The figures in the text format of Prometheus."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterable[Metric]:
        """All families; see docs/operate.md for what each means."""
        errors = GaugeMetricFamily(
            "vonggac_scrape_errors", "Parts whose figures could not be had in this scrape", labels=["part"]
        )
        for name, source in SOURCES.items():
            failed = 0
            try:
                yield from list(source(self._parts))
            except SocError:
                failed = 1
            errors.add_metric([name], failed)
        yield errors


def _engines(parts: Parts) -> Iterator[Metric]:
    up = GaugeMetricFamily("vonggac_engine_up", "1 when the engine answers and takes work", labels=["engine"])
    down = GaugeMetricFamily(
        "vonggac_engine_outage_seconds",
        "How long the engine has been taking no work; 0 while it does",
        labels=["engine"],
    )
    outages, now = parts.outages.open(), parts.clock.now()
    for part in Part:
        outage = outages.get(part)
        up.add_metric([part.value], int(outage is None and _answers(PROBES[part], parts)))
        down.add_metric([part.value], 0.0 if outage is None else _seconds(outage.since, now))
    yield from (up, down)


def _answers(probe: Callable[[Parts], object], parts: Parts) -> bool:
    try:
        probe(parts)
    except SocError:
        return False
    return True


def _ask_database(parts: Parts) -> object:
    with parts.database.reading() as session:
        return session.scalar(select(1))


def _ask_broker(parts: Parts) -> object:
    from playbooks.broker import Lane  # noqa: PLC0415 - see `_broker`

    return parts.broker.depth(Lane.RESPONSE)


PROBES: dict[Part, Callable[[Parts], object]] = {
    Part.STORE: lambda parts: parts.store.existing(["no such event"]),
    Part.DATABASE: _ask_database,
    Part.BROKER: _ask_broker,
    Part.SPOOL: lambda parts: parts.spool.oldest(),
}
"""A cheap question to each engine; it raises a SocError when there is no answer."""


def _waiting(parts: Parts) -> Iterator[Metric]:
    oldest = parts.spool.oldest()
    lag = 0.0 if oldest is None else _seconds(oldest, parts.clock.now())
    yield GaugeMetricFamily("vonggac_spool_records", "Accepted records that wait in the spool", parts.spool.depth())
    yield GaugeMetricFamily("vonggac_spool_oldest_seconds", "Age of the oldest record that waits in the spool", lag)
    yield GaugeMetricFamily("vonggac_quarantine_records", "Records in quarantine", parts.quarantine.count())


def _broker(parts: Parts) -> Iterator[Metric]:
    from playbooks.broker import Lane  # noqa: PLC0415 - brings Celery, which only a scrape needs

    waiting = GaugeMetricFamily("vonggac_broker_messages", "Messages that no worker has taken yet", labels=["queue"])
    for lane in Lane:
        waiting.add_metric([lane.value], parts.broker.depth(lane))
    yield waiting


def _collecting(parts: Parts) -> Iterator[Metric]:
    """What the collecting process wrote down last; nothing before it has run."""
    kept = read_figures(parts.home)
    if kept is None:
        return
    yield GaugeMetricFamily(
        "vonggac_collecting_noted_timestamp_seconds",
        "When the collecting process wrote these down",
        kept.at.timestamp(),
    )
    for name, (count, told) in _COUNTERS.items():
        yield CounterMetricFamily(f"vonggac_{name}", told, kept.counts[count], created=kept.started.timestamp())
    yield _histogram("vonggac_store_append_seconds", "Time of one append to the event store", kept.store, kept)
    yield _histogram("vonggac_detection_seconds", "Time of one batch in the detectors", kept.detector, kept)


_COUNTERS = {
    "batches": ("batches", "Batches that went through the pipeline"),
    "records": ("read", "Records that left the spool"),
    "events_stored": ("created", "Events that were new to the store"),
    "events_duplicate": ("duplicates", "Events that the store had already"),
    "records_quarantined": ("quarantined", "Records that no event could be made of, or that the store rejected"),
    "events_rejected": ("rejected", "Of these, events that the store rejected"),
    "bulk_retried": ("retried", "Documents that had to be given to the event store again"),
    "alerts_raised": ("alerts", "Alerts of the detectors"),
}
"""Counter (without `vonggac_` and `_total`) -> count of the collecting process, and what it is."""


def _histogram(name: str, told: str, durations: Durations, kept: Kept) -> Metric:
    bounds = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(durations.bars)), strict=True))
    family = HistogramMetricFamily(name, told)
    family.add_metric([], buckets, durations.total_s)
    return family


def _cases(parts: Parts) -> Iterator[Metric]:
    """What SQL counts; exercises are left out, and silences, which have figures of their own."""
    with parts.database.reading() as session:
        alerts = dict.fromkeys((one.value for one in Severity), 0) | _counts(
            session,
            select(AlertRow.severity, func.count()).where(AlertRow.exercise.is_(None)).group_by(AlertRow.severity),
        )
        incidents = dict.fromkeys((one.value for one in Severity), 0) | _counts(
            session,
            select(IncidentRow.severity, func.count())
            .where(IncidentRow.exercise.is_(None), IncidentRow.status.in_(OPEN))
            .group_by(IncidentRow.severity),
        )
        runs = dict.fromkeys((one.value for one in RunState), 0) | _counts(
            session, select(RunRow.state, func.count()).where(RunRow.exercise.is_(None)).group_by(RunRow.state)
        )
        hunts = _counts(
            session, select(HuntRow.state, func.count()).where(HuntRow.exercise.is_(None)).group_by(HuntRow.state)
        )
        missing = select(func.count(), func.coalesce(func.sum(LedgerGap.events), 0))
        standing = (LedgerGap.closed.is_(None), LedgerGap.exercise.is_(None), LedgerGap.kind != GapKind.SILENT.value)
        gaps, events = session.execute(missing.where(*standing)).one()
    yield _by("vonggac_alerts", "Alerts in the case database", "severity", alerts)
    yield _by("vonggac_incidents_open", "Incidents that are not closed", "severity", incidents)
    yield _by("vonggac_playbook_runs", "Playbook runs", "state", runs)
    yield _by("vonggac_hunts", "Hunts over history", "state", hunts)
    yield GaugeMetricFamily("vonggac_gaps_open", "Open gaps of detection", gaps)
    yield GaugeMetricFamily("vonggac_gap_events", "Events in open gaps of detection", events)


def _counts(session: Session, query: Select[str, int]) -> dict[str, int]:
    return {name: count for name, count in session.execute(query)}  # noqa: C416 - rows are not tuples of two


def _by(name: str, told: str, label: str, counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _seconds(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _log_sources(parts: Parts) -> Iterator[Metric]:
    """Of the registered log sources, by platform: there are few of these, while the name of a source often tells its agency."""
    now = parts.clock.now()
    reports = [one for one in parts.source_desk.reports(PROVINCE, now) if one.state is not SourceState.UNREGISTERED]
    states = dict.fromkeys((one.value for one in SourceState if one is not SourceState.UNREGISTERED), 0)
    for one in reports:
        states[one.state.value] += 1
    yield _by("vonggac_sources", "Registered log sources", "state", states)
    platforms = sorted({one.platform for one in reports})
    for name, (told, count) in _OF_PLATFORM.items():
        counts = {ident: sum(count(one) for one in reports if one.platform == ident) for ident in platforms}
        yield _by(name, told, "platform", counts)


def _heartbeat(parts: Parts) -> Iterator[Metric]:
    through = parts.canary_beats.last_through()
    if through is not None and through.detected is not None:
        yield GaugeMetricFamily(
            "vonggac_heartbeat_seconds", "From sending to detection of the last heartbeat", through.seconds
        )
        yield GaugeMetricFamily(
            "vonggac_heartbeat_timestamp_seconds", "When it had come through", through.detected.timestamp()
        )


_OF_PLATFORM: dict[str, tuple[str, Callable[[SourceReport], int]]] = {
    "vonggac_platform_sources_silent": (
        "Sources of a platform that are silent beyond its rhythm",
        lambda one: one.state in SILENT,
    ),
    "vonggac_platform_events": (
        "Events of the sources of a platform, of all times",
        lambda one: 0 if one.health is None else one.health.events,
    ),
    "vonggac_platform_unreadable": (
        "Records of the sources of a platform that could not be read, of all times",
        lambda one: 0 if one.health is None else one.health.unreadable,
    ),
    "vonggac_platform_not_taken": (
        "Records of the sources of a platform that listeners refused, dropped or held off, of all times",
        lambda one: one.not_taken,
    ),
}
"""Family -> what it is, and what each source adds to it."""

SOURCES: dict[str, Callable[[Parts], Iterator[Metric]]] = {
    "engines": _engines,
    "spool": _waiting,
    "broker": _broker,
    "collecting": _collecting,
    "cases": _cases,
    "sources": _log_sources,
    "heartbeat": _heartbeat,
}
"""Part of a scrape -> its families."""
