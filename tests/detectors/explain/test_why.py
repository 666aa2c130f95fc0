"""Why a rule fired or did not: log source, names of searches, the least correction, near misses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alert import Explanation
from detectors.sigma import Engine, RuleSet
from detectors.sigma.nearness import NearKind
from detectors.sigma.why import Why, why

HEAD = "title: A shell\nid: 00000000-0000-4000-8000-0000000000f1\nlevel: high\n"
SOURCE = "logsource: {product: windows, category: process_creation}\n"
DETECTION = r"""
detection:
  selection:
    Image|endswith: ['\powershell.exe', '\pwsh.exe']
    CommandLine|contains: ' -enc '
  filter_main_admin:
    User: ADMIN
  condition: selection and not 1 of filter_main_*
"""
FILTER = """
title: Known deployment
logsource: {product: windows, category: process_creation}
filter:
  rules: [00000000-0000-4000-8000-0000000000f1]
  deploy: {ParentImage|endswith: '\\\\deploy.exe'}
  condition: not deploy
"""
SHELL = {
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "EventID": 1,
    "Image": r"C:\Windows\powershell.exe",
    "CommandLine": "powershell -enc QQA=",
    "User": "someone",
}


@pytest.fixture
def ruleset(tmp_path: Path) -> RuleSet:
    (tmp_path / "rule.yml").write_text(HEAD + SOURCE + DETECTION)
    (tmp_path / "site.yml").write_text(FILTER)
    found = RuleSet.load([tmp_path])
    assert found.refusals == ()
    return found


def explained(ruleset: RuleSet, document: Mapping[str, object]) -> Why:
    return why(ruleset, ruleset.rules[0], document)


def named(tree: Explanation) -> dict[str, bool]:
    found = {tree.name: tree.held} if tree.name else {}
    for child in tree.children:
        found |= named(child)
    return found


def test_the_tree_names_searches_and_filters(ruleset: RuleSet) -> None:
    found = explained(ruleset, SHELL)
    assert found.fires
    assert found.corrections == ()
    assert named(found.tree) == {
        "selection": True,
        "filter_main_admin": False,
        "Known deployment": True,
        "deploy": False,
    }
    assert [(one.name, one.hid) for one in found.exclusions] == [
        ("filter_main_admin", False),
        ("Known deployment", False),
    ]


def test_an_event_of_another_category_is_told_first(ruleset: RuleSet) -> None:
    found = explained(ruleset, {"Channel": "Security", "EventID": 4624})
    assert not found.fires
    assert (found.source.meets, found.source.differs) == (False, "category")
    assert found.source.found == {"channel": "Security", "event_id": 4624}
    assert "security: 4688" in found.source.expected


def test_an_event_of_another_product_is_told_as_such(ruleset: RuleSet) -> None:
    found = explained(ruleset, {"soc.platform": "one_stop", "event.dataset": "onestop.audit"})
    assert found.source.differs == "product"


def test_the_fields_of_4688_are_explained_under_their_names_in_the_event(ruleset: RuleSet) -> None:
    document = {"Channel": "Security", "EventID": 4688, "NewProcessName": r"C:\pwsh.exe", "CommandLine": "pwsh -enc A"}
    found = explained(ruleset, document)
    assert found.fires
    assert found.source.fields["Image"] == "NewProcessName"


def test_what_hid_the_event_is_told_and_would_have_to_differ(ruleset: RuleSet) -> None:
    for change, hider in (
        ({"User": "ADMIN"}, "filter_main_admin"),
        ({"ParentImage": r"C:\deploy.exe"}, "Known deployment"),
    ):
        found = explained(ruleset, {**SHELL, **change})
        assert [one.name for one in found.exclusions if one.hid] == [hider]
        (correction,) = found.corrections
        assert (correction.must_hold, correction.test.subject) == (False, next(iter(change)))


def test_the_correction_is_the_smallest_set_of_tests(ruleset: RuleSet) -> None:
    found = explained(ruleset, {**SHELL, "Image": r"C:\cmd.exe"})
    (correction,) = found.corrections
    assert (correction.search, correction.test.subject, correction.must_hold) == ("selection", "Image", True)
    assert [other.wanted for other in correction.others] == ["\\pwsh.exe"]
    both = explained(ruleset, {**SHELL, "Image": "x", "CommandLine": "y"})
    assert [one.test.subject for one in both.corrections] == ["Image", "CommandLine"]


def test_a_missing_field_is_told_from_another_value(ruleset: RuleSet) -> None:
    without = {name: value for name, value in SHELL.items() if name != "CommandLine"}
    for document, missing in (
        (without, True),
        ({**SHELL, "CommandLine": "x"}, False),
        ({**SHELL, "CommandLine": None}, False),
    ):
        (correction,) = explained(ruleset, document).corrections
        assert correction.test.missing is missing


@pytest.mark.parametrize(
    ("test", "value", "kind"),
    [
        ("f|cased: Admin", "admin", NearKind.CASE),
        ("f|re: ^Admin$", "ADMIN", NearKind.CASE),
        ("f: admin", "admin ", NearKind.SPACE),
        ("f|endswith: '\\a.exe'", "c:\\\\a.exe", None),
        ("f: 'c:\\b\\a.exe'", "c:\\\\b\\\\a.exe", NearKind.BACKSLASH),
        ("f: admin", '"admin"', NearKind.QUOTES),
        ("f: admin", "ａdmin", NearKind.NORMAL_FORM),
        ("f|startswith: admin", "the admin", NearKind.ELSEWHERE),
        ("f: administrator", "adminstrator", NearKind.SPELLING),
        ("f|gt: 5", "many", NearKind.NO_NUMBER),
        ("f|cidr: 192.0.2.0/24", "somewhere", NearKind.NO_ADDRESS),
        ("f: admin", "guest", None),
        ("f: null", "guest", None),
    ],
)
def test_a_near_miss_says_in_what_it_differs(test: str, value: object, kind: NearKind | None, tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(
        f"title: t\nlogsource: {{category: x}}\ndetection:\n  s:\n    {test}\n  condition: s\n"
    )
    ruleset = RuleSet.load([tmp_path])
    assert ruleset.refusals == ()
    found = why(ruleset, ruleset.rules[0], {"f": value})
    if found.fires:
        assert kind is None
        return
    assert [near.kind for near in found.corrections[0].near] == ([] if kind is None else [kind])


def test_a_field_of_a_similar_name_is_offered(ruleset: RuleSet) -> None:
    document = {name: value for name, value in SHELL.items() if name != "CommandLine"} | {"commandline": "a -enc b"}
    (correction,) = explained(ruleset, document).corrections
    assert [(near.kind, near.detail) for near in correction.near] == [(NearKind.OTHER_NAME, "commandline")]


VALUES = st.sampled_from([None, r"C:\powershell.exe", r"C:\cmd.exe", "a -enc b", "ADMIN", r"C:\deploy.exe"])


@given(st.dictionaries(st.sampled_from(["Image", "CommandLine", "User", "ParentImage"]), VALUES))
def test_it_fires_exactly_when_the_engine_matches_and_else_there_is_a_correction(
    rules: RuleSet, fields: dict[str, object]
) -> None:
    document = {"Channel": SHELL["Channel"], "EventID": 1, **fields}
    found = explained(rules, document)
    assert found.fires is bool(Engine(rules).match(document))
    assert found.fires is (not found.corrections)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rule.yml").write_text(HEAD + SOURCE + DETECTION)
    (folder / "site.yml").write_text(FILTER)
    return RuleSet.load([folder])
