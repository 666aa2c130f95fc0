"""The general rules, those of no platform: how many, of which kinds, and how closely each is fenced in by its cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.cases import load_cases
from detectors.rulepack import own_rules, sigma_files
from detectors.sigma import Engine, RuleSet
from detectors.sigma.files import documents
from detectors.testing import alerting_rules

GENERAL = own_rules() / "sigma" / "general"
FILES = sigma_files(GENERAL)
RECORDED = {
    "AutomatedTestingTools/PanacheSysmon_vs_AtomicRedTeam01.evtx": {
        "windows_directory_database_copied",
        "windows_lolbin_download",
        "windows_lsass_dump",
        "windows_run_key_interpreter",
        "windows_shadow_copies_deleted",
    },
    "Defense Evasion/DE_104_system_log_cleared.evtx": {"windows_other_log_cleared"},
    "Lateral Movement/LM_typical_IIS_webshell_sysmon_1_10_traces.evtx": {"windows_web_service_starts_shell"},
    "Lateral Movement/sysmon_1_exec_via_sql_xpcmdshell.evtx": {"windows_web_service_starts_shell"},
}
"""Recordings of attacks made by others -> the rules of ours that fire on them, and no more."""
KINDS = {"web", "linux", "windows", "firewall", "dns", "mail"}


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return RuleSet.load(FILES)


def test_forty_rules_and_ten_correlations_cover_every_kind_of_log(ruleset: RuleSet) -> None:
    assert {file.parent.name for file in FILES} == KINDS
    assert sum(rule.reported for rule in ruleset.rules) >= 40
    assert sum(rule.reported for rule in ruleset.correlations) >= 10


def test_correlations_of_five_types_are_among_them(ruleset: RuleSet) -> None:
    types = {rule.type.value for rule in ruleset.correlations if rule.reported}
    assert types >= {"event_count", "value_count", "value_sum", "temporal", "temporal_ordered"}


def test_no_general_rule_names_a_platform_of_the_province(ruleset: RuleSet) -> None:
    products = {rule.logsource.product for rule in ruleset.rules}
    assert products <= {"", "windows", "linux", "fortigate"}


@pytest.mark.parametrize("rule_file", FILES, ids=[file.stem for file in FILES])
def test_a_rule_has_at_least_two_cases_it_must_leave_alone(rule_file: Path) -> None:
    cases = load_cases(rule_file)
    for rule in alerting_rules(RuleSet.load([rule_file])):
        assert sum((case.rule or rule_file.stem) == rule.name for case in cases.must_fire) >= 1
        assert sum((case.rule or rule_file.stem) == rule.name for case in cases.must_not_fire) >= 2


@pytest.mark.parametrize("rule_file", FILES, ids=[file.stem for file in FILES])
def test_a_correlation_is_fenced_in_by_count_time_and_entity(rule_file: Path) -> None:
    """At least three near misses: too few, too slow, somebody else."""
    cases = load_cases(rule_file)
    for rule in RuleSet.load([rule_file]).correlations:
        if rule.reported:
            assert sum((case.rule or rule_file.stem) == rule.name for case in cases.must_not_fire) >= 3


@pytest.mark.external
@pytest.mark.parametrize("recording", sorted(RECORDED))
def test_on_recordings_of_others_the_rules_for_their_attacks_fire_and_no_more(
    recording: str, ruleset: RuleSet, shared: Path
) -> None:
    engine = Engine(ruleset)
    fired = {
        match.rule.name
        for _, document in documents(shared / "data" / "evtx" / recording, lambda fault: None)
        for match in engine.match(document)
        if match.rule.reported
    }
    assert fired == RECORDED[recording]
