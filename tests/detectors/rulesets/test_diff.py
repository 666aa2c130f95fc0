"""Differences of meaning: what detects otherwise is told apart from what only reads otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.rulesets.diff import Change, Kind, SetDiff, diff_sets, load_side
from detectors.rulesets.meaning import RuleTest
from detectors.rulesets.tree import Tree, read_tree
from tests.detectors.rulesets.conftest import ident, rule

CORRELATION = """
---
title: Many
id: {many}
status: test
level: high
correlation:
  type: event_count
  rules: [{rules}]
  group-by: [{group}]
  timespan: {span}
  condition: {{gte: 5}}
"""


def compare(tmp_path: Path, old: dict[str, str], new: dict[str, str]) -> SetDiff:
    """The difference of two sets of files."""
    sides = []
    for name, files in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        tree = Tree({path: text.encode() for path, text in files.items()})
        sides.append(load_side(tree, tmp_path / name))
    return diff_sets(*sides)


def only(found: SetDiff) -> Change:
    (change,) = found.changes
    return change


def many(rules: str = ident(2), group: str = "User", span: str = "10m") -> str:
    return rule(2) + CORRELATION.format(many=ident(9), rules=rules, group=group, span=span)


SAME = [
    pytest.param(
        "  word:\n    CommandLine|contains: [one, two]\n    Image: x\n  condition: word\n",
        '  other: {Image: x, "CommandLine|contains": ["two", one, two]}\n  condition: not not (other)  # comment\n',
        id="layout, names, order, repetition, double negation",
    ),
    pytest.param(
        "  a: {A: 1}\n  b: {B: 2}\n  c: {C: 3}\n  condition: a and (b and c)\n",
        "  a: {C: 3, A: 1}\n  b: {B: 2}\n  condition: all of them\n",
        id="nesting",
    ),
    pytest.param(
        "  a:\n    A: [x, y]\n  condition: a\n",
        "  a: {A: x}\n  b: {A: y}\n  condition: 1 of them\n",
        id="a list or two searches",
    ),
    pytest.param("  a: {A: X}\n  condition: a\n", "  a: {A: x}\n  condition: a\n", id="case of a text without case"),
]
HEAD = f"title: T\nid: {ident(2)}\nstatus: test\nlevel: low\nlogsource: {{product: windows}}\ndetection:\n"


@pytest.mark.parametrize(("old", "new"), SAME)
def test_another_wording_of_the_same_condition_is_the_same(tmp_path: Path, old: str, new: str) -> None:
    found = compare(tmp_path, {"a.yml": HEAD + old}, {"moved/b.yaml": HEAD + new})
    assert (found.changes, found.same, found.same_meaning) == ((), 1, True)
    assert found.refused == ((), ())


def test_an_added_and_a_removed_rule_are_told_by_id(tmp_path: Path) -> None:
    found = compare(tmp_path, {"a.yml": rule(2), "b.yml": rule(3)}, {"b.yml": rule(3), "c.yml": rule(4, level="low")})
    assert [(c.kind, c.id, c.where, c.level) for c in found.changes] == [
        (Kind.ADDED, ident(4), "c.yml:1", ("", "low")),
        (Kind.REMOVED, ident(2), "a.yml:1", ("high", "")),
    ]
    assert not found.same_meaning


def test_changed_tests_are_named_in_the_words_of_sigma(tmp_path: Path) -> None:
    old = HEAD + "  a: {CommandLine|contains: [one, two]}\n  f: {Image|endswith: ok.exe}\n  condition: a and not f\n"
    new = HEAD + "  a: {CommandLine|contains: [one, three]}\n  f: {User|re: '^SY'}\n  condition: a and not f\n"
    change = only(compare(tmp_path, {"a.yml": old}, {"a.yml": new}))
    assert change.kind is Kind.MEANING
    assert change.tests_added == (
        RuleTest("CommandLine", "contains", "three"),
        RuleTest("User", "re", "^SY", negated=True),
    )
    assert change.tests_removed == (
        RuleTest("CommandLine", "contains", "two"),
        RuleTest("Image", "endswith", "ok.exe", negated=True),
    )


def test_the_same_tests_joined_otherwise_are_another_meaning(tmp_path: Path) -> None:
    parts = "  a: {A: 1}\n  b: {B: 2}\n  condition: "
    change = only(compare(tmp_path, {"a.yml": HEAD + parts + "a and b\n"}, {"a.yml": HEAD + parts + "a or b\n"}))
    assert (change.kind, change.joined_otherwise, change.tests_added) == (Kind.MEANING, True, ())


def test_a_log_source_is_part_of_the_meaning(tmp_path: Path) -> None:
    change = only(compare(tmp_path, {"a.yml": rule(2)}, {"a.yml": rule(2, product="linux")}))
    assert (change.kind, change.settings) == (Kind.MEANING, {"logsource.product": ("windows", "linux")})


def test_a_change_of_level_alone_is_told_as_such(tmp_path: Path) -> None:
    found = compare(tmp_path, {"a.yml": rule(2)}, {"a.yml": rule(2, level="critical")})
    assert (only(found).kind, only(found).level, found.same_meaning) == (Kind.LEVEL, ("high", "critical"), False)


def test_a_change_of_words_leaves_the_meaning(tmp_path: Path) -> None:
    new = rule(2, title="Better title", status="stable") + "tags: [attack.t1059, attack.execution]\nauthor: Somebody\n"
    found = compare(tmp_path, {"a.yml": rule(2)}, {"a.yml": new})
    assert only(found).kind is Kind.METADATA
    assert only(found).metadata == {
        "author": ("", "Somebody"),
        "status": ("test", "stable"),
        "tags": ("", "attack.t1059, attack.execution"),
        "title": ("A rule", "Better title"),
    }
    assert found.same_meaning


@pytest.mark.parametrize(
    ("new", "settings"),
    [
        (many(span="1h"), {"timespan": ("600s", "3600s")}),
        (many(group="Computer"), {"group-by": ("User", "Computer")}),
        (many().replace("gte: 5", "gt: 5"), {"condition": ("gte 5", "gt 5")}),
        (many() + "vonggac: {scope: province, title_vi: Nhiều}\n", {"vonggac.scope": ("", "'province'")}),
    ],
)
def test_what_a_correlation_counts_is_its_meaning(tmp_path: Path, new: str, settings: dict[str, object]) -> None:
    change = only(compare(tmp_path, {"a.yml": many()}, {"a.yml": new}))
    assert (change.id, change.kind, change.settings) == (ident(9), Kind.MEANING, settings)


def test_a_reference_by_name_or_by_id_is_the_same(tmp_path: Path) -> None:
    named = "name: whoami\n"
    old = rule(2) + named + CORRELATION.format(many=ident(9), rules="whoami", group="User", span="10m")
    new = rule(2) + named + CORRELATION.format(many=ident(9), rules=ident(2), group="User", span="600s")
    assert compare(tmp_path, {"a.yml": old}, {"a.yml": new}).same_meaning


def test_a_filter_changes_the_rules_it_is_about(tmp_path: Path) -> None:
    extra = (
        f"title: F\nid: {ident(7)}\nlogsource: {{product: windows}}\n"
        f"filter:\n  rules: [{ident(2)}]\n  admin: {{User: adm}}\n  condition: not admin\n"
    )
    change = only(compare(tmp_path, {"a.yml": rule(2)}, {"a.yml": rule(2), "f.yml": extra}))
    assert (change.id, change.kind) == (ident(2), Kind.MEANING)
    assert change.tests_added == (RuleTest("User", "equals", "adm", negated=True),)


def test_a_rule_that_the_new_set_breaks_is_refused_and_not_removed(tmp_path: Path) -> None:
    broken = rule(2).replace("condition: word", "condition: wort")
    found = compare(tmp_path, {"a.yml": rule(2), "b.yml": rule(3)}, {"a.yml": broken, "b.yml": rule(3)})
    assert only(found).kind is Kind.REFUSED
    assert [len(side) for side in found.refused] == [0, 1]


@pytest.mark.external
def test_a_published_set_is_the_same_as_itself(tmp_path: Path, shared: Path) -> None:
    tree = read_tree(shared / "data" / "sigma" / "rules" / "linux")
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    found = diff_sets(load_side(tree, tmp_path / "old"), load_side(tree, tmp_path / "new"))
    assert found.changes == ()
    assert found.same > 150
