"""The main job on the shipped sample, in a home of its own, through the same use cases as the console.

Two weeks pass on a clock that is moved in steps: what was logged in one is collected, detected and turned into incidents before the
next, and the officers' acts happen at their times in between.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from collectors.text import decode
from collectors.times import any_time
from playbooks.states import DryStep
from soc.access.accounts import NewAccount
from soc.access.agencies import Agency, AgencyKind
from soc.access.passwords import one_time_password
from soc.access.principal import SYSTEM, Principal
from soc.app.application import Application
from soc.app.exercising import run_exercise
from soc.app.pipeline import Step
from soc.app.sample_data import SAMPLE, ReplayInput, Sample, SampleAct, SampleEvidence, SampleLine, sample_lines
from soc.compliance.assessment import Assessment
from soc.compliance.catalogue import EvidenceKind
from soc.compliance.evidence import Declaration
from soc.compliance.systems import System
from soc.core.clock import LOCAL_ZONE, ShiftedClock
from soc.core.errors import SetupError
from soc.core.i18n import Message, msg
from soc.core.settings import Settings
from soc.exercises.model import Score
from soc.incidents.model import Flags
from soc.incidents.tables import AlertRow

SLICE = timedelta(hours=3)
"""How often the replayed collectors hand over; the sample adds the moments in `cuts`."""
_WRITTEN_TIME = re.compile(
    r"\b(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\d{19}|\d{13})\b", re.ASCII
)
MARKER = ".sample"
"""A file that says: this home holds the sample, and a new demo may replace it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What was logged up to a moment, by source."""

    until: datetime
    lines: dict[str, list[SampleLine]]


@dataclass
class DemoResult:
    """What the demo came to; `passwords` are told once."""

    home: Path
    passwords: dict[str, str] = field(default_factory=dict)
    moved: Step = field(default_factory=Step)
    masked: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    plan: str = ""
    dry_run: tuple[DryStep, ...] = ()
    score: Score | None = None
    receipts: list[str] = field(default_factory=list)
    assessment: Assessment | None = None
    files: list[Path] = field(default_factory=list)


Told = Callable[[Message, int, int], None]
"""Called with (what is being done, how far, of how much)."""


def fresh_home(home: Path) -> Path:
    """An empty home for the demo. Raises SetupError rather than touch a folder that the demo did not make."""
    if home.exists():
        if not (home / MARKER).is_file():
            raise SetupError(
                msg("{home} đã có dữ liệu không phải dữ liệu mẫu", home=str(home)),
                expected=msg("thư mục trống hoặc do lần chạy mẫu trước tạo ra"),
                advice=msg("đặt SOC_HOME tới nơi khác"),
            )
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / MARKER).touch()
    for name in ("sources.yaml", "networks.yaml"):
        shutil.copy(SAMPLE / name, home / name)
    (home / "settings.toml").write_text('sample = true\nprovince = "tinh-mau"\n', "utf-8")
    return home


def demo_settings(home: Path) -> Settings:
    """The settings of the demo's home. Its cases lie there whatever database the environment names: that one holds real ones."""
    return Settings(home=home, sample=True, province="tinh-mau", database_url="")


def written_time(line: str, zone: tzinfo) -> datetime | None:
    """When a line of the sample says it happened: the first full time in it, None without one.

    Only to lay the lines out in time; reading them whole for that, before the pipeline reads them, took as long again as normalising.
    """
    found = _WRITTEN_TIME.search(line)
    return any_time(found[0], zone) if found is not None else None


class Demo:
    """One run of the demo.

    Args:
        app: for the demo's home, built with `clock`, as the writer.
        told: shows progress.
    """

    def __init__(self, app: Application, clock: ShiftedClock, sample: Sample, told: Told) -> None:
        self._app, self._clock, self._sample, self._told = app, clock, sample, told
        self._result = DemoResult(app.home)

    def run(self) -> DemoResult:
        """All of it, in order."""
        self._clock.set(self._sample.begins)
        self._register()
        self._replay()
        self._clock.set(self._sample.ends)
        self._assess_and_report()
        self._result.rules = self._alerts_by_rule()
        return self._result

    def _register(self) -> None:
        app, result = self._app, self._result
        app.store.delete_before(datetime.max.replace(tzinfo=UTC))  # a cluster holds on to the sample of an earlier run
        app.agencies.add(
            SYSTEM, [Agency(a.id, a.name_vi, a.name_en, AgencyKind(a.kind), a.parent) for a in self._sample.agencies]
        )
        for system in self._sample.systems:
            app.systems.put(SYSTEM, System(**system.model_dump()))
        admin = app.accounts.ensure_admin(app.settings.province)
        if admin is not None:
            result.passwords["quantri"] = admin
        for account in self._sample.accounts:
            # measured from the moment somebody will look at the sample, which is the machine's now and not the replay's
            expires = self._clock.base.now() + timedelta(days=account.expires_days) if account.expires_days else None
            new = NewAccount(account.name, account.display, account.role, account.agency, expires)
            result.passwords[account.name] = app.accounts.add(SYSTEM, new, one_time_password())

    def _replay(self) -> None:
        slices = list(self._slices())
        chores = sorted(self._chores(), key=lambda chore: chore[0])
        for number, one in enumerate(slices, 1):
            while chores and chores[0][0] <= one.until:
                moment, chore = chores.pop(0)
                self._clock.set(moment)
                chore()
            self._clock.set(one.until)
            for source in one.lines:
                self._result.masked += self._app.collector.collect(source, ReplayInput(one.lines, source)).masked
            self._result.moved += self._app.pipeline.drain()
            if one.until.astimezone(LOCAL_ZONE).hour == 0:
                self._app.pipeline.note_runs()
            self._told(msg("thu, phát hiện, xử lý hai tuần nhật ký"), number, len(slices))

    def _slices(self) -> Iterator[Slice]:
        """All lines by the three hours and the cuts of the sample; a line without a readable time stays with the one before it."""
        lines = sorted(self._lines(), key=lambda line: line.moment)
        current = Slice(self._sample.begins + SLICE, {})
        for line in lines:
            if line.moment >= current.until:
                if current.lines:
                    yield current
                current = Slice(self._next_cut(line.moment), {})
            current.lines.setdefault(line.source, []).append(line)
        yield current

    def _next_cut(self, moment: datetime) -> datetime:
        steps = (moment - self._sample.begins) // SLICE + 1
        return min(cut for cut in (self._sample.begins + steps * SLICE, *self._sample.cuts) if cut > moment)

    def _lines(self) -> Iterator[SampleLine]:
        for source in self._app.sources.registered.values():
            zone, moment = ZoneInfo(source.zone), self._sample.begins
            for offset, data in sample_lines(source.id):
                moment = written_time(decode(data).text, zone) or moment
                yield SampleLine(source.id, offset, data, moment)

    # what people do

    def _as(self, name: str) -> Principal:
        return self._app.accounts.principal(name)

    def _incident_of(self, rule: str) -> str:
        """Code of the incident that holds the first real alert of a rule, by the rule's file name."""
        with self._app.database.reading() as session:
            found = session.scalar(
                select(AlertRow.incident)
                .where(AlertRow.rule_id == self._app.rule_ids[rule], AlertRow.exercise.is_(None))
                .order_by(AlertRow.raised)
            )
        if found is None:
            raise SetupError(msg("luật {rule} chưa mở sự cố nào trong dữ liệu mẫu", rule=rule))
        return found

    def _chores(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Everything that people did, with its moment."""
        yield from self._acts()
        yield from self._evidence()
        yield self._sample.playbook.at, self._plan
        yield self._sample.exercise.start, self._exercise

    def _acts(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        for act in self._sample.acts:
            yield act.at, partial(self._act, act)

    def _act(self, act: SampleAct) -> None:
        who, code, incidents = self._as(act.by), self._incident_of(act.rule), self._app.incidents
        match act.do:
            case "acknowledge":
                incidents.acknowledge(who, code)
            case "contain":
                incidents.contain(who, code, act.text)
            case "notice":
                incidents.send_notice(who, code, "incident_24h", act.text)
            case "grade":
                assert act.grade is not None  # noqa: S101 - checked by the sample's tests
                incidents.grade(who, code, act.grade, Flags())

    def _evidence(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        for evidence in self._sample.evidence:
            held: list[str] = []
            yield evidence.at, partial(self._hand_in, evidence, held)
            yield evidence.review.at, partial(self._review, evidence, held)

    def _hand_in(self, evidence: SampleEvidence, held: list[str]) -> None:
        who = self._as(evidence.by)
        declaration = Declaration(
            criterion=evidence.criterion,
            agency=who.agency,
            kind=EvidenceKind.DOCUMENT,
            observed_since=evidence.observed[0],
            observed_until=evidence.observed[1],
            made=evidence.made,
            valid_until=evidence.valid_until,
        )
        path = SAMPLE / evidence.file
        draft = self._app.evidence.draft(who, declaration, path.name, path.read_bytes())
        handed_in = self._app.evidence.submit(who, draft.id)
        self._result.receipts.append(handed_in.receipt or "")
        held.append(handed_in.id)

    def _review(self, evidence: SampleEvidence, held: list[str]) -> None:
        reviewer = self._as(evidence.review.by)
        if evidence.review.verdict == "accept":
            self._app.evidence.accept(reviewer, held[0])
        else:
            self._app.evidence.send_back(reviewer, held[0], evidence.review.reason)

    def _plan(self) -> None:
        chosen = self._sample.playbook
        who = self._as(chosen.by)
        plan = self._app.playbooks.plan(who, self._incident_of(chosen.rule), chosen.playbook)
        self._result.plan = plan.hash
        self._result.dry_run = self._app.playbooks.dry_run(who, plan.hash)

    def _exercise(self) -> None:
        chosen = self._sample.exercise
        run = self._app.exercises.plan(SYSTEM, chosen.scenario, chosen.agency, chosen.start)
        total, done = len(run.scenario.injects), iter(range(1, 1000))
        self._result.score = run_exercise(
            self._app, self._clock, SYSTEM, run.code, lambda _: self._told(msg("diễn tập"), next(done), total)
        )

    def _assess_and_report(self) -> None:
        self._told(msg("đánh giá 4 lớp, lập báo cáo"), 0, 2)
        reviewer = self._as("tham-dinh")
        for agency in self._sample.agencies:
            if agency.kind == AgencyKind.COMMUNE:
                self._app.assessor.assess(reviewer, self._sample.period, agency.id)
        self._result.assessment = self._app.assessor.assess(reviewer, self._sample.period)
        self._told(msg("đánh giá 4 lớp, lập báo cáo"), 1, 2)
        report = self._app.reports.build(reviewer, "periodic_4layer", self._result.assessment.id)
        self._result.files = self._app.reports.export(reviewer, report.id, self._app.home / "report")
        self._told(msg("đánh giá 4 lớp, lập báo cáo"), 2, 2)

    def _alerts_by_rule(self) -> dict[str, int]:
        """Alerts of real data, by rule title."""
        with self._app.database.reading() as session:
            rows = session.scalars(select(AlertRow).where(AlertRow.exercise.is_(None)))
            counts: dict[str, int] = {}
            for row in rows:
                counts[row.rule_id] = counts.get(row.rule_id, 0) + 1
        return counts
