"""Recall, false alarms and time to detect are those that a count by hand gives; and the stream is read as it would be live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from detectors.alert import Alert
from soc.app.quality import Judge, Quality, RuleFacts
from soc.app.quality_kept import last_measurement
from soc.app.quality_stream import Stream, open_logs, read_deeds
from soc.cli.rules import app
from soc.core.clock import iso
from soc.core.errors import InputError
from soc.core.severity import Severity
from soc.simulate.truth import Deed

START = datetime(2026, 11, 17, 2, tzinfo=UTC)
SOURCE = "one_stop.onestop_audit_json.tinh"
RULES = {
    name: RuleFacts(name, name, frozenset(threats)) for name, threats in (("r1", ["t1"]), ("r2", ["t2"]), ("r3", []))
}


def deed(number: int, threat: str, at: int, user: str, absent: tuple[str, ...] = ()) -> Deed:
    since, until = (iso(START + timedelta(minutes=at + more)) for more in (0, 10))
    return Deed(number, threat, "f", "usual", ("p1",), "a", since, until, (), absent, {"user.name": (user,)})


def alert(rule: str, at: int, user: str, *events: str, severity: Severity = Severity.HIGH) -> Alert:
    moment = START + timedelta(minutes=at)
    title, entities = {"vi": rule, "en": rule}, {"user.name": user}
    return Alert(
        f"{rule}{at}{user}", "sigma", rule, "1", title, severity, "a", "p1", moment, moment, entities, events, {}
    )


def judged(deeds: list[Deed], alerts: list[Alert], lines: Mapping[str, tuple[int, ...]]) -> Quality:
    judge = Judge(deeds, RULES, lines)
    judge.take(alerts)
    return judge.quality(events=100, days=2.0, budget=0.4)


def test_an_alert_is_true_by_its_lines_or_by_its_time_and_entities() -> None:
    deeds = [deed(1, "t1", 0, "an"), deed(2, "t1", 100, "binh"), deed(3, "t2", 200, "chi")]
    alerts = [
        alert("r1", 5, "somebody", "e1"),  # a line of deed 1
        alert("r1", 108, "Binh"),  # within deed 2, about its account
        alert("r2", 190, "chi"),  # before deed 3
        alert("r1", 205, "chi", "e3"),  # on a line of deed 3, which the rule does not claim
        alert("r3", 50, "dung", severity=Severity.LOW),
    ]
    found = judged(deeds, alerts, {"e1": (1,), "e3": (3,)})
    assert (found.found, found.deeds, found.missed) == (2, 3, ((3, "t2", "usual"),))
    assert [(one.name, one.found, one.deeds) for one in found.threats] == [("t1", 2, 2), ("t2", 0, 1)]
    assert [(one.name, one.found, one.deeds) for one in found.rules] == [("r1", 2, 2), ("r2", 0, 1)]
    assert (found.false_per_day["high"], found.beside_per_day["high"], found.false_per_day["low"]) == (1.0, 0.5, 0.5)
    assert found.false_from(Severity.HIGH) == 1.0
    assert found.noisy_agencies == {"a": 1.5}
    assert found.detection_s == (390.0, 300.0)
    assert {noise.rule for noise in found.over_budget} == {"r1", "r2", "r3"}


def test_a_silence_may_be_noticed_a_night_later_and_is_known_by_its_source() -> None:
    silent = Deed(1, "t1", "f", "usual", ("p1",), "a", iso(START), iso(START), (), ("s1",), {})
    late = alert("r1", 60 * 20, "S1")
    assert judged([silent], [late], {}).found == 1
    assert judged([deed(1, "t1", 0, "S1")], [late], {}).found == 0


def line(minute: int, user: str, count: int) -> str:
    moment = (START + timedelta(minutes=minute)).isoformat()
    row = {"thoiGian": moment, "taiKhoan": user, "donVi": "xa-mau-01", "ip": "198.51.100.52", "hanhDong": "XUAT_EXCEL"}
    return orjson.dumps({**row, "soBanGhi": count, "ketQua": "OK"}).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sources of which one is at another pace, a deed in the third line, and one line that nobody can read."""
    logs = tmp_path / "logs"
    (logs / "world").mkdir(parents=True)
    other = SOURCE.replace("tinh", "xa")
    entries = [
        f"  - {{id: {one}, platform: one_stop, format: onestop_audit_json, agency: a}}" for one in (SOURCE, other)
    ]
    (logs / "world" / "sources.yaml").write_text(
        "\n".join(["sources:", *entries, "  - {id: x.y.z, platform: x, agency: a}"])
    )
    (logs / f"{SOURCE}.log").write_text("\n".join([line(0, "cb.01", 5), "{broken", line(30, "cb.02", 18_450)]))
    (logs / f"{other}.log").write_text(line(10, "cb.03", 7) + "\n")
    one = Deed(
        1,
        "onestop-mass-export",
        "f",
        "usual",
        ("one_stop",),
        "a",
        iso(START + timedelta(minutes=30)),
        iso(START + timedelta(minutes=30)),
        ((SOURCE, 3),),
        (),
        {"user.name": ("cb.02",)},
    )
    (logs / "truth.ndjson").write_bytes(one.to_json() + b"\n")
    return logs


def test_the_stream_is_in_the_order_of_events_and_knows_the_lines_of_deeds(folder: Path) -> None:
    logs, deeds = open_logs(folder), read_deeds(folder / "truth.ndjson")
    assert list(logs.skipped) == ["x.y.z"]
    stream = Stream(logs, deeds)
    events = list(stream.events())
    assert [event.fields["user.name"] for event in events] == ["cb.01", "cb.03", "cb.02"]
    assert stream.deeds_of == {events[-1].id: (1,)}
    assert stream.unread.lines == {SOURCE: 1}


def test_the_command_measures_prints_and_keeps(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOC_HOME", str(tmp_path / "home"))
    rule = Path(__file__).parents[2] / "rules" / "sigma" / "one_stop" / "onestop_mass_export.yml"
    truth = str(folder / "truth.ndjson")
    done = CliRunner().invoke(app, ["measure", str(rule), "--truth", truth, "--over", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    row = orjson.loads(done.stdout.strip().splitlines()[-1])
    assert (row["quality"]["found"], row["quality"]["deeds"], row["quality"]["events"]) == (1, 1, 3)
    kept = last_measurement(tmp_path / "home")
    assert kept is not None
    assert kept.unread == {"x.y.z": 0, SOURCE: 1}
    assert kept.quality.recall == 1.0


def test_what_is_no_truth_and_no_simulation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth.ndjson").write_text("{}\n")
    with pytest.raises(InputError, match="sự thật"):
        read_deeds(tmp_path / "truth.ndjson")
