"""A working day on the command line: register, take in, look, respond, prove, report, verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from soc.cli.main import cli

SHELL = {
    "time": "2026-11-17T02:13:44+07:00",
    "remote_addr": "203.0.113.66",
    "method": "POST",
    "uri": "/uploads/a.php",
    "args": "",
    "status": 200,
    "bytes": 1,
    "ua": "M",
    "host": "a.example",
}
AGENCIES = [
    {"id": "dong-nai", "kind": "province", "name_vi": "Tỉnh", "name_en": "Province", "parent": None},
    {"id": "so-mau", "kind": "department", "name_vi": "Sở Mẫu", "name_en": "Department", "parent": "dong-nai"},
    {"id": "xa-mau-01", "kind": "commune", "name_vi": "Xã Mẫu 01", "name_en": "Commune 01", "parent": "dong-nai"},
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with three agencies, three people and one attack in its store."""
    monkeypatch.setenv("SOC_HOME", str(tmp_path / "home"))
    (tmp_path / "agencies.yaml").write_text(yaml.safe_dump(AGENCIES), "utf-8")
    run("agency", "import", str(tmp_path / "agencies.yaml"))
    run("user", "add", "truc-ca", "--role", "shift_lead", "--agency", "dong-nai")
    run("user", "add", "can-bo", "--role", "officer", "--agency", "xa-mau-01")
    run("user", "add", "tham-dinh", "--role", "reviewer", "--agency", "dong-nai")
    (tmp_path / "access.log").write_text(json.dumps(SHELL) + "\n", "utf-8")
    took = run(
        "ingest", str(tmp_path / "access.log"), "--platform", "public_service_portal", "--agency", "so-mau", "--json"
    )
    assert took[0]["alerts"] == 1
    return tmp_path / "home"


def run(*arguments: str) -> list[dict[str, object]]:
    """Call a command; gives the JSON lines it printed."""
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_an_incident_is_seen_taken_on_and_answered(home: Path) -> None:
    """From the queue to a plan that waits for somebody else's approval."""
    (incident,) = run("incident", "list", "--json")
    code = str(incident["code"])
    run("incident", "acknowledge", code, "--as", "truc-ca")
    run("incident", "contain", code, "tệp đã gỡ", "--as", "truc-ca")
    (shown,) = run("incident", "show", code, "--json")
    assert shown["status"] == "contained"
    (plan,) = run("playbook", "plan", code, "web_shell_portal", "--json")
    (started,) = run("playbook", "run", str(plan["hash"]))
    assert started["run"]
    run("playbook", "approve", str(plan["hash"]), "--as", "truc-ca")


def test_the_event_is_found_and_a_foreign_officer_does_not_see_its_incident(home: Path) -> None:
    """The command line acts as an account only within its rights and its agency."""
    (event,) = run("hunt", "source.ip:203.0.113.0/24 AND url.path:*.php", "--json")
    assert event["soc.agency"] == "so-mau"
    assert run("incident", "list", "--as", "can-bo", "--json") == []


def test_evidence_is_handed_in_and_reviewed_by_somebody_else(home: Path, tmp_path: Path) -> None:
    """With a receipt; the list shows what became of it."""
    paper = tmp_path / "danh-sach.txt"
    paper.write_text("Danh sách đào tạo năm 2026", "utf-8")
    dates = ("--observed-since", "2026-01-01", "--observed-until", "2026-11-10", "--made", "2026-11-10")
    (receipt,) = run("evidence", "submit", "L1-05", str(paper), *dates, "--as", "can-bo")
    assert str(receipt["receipt"]).startswith("BN-")
    run("evidence", "review", str(receipt["id"]), "--as", "tham-dinh", "--reason", "thiếu chữ ký")
    (listed,) = run("evidence", "list", "--json")
    assert listed["id"] == receipt["id"]


def test_a_report_is_built_and_verifies_until_somebody_touches_it(home: Path, tmp_path: Path) -> None:
    """Exit code 1 once a byte of a page is another."""
    out = tmp_path / "report"
    run(
        "report",
        "build",
        "periodic_4layer",
        "--period",
        "2026-11",
        "--out",
        str(out),
        "--format",
        "pdf",
        "--as",
        "truc-ca",
    )
    pdf = next(out.glob("*vi.pdf"))
    checks = run("verify", str(pdf), "--json")
    assert {check["outcome"] for check in checks} == {"same"}
    assert run("verify", "audit", "--json")[0]["ok"] is True
    pdf.write_bytes(pdf.read_bytes() + b"\n%")
    assert CliRunner().invoke(cli, ["verify", str(pdf)]).exit_code == 1


def test_the_doctor_finds_a_sound_installation(home: Path) -> None:
    """Every part answers; what is merely absent is a warning."""
    findings = {str(row["part"]): row["state"] for row in run("doctor", "--json") if "part" in row}
    assert findings["database"] == findings["store"] == findings["rules"] == findings["audit"] == "ok"
    assert findings["sources"] == "warn"


def test_an_exercise_is_planned_and_listed(home: Path) -> None:
    """Frozen against one agency."""
    (planned,) = run("exercise", "plan", "portal_to_mass_export", "--agency", "so-mau")
    rows = run("exercise", "list", "--json")
    assert planned["run"] in {row.get("run") for row in rows}
