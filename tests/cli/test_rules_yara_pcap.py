"""`soc rules`, `soc yara scan` and `soc pcap`: data on stdout, sentences on stderr, exit codes as documented."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from typer.testing import CliRunner, Result

from detectors.rulepack import own_rules
from soc.access.agencies import Agency, AgencyKind
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.cli import pcap, rules, yara
from soc.cli.context import settings
from soc.cli.main import _single
from soc.core.errors import InputError, NotFoundError
from soc.core.i18n import Lang
from soc.incidents.reader import IncidentFilter

SHELL = "<?php @ev" + "al($_" + 'POST["x"]);'
BROKEN = "title: x\nlogsource: {product: lgsp}\ndetection: {s: {a|contians: 1}, condition: s}\n"
DNS_RULE = """
title: Evil name
id: 00000000-0000-4000-8000-0000000000d1
logsource: {category: dns}
detection: {s: {query|endswith: .evil.example}, condition: s}
level: high
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOC_LANG", "en")


def run(app: object, *words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])  # type: ignore[arg-type]


def test_checking_our_own_rules_finds_no_fault() -> None:
    result = run(rules.app, "check")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 errors, 0 warnings" in result.stderr


def test_checking_tells_every_fault_of_sigma_and_yara_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(BROKEN)
    (tmp_path / "b.yar").write_text("rule b { condition: nope }")
    result = run(rules.app, "check", "--json", tmp_path)
    assert result.exit_code == 1
    rows = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert [(row["check"], row["severity"], row["where"]) for row in rows] == [
        ("level", "warning", f"{tmp_path / 'a.yml'}:1:1"),
        ("load", "error", f"{tmp_path / 'a.yml'}:3:17"),
        ("field", "error", f"{tmp_path / 'a.yml'}:3:17"),
        ("yara", "error", f"{tmp_path / 'b.yar'}:1"),
    ]
    assert set(rows[0]["fault"]) == {"vi", "en"}


def test_warnings_alone_pass_and_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("title: x\nlogsource: {category: x}\ndetection: {s: {a: 1}, condition: s}\n")
    result = run(rules.app, "check", tmp_path)
    assert (result.exit_code, result.stdout.count("warning [level]")) == (0, 1)
    assert run(rules.app, "check", "--no-warnings", tmp_path).stdout == ""


def test_cases_are_asked_of_foreign_rules_on_demand_only(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(DNS_RULE)
    assert run(rules.app, "check", tmp_path).exit_code == 0
    assert run(rules.app, "check", "--tests", tmp_path).exit_code == 1


def test_explaining_a_rule_tells_source_tree_and_the_least_correction(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(DNS_RULE)
    (tmp_path / "e.json").write_text('{"query": "a.evil.example"}\n{"query": "b.good.example"}\n{"x": 1}\n')
    shown = run(rules.app, "explain", tmp_path / "r.yml", "--event", tmp_path / "e.json")
    assert shown.exit_code == 0
    assert shown.stdout.count("the rule fires") == 1
    assert "s: query endswith .evil.example, found b.good.example (must hold)" in shown.stdout
    assert "the event has no such field" in shown.stdout
    result = run(rules.app, "explain", tmp_path / "r.yml", "--event", tmp_path / "e.json", "--record", "1", "--json")
    row = orjson.loads(result.stdout)
    assert (row["record"], row["fires"], row["tree"]["name"]) == (1, False, "s")
    assert row["corrections"][0]["test"]["found"] == "b.good.example"


def test_explaining_takes_raw_lines_of_a_platform_and_rules_by_name() -> None:
    cases = own_rules() / "sigma" / "one_stop" / "onestop_mass_export.test.yaml"
    line = next(text.strip()[3:-1] for text in cases.read_text().splitlines() if "18450" in text)
    raw = Path(settings().home).parent / "raw.log"
    raw.write_text(line + "\n")
    result = run(rules.app, "explain", "onestop_mass_export", "--event", raw, "--platform", "one_stop")
    assert "the rule fires" in result.stdout
    assert "log source: fits service=onestop.audit" in result.stdout


def test_explaining_an_event_that_is_not_there_says_how_many_there_are(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text('{"query": "a"}\n')
    result = run(rules.app, "explain", "onestop_mass_export", "--event", tmp_path / "e.json", "--record", "7")
    assert isinstance(result.exception, InputError)
    assert "the file has 1 events" in result.exception.render(Lang.EN)


def test_trying_a_rule_prints_its_cases(tmp_path: Path) -> None:
    result = run(rules.app, "test", own_rules() / "sigma" / "one_stop" / "onestop_mass_export.yml")
    assert result.exit_code == 0
    assert result.stdout.count(" ok ") == 3
    assert "3 cases passed, 0 failed" in result.stderr


def test_a_rule_without_cases_fails_the_try(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(DNS_RULE)
    result = run(rules.app, "test", "--json", tmp_path)
    assert result.exit_code == 1
    assert orjson.loads(result.stdout)["passed"] is False


def test_listing_names_every_alerting_rule_and_show_tells_one() -> None:
    rows = [orjson.loads(line) for line in run(rules.app, "list", "--json").stdout.splitlines()]
    assert "web_shell_upload" in {row["name"] for row in rows}
    by_id = run(rules.app, "show", rows[0]["id"])
    by_name = run(rules.app, "show", rows[0]["name"])
    assert by_id.stdout == by_name.stdout
    assert rows[0]["id"] in by_id.stdout


def test_a_clean_folder_scans_with_0_a_hit_with_1(tmp_path: Path) -> None:
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "index.html").write_text("<html></html>")
    assert run(yara.app, "scan", folder).exit_code == 0
    (folder / "anh.php").write_text(SHELL)
    result = run(yara.app, "scan", "--json", folder)
    assert result.exit_code == 1
    alert = orjson.loads(result.stdout)
    assert (alert["rule_id"], alert["entities"]["file.path"]) == ("webshell_php", str(folder / "anh.php"))


def test_nothing_to_scan_is_2_and_a_part_is_3(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert run(yara.app, "scan", tmp_path / "none").exit_code == 2
    partly = run(yara.app, "scan", tmp_path / "none", tmp_path / "a.txt")
    assert partly.exit_code == 3
    assert f"{tmp_path / 'none'}: cannot read it" in partly.stderr


def test_a_broken_yara_rule_is_told_and_alone_leaves_nothing_to_run(tmp_path: Path) -> None:
    (tmp_path / "b.yar").write_text("rule b { condition: nope }")
    result = run(yara.app, "scan", "--rules", tmp_path / "b.yar", tmp_path)
    assert result.exit_code == 2
    assert f"{tmp_path / 'b.yar'}:1" in result.stderr


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    question = DNS(qd=DNSQR(qname="x.evil.example"))
    path = tmp_path / "c.pcap"
    wrpcap(str(path), [Ether() / IP(src="198.51.100.37", dst="192.0.2.53") / UDP(sport=40000, dport=53) / question])
    return path


def test_a_capture_meets_the_rules_for_dns(capture: Path, tmp_path: Path) -> None:
    (tmp_path / "dns.yml").write_text(DNS_RULE)
    result = run(_single(pcap.pcap), capture, "--rules", tmp_path / "dns.yml", "--json")
    assert result.exit_code == 1
    alert = orjson.loads(result.stdout)
    assert (alert["title"]["en"], alert["entities"]["source.ip"]) == ("Evil name", "198.51.100.37")
    assert "1 packets, 1 of IP" in result.stderr


def test_the_events_of_a_capture_are_printed_in_ecs(capture: Path) -> None:
    result = run(_single(pcap.pcap), capture, "--events")
    assert result.exit_code == 0
    assert [orjson.loads(line)["event.dataset"] for line in result.stdout.splitlines()] == ["pcap.dns", "pcap.flow"]


def test_a_file_that_is_no_capture_is_2_alone_and_3_beside_another(capture: Path, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("no capture")
    assert run(_single(pcap.pcap), tmp_path / "x.txt").exit_code == 2
    assert run(_single(pcap.pcap), tmp_path / "x.txt", capture).exit_code == 3


def test_verdicts_about_an_agency_become_one_incident_however_often_it_is_scanned(tmp_path: Path) -> None:
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "anh.php").write_text(SHELL)
    province = Agency("dong-nai", "Tỉnh mẫu", "Sample province", AgencyKind.PROVINCE)
    with Application(settings()) as soc:
        soc.agencies.add(SYSTEM, [province])
    results = [run(yara.app, "scan", folder, "--agency", "dong-nai", "--host", "web-01") for _ in range(2)]
    assert [result.exit_code for result in results] == [1, 1]
    with Application(settings()) as soc:
        (incident,) = soc.incident_reader.page(SYSTEM, IncidentFilter()).items
    assert (incident.agency, incident.entity[1]) == ("dong-nai", "web-01")


def test_an_agency_that_does_not_exist_is_told_before_anything_is_scanned(tmp_path: Path) -> None:
    result = run(yara.app, "scan", tmp_path, "--agency", "nobody")
    assert isinstance(result.exception, NotFoundError)
    assert result.stdout == ""


def test_measuring_tells_matches_and_costs_of_every_rule(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(DNS_RULE)
    rows = "".join(f'{{"query": "h{number}.evil.example"}}\n' for number in range(100))
    (tmp_path / "e.ndjson").write_text(rows)
    table = run(rules.app, "measure", tmp_path / "r.yml", "--over", tmp_path / "e.ndjson")
    assert table.exit_code == 0
    assert "Evil name" in table.stdout
    assert "100 events, 1 rules, 1 of them fired" in table.stderr
    result = run(rules.app, "measure", tmp_path / "r.yml", "--over", tmp_path / "e.ndjson", "--json")
    row = orjson.loads(result.stdout)
    assert (row["seen"], row["matches"]) == (100, 100)
    assert row["event_us"] >= 0
