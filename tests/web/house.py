"""A console over real parts: SQLite, an event store, two communes with data of their own, an account for each role."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from collectors.enrich.book import LookupBook
from collectors.platform import Platform, load_platforms
from collectors.sources import Source
from detectors.alert import Alert, Explanation
from detectors.detector import SigmaDetector
from detectors.exceptions import tables as exception_tables  # noqa: F401 - puts its tables on Base
from detectors.exceptions.feed import ExceptionFeed
from detectors.exceptions.managed import Proposal
from detectors.exceptions.model import RuleException
from detectors.exceptions.service import ExceptionService
from detectors.rulepack import own_rules
from detectors.rulesets.library import Library
from detectors.rulesets.service import Living, RuleSets
from detectors.sigma import RuleSet
from playbooks.queue import MemoryQueue
from reports.document import Letterhead
from reports.shelf import ReportService
from soc.access.accounts import AccountService, NewAccount
from soc.access.agencies import Agency, AgencyKind, AgencyService
from soc.access.passwords import Passwords
from soc.access.principal import SYSTEM, Principal, Role
from soc.access.second_factors import SecondFactors
from soc.access.sessions import Lifetimes, SessionService
from soc.access.signing_in import SigningIn
from soc.access.throttle import Policy, Throttle
from soc.app.attack_coverage import AttackCoverage
from soc.app.canary_beats import BeatBook
from soc.app.exceptions import ExceptionReplay
from soc.app.gaps import GapBook
from soc.app.hunt_model import FrozenRules, HuntState, Request, RuleRef
from soc.app.hunt_model import Question as HuntQuestion
from soc.app.hunt_rules import RuleFreezer
from soc.app.hunt_statement import Limits, RuleCount, Statement, statement_json
from soc.app.hunt_tables import HuntAlertRow, HuntRow
from soc.app.hunts import HuntService
from soc.app.ledger import Ledger
from soc.app.ledger_view import LedgerView
from soc.app.outages import OutageBook
from soc.app.saved_searches import Question, SavedSearches
from soc.app.silence_book import SilenceBook
from soc.app.source_desk import SourceDesk
from soc.app.source_health import HealthBook
from soc.audit.trail import AuditTrail
from soc.compliance.assessor import Assessor, Rulebook
from soc.compliance.catalogue import Catalogue, EvidenceKind, load_catalogue, load_levels
from soc.compliance.evidence import Declaration
from soc.compliance.evidence_service import EvidenceService
from soc.compliance.facts import Surroundings
from soc.core.clock import FixedClock, Window, iso
from soc.core.event import Event
from soc.core.i18n import Lang
from soc.core.ids import sha256
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.core.severity import Severity
from soc.exercises.scenario import load_scenarios
from soc.exercises.service import ExerciseService
from soc.incidents.codec import alert_to_json
from soc.incidents.duties import load_duties
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.blobs import BlobStore
from soc.storage.memory import MemoryEventStore
from soc.storage.sql import Base, Database, connect
from soc.web.app import make_app
from tests.conftest import ROOT

NOW = datetime(2026, 11, 22, 3, 42, tzinfo=UTC)
PASSWORD = "câu mật khẩu dài 9"
ADDRESS = "192.0.2.7"
ORIGIN = "http://console.example"
SCRIPT = "<script>alert(1)</script>"
RULE = """
title: An unknown file was called on the portal
name: portal_web_shell
logsource: {product: public_service_portal}
detection:
  selection: {url.path|contains: script}
  condition: selection
level: critical
vonggac:
  title_vi: Có tệp lạ được gọi trên cổng dịch vụ công
  entities: [host.name, source.ip]
"""
EXCEPTION = """
title: Máy quét của đơn vị
logsource: {product: public_service_portal}
filter:
  rules: [portal_web_shell]
  selection: {source.ip: 203.0.113.9, user.name: can.bo.1}
  condition: not selection
"""
SOURCES = {"portal-01": Source(id="portal-01", platform="public_service_portal", agency="xa-mau-01")}
LETTERHEAD = Letterhead("", "TỈNH MẪU", "…/BC-UBND", "Tỉnh Mẫu")
AGENCIES = (
    Agency("tinh-mau", "Tỉnh Mẫu", "Sample Province", AgencyKind.PROVINCE),
    Agency("xa-mau-01", "Xã Mẫu 01", "Sample Commune 01", AgencyKind.COMMUNE, "tinh-mau"),
    Agency("xa-mau-02", "Xã Mẫu 02", "Sample Commune 02", AgencyKind.COMMUNE, "tinh-mau"),
)
ACCOUNTS = {
    "ts.01": (Role.ANALYST, "tinh-mau"),
    "tc.01": (Role.SHIFT_LEAD, "tinh-mau"),
    "td.01": (Role.REVIEWER, "tinh-mau"),
    "dg.01": (Role.AUDITOR, "tinh-mau"),
    "dt.01": (Role.ORGANISER, "tinh-mau"),
    "qt.01": (Role.ADMIN, "tinh-mau"),
    "cb.01": (Role.OFFICER, "xa-mau-01"),
    "tt.01": (Role.HEAD, "xa-mau-01"),
    "cb.02": (Role.OFFICER, "xa-mau-02"),
}
"""Account -> role and agency; one for each role, and the officer of a second commune."""


class Blobs:
    """Files in memory, by hash."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        self._kept[sha256(data)] = data
        return sha256(data)

    def get(self, digest: str) -> bytes:
        return self._kept[digest]

    def copy(self) -> Blobs:
        """The same files, apart."""
        other = Blobs()
        other._kept.update(self._kept)
        return other


class NoFigures:
    """Metrics of a house without engines."""

    def render(self) -> bytes:
        return b"vonggac_engine_up 1\n"


@dataclass
class House:
    """The services of a console, made of real parts; satisfies `soc.web.services.Services`."""

    settings: Settings
    clock: FixedClock
    database: Database
    store: MemoryEventStore
    blobs: Blobs
    audit: AuditTrail
    agencies: AgencyService
    accounts: AccountService
    sessions: SessionService
    factors: SecondFactors
    signing_in: SigningIn
    incidents: IncidentService
    incident_reader: IncidentReader
    exceptions: ExceptionService
    exception_replay: ExceptionReplay
    hunts: HuntService
    hunt_rules: RuleFreezer
    ledger: LedgerView
    source_desk: SourceDesk
    evidence: EvidenceService
    catalogue: Catalogue
    exercises: ExerciseService
    assessor: Assessor
    reports: ReportService
    audit_key: Ed25519PrivateKey
    rule_sets: RuleSets
    attack: AttackCoverage
    saved_searches: SavedSearches
    platforms: Mapping[str, Platform]
    metrics: NoFigures = field(default_factory=NoFigures)

    @property
    def lookups(self) -> LookupBook:
        return LookupBook(self.settings.home / "lookups")

    @property
    def outages(self) -> OutageBook:
        return OutageBook(self.settings.home)

    def app(self, *, secure: bool = False) -> FastAPI:
        return make_app(self, secure=secure)

    def visitor(self, name: str = "", **options: Any) -> Browser:
        """A browser, signed in as one of ACCOUNTS unless the name is empty."""
        browser = Browser(self.app(), **options)
        if name:
            browser.cookies["vg_session"] = self.sessions.start(self.accounts.sign_in(name, PASSWORD, ADDRESS), ADDRESS)
        return browser

    def trail(self, action: str) -> list[str]:
        """Targets of the audit entries of an action, newest first."""
        with self.database.transaction() as session:
            return [entry.target for entry in self.audit.entries(session, size=500) if entry.action == action]


def move_in(built: House, folder: Path) -> House:
    """A copy of a house over SQLite that is closed: much sooner there than one that is built and furnished anew."""
    shutil.copytree(built.settings.home, folder, dirs_exist_ok=True)
    return open_house(folder, built=built)


def open_house(folder: Path, *, sample: bool = False, url: str = "", built: House | None = None) -> House:
    """An empty house: agencies and accounts, no data; over SQLite unless another case database is named.

    Args:
        built: where the folder is copied from, with agencies, accounts and data.
    """
    clock = FixedClock(NOW)
    database = connect(url or f"sqlite:///{folder / 'cases.sqlite'}")
    if built is None:
        Base.metadata.create_all(database.engine)
    audit, duties, catalogue = AuditTrail(clock), load_duties(), load_catalogue()
    agencies = AgencyService(database, audit)
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    accounts = AccountService(database, clock, audit, Passwords(hasher), Throttle(Policy()))
    sessions = SessionService(database, clock, audit, accounts, Lifetimes())
    factors = SecondFactors(database, clock, audit, Throttle(Policy()), b"k" * 32)
    store, platforms = MemoryEventStore(), load_platforms()
    if built is None:
        _settle(agencies, accounts)
    else:
        store.append(list(built.store.scan("", PROVINCE)))
    sources = SOURCES
    blobs, feed = built.blobs.copy() if built else Blobs(), ExceptionFeed(database)
    incidents = IncidentService(database, clock, audit, duties)
    (folder / "rule.yml").write_text(RULE, "utf-8")
    ruleset = RuleSet.load([folder / "rule.yml"])
    exceptions = ExceptionService(database, clock, audit, lambda: ruleset)
    assessor = Assessor(
        store,
        database,
        rulebook=Rulebook(catalogue, duties),
        around=Surroundings(lambda: platforms, lambda: sources, load_levels()),
        clock=clock,
        audit=audit,
        ran=lambda _: (),
        sample=sample,
    )
    rule_sets = RuleSets(
        database,
        clock,
        audit,
        Library(folder / "rulesets", BlobStore(folder / "blobs")),
        Living(own_rules() / "sigma", folder / "rules"),
        RuleSet.load,
    )
    return House(
        settings=Settings(home=folder, sample=sample, second_factor_roles=()),
        clock=clock,
        database=database,
        store=store,
        blobs=blobs,
        audit=audit,
        agencies=agencies,
        accounts=accounts,
        sessions=sessions,
        factors=factors,
        signing_in=SigningIn(database, clock, accounts, sessions, factors),
        incidents=incidents,
        incident_reader=IncidentReader(database, clock, duties),
        exceptions=exceptions,
        exception_replay=ExceptionReplay(exceptions, store, feed, _detector, lambda: ruleset, database, audit),
        hunts=HuntService(database, clock, audit, incidents, MemoryQueue()),
        hunt_rules=RuleFreezer(Library(folder / "hunts", BlobStore(folder / "blobs")), RuleSet.load),
        ledger=LedgerView(database, GapBook(database), lambda: ruleset),
        evidence=EvidenceService(database, blobs, clock, audit, catalogue),
        catalogue=catalogue,
        source_desk=SourceDesk(
            HealthBook(database, lambda ident: (sources[ident], None), BeatBook(database)),
            SilenceBook(database),
            lambda: sources,
            lambda: platforms,
            lambda: (),
        ),
        exercises=ExerciseService(database, load_scenarios(ROOT / "soc" / "exercises" / "scenarios"), clock, audit),
        assessor=assessor,
        reports=ReportService(
            database, blobs, clock=clock, audit=audit, assessor=assessor, letterhead=lambda *_: LETTERHEAD
        ),
        audit_key=Ed25519PrivateKey.generate(),
        rule_sets=rule_sets,
        attack=AttackCoverage(rule_sets, [own_rules(), folder / "rules"]),
        saved_searches=SavedSearches(database, clock, audit),
        platforms=platforms,
    )


def _settle(agencies: AgencyService, accounts: AccountService) -> None:
    agencies.add(SYSTEM, AGENCIES)
    for name, (role, agency) in ACCOUNTS.items():
        ends = NOW + timedelta(days=30) if role is Role.AUDITOR else None
        accounts.add(SYSTEM, NewAccount(name, f"Tài khoản mẫu {name}", role, agency, ends), PASSWORD)


def _detector(ruleset: RuleSet, exceptions: Sequence[RuleException]) -> SigmaDetector:
    return SigmaDetector(ruleset, "tinh-mau", exceptions=exceptions)


@dataclass(frozen=True)
class Ids:
    """What belongs to one commune."""

    event: str
    alert: str
    incident: str
    evidence: str
    exception: str
    report: str
    report_file: str
    source: str
    search: str
    hunt: str


def furnish(house: House) -> dict[str, Ids]:
    """Data of both communes; gives their ids. The assessment of the province is the newest."""
    found = {agency: _furnish(house, agency) for agency in ("xa-mau-01", "xa-mau-02")}
    house.assessor.assess(house.accounts.principal("tc.01"), "2026-11")
    return found


def _furnish(house: House, agency: str) -> Ids:
    events = [_event(agency, number) for number in range(60)]
    house.store.append(events)
    alert = make_alert(agency, tuple(event.id for event in events[:3]))
    ruleset = RuleSet.load([house.settings.home / "rule.yml"])
    ledger = Ledger(GapBook(house.database), lambda: ruleset)
    with house.database.transaction() as session:
        [code] = house.incidents.take(session, [alert])
        ledger.ran(session, events[1:], NOW)
        ledger.failed(session, events[:1], SCRIPT, NOW)
    officer = house.accounts.principal(f"cb.{agency[-2:]}")
    declared = Declaration(
        "L1-05", agency, EvidenceKind.DOCUMENT, date(2026, 1, 1), date(2026, 11, 20), date(2026, 11, 20), note=SCRIPT
    )
    draft = house.evidence.draft(officer, declared, f"đào tạo {agency}.pdf", b"%PDF-1.7 " + agency.encode())
    receipt = house.evidence.submit(officer, draft.id)
    judged = house.assessor.assess(officer, "2026-11")
    report = house.reports.build(officer, "periodic_4layer", judged.id, forms=("html",), languages=(Lang.VI,))
    exception = house.exceptions.propose(officer, make_proposal(agency))
    search = house.saved_searches.save(officer, f"phép tìm {agency}", Question(f'url.path:"/{SCRIPT}"'), shared=True)
    return Ids(
        events[0].id,
        alert.id,
        code,
        receipt.id,
        exception.id,
        report.id,
        report.files[0].name,
        events[0].source,
        search.id,
        _hunt(house, officer),
    )


def _hunt(house: House, officer: Principal) -> str:
    """A hunt of one commune that is done: what it found is an alert about its script."""
    frozen = FrozenRules(
        "0" * 64, "0" * 64, (RuleRef("portal_web_shell", "1", "0" * 32, correlates=False),), in_force=False
    )
    window = Window(NOW - timedelta(days=1), NOW)
    hunt = house.hunts.file(officer, Request(HuntQuestion(rules=frozen), window, officer.scope, f"tìm {SCRIPT}"))
    rules = (RuleCount("portal_web_shell", "1", "0" * 32, 3),)
    limits = Limits(history_begins=NOW - timedelta(hours=7), masked=2)
    stated = Statement(
        hunt.id,
        hunt.content,
        "person",
        window.since,
        window.until,
        tuple(sorted(officer.scope.agencies or ())),
        None,
        60,
        60,
        3,
        1,
        0,
        0,
        0,
        rules,
        None,
        limits,
        NOW,
        NOW,
    )
    found = make_alert(officer.agency, ("e1", "e2", "e3"))
    with house.database.transaction() as session:
        row = session.get_one(HuntRow, hunt.id)
        row.state, row.finished, row.statement = HuntState.DONE.value, NOW, statement_json(stated)
        row.slices = row.slices_done = 1
        row.planned = row.covered = row.read = 60
        row.matches, row.alerts = 3, 1
        session.add(
            HuntAlertRow(
                hunt=hunt.id,
                number=1,
                alert=found.id,
                rule=found.rule_id,
                agency=found.agency,
                first=found.first,
                matches=3,
                raised=None,
                body=alert_to_json(found),
            )
        )
    return hunt.id


def _event(agency: str, number: int) -> Event:
    moment = NOW - timedelta(minutes=7 * number + 1)
    return Event(
        {
            "@timestamp": iso(moment),
            "event.id": f"{agency}-{number:04d}",
            "event.original": f'203.0.113.9 - - "GET /{SCRIPT}\u202e HTTP/1.1" 200 {number}',
            "event.action": "web-request",
            "event.outcome": "success" if number % 3 else "failure",
            "host.name": "web-01",
            "user.name": f"can.bo.{number % 4}",
            "source.ip": "203.0.113.9",
            "url.path": f"/{SCRIPT}",
            "soc.platform": "public_service_portal",
            "soc.agency": agency,
            "soc.source": f"portal-{agency[-2:]}",
            "soc.seq": number,
            "soc.parser": "nginx@1",
            "soc.received": iso(moment),
        }
    )


def make_alert(agency: str, events: tuple[str, ...]) -> Alert:
    test = Explanation("test", True, "url.path", "contains", "script", f"/{SCRIPT}")
    other = Explanation("not", True, children=(Explanation("test", False, "source.ip", "cidr", "192.0.2.0/24", None),))
    return Alert(
        id=f"alert-{agency}",
        detector="sigma",
        rule_id="portal_web_shell",
        rule_version="1",
        title={"vi": "Có tệp lạ được gọi trên cổng dịch vụ công", "en": "An unknown file was called on the portal"},
        severity=Severity.CRITICAL,
        agency=agency,
        platform="public_service_portal",
        first=NOW - timedelta(minutes=30),
        last=NOW - timedelta(minutes=10),
        entities={"host.name": "web-01", "source.ip": "203.0.113.9"},
        event_ids=events,
        matched={"url.path": f"/{SCRIPT}"},
        explanation=Explanation("and", True, children=(test, other), role="search", name="selection"),
        attack=("T1505.003",),
        advice={
            "vi": "Cô lập máy chủ web và giữ bản sao tệp.",
            "en": "Isolate the web server and keep a copy of the file.",
        },
    )


def make_proposal(agency: str) -> Proposal:
    return Proposal(EXCEPTION, f"máy quét {SCRIPT}", frozenset({agency}), NOW + timedelta(days=60))


class Browser:
    """Sends requests like a browser does: keeps cookies, says its origin, finds the form token of a page."""

    def __init__(self, app: FastAPI, lang: str = "vi", base: str = ORIGIN, client: str = ADDRESS) -> None:
        self.cookies: dict[str, str] = {}
        self._base, self._headers = base, {"accept-language": lang}
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 40000))
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._runner.close()

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, data: dict[str, str] | None = None, page: str = "", **options: Any) -> httpx.Response:
        """Send a form as the page it stands on would; `page` "" = no token."""
        sent = dict(data or {})
        if page:
            sent = {"csrf": self.token(page), **sent}
        headers = {"origin": self._base, **options.pop("headers", {})}
        return self.request("POST", path, data=sent, headers=headers, **options)

    def token(self, page: str) -> str:
        """The form token of a page."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(page).text)
        assert found is not None, page
        return found[1]

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        return self._runner.run(self._send(method, path, {**self._headers, **(headers or {})}, **options))

    async def _send(self, method: str, path: str, headers: dict[str, str], **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url=self._base) as client:
            sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            answer = await client.request(method, path, headers={**headers, "cookie": sent}, **options)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in line:
                del self.cookies[name]
        return answer
