"""The main job, end to end, on the shipped sample: what the demo finds, and that the exercise stays out of every real figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from reports.verify import Outcome, verify_report
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.demo import Demo, DemoResult, demo_settings, fresh_home, written_time
from soc.app.sample_data import load_sample
from soc.compliance.assessment import Status
from soc.core.clock import ShiftedClock, SystemClock
from soc.core.scope import PROVINCE
from soc.exercises.model import RunState
from soc.incidents.tables import AlertRow
from tests.servers.cluster import Cluster


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Application, DemoResult]]:
    """One run of the demo, and its home while it is open."""
    with run_demo(tmp_path_factory.mktemp("sample") / "demo") as done:
        yield done


@contextmanager
def run_demo(home: Path, **chosen: object) -> Iterator[tuple[Application, DemoResult]]:
    clock = ShiftedClock(SystemClock())
    settings = demo_settings(fresh_home(home)).model_copy(update=chosen)
    with Application(settings, clock, writer=True) as app:
        yield app, Demo(app, clock, load_sample(), lambda *_: None).run()


def test_every_line_of_the_sample_becomes_an_event(demo: tuple[Application, DemoResult]) -> None:
    """And secrets and citizen numbers are masked on the way."""
    app, result = demo
    assert result.moved.read == result.moved.created == app.store.count("", PROVINCE)
    assert result.moved.quarantined == 0
    assert result.masked > 0


def test_the_times_by_which_lines_are_laid_out_are_those_of_their_events(
    demo: tuple[Application, DemoResult],
) -> None:
    """The replay looks for the first time in a line, the pipeline reads the line: both must come to the same."""
    app, _ = demo
    for event in app.store.scan("", PROVINCE):
        zone = ZoneInfo(app.sources.registered[event.source].zone)
        assert written_time(event.original, zone) == event.timestamp


def test_the_attacks_of_the_sample_are_found(demo: tuple[Application, DemoResult]) -> None:
    """Each story of the sample has its rule; the benign look-alikes have none."""
    app, result = demo
    names = {ident: name for name, ident in app.rule_ids.items()}
    fired = {names[rule] for rule in result.rules}
    assert {
        "web_shell_upload",
        "gambling_seo_spam",
        "sso_password_spray",
        "sso_spray_then_login",
        "onestop_mass_export",
        "sign_personal_at_night",
        "firewall_admin_from_internet",
        "lgsp_citizen_list_pull",
        "malware_outbreak",
        "av_mass_uninstall",
    } <= fired


def test_the_exercise_is_detected_and_stays_out_of_real_figures(demo: tuple[Application, DemoResult]) -> None:
    """Law 10: its events, alerts and incidents are seen only by whoever asks for the run."""
    app, result = demo
    score = result.score
    assert score is not None
    assert score.run.state is RunState.FINISHED
    assert (score.detected, score.expected) == (3, 3)
    run = score.run.code
    assert app.store.count("source.ip:203.0.113.201", PROVINCE) == 0
    assert app.store.count("source.ip:203.0.113.201", PROVINCE.during(run)) > 1000
    with app.database.transaction() as session:
        exercise = set(session.scalars(select(AlertRow.incident).where(AlertRow.exercise == run)))
        real = set(session.scalars(select(AlertRow.incident).where(AlertRow.exercise.is_(None))))
    assert exercise
    assert not exercise & real
    assert result.assessment is not None
    counted = sum(count.incidents for count in result.assessment.incidents)
    assert counted == len(real)


def test_unproven_criteria_are_never_met(demo: tuple[Application, DemoResult]) -> None:
    """Without telemetry or an accepted document a criterion says so."""
    assessment = demo[1].assessment
    assert assessment is not None
    for layer in assessment.results:
        for result in layer.criteria:
            if not result.figures and not result.evidence:
                assert result.status in {Status.NOT_EVIDENCED, Status.NOT_MEASURED, Status.NOT_APPLICABLE}


def test_the_report_recomputes_from_its_home(demo: tuple[Application, DemoResult]) -> None:
    """Law 9: every figure of the PDF comes out of its stored query again."""
    app, result = demo
    pdf = next(path for path in result.files if path.name.endswith("vi.pdf"))
    checks = verify_report(pdf, app.assessor, issued=app.reports.issued)
    assert {check.outcome for check in checks} == {Outcome.SAME}, [c for c in checks if c.outcome is not Outcome.SAME]


def test_evidence_was_submitted_reviewed_and_remembered(demo: tuple[Application, DemoResult]) -> None:
    """Two receipts, one acceptance, one return, all in an unbroken audit trail."""
    app, result = demo
    assert len(set(result.receipts)) == 2
    with app.database.transaction() as session:
        actions = [entry.action for entry in app.audit.entries(session, size=1000)]
        assert app.audit.verify(session).ok
    assert {"evidence.submit", "evidence.accept", "evidence.return", "report.build"} <= set(actions)
    assert len(app.evidence.find(SYSTEM)) == 2


def test_the_dry_run_shows_what_stands_in_the_way(demo: tuple[Application, DemoResult]) -> None:
    """Mail is not set up in the sample, and the preview says so before anybody relies on it."""
    assert any(step.obstacle is not None for step in demo[1].dry_run)


def test_the_sample_is_marked_as_sample_data(demo: tuple[Application, DemoResult], tmp_path: Path) -> None:
    """On every page of every form of the report."""
    html = [path for path in demo[1].files if path.suffix == ".html"]
    assert html
    for path in html:
        assert "SAMPLE DATA" in path.read_text("utf-8")


def test_the_demo_stays_out_of_the_database_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOC_DATABASE_URL", "postgresql://vonggac@192.0.2.1/real")
    assert demo_settings(tmp_path).sql_url == f"sqlite:///{tmp_path / 'cases.sqlite'}"


@pytest.mark.full
@pytest.mark.elasticsearch
def test_a_cluster_gives_the_same_incidents_and_the_same_figures(
    demo: tuple[Application, DemoResult], elasticsearch: Cluster, elastic_prefix: str, tmp_path: Path
) -> None:
    """Law 3 for everything that rests on the store: compared one by one with the embedded run."""
    chosen = {
        "store": "elasticsearch",
        "elasticsearch_url": elasticsearch.url,
        "elasticsearch_user": elasticsearch.user,
        "elasticsearch_password": SecretStr(elasticsearch.password),
        "elasticsearch_prefix": elastic_prefix,
    }
    with run_demo(tmp_path / "demo", **chosen) as (app, result):
        embedded, expected = demo
        assert app.store.health().engine == "elasticsearch"
        assert (result.moved, result.rules) == (expected.moved, expected.rules)
        assert alerts(app) == alerts(embedded)
        assert figures(result) == figures(expected)


def alerts(app: Application) -> list[tuple[object, ...]]:
    with app.database.reading() as session:
        rows = session.scalars(select(AlertRow).order_by(AlertRow.id))
        return [(row.id, row.incident, row.rule_id, row.agency, row.first, row.last, row.exercise) for row in rows]


def figures(result: DemoResult) -> list[tuple[object, ...]]:
    """Without the moment of asking, which no two runs share."""
    assert result.assessment is not None
    return [
        (one.id, one.value, one.numerator, one.denominator, one.query.engine, one.query.facts)
        for one in result.assessment.all_figures()
    ]
