"""What the pages need of the rest of the suite. The object graph of `soc.app` satisfies it; so does the one the tests build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collectors.platform import Platform
from reports.shelf import ReportFile, ShelvedReport
from soc.access.accounts import AccountService
from soc.access.agencies import AgencyService
from soc.access.principal import Principal
from soc.access.second_factors import SecondFactors
from soc.access.sessions import SessionService
from soc.access.signing_in import SigningIn
from soc.app.outages import OutageBook
from soc.app.saved_searches import SavedSearches
from soc.audit.trail import AuditTrail
from soc.compliance.assessor import Assessor
from soc.compliance.catalogue import Catalogue
from soc.compliance.evidence_service import EvidenceService
from soc.core.clock import Clock
from soc.core.settings import Settings
from soc.exercises.service import ExerciseService
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.events import EventStore
from soc.storage.sql import Database

if TYPE_CHECKING:  # brings pySigma; a console that nobody asks for rules does without
    from collectors.enrich.book import LookupBook
    from detectors.attack_layer import AttackMatrix
    from detectors.exceptions.service import ExceptionService
    from detectors.rulesets.service import RuleSets
    from soc.app.exceptions import ExceptionReplay
    from soc.app.hunt_rules import RuleFreezer
    from soc.app.hunts import HuntService
    from soc.app.ledger_view import LedgerView
    from soc.app.source_desk import SourceDesk


class Reports(Protocol):
    """Reports that were built. Raises ForbiddenError without the right, NotFoundError for unknown and foreign ones alike."""

    def all(self, principal: Principal) -> Sequence[ShelvedReport]:
        """The reports the principal may see, newest first."""
        ...

    def get(self, principal: Principal, ident: str) -> ShelvedReport:
        """One report."""
        ...

    def open_file(self, principal: Principal, ident: str, name: str) -> tuple[ReportFile, bytes]:
        """One file of a report; the download is remembered in the audit trail."""
        ...


class AttackCovered(Protocol):
    """The ATT&CK matrix, and in which set each of its rules is found: rule id -> name of the set."""

    @property
    def matrix(self) -> AttackMatrix: ...
    @property
    def sets(self) -> Mapping[str, str]: ...


class Attack(Protocol):
    """Coverage of ATT&CK by the rules that run; keeps its answer, as loading rules takes seconds."""

    def covered(self) -> AttackCovered:
        """What is covered now."""
        ...


class Figures(Protocol):
    """The figures of the installation."""

    def render(self) -> bytes:
        """In the text format of Prometheus."""
        ...


class Services(Protocol):
    """Everything a page may ask for."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def database(self) -> Database: ...
    @property
    def store(self) -> EventStore: ...
    @property
    def lookups(self) -> LookupBook: ...
    @property
    def saved_searches(self) -> SavedSearches: ...
    @property
    def agencies(self) -> AgencyService: ...
    @property
    def accounts(self) -> AccountService: ...
    @property
    def sessions(self) -> SessionService: ...
    @property
    def factors(self) -> SecondFactors: ...
    @property
    def signing_in(self) -> SigningIn: ...
    @property
    def audit(self) -> AuditTrail: ...
    @property
    def audit_key(self) -> Ed25519PrivateKey: ...
    @property
    def incidents(self) -> IncidentService: ...
    @property
    def incident_reader(self) -> IncidentReader: ...
    @property
    def exceptions(self) -> ExceptionService: ...
    @property
    def exception_replay(self) -> ExceptionReplay: ...
    @property
    def evidence(self) -> EvidenceService: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def hunts(self) -> HuntService: ...
    @property
    def hunt_rules(self) -> RuleFreezer: ...
    @property
    def ledger(self) -> LedgerView: ...
    @property
    def source_desk(self) -> SourceDesk: ...
    @property
    def platforms(self) -> Mapping[str, Platform]: ...
    @property
    def exercises(self) -> ExerciseService: ...
    @property
    def assessor(self) -> Assessor: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def rule_sets(self) -> RuleSets: ...
    @property
    def attack(self) -> Attack: ...
    @property
    def metrics(self) -> Figures: ...
    @property
    def outages(self) -> OutageBook: ...
