"""Log sources: which rule meets which event, in the shapes events come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from detectors.sigma import Engine, RuleSet


def engine(folder: Path, logsource: str, selection: str) -> Engine:
    file = folder / "rule.yml"
    file.write_text(
        f"title: t\nlogsource: {logsource}\ndetection:\n    s: {selection}\n    condition: s\n", encoding="utf-8"
    )
    ruleset = RuleSet.load([file])
    assert not ruleset.refusals
    return Engine(ruleset)


SYSMON = "Microsoft-Windows-Sysmon/Operational"
WHOAMI = r"C:\Windows\System32\whoami.exe"
PROCESS = "{product: windows, category: process_creation}"
EVTX = {
    "Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
            "EventID": {"#text": 1, "#attributes": {"Qualifiers": 0}},
            "Channel": SYSMON,
            "TimeCreated": {"#attributes": {"SystemTime": "2026-11-17T01:00:00Z"}},
        },
        "EventData": {"Image": WHOAMI},
    }
}


@pytest.mark.parametrize(
    ("document", "fires"),
    [
        (EVTX, True),
        ({"Channel": SYSMON, "EventID": 1, "SourceName": "Microsoft-Windows-Sysmon", "Image": WHOAMI}, True),
        ({"Channel": SYSMON, "EventID": "1", "Image": WHOAMI}, True),
        ({"winlog": {"channel": SYSMON, "event_id": 1, "event_data": {"Image": WHOAMI}}}, True),
        ({"winlog.channel": SYSMON, "winlog.event_id": "1", "winlog.event_data.Image": WHOAMI}, True),
        ({"Channel": "security", "EventID": 4688, "NewProcessName": WHOAMI}, True),
        ({"Channel": SYSMON, "EventID": 3, "Image": WHOAMI}, False),
        ({"Channel": "Security", "EventID": 4688, "Image": WHOAMI}, False),
        ({"Image": WHOAMI}, False),
    ],
)
def test_process_creation_is_found_in_every_shape_of_windows_log(
    tmp_path: Path, document: dict[str, Any], fires: bool
) -> None:
    """EVTX, NXLog, Winlogbeat nested and dotted; Sysmon 1 and Security 4688 with its own names."""
    matches = engine(tmp_path, PROCESS, r"{Image|endswith: '\whoami.exe'}").match(document)
    assert bool(matches) is fires


def test_the_match_names_the_field_of_the_log(tmp_path: Path) -> None:
    """An analyst looks for what the event says."""
    document = {"Channel": "Security", "EventID": 4688, "NewProcessName": WHOAMI}
    (match,) = engine(tmp_path, PROCESS, r"{Image|endswith: '\whoami.exe'}").match(document)
    assert match.matched == {"NewProcessName": WHOAMI}


def test_source_name_stands_for_provider_name(tmp_path: Path) -> None:
    """NXLog says SourceName where EVTX says Provider_Name."""
    rule = engine(
        tmp_path,
        "{product: windows, service: system}",
        "{Provider_Name: Microsoft-Windows-DistributedCOM, EventID: 10016}",
    )
    document = {"Channel": "System", "EventID": 10016, "SourceName": "Microsoft-Windows-DistributedCOM"}
    (match,) = rule.match(document)
    assert match.matched["Provider_Name"] == "Microsoft-Windows-DistributedCOM"
    assert match.explain().held


def test_a_rule_of_a_platform_meets_only_its_dataset(tmp_path: Path) -> None:
    """product = soc.platform, service = event.dataset."""
    rule = engine(tmp_path, "{product: sso_eid, service: keycloak.events}", "{event.action: login}")
    event = {"soc.platform": "sso_eid", "event.dataset": "keycloak.events", "event.action": "login"}
    assert rule.match(event)
    assert not rule.match({**event, "soc.platform": "lgsp"})
    assert not rule.match({**event, "event.dataset": "keycloak.admin"})


def test_a_rule_of_a_format_meets_it_on_every_platform(tmp_path: Path) -> None:
    """A service without a product is a format; an event of no platform of ours, and another format, are none of its business."""
    of_format = engine(tmp_path, "{service: camera.nvr}", "{event.action: Login}")
    for platform in ("traffic_camera", "port_camera"):
        document = {"soc.platform": platform, "event.dataset": "camera.nvr", "event.action": "Login"}
        assert of_format.match({"ecs.version": "8.17.0", **document})
    assert not of_format.match({"ecs.version": "8.17.0", **document, "event.dataset": "camera.isapi"})
    assert not of_format.match({"ecs.version": "8.17.0", "event.dataset": "camera.nvr", "event.action": "Login"})


def test_a_rule_of_a_format_meets_a_windows_log_of_a_platform(tmp_path: Path) -> None:
    """A channel does not take an event out of its platform's format."""
    of_format = engine(tmp_path, "{service: windows.file}", "{event.code: '5145'}")
    document = {
        "ecs.version": "8.17.0",
        "event.dataset": "windows.file",
        "event.code": "5145",
        "winlog.channel": "Security",
    }
    assert of_format.match({**document, "soc.platform": "cadre_management"})
    assert not of_format.match({**document, "soc.platform": "cadre_management", "event.dataset": "windows.commune"})


def test_a_web_rule_of_the_community_meets_our_web_events(tmp_path: Path) -> None:
    """Fields of the W3C extended log as ECS."""
    rule = engine(tmp_path, "{category: webserver}", "{cs-method: POST, c-uri|contains: '/upload', sc-status: 200}")
    event = {
        "soc.platform": "public_service_portal",
        "event.dataset": "nginx.access",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.original": "/UPLOAD/x.php",
    }
    (match,) = rule.match(event)
    assert match.matched["url.original"] == "/UPLOAD/x.php"
    assert not rule.match({**event, "http.request.method": "GET"})


def test_nested_ecs_of_another_shipper_is_read_as_ours(tmp_path: Path) -> None:
    """Without platform and dataset, by `ecs.version` alone."""
    rule = engine(tmp_path, "{category: webserver}", "{cs-user-agent|contains: sqlmap}")
    event = {
        "ecs": {"version": "8.17.0"},
        "http": {"request": {"method": "GET"}},
        "user_agent": {"original": "sqlmap/1.7"},
    }
    assert rule.match(event)


def test_a_document_that_names_nothing_meets_rules_that_are_not_for_windows(tmp_path: Path) -> None:
    """Such as an NDJSON export of a cloud service."""
    assert engine(tmp_path, "{product: aws, service: cloudtrail}", "{eventName: StopLogging}").match(
        {"eventName": "StopLogging"}
    )
    assert not engine(tmp_path, "{product: windows, service: security}", "{EventID: 1102}").match({"EventID": 1102})


def test_rules_that_read_the_event_number_differ_from_group_to_group(tmp_path: Path) -> None:
    """Constants are folded in for each kind of document, not once and for all."""
    rule = engine(tmp_path, "{product: windows, service: security}", "[{EventID: 1, A: x}, {EventID: 2, B: x}]")
    for _ in range(2):
        assert rule.match({"Channel": "Security", "EventID": 1, "A": "x"})
        assert not rule.match({"Channel": "Security", "EventID": 2, "A": "x"})
        assert rule.match({"Channel": "Security", "EventID": 2, "B": "x"})


def test_unique_values_and_channels_cannot_grow_the_table(tmp_path: Path) -> None:
    """An attacker chooses the values; the budget decides what is remembered."""
    found = engine(tmp_path, "{product: windows}", "{A|contains: [x1, x2, x3, x4, x5, x6], B|endswith: q}")
    found._budget.limit = 200_000
    highest = 0
    for index in range(6000):
        found.match({"Channel": f"c{index}", "EventID": index, "A": f"x{index % 7}-{index}" * 20, "B": f"{index}q"})
        highest = max(highest, found._budget.spent)
    assert highest < 210_000
    assert len(found._routes) <= 4096
    assert len(found._groups) == 1


@pytest.mark.parametrize(
    ("logsource", "document", "fires"),
    [
        ("{product: linux, service: sshd}", {"event.dataset": "openssh.auth"}, True),
        ("{product: linux, service: auth}", {"event.dataset": "openssh.auth"}, True),
        ("{product: linux, service: cron}", {"event.dataset": "syslog", "process.name": "CRON"}, True),
        ("{product: linux, service: syslog}", {"event.dataset": "syslog", "process.name": "CRON"}, True),
        ("{product: linux, service: sudo}", {"event.dataset": "syslog", "process.name": "CRON"}, False),
        ("{product: linux, service: sudo}", {"event.dataset": "syslog", "process.name": "sudoku"}, False),
        ("{product: windows, service: sudo}", {"event.dataset": "syslog", "process.name": "sudo"}, False),
        ("{category: mail}", {"event.dataset": "syslog", "process.name": "postfix/smtpd"}, True),
        ("{category: mail}", {"event.dataset": "syslog", "process.name": "cron"}, False),
        ("{category: mail}", {"email.from.address": "a@b.example"}, True),
    ],
)
def test_a_service_of_linux_is_told_by_program_or_dataset(
    logsource: str, document: dict[str, Any], fires: bool, tmp_path: Path
) -> None:
    event = {"ecs.version": "8.17.0", "message": "x", **document}
    assert bool(engine(tmp_path, logsource, "{message: x}").match(event)) is fires
