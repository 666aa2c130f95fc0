"""`soc indicators`: from a file of a partner to an alert about the past, and in the running pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from collectors.inputs import open_input
from soc.app.application import Application
from soc.app.doctor import examine
from soc.app.findings import State
from soc.cli import indicators
from soc.cli.context import settings
from soc.core.i18n import Lang
from soc.incidents.tables import AlertRow

LIST = "evil.example\n45[.]66.77.88\n10.0.0.1\ngov.vn\nnot one\n"
LINE = {
    "remote_addr": "45.66.77.88",
    "method": "GET",
    "uri": "/",
    "args": "",
    "status": 200,
    "bytes": 1,
    "ua": "M",
    "host": "dichvucong.tinhmau.example",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settle: Callable[[Path], None]) -> Path:
    monkeypatch.setenv("SOC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOC_LANG", "en")
    settle(tmp_path / "home")
    sources = "sources:\n  - {id: portal, platform: public_service_portal, agency: so-mau}\n"
    (tmp_path / "home" / "sources.yaml").write_text(sources)
    return tmp_path / "home"


def run(*words: object) -> Result:
    return CliRunner().invoke(indicators.app, [str(word) for word in words])


def ingest(path: Path, *days: int) -> list[str]:
    """Requests of the bad address on these days of November, through the real pipeline; gives the rules that told them."""
    lines = [{**LINE, "time": f"2026-11-{day:02}T08:00:00+07:00"} for day in days]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    with Application(settings(), writer=True) as app:
        app.collector.collect("portal", open_input(path))
        app.pipeline.drain()
        return rules_of(app)


def rules_of(app: Application) -> list[str]:
    with app.database.reading() as session:
        return sorted(session.scalars(select(AlertRow.rule_id)))


def imported(tmp_path: Path) -> Result:
    (tmp_path / "partner.txt").write_text(LIST)
    return run("import", tmp_path / "partner.txt", "--confidence", 85, "--json")


def test_an_import_counts_what_came_in_and_names_what_did_not(tmp_path: Path) -> None:
    result = imported(tmp_path)
    assert result.exit_code == indicators.EXIT_PARTLY
    row = orjson.loads(result.stdout)
    assert (row["read"], row["created"], row["unread"], row["total"]) == (4, 4, 1, 2)
    assert row["refused"] == {"reserved-networks": 1, "state-domains": 1}
    assert "partner.txt:5: 'not one' is no address, domain, URL or hash" in result.stderr
    counted = [orjson.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert {(row["kind"], row["state"], row["indicators"]) for row in counted} == {
        ("domain", "active", 1),
        ("domain", "refused", 1),
        ("ip", "active", 1),
        ("ip", "refused", 1),
    }
    refused = run("list", "--entries", "--state", "refused").stdout
    assert "gov.vn" in refused
    assert "state-domains" in refused


def test_what_is_imported_is_matched_in_the_running_pipeline_and_sought_in_the_past(tmp_path: Path) -> None:
    assert ingest(tmp_path / "a.log", 1) == []
    imported(tmp_path)
    assert ingest(tmp_path / "b.log", 2) == ["indicator.ip"]
    found = run("hunt", "--days", 3660, "--json")
    assert found.exit_code == 0
    (row,) = [orjson.loads(line) for line in found.stdout.splitlines()]
    assert (row["kind"], row["state"], row["covered"], row["matches"]) == ("indicators", "done", 2, 2)
    assert "looked back 3661 days" in found.stderr
    with Application(settings()) as app:
        assert set(rules_of(app)) == {"indicator.ip"}
        with app.database.reading() as session:
            assert session.scalar(select(func.count(AlertRow.incident.distinct()))) == 1
    again = run("hunt", "--days", 3660)
    assert "every indicator was looked for already" in again.stderr


def test_a_warning_list_of_misp_refuses_from_then_on_and_can_be_left_out(tmp_path: Path) -> None:
    warning = tmp_path / "busy.json"
    warning.write_bytes(orjson.dumps({"name": "Busy", "type": "hostname", "list": ["evil.example"], "version": 1}))
    result = run("import", warning)
    assert "misp:busy is in use" in result.stderr
    assert "misp:busy refuses 1" in imported(tmp_path).stderr
    (tmp_path / "more.txt").write_text("evil.example\n")
    assert orjson.loads(run("import", tmp_path / "more.txt", "--without", "misp:busy", "--json").stdout)["total"] == 2


def test_the_doctor_tells_refused_definitions_and_indicators_not_yet_sought(home: Path, tmp_path: Path) -> None:
    (home / "definitions").mkdir()
    rule = "logsource: {product: lgsp}\ndetection: {s: {event.action: x}, condition: s}\nlevel: low\n"
    (home / "definitions" / "bad.yaml").write_text(f"title: T\n{rule}new_terms: {{fields: []}}\n")
    imported(tmp_path)
    with Application(settings()) as app:
        found = {finding.part: finding for finding in examine(app)}
    assert found["definitions"].state is State.BAD
    assert "bad.yaml:5" in found["definitions"].detail.render(Lang.EN)
    assert found["indicators"].state is State.WARN
    assert "2 indicators, 2 not yet sought" in found["indicators"].detail.render(Lang.EN)
