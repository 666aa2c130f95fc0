"""`soc rules exception`: from an alert to a draft, a replay, a decision by somebody else, and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from collectors.inputs import open_input
from soc.access.accounts import NewAccount
from soc.access.agencies import Agency, AgencyKind
from soc.access.principal import SYSTEM, Role
from soc.app.application import Application
from soc.cli import rules
from soc.cli.context import settings
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError, SocError

NOW = datetime.now(UTC).replace(microsecond=0)
PASSWORD = "câu mật khẩu dài 9"
CALL = {
    "time": NOW.isoformat(),
    "remote_addr": "203.0.113.66",
    "method": "POST",
    "uri": "/uploads/a.php",
    "args": "",
    "status": 200,
    "bytes": 1,
    "ua": "M",
    "host": "a.example",
}
SINCE = (NOW - timedelta(hours=1)).isoformat()
LAST_DAY = f"{NOW + timedelta(days=60):%Y-%m-%d}"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settle: Callable[[Path], None]) -> None:
    """A home with two people and one alert."""
    home = tmp_path / "home"
    monkeypatch.setenv("SOC_HOME", str(home))
    monkeypatch.setenv("SOC_LANG", "en")
    settle(home)
    (home / "sources.yaml").write_text("sources:\n  - {id: portal, platform: public_service_portal, agency: so-mau}\n")
    log = tmp_path / "a.log"
    log.write_bytes(orjson.dumps(CALL) + b"\n")
    with Application(settings(), writer=True) as app:
        app.agencies.add(
            SYSTEM,
            [
                Agency("tinh-mau", "Tỉnh Mẫu", "Sample Province", AgencyKind.PROVINCE),
                Agency("so-mau", "Sở Mẫu", "Sample Department", AgencyKind.DEPARTMENT, "tinh-mau"),
            ],
        )
        for name, role in (("ts.01", Role.ANALYST), ("tc.01", Role.SHIFT_LEAD)):
            app.accounts.add(SYSTEM, NewAccount(name, name, role, "tinh-mau", None), PASSWORD)
        app.collector.collect("portal", open_input(log))
        assert app.pipeline.drain().alerts == 1


def run(*words: object) -> Result:
    return CliRunner().invoke(rules.app, ["exception", *(str(word) for word in words)])


def problem(result: Result) -> SocError:
    assert isinstance(result.exception, SocError)
    return result.exception


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The filter that an alert suggests."""
    with Application(settings()) as app:
        alert = app.incident_reader.alerts(SYSTEM).items[0].alert.id
    result = run("draft", alert, "--as", "ts.01")
    file = tmp_path / "filter.yml"
    file.write_text(result.stdout)
    return file


def test_an_exception_goes_from_draft_over_replay_to_approval_end_and_undo(draft: Path) -> None:
    tried = orjson.loads(run("replay", draft, "--since", SINCE, "--province", "--json").stdout)
    assert (tried["count"], tried["alerts"], tried["alerts_left"]) == (1, 1, 0)
    assert len(tried["hidden"][0]["event_ids"]) == 1
    proposed = run(
        "propose", draft, "--reason", "máy quét", "--expires", LAST_DAY, "--agency", "so-mau", "--as", "ts.01"
    )
    ident = proposed.stdout.strip()
    assert isinstance(problem(run("approve", ident, "--as", "ts.01")), ForbiddenError)
    assert "in force" in run("approve", ident, "--as", "tc.01").stdout
    assert "ended" in run("end", ident, "--reason", "đã gỡ", "--as", "ts.01").stdout
    assert "in force" in run("undo", ident, "--reason", "nhầm", "--as", "tc.01").stdout
    shown = orjson.loads(run("show", ident, "--json").stdout)
    assert [act["kind"] for act in shown["acts"]] == ["approve", "end", "undo"]
    assert (shown["state"], shown["approved_by"], shown["owner"], shown["count"]) == ("approved", "tc.01", "ts.01", 0)
    assert shown["agencies"] == ["so-mau"]
    text = run("show", ident).stdout
    assert "selection" in text
    assert "took back the act before" in text


def test_a_proposal_can_be_replayed_by_its_id_and_rejected(draft: Path) -> None:
    ident = run("propose", draft, "--reason", "x", "--expires", LAST_DAY, "--province", "--as", "ts.01").stdout.strip()
    result = run("replay", ident, "--since", SINCE, "--as", "tc.01")
    assert "hides 1 matches; 1 alerts become 0" in result.stderr
    assert "so-mau" in result.stdout
    assert "rejected" in run("reject", ident, "--reason", "quá rộng", "--as", "tc.01").stdout
    assert isinstance(problem(run("approve", ident, "--as", "tc.01")), ConflictError)


def test_the_list_tells_state_expiry_and_count_and_can_be_narrowed(draft: Path) -> None:
    run("propose", draft, "--reason", "x", "--expires", LAST_DAY, "--province", "--as", "ts.01")
    assert "whole province" in run("list").stdout
    (row,) = [orjson.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert (row["state"], row["agencies"], row["count"]) == ("proposed", None, 0)
    assert run("list", "--state", "approved", "--json").stdout == ""


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("--reason", "x", "--expires", LAST_DAY), InputError),
        (("--reason", "x", "--expires", LAST_DAY, "--province", "--agency", "so-mau"), InputError),
        (("--reason", "x", "--expires", "31/12/2099", "--province"), InputError),
        (("--reason", "x", "--expires", "2020-01-01", "--province"), InputError),
        (("--reason", " ", "--expires", LAST_DAY, "--province"), InputError),
    ],
)
def test_what_is_missing_or_wrong_is_said(draft: Path, words: tuple[str, ...], kind: type[SocError]) -> None:
    assert isinstance(problem(run("propose", draft, *words, "--as", "ts.01")), kind)


def test_what_suppression_holds_back_can_be_read(tmp_path: Path) -> None:
    log = tmp_path / "b.log"
    log.write_bytes(b"".join(orjson.dumps(CALL | {"bytes": size}) + b"\n" for size in (2, 3)))
    with Application(settings(), writer=True) as app:
        app.collector.collect("portal", open_input(log))
        app.pipeline.drain()
    (row,) = [orjson.loads(line) for line in CliRunner().invoke(rules.app, ["held", "--json"]).stdout.splitlines()]
    assert (row["count"], row["total"], row["agency"], len(row["event_ids"])) == (2, 3, "so-mau", 2)
    assert "2 matches are held back" in CliRunner().invoke(rules.app, ["held"]).stderr


def test_an_unknown_exception_is_not_found() -> None:
    assert isinstance(problem(run("show", "NL-2026-9999")), NotFoundError)


def test_a_filter_that_is_no_text_is_refused_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_bytes(b"\xff\xfe")
    result = run("propose", tmp_path / "bad.yml", "--reason", "x", "--expires", LAST_DAY, "--province")
    assert problem(result).where.endswith("bad.yml")
