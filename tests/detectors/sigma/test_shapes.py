"""The shapes of logs that are no EVTX: each kind of data/kinds.yaml meets the rules it should, under the names of the rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from detectors.sigma import Engine, LogSource, RuleSet
from detectors.sigma.adapt import adapt
from detectors.sigma.kinds import kinds
from detectors.sigma.routing import fields_for, origin_of

CASES = yaml.safe_load((Path(__file__).parent / "shapes.yaml").read_text("utf-8"))


def engine(folder: Path, logsource: dict[str, str], detection: Any) -> Engine:
    file = folder / "rule.yml"
    rule = {"title": "t", "logsource": logsource, "detection": {"s": detection, "condition": "s"}}
    file.write_text(yaml.safe_dump(rule, allow_unicode=True), "utf-8")
    ruleset = RuleSet.load([file])
    assert not ruleset.refusals
    return Engine(ruleset)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_record_meets_the_rules_of_its_log_source_and_no_others(tmp_path: Path, case: dict[str, Any]) -> None:
    """Records as the product writes them; shapes.yaml explains its form."""
    for wanted in case["fires"]:
        found = engine(tmp_path, wanted["logsource"], wanted["detection"])
        assert found.match(case["record"]), wanted
    for other in case["not_for"]:
        assert not engine(tmp_path, other, {"none|exists": False}).match(case["record"]), other


def test_every_kind_has_a_record() -> None:
    """A line in the table that nobody tried is a guess."""
    tried: set[str] = set()
    for case in CASES:
        origin = origin_of(adapt(case["record"]))
        tried |= {*origin.kinds, *(kinds().of_dataset(origin.dataset) if isinstance(origin.dataset, str) else ())}
    assert set(kinds()) - tried == set()


def test_zeek_and_suricata_are_known_without_ecs() -> None:
    """And are not taken for documents that name nothing, which meet every rule that is not for Windows."""
    zeek = origin_of({"_path": "dns", "query": "x.example"})
    assert zeek.is_known
    assert fields_for(LogSource("zeek", "", "dns"), zeek) == {}
    assert fields_for(LogSource("aws", "", "cloudtrail"), zeek) is None


def winlogbeat(shared: Path, name: str) -> dict[str, Any]:
    text = (shared / "data" / "ecs" / "Beats" / "winlogbeat" / "tests" / f"{name}.json").read_text("utf-8")
    return json.loads(json.loads(text)["input"]["message"])  # type: ignore[no-any-return]


@pytest.mark.external
@pytest.mark.parametrize(
    ("name", "logsource", "detection"),
    [
        ("event_process_create_2", {"category": "process_creation", "product": "windows"}, {"Image|endswith": "\\Teams.exe"}),
        ("event_file_created", {"category": "file_event", "product": "windows"}, {"TargetFilename|contains": "\\"}),
        ("sysmon11_registry", {"category": "registry_set", "product": "windows"}, {"Image|endswith": "\\regedit.exe"}),
        ("sysmon11_registry", {"category": "registry_event", "product": "windows"}, {"TargetObject|contains": "\\"}),
        ("sysmon10_1", {"category": "dns_query", "product": "windows"}, {"Image|endswith": "\\iexplore.exe", "QueryName|contains": "."}),
        ("sysmon_10_2", {"category": "dns_query", "product": "windows"}, {"QueryName|contains": "."}),
        ("security_event_4624", {"service": "security", "product": "windows"}, {"EventID": 4624, "TargetUserName|contains": ""}),
        ("powershell_event_0400", {"category": "ps_classic_start", "product": "windows"}, {"Data|contains": "EngineVersion"}),
    ],
)  # fmt: skip
def test_real_records_of_winlogbeat_are_read_whether_or_not_fields_were_moved(
    tmp_path: Path, shared: Path, name: str, logsource: dict[str, str], detection: Any
) -> None:
    """Some hold event_data, in some it is empty and the fields stand under their ECS names."""
    assert engine(tmp_path, logsource, detection).match(winlogbeat(shared, name))


@pytest.mark.external
def test_real_records_of_suricata_and_auditbeat_are_known(shared: Path) -> None:
    """Every one of them is of a kind with a product."""
    folder = shared / "data" / "ecs"
    for file in [*folder.glob("Suricata/*/tests/*.json"), *folder.glob("Beats/auditbeat/tests/*.json")]:
        record = json.loads(json.loads(file.read_text("utf-8"))["input"]["message"])
        if "auditd" in record or "flow_id" in record:
            found = [kind for name in origin_of(adapt(record)).kinds if (kind := kinds()[name]) is not None]
            assert any(source.product for kind in found for source, _ in kind.sources), file.name
