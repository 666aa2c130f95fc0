"""Rule files that would stop, fill or fool the loader: each is refused with place and reason, and the others load."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from detectors.sigma import Engine, RuleSet
from detectors.sigma.rules import LARGEST_FILE
from soc.core.i18n import Lang

GOOD = """\
title: good
id: 5b0a3d10-7f7a-4a55-9a3c-8d5cf1f7b001
logsource: {product: test}
detection:
    selection: {F: x}
    condition: selection
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good rule, which must load whatever lies beside it."""
    (tmp_path / "zz_good.yml").write_text(GOOD, "utf-8")
    return tmp_path


def refused(folder: Path, text: str | bytes, count: int = 1) -> list[str]:
    """What is said of a bad file, without the path of the folder; the good rule beside it has loaded."""
    data = text.encode() if isinstance(text, str) else text
    (folder / "bad.yml").write_bytes(data)
    ruleset = RuleSet.load([folder], "none")
    assert [rule.title for rule in ruleset.rules] == ["good"]
    found = [refusal.render(Lang.EN).removeprefix(f"{folder}/") for refusal in ruleset.refusals]
    assert len(found) == count, found
    return found


def rule(selection: str, condition: str = "selection") -> str:
    return (
        "title: bad\nlogsource: {product: test}\ndetection:\n"
        f"    selection:\n        {selection}\n    condition: {condition}\n"
    )


@pytest.mark.parametrize(
    "regex",
    ["(a+)+(?!b)", r"(\w+\s?)*(?=x)", "(a|a)*(?<!c)b", "(a*)*(?=b)c", r"^(([a-z])+.)+(?!x)[A-Z]$", r"(x+x+)+(y)\1"],
)
def test_an_expression_that_may_take_for_ever_and_no_automaton_runs_is_refused(folder: Path, regex: str) -> None:
    """Nobody has to wait for a time limit: how it would behave is worked out before it runs."""
    (found,) = refused(folder, rule(f"F|re: '{regex}'"))
    assert found.startswith("bad.yml:5:9: the regular expression may take exponential time")


@pytest.mark.parametrize(
    ("regex", "found", "long"),
    [
        ("(a+)+$", "aaa", "a"),
        (r"^(\w+\s?)*$", "a b c", "a"),
        ("(a|a)*b", "ab", "a"),
        ("(a*)*b", "aab", "a"),
        ("(.*a){12}c", "aaaaaaaaaaaac", "a"),
        ("^(a|aa)+$", "aaa", "a"),
        ("(x+x+)+y", "xxy", "x"),
    ],
)
def test_an_expression_that_may_take_for_ever_runs_as_an_automaton_where_one_can(
    tmp_path: Path, regex: str, found: str, long: str
) -> None:
    """Thirty letters would keep `re` busy for minutes; the answer is the same."""
    file = tmp_path / "r.yml"
    file.write_text(rule(f"F|re: '{regex}'"), "utf-8")
    engine = Engine(RuleSet.load([file], "none"))
    assert engine.match({"F": found})
    assert not engine.match({"F": long * 5000 + "!"})


def test_wildcards_without_end_are_matched_in_one_pass(tmp_path: Path) -> None:
    """Ten stars tried in every way would be more ways than there are seconds."""
    file = tmp_path / "r.yml"
    file.write_text(rule("F: '*a*a*a*a*a*a*a*a*a*a*b?c*'") + "---\n" + rule("- 'a*a*a*a*a*a*a*a*b?c'"), "utf-8")
    engine = Engine(RuleSet.load([file], "none"))
    assert not engine.match({"F": "a" * 20_000 + "b"})
    assert len(engine.match({"F": "a" * 20_000 + "b-c"})) == 2


def test_a_list_of_a_hundred_thousand_values_loads_and_matches(tmp_path: Path) -> None:
    """Such as an export of indicators."""
    values = "\n".join(f"            - host-{number}.bad.example" for number in range(100_000))
    file = tmp_path / "long.yml"
    file.write_text(rule(f"F|endswith:\n{values}"), "utf-8")
    ruleset = RuleSet.load([file], "none")
    assert not ruleset.refusals
    engine = Engine(ruleset)
    assert engine.match({"F": "www.host-99999.bad.example"})
    assert not engine.match({"F": "www.host-99999.good.example"})


def test_laughing_anchors_are_refused_before_they_unfold(folder: Path) -> None:
    """Ten levels of nine references would be three thousand million values."""
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    tracemalloc.start()
    (found,) = refused(folder, f"a0: &a0 [x, x]\n{levels}" + rule("F: x"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.startswith("bad.yml:6:5: ")
    assert "aliases unfold to more than 1000000 nodes" in found
    assert peak < 20 << 20


def test_an_anchor_inside_itself_is_refused(folder: Path) -> None:
    """It has no end."""
    (found,) = refused(folder, rule("F: &a [x, *a]"))
    assert found.startswith("bad.yml:5:12: bad YAML: an anchor contains itself")


def test_anchors_that_pile_up_are_refused(folder: Path) -> None:
    """Each stands on the one before, so that the depth is in nobody's line."""
    levels = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))
    (found,) = refused(folder, f"a0: &a0 [x]\n{levels}" + rule("F: x"))
    assert "aliases nest deeper than 64 levels" in found


def test_an_anchor_used_as_meant_is_no_fault(tmp_path: Path) -> None:
    """Two fields with the same list."""
    file = tmp_path / "r.yml"
    file.write_text(rule("F: &names [x, y]\n        G: *names"), "utf-8")
    assert Engine(RuleSet.load([file], "none")).match({"F": "x", "G": "y"})


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_nesting_without_end_is_refused_at_the_level_where_it_is_too_deep(folder: Path, text: str) -> None:
    """No recursion error, and no scanner whose time grows with the square of the depth."""
    (found,) = refused(folder, text)
    assert "bad YAML: nested deeper than 64 levels" in found
    assert found.startswith("bad.yml:1:")


def test_conditions_without_end_are_refused(folder: Path) -> None:
    """Brackets and negations alike."""
    for condition in ("(" * 5000 + "selection" + ")" * 5000, "not " * 5000 + "selection"):
        (found,) = refused(folder, rule("F: x", condition))
        assert found.startswith("bad.yml:6:5: the condition is nested more than 100 levels deep")


def test_a_binary_file_is_refused(folder: Path) -> None:
    """As are bytes that are no UTF-8."""
    for data in (b"\x7fELF\x02\x01\x01\x00" * 100, bytes(range(256)), b"\xff\xfet\x00i\x00", b"title: \xe0\xe8"):
        (found,) = refused(folder, data)
        assert found.startswith("bad.yml:1")


def test_a_file_larger_than_any_rule_is_not_read(folder: Path) -> None:
    """It may be a log, or what somebody put there."""
    with (folder / "bad.yml").open("wb") as stream:
        stream.truncate(LARGEST_FILE + 1)
    ruleset = RuleSet.load([folder], "none")
    assert len(ruleset.rules) == 1
    assert "bad.yml: the rule file is larger than 32 MiB" in ruleset.refusals[0].render(Lang.EN)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    """Given by name; under a folder it is passed over."""
    os.mkfifo(folder / "bad.yml")
    ruleset = RuleSet.load([folder, folder / "bad.yml"], "none")
    assert len(ruleset.rules) == 1
    assert [refusal.render(Lang.EN).removeprefix(f"{folder}/").partition(" →")[0] for refusal in ruleset.refusals] == [
        "bad.yml: not a regular file"
    ]


def test_an_unknown_modifier_is_refused_with_the_nearest_known(folder: Path) -> None:
    """At the key that has it."""
    (found,) = refused(folder, rule("F|startwith: x"))
    assert found.startswith("bad.yml:5:9: unknown modifier: startwith")
    assert "did you mean startswith?" in found


def test_an_id_used_twice_is_refused_at_the_second(folder: Path) -> None:
    """The first one read keeps it."""
    (folder / "zzz_again.yml").write_text(GOOD.replace("good", "again"), "utf-8")
    ruleset = RuleSet.load([folder], "none")
    assert [found.title for found in ruleset.rules] == ["good"]
    assert ruleset.refusals[0].render(Lang.EN).startswith(f"{folder}/zzz_again.yml:2:1: id 5b0a3d10")


def correlation(name: str, *rules: str) -> str:
    return (
        f"title: {name}\nname: {name}\ncorrelation:\n    type: event_count\n    rules: [{', '.join(rules)}]\n"
        "    timespan: 5m\n    condition: {gte: 2}\n"
    )


def test_correlations_in_a_circle_are_refused_each(folder: Path) -> None:
    """Of length one, two and three; none would ever begin."""
    circles = [("one", "one"), ("two", "three"), ("three", "two"), ("a", "b"), ("b", "c"), ("c", "a")]
    found = refused(folder, "---\n".join(correlation(*circle) for circle in circles), len(circles))
    assert all("circle" in fault or "cycle" in fault for fault in found)
    assert found[0].startswith("bad.yml:5:5: ")


def test_a_thousand_faults_in_one_file_are_all_said(folder: Path) -> None:
    """Each with its own line; the file is not read anew for each."""
    found = refused(folder, "---\n".join(rule(f"F|no{n}: x") for n in range(1000)), 1000)
    assert found[999].startswith("bad.yml:6998:9: unknown modifier: no999")


@pytest.mark.parametrize(
    "selection",
    [
        "F|re: '[a'",
        "F|re: 'a{2,1}'",
        f"F|re: '{'(' * 5000}a{')' * 5000}'",
        "F|cidr: 10.0.0.0/33",
        "F|cidr: 10.0.0.1/8",
        "F|gt: many",
        "F|hour: '12'",
        "F|exists: maybe",
        "F|contains|all: alone",
        "F: [x, null]",
        "F: []",
        "F: {a: b}",
        "F: [[x]]",
        "F|expand: '%nobody_filled_this%'",
        "F|fieldref: 'a*'",
        "F|wide: 'ễ'",
        "F|i: x",
        "F|contains|re: x",
    ],
)
def test_a_value_that_cannot_be_used_is_refused_at_its_line(folder: Path, selection: str) -> None:
    """Never silently left out, which would widen or narrow the rule."""
    (found,) = refused(folder, rule(selection))
    assert found.startswith("bad.yml:5:9: ")
