"""The object graph: every part built once, on first use, from the settings. The only place that knows all of them.

    with Application(settings) as app:
        app.pipeline.drain()

What is slow to import (pySigma, Celery, the PDF engine, ...) is imported by the part that needs it: `soc incident list` must not wait
for a web server's worth of modules.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collectors.crypto import PayloadCipher, derive_key, load_master_key
from collectors.enrich import default_enrichers
from collectors.enrich.book import LookupBook
from collectors.enrich.geo import GeoLookup, open_geo
from collectors.enrich.zone import load_networks
from collectors.ingest import Collector
from collectors.normalise import Normaliser
from collectors.platform import Platform, at_fault, load_platforms
from collectors.quarantine import Quarantine
from collectors.redact import Redactor
from collectors.sources import load_sources
from collectors.spool import Spool
from soc.access.accounts import AccountService
from soc.access.agencies import AgencyService
from soc.access.passwords import Passwords
from soc.access.principal import SYSTEM
from soc.access.second_factors import SecondFactors
from soc.access.sessions import Lifetimes, SessionService
from soc.access.signing_in import SigningIn
from soc.access.throttle import Policy, Throttle
from soc.app.canary import canary_platform
from soc.app.canary_beats import PLATFORM, BeatBook
from soc.app.checkpoints import Checkpoints
from soc.app.gaps import GapBook
from soc.app.home import prepare_home
from soc.app.outages import OutageBook
from soc.app.ran import RuleRuns
from soc.app.retention import UNKNOWN_LEVEL, Retention
from soc.app.saved_searches import SavedSearches
from soc.app.schema import migrate
from soc.app.source_health import HealthBook
from soc.app.sources import SourceBook
from soc.audit.pack import load_or_create_key
from soc.audit.trail import AuditTrail
from soc.compliance.catalogue import Catalogue, load_catalogue, load_levels
from soc.compliance.evidence_service import EvidenceService
from soc.compliance.systems import SystemRegister
from soc.core.clock import Clock, SystemClock
from soc.core.errors import DefinitionError, SetupError
from soc.core.event import Event
from soc.core.scope import Scope
from soc.core.settings import Settings
from soc.exercises.scenario import Scenario, load_scenarios
from soc.exercises.service import ExerciseService
from soc.incidents.duties import DutyBook, load_duties
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.blobs import BlobStore
from soc.storage.events import EventStore
from soc.storage.sql import Database, connect

if TYPE_CHECKING:
    from detectors.absences.spec import Dues
    from detectors.detector import SigmaDetector
    from detectors.ensemble import Ensemble
    from detectors.exceptions.feed import ExceptionFeed
    from detectors.exceptions.model import RuleException
    from detectors.exceptions.service import ExceptionService
    from detectors.indicators.book import Book
    from detectors.rulesets.service import RuleSets
    from detectors.selectors import Definitions
    from detectors.sigma import CorrelationRule, Rule, RuleSet
    from detectors.sigma.correlate import Limits
    from detectors.sigma.kept import Kept
    from playbooks.action import Actions
    from playbooks.broker import Broker
    from playbooks.queue import Queue
    from playbooks.runs import RunService
    from playbooks.service import PlaybookService
    from reports.shelf import ReportService
    from soc.app.attack_coverage import AttackCoverage
    from soc.app.baselines import BaselineBook
    from soc.app.canary import CanaryWatch, Probe
    from soc.app.engine_watch import EngineWatch
    from soc.app.exceptions import ExceptionReplay
    from soc.app.figures import Figures
    from soc.app.gap_watch import GapWatch
    from soc.app.hunt_moving import HuntMover
    from soc.app.hunt_rules import RuleFreezer
    from soc.app.hunts import HuntService
    from soc.app.ledger_view import LedgerView
    from soc.app.look_back import LookBack
    from soc.app.metrics import Metrics
    from soc.app.pipeline import Pipeline
    from soc.app.redo import Redo
    from soc.app.reparse import Reparse
    from soc.app.rule_loading import Loaded
    from soc.app.silence import SilenceWatch
    from soc.app.silence_book import SilenceBook
    from soc.app.silence_impact import Surveyor
    from soc.app.source_desk import SourceDesk
    from soc.compliance.assessor import Assessor
    from soc.storage.elastic.client import Cluster

Part = TypeVar("Part")

_log = logging.getLogger("vonggac.app")


class Application:
    """All parts of one installation.

    Args:
        clock: the machine's, unless a replay or an exercise brings its own.
        writer: whether this process may write events; one process of a home can.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, *, writer: bool = False) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self._writer = writer
        self.stopping = threading.Event()
        """Set by whoever ends the process: what waits for an engine waits no longer."""
        self._closers: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        prepare_home(self.settings.home)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened, last first."""
        while self._closers:
            self._closers.pop()()

    def _closing(self, part: Part, close: Callable[[], None]) -> Part:
        self._closers.append(close)
        return part

    # storage

    @cached_property
    def home(self) -> Path:
        return self.settings.home

    @cached_property
    def database(self) -> Database:
        """The case database, at its newest revision."""
        database = connect(self.settings.sql_url)
        migrate(database)
        return self._closing(database, database.close)

    @cached_property
    def store(self) -> EventStore:
        """Where events are kept: a folder of the home, or a cluster."""
        store = self._cluster_store() if self.settings.store == "elasticsearch" else self._folder_store()
        return self._closing(store, store.close)

    def _folder_store(self) -> EventStore:
        from soc.storage.tantivy_store import TantivyEventStore

        return TantivyEventStore(self.home / "events", writable=self._writer)

    def _cluster_store(self) -> EventStore:
        from soc.storage.elastic.client import connect as connect_cluster
        from soc.storage.elastic.names import Names
        from soc.storage.elastic_store import ElasticEventStore

        cluster = self.cluster
        return ElasticEventStore(
            connect_cluster(cluster),
            Names(cluster.prefix),
            where=cluster.url,
            level_of=self._level_of,
            wait=self.stopping.wait,
            retried=self.figures.sent_again,
        )

    @cached_property
    def cluster(self) -> Cluster:
        """The Elasticsearch of the settings; signed in to with the key of the home where they name no other way.

        Sample data lies there under names of its own, never among real events.
        """
        from soc.app.elastic_key import read_key
        from soc.storage.elastic.client import Cluster

        chosen = self.settings
        named = chosen.elasticsearch_api_key is not None or chosen.elasticsearch_user
        kept = None if named else read_key(self.home)
        return Cluster(
            chosen.elasticsearch_url,
            chosen.elasticsearch_api_key if kept is None else kept.encoded,
            chosen.elasticsearch_user,
            chosen.elasticsearch_password,
            chosen.elasticsearch_ca,
            f"{chosen.elasticsearch_prefix}-sample" if chosen.sample else chosen.elasticsearch_prefix,
        )

    def _level_of(self, event: Event) -> int:
        """Security level of the platform that an event comes from."""
        platform = self.platforms.get(str(event.fields.get("soc.platform", "")))
        return UNKNOWN_LEVEL if platform is None else platform.proposed_level or UNKNOWN_LEVEL

    @cached_property
    def saved_searches(self) -> SavedSearches:
        return SavedSearches(self.database, self.clock, self.audit)

    @cached_property
    def retention(self) -> Retention:
        return Retention(
            self.store,
            self.database,
            self.audit,
            platforms=lambda: self.platforms,
            duties=load_levels(),
            settings=self.settings,
            clock=self.clock,
        )

    @cached_property
    def blobs(self) -> BlobStore:
        return BlobStore(self.home / "blobs")

    # collection

    @cached_property
    def _master_key(self) -> bytes:
        configured = self.settings.spool_key
        return load_master_key(self.home, configured.get_secret_value() if configured else "")

    @cached_property
    def _cipher(self) -> PayloadCipher:
        return PayloadCipher(self._master_key)

    @cached_property
    def quarantine(self) -> Quarantine:
        quarantine = Quarantine(self.home / "quarantine.sqlite", self._cipher)
        return self._closing(quarantine, quarantine.close)

    @cached_property
    def spool(self) -> Spool:
        spool = Spool(self.home / "spool.sqlite", self._cipher, self.quarantine)
        return self._closing(spool, spool.close)

    @cached_property
    def _loaded_platforms(self) -> tuple[dict[str, Platform], tuple[DefinitionError, ...]]:
        return load_platforms(strict=False)

    @property
    def platforms(self) -> Mapping[str, Platform]:
        """The platforms whose files are sound; the records of the others wait in quarantine."""
        return self._loaded_platforms[0]

    @property
    def platform_faults(self) -> Sequence[DefinitionError]:
        """What is wrong with the files of the others."""
        return self._loaded_platforms[1]

    @cached_property
    def sources(self) -> SourceBook:
        registered = load_sources(self.home / "sources.yaml", self.platforms, at_fault(self.platform_faults))
        book = SourceBook(
            registered, self.platforms, lambda code: self.exercises.get(SYSTEM, code).agency, self.settings.province
        )
        book.check()
        return book

    @cached_property
    def redactor(self) -> Redactor:
        return Redactor(derive_key(self._master_key, "pseudonyms"), self.clock.now().year)

    @cached_property
    def collector(self) -> Collector:
        charset_of = lru_cache(maxsize=1024)(self.sources.charset_of)
        return Collector(
            self.spool, self.redactor, self.quarantine, self.clock, self.settings.max_record_bytes, charset_of
        )

    @cached_property
    def lookups(self) -> LookupBook:
        """What the province declares in registers and lists."""
        book = LookupBook(self.home / "lookups")
        book.refresh()
        return book

    @cached_property
    def geo(self) -> GeoLookup | None:
        """Where addresses are, by the files of the operator. Raises SetupError when there are files nothing can read."""
        return open_geo(self.home / "geo")

    @cached_property
    def normaliser(self) -> Normaliser:
        enrichers = default_enrichers(load_networks(self.home / "networks.yaml"), self.lookups, self._geo_if_readable())
        return Normaliser(
            {**self.platforms, PLATFORM: canary_platform()}, enrichers, self.clock, self.redactor.pseudonyms
        )

    def _geo_if_readable(self) -> GeoLookup | None:
        try:
            return self.geo
        except SetupError as problem:  # events go on without places; the doctor tells
            _log.warning("%s", problem)
            return None

    @cached_property
    def reparse(self) -> Reparse:
        from soc.app.reparse import Reparse

        return Reparse(self.store, self.normaliser, self.sources.resolve, self.database, self.audit)

    # detection and response

    @cached_property
    def rule_sets(self) -> RuleSets:
        """Imported sets of rules, and which of them shall run beside our own and those of the site."""
        from detectors.rulepack import own_rules
        from detectors.rulesets.library import Library
        from detectors.rulesets.service import Living, RuleSets
        from detectors.sigma import RuleSet

        library = Library(self.home / "rulesets", self.blobs)
        living = Living(own_rules() / "sigma", self.home / "rules")
        return RuleSets(self.database, self.clock, self.audit, library, living, partial(self._load_rules, RuleSet.load))

    def _load_rules(self, load: Callable[..., RuleSet], paths: Iterable[Path | str]) -> RuleSet:
        """Rules with the lists of the province in them."""
        return load(paths, placeholders=self.lookups.current.placeholders, kept=self.compiled)

    @cached_property
    def compiled(self) -> Kept:
        """Rules and matchers compiled before."""
        from detectors.sigma.kept import Kept

        return Kept(self.home / "cache" / "sigma")

    @cached_property
    def attack(self) -> AttackCoverage:
        """What the rules that run cover of ATT&CK."""
        from detectors.rulepack import own_rules
        from soc.app.attack_coverage import AttackCoverage

        return AttackCoverage(self.rule_sets, [own_rules(), self.home / "rules"])

    @cached_property
    def loaded_rules(self) -> Loaded:
        """What runs, as it was when first asked for."""
        from soc.app.rule_loading import load_wanted

        return load_wanted(self.rule_sets)

    @property
    def rules(self) -> RuleSet:
        """The rules that shall run; a process that only reads takes up what was chosen since it started."""
        if not self._writer and self.loaded_rules.tried != self.rule_sets.wanted():
            self.__dict__.pop("loaded_rules", None)
        return self.loaded_rules.ruleset

    def make_detector(self, ruleset: RuleSet) -> SigmaDetector:
        """A detector over other rules, with the exceptions in force."""
        return self._make_detector(ruleset, self.exception_feed.all())

    def _make_detector(self, ruleset: RuleSet, exceptions: Sequence[RuleException]) -> SigmaDetector:
        from detectors.detector import SigmaDetector

        return SigmaDetector(ruleset, self.settings.province, self._limits, exceptions, self.compiled)

    @cached_property
    def _limits(self) -> Limits:
        """How late events may come to their correlations."""
        from detectors.sigma.correlate import Limits

        return Limits(
            lateness=timedelta(minutes=self.settings.lateness_minutes),
            lateness_of={name: timedelta(minutes=n) for name, n in self.settings.lateness_minutes_of.items()},
        )

    @cached_property
    def exception_feed(self) -> ExceptionFeed:
        """What was decided about exceptions, for the detectors of this process."""
        from detectors.exceptions.feed import ExceptionFeed

        return ExceptionFeed(self.database)

    @cached_property
    def exceptions(self) -> ExceptionService:
        from detectors.exceptions.service import ExceptionService

        return ExceptionService(self.database, self.clock, self.audit, lambda: self.rules)

    @cached_property
    def exception_replay(self) -> ExceptionReplay:
        """Tries an exception over the store."""
        from soc.app.exceptions import ExceptionReplay

        return ExceptionReplay(
            self.exceptions,
            self.store,
            self.exception_feed,
            self._make_detector,
            lambda: self.rules,
            self.database,
            self.audit,
        )

    @cached_property
    def detector(self) -> SigmaDetector:
        return self.make_detector(self.rules)

    @cached_property
    def profiles(self) -> Definitions:
        """Definitions of new terms and baselines: our own, and those of the site in `definitions/`."""
        from detectors.profiles import load_profiles, own_definitions

        site = self.home / "definitions"
        return load_profiles([*own_definitions(), *([site] if site.is_dir() else [])])

    @cached_property
    def absences(self) -> Dues:
        """Definitions of what is due: our own, and those of the site in `ledger/`."""
        from detectors.absences.spec import load_absences, own_absences

        site = self.home / "ledger"
        return load_absences([*own_absences(), *([site] if site.is_dir() else [])])

    @cached_property
    def indicators(self) -> Book:
        """The indicators of compromise."""
        from detectors.indicators.book import Book

        return Book(self.home / "indicators")

    @cached_property
    def ensemble(self) -> Ensemble:
        """Everything that is shown the stream."""
        from collectors.calendar import vietnam
        from collectors.enrich.maintenance import DeclaredMaintenance
        from detectors.absences.detector import AbsenceDetector
        from detectors.ensemble import SIGMA, Ensemble
        from detectors.indicators.detector import IndicatorDetector
        from detectors.indicators.matcher import Matcher
        from detectors.profiles import ProfileDetector

        return Ensemble(
            {
                SIGMA: self.detector,
                "profiles": ProfileDetector(self.profiles, vietnam().kind_of),
                "absences": AbsenceDetector(self.absences, vietnam().kind_of, DeclaredMaintenance(self.lookups)),
                "indicators": IndicatorDetector(Matcher(self.indicators)),
            }
        )

    @cached_property
    def baselines(self) -> BaselineBook:
        """What the stream has taught; of the one writer."""
        from soc.app.baselines import BaselineBook

        return BaselineBook(self.database)

    @cached_property
    def pipeline(self) -> Pipeline:
        """The one writer's pipeline, resumed where it stopped. Raises SetupError when another process is the writer."""
        from soc.app.exceptions import ExceptionLink
        from soc.app.ledger import Ledger
        from soc.app.pipeline import Pipeline

        pipeline = Pipeline(
            spool=self.spool,
            quarantine=self.quarantine,
            sources=self.sources.resolve,
            normaliser=self.normaliser,
            baselines=self.baselines,
            store=self.store,
            detector=self.ensemble,
            incidents=self.incidents,
            checkpoints=Checkpoints(self.database),
            pristine=self.ensemble.snapshot(),
            runs=self.runs,
            ledger=Ledger(self.gaps, lambda: self.detector.ruleset, self._limits),
            health=self.health,
            exceptions=ExceptionLink(self.exception_feed, self.detector),
            database=self.database,
            clock=self.clock,
            batch_size=self.settings.batch_size,
            meter=self.figures,
        )
        self.store.acquire()
        pipeline.resume()
        if self.rule_sets.running_content() != self.loaded_rules.plan.content:
            pipeline.begin_runs()
        return pipeline

    @cached_property
    def gaps(self) -> GapBook:
        """Events that no run of the detector covered."""
        return GapBook(self.database)

    @cached_property
    def health(self) -> HealthBook:
        """What each source said, and what of it could not be read or taken."""
        resolve = lambda ident: self.sources.resolve(ident)  # noqa: E731, PLW0108 - read when first asked
        return HealthBook(self.database, resolve, self.canary_beats)

    @cached_property
    def canary_beats(self) -> BeatBook:
        """The heartbeats that were sent."""
        return BeatBook(self.database)

    @cached_property
    def canary_probe(self) -> Probe:
        """Tells where a heartbeat is."""
        from soc.app.canary import Probe

        return Probe(lambda: self.store, self.spool, self.quarantine)

    @cached_property
    def canary(self) -> CanaryWatch:
        """Sends heartbeats and follows them; of the collecting process."""
        from soc.app.canary import CanaryWatch

        return CanaryWatch(
            self.home,
            self.canary_beats,
            self.canary_probe,
            lambda: self.incidents,
            lambda: self.engine_watch.outages,
            province=self.settings.province,
            lang=self.settings.lang,
            clock=self.clock,
        )

    @cached_property
    def silences(self) -> SilenceBook:
        """Sources that fell silent, or say far less than usual."""
        from soc.app.silence_book import SilenceBook

        return SilenceBook(self.database)

    @cached_property
    def source_desk(self) -> SourceDesk:
        """How the sources are, for people."""
        from soc.app.source_desk import SourceDesk

        return SourceDesk(
            self.health,
            self.silences,
            lambda: self.sources.registered,
            lambda: self.platforms,
            lambda: self.quarantine.counts(),  # noqa: PLW0108 - opened when first asked
        )

    @cached_property
    def surveyor(self) -> Surveyor:
        """What goes blind with a source; of the collecting process, by the rules that it runs."""
        from soc.app.ledger_view import LedgerView
        from soc.app.silence_impact import Surveyor

        return Surveyor(
            LedgerView(self.database, self.gaps, lambda: self.detector.ruleset),
            lambda: self.detector.ruleset,
            lambda: self.sources.registered,
            lambda: self.platforms,
            lambda: self.catalogue,
        )

    @cached_property
    def silence_watch(self) -> SilenceWatch:
        """Tells of sources that fall silent; of the collecting process."""
        from soc.app.silence import Books, Grounds, SilenceWatch

        return SilenceWatch(
            Grounds(lambda: self.sources.registered, lambda: self.platforms),
            Books(self.health, self.silences, self.gaps, self.database),
            lambda: self.surveyor,
            lambda: self.incidents,
            self.spool,
            lang=self.settings.lang,
            clock=self.clock,
        )

    @cached_property
    def redo(self) -> Redo:
        """Closes gaps."""
        from soc.app.redo import Redo

        return Redo(
            self.store,
            self.database,
            self.incidents,
            self.gaps,
            rules=lambda: self.detector.ruleset,
            make=self.make_detector,
            clock=self.clock,
        )

    @cached_property
    def ledger(self) -> LedgerView:
        """What the rules ran over, and where they could not look."""
        from soc.app.ledger_view import LedgerView
        from soc.app.rule_loading import load_wanted

        in_force = lru_cache(maxsize=1)(lambda _activation: load_wanted(self.rule_sets).ruleset)
        return LedgerView(self.database, self.gaps, lambda: in_force(self.rule_sets.wanted()))

    # retro-hunts

    @cached_property
    def hunts(self) -> HuntService:
        """Retro-hunts, for people."""
        from soc.app.hunts import HuntService

        return HuntService(self.database, self.clock, self.audit, self.incidents, self.hunt_queue)

    @cached_property
    def hunt_queue(self) -> Queue:
        """Hands hunts to the worker; what the broker loses, the worker's sweep finds again."""
        from playbooks.broker import Lane
        from soc.app.hunt_model import ADVANCE

        return self.broker.queue(ADVANCE, Lane.LONG)

    @cached_property
    def hunt_rules(self) -> RuleFreezer:
        """Keeps the rules of hunts as they were when these were filed."""
        from detectors.rulesets.library import Library
        from detectors.sigma import RuleSet
        from soc.app.hunt_rules import RuleFreezer

        return RuleFreezer(Library(self.home / "hunts", self.blobs), partial(self._load_rules, RuleSet.load))

    @cached_property
    def hunt_mover(self) -> HuntMover:
        """Moves hunts; of the worker, and of a command that waits for its hunt."""
        from soc.app.hunt_done import Closing
        from soc.app.hunt_moving import HuntMover
        from soc.app.hunt_seekers import Seekers
        from soc.app.hunt_sight import Sight

        seekers = Seekers(
            self.store,
            self.hunt_rules,
            lambda: self.indicators,
            Sight(self.store, self.gaps, self.ledger, self._set_aside),
            in_force=self.make_detector,
            plain=lambda ruleset: self._make_detector(ruleset, ()),
        )
        closing = Closing(self.clock, self.audit, self.gaps, lambda: self.indicators)
        return HuntMover(self.store, self.database, self.clock, self.incidents, seekers, closing, queue=self.hunt_queue)

    @cached_property
    def look_back(self) -> LookBack:
        """Files hunts for what is new."""
        from soc.app.look_back import LookBack

        return LookBack(self.hunts, self.hunt_rules, self.database, self.clock, self.settings.lookback_days)

    def _set_aside(self, scope: Scope) -> int:
        """Records in quarantine, of the sources within a scope."""
        sources = self.sources.registered
        return sum(
            found.count
            for found in self.quarantine.counts()
            if scope.agencies is None or (found.source in sources and scope.sees(sources[found.source].agency))
        )

    @cached_property
    def gap_watch(self) -> GapWatch:
        """Looks for gaps, has them redone, and warns of those that stay."""
        from soc.app.gap_watch import GapWatch

        return GapWatch(
            self.store,
            self.database,
            self.gaps,
            self.redo,
            self.incidents,
            province=self.settings.province,
            clock=self.clock,
        )

    @cached_property
    def outages(self) -> OutageBook:
        """Engines that take no work, as the collecting process found them."""
        return OutageBook(self.home)

    @cached_property
    def engine_watch(self) -> EngineWatch:
        """Tells the operator when an engine stops taking work; of the collecting process."""
        from soc.app.engine_watch import EngineWatch

        return EngineWatch(
            self.outages,
            self.spool,
            lambda: self.incidents,
            province=self.settings.province,
            lang=self.settings.lang,
            clock=self.clock,
        )

    @cached_property
    def figures(self) -> Figures:
        """What this process has moved since it started."""
        from soc.app.figures import Figures

        return Figures(self.clock.now(), self.engine_watch.stored)

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of the installation for Prometheus."""
        from soc.app.metrics import Metrics

        return Metrics(self)

    @property
    def runs(self) -> RuleRuns:
        from detectors.detector import title_of
        from detectors.indicators.detector import titles

        return RuleRuns(self.database, {rule.id: title_of(rule) for rule in self._all_rules} | titles())

    @cached_property
    def rule_ids(self) -> Mapping[str, str]:
        """Name of an own rule (its file name) -> rule id, where the rule has one."""
        return {rule.name: rule.id for rule in self._all_rules if rule.name}

    @property
    def _all_rules(self) -> list[Rule | CorrelationRule]:
        dues = [due.rule for due in self.absences.dues.values()]
        return [*self.rules.rules, *self.rules.correlations, *self.profiles.ruleset.rules, *dues]

    @cached_property
    def duties(self) -> DutyBook:
        return load_duties()

    @cached_property
    def incidents(self) -> IncidentService:
        return IncidentService(self.database, self.clock, self.audit, self.duties)

    @cached_property
    def incident_reader(self) -> IncidentReader:
        return IncidentReader(self.database, self.clock, self.duties)

    # playbooks

    @cached_property
    def actions(self) -> Actions:
        from playbooks.actions import make_actions

        return make_actions(self.incidents, self.incident_reader, self.settings.smtp_url, self.settings.webhooks)

    @cached_property
    def broker(self) -> Broker:
        """The way to the workers."""
        from playbooks.broker import make_broker

        return make_broker(self.home, self.settings.broker_url)

    @cached_property
    def queue(self) -> Queue:
        """Hands runs of playbooks to the worker; what the broker loses, the worker's sweep finds again."""
        from playbooks.broker import ADVANCE, Lane

        return self.broker.queue(ADVANCE, Lane.RESPONSE)

    @cached_property
    def playbook_runs(self) -> RunService:
        """Moves runs of playbooks; of the worker."""
        from playbooks.runs import RunService

        return RunService(self.database, self.clock, self.incidents, self.actions, self.queue)

    @cached_property
    def playbooks(self) -> PlaybookService:
        from playbooks.loader import load_playbooks, shipped_library
        from playbooks.service import PlaybookService

        library = load_playbooks(shipped_library(), self.actions)
        return PlaybookService(
            self.database,
            self.clock,
            self.audit,
            self.incidents,
            self.incident_reader,
            library,
            self.actions,
            self.queue,
        )

    # exercises

    @cached_property
    def scenarios(self) -> Mapping[str, Scenario]:
        return load_scenarios(Path(__file__).resolve().parents[1] / "exercises" / "scenarios")

    @cached_property
    def exercises(self) -> ExerciseService:
        return ExerciseService(self.database, self.scenarios, self.clock, self.audit)

    # people

    @cached_property
    def audit(self) -> AuditTrail:
        return AuditTrail(self.clock)

    @cached_property
    def audit_key(self) -> Ed25519PrivateKey:
        """Signs the anchors of the audit trail; made at the first use."""
        return load_or_create_key(self.home / "audit.key")

    @cached_property
    def agencies(self) -> AgencyService:
        return AgencyService(self.database, self.audit)

    @cached_property
    def accounts(self) -> AccountService:
        return AccountService(self.database, self.clock, self.audit, Passwords(PasswordHasher()), Throttle(Policy()))

    @cached_property
    def sessions(self) -> SessionService:
        lifetimes = Lifetimes.of(self.settings)
        return SessionService(self.database, self.clock, self.audit, self.accounts, lifetimes)

    @cached_property
    def factors(self) -> SecondFactors:
        key = derive_key(self._master_key, "second factors")
        return SecondFactors(self.database, self.clock, self.audit, Throttle(Policy()), key)

    @cached_property
    def signing_in(self) -> SigningIn:
        return SigningIn(self.database, self.clock, self.accounts, self.sessions, self.factors)

    # compliance

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_catalogue()

    @cached_property
    def assessor(self) -> Assessor:
        from soc.compliance.assessor import Assessor, Rulebook
        from soc.compliance.facts import Surroundings

        around = Surroundings(lambda: self.platforms, lambda: self.sources.registered, load_levels())
        return Assessor(
            self.store,
            self.database,
            rulebook=Rulebook(self.catalogue, self.duties),
            around=around,
            clock=self.clock,
            audit=self.audit,
            ran=lambda window: self.runs.over(window),  # noqa: PLW0108 - with the titles of rules chosen later
            sample=self.settings.sample,
        )

    @cached_property
    def reports(self) -> ReportService:
        from reports.letterhead import blank_letterhead
        from reports.shelf import ReportService

        return ReportService(
            self.database,
            self.blobs,
            clock=self.clock,
            audit=self.audit,
            assessor=self.assessor,
            letterhead=partial(blank_letterhead, self.settings.province),
        )

    @cached_property
    def systems(self) -> SystemRegister:
        return SystemRegister(self.database, self.audit)

    @cached_property
    def evidence(self) -> EvidenceService:
        return EvidenceService(self.database, self.blobs, self.clock, self.audit, self.catalogue)
