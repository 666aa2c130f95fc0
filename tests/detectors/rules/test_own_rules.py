"""Every Sigma rule of ours: what it must catch, what it must leave alone, and that it tells what an alert needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from collectors.platform import Platform, load_platforms
from detectors.attack_proof import fired_in, read_fired
from detectors.rulepack import own_rules, sigma_files
from detectors.sigma import RuleSet
from detectors.testing import CaseResult, Normalise, alerting_rules, run_cases
from soc.core.severity import Severity

PLATFORMS = {
    "lgsp",
    "public_service_portal",
    "one_stop",
    "document_management",
    "sso_eid",
    "hsm_signing",
    "commune_network",
    "antivirus",
}
GENERAL = own_rules() / "sigma" / "general"
FILES = sigma_files(own_rules() / "sigma")
PLATFORM_FILES = [file for file in FILES if not file.is_relative_to(GENERAL)]


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return RuleSet.load(FILES)


@pytest.fixture(scope="module")
def tried(normalise: Normalise) -> Callable[[Path], list[CaseResult]]:
    """Outcome of the cases of a file; each is run once."""
    return cache(lambda rule_file: run_cases(rule_file, normalise))


@pytest.mark.parametrize("rule_file", FILES, ids=[file.stem for file in FILES])
def test_a_rule_catches_and_spares_what_its_cases_say(
    rule_file: Path, tried: Callable[[Path], list[CaseResult]]
) -> None:
    assert [(result.name, str(result.fault)) for result in tried(rule_file) if not result.passed] == []


def test_the_measurement_that_comes_with_our_rules_is_that_of_today(tried: Callable[[Path], list[CaseResult]]) -> None:
    """Renew it with `soc rules layer --out /dev/null --fired rules/fired.json`."""
    assert read_fired([own_rules()]) == fired_in(result for file in FILES for result in tried(file))


def test_every_rule_loads(ruleset: RuleSet) -> None:
    assert [str(refusal) for refusal in ruleset.refusals] == []


def test_at_least_24_rules_cover_the_eight_platforms_with_correlations_of_three_types(ruleset: RuleSet) -> None:
    assert len(PLATFORM_FILES) >= 24
    assert {file.parent.name for file in PLATFORM_FILES} >= PLATFORMS
    types = [rule.type.value for rule in ruleset.correlations if rule.reported]
    assert len(types) >= 5
    assert {"event_count", "value_count", "temporal_ordered"} <= set(types)


def test_no_cases_lie_about_without_their_rule() -> None:
    for cases in (own_rules() / "sigma").rglob("*.test.yaml"):
        assert cases.with_name(cases.name.replace(".test.yaml", ".yml")).is_file(), cases


@pytest.mark.parametrize("rule_file", FILES, ids=[file.stem for file in FILES])
def test_a_rule_tells_what_an_alert_needs(rule_file: Path) -> None:
    ruleset = RuleSet.load([rule_file])
    names = [rule.name for rule in alerting_rules(ruleset)]
    assert rule_file.stem in names
    for rule in alerting_rules(ruleset):
        ours = rule.custom["vonggac"]
        assert isinstance(ours, dict)
        assert set(ours) <= {"title_vi", "advice", "entities", "scope", "suppress", "threats"}
        assert ours["title_vi"] != rule.title
        assert set(ours["advice"]) == {"vi", "en"}
        assert ours["entities"]
        assert rule.version
        assert rule.level.rank > Severity.INFORMATIONAL.rank
        assert rule.falsepositives


@pytest.fixture(scope="module")
def platforms() -> Mapping[str, Platform]:
    return load_platforms()


Log = tuple[str, str, str]
"""Product, category and service; "" = not said."""


def logs_of(platform: Platform) -> frozenset[Log]:
    found = (one.logsource for one in platform.formats)
    return frozenset((one.product or "", one.category or "", one.service or "") for one in found)


def fits(wanted: Log, carried: Log) -> bool:
    """Whether every part that is asked for is that of the log."""
    return all(not asked or asked == has for asked, has in zip(wanted, carried, strict=True))


@pytest.mark.parametrize("rule_file", PLATFORM_FILES, ids=[file.stem for file in PLATFORM_FILES])
def test_a_rule_of_a_platform_names_the_platform_and_its_log(
    rule_file: Path, platforms: Mapping[str, Platform]
) -> None:
    """Every rule of the file is for a log that some platform carries, and one at least for a log of the folder's own platform.

    Windows goes by channel and not by platform.
    """
    sources = [one.logsource for one in RuleSet.load([rule_file]).rules if one.logsource.product != "windows"]
    wanted = {(source.product, source.category, source.service) for source in sources}
    carried = {platform.id: logs_of(platform) for platform in platforms.values()}
    everywhere = frozenset[Log]().union(*carried.values())
    assert {one for one in wanted if not any(fits(one, log) for log in everywhere)} == set()
    assert not wanted or any(fits(one, log) for one in wanted for log in carried[rule_file.parent.name])


def test_every_alerting_rule_names_an_att_and_ck_technique_or_is_about_state_secrets(ruleset: RuleSet) -> None:
    without = {rule.name for rule in alerting_rules(ruleset) if not rule.attack}
    assert without == {"eoffice_classified_upload"}  # a breach of secrecy law, not a technique of an attacker
