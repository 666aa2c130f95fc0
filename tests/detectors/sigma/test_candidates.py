"""What a store is asked for on behalf of a rule: little. That nothing is missed shows in tests/storage/test_candidates_law.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.sigma import RuleSet
from detectors.sigma.candidate_terms import bounds
from detectors.sigma.candidates import Anchor, CandidateFinder, Candidates
from detectors.sigma.predicates import Compare, Literal, Network, Numeral, Pattern, Place, Test
from soc.storage.conditions import (
    NOTHING,
    Altered,
    Between,
    Condition,
    Equals,
    Exists,
    Like,
    Wild,
    Words,
    all_of,
    any_of,
)

ANY = Wild.ANY


@pytest.mark.parametrize(
    ("field", "test", "asked"),
    [
        ("f", Literal(Place.EQUALS, "đ"), Equals("f", "đ")),
        ("f", Literal(Place.STARTSWITH, "a*b"), Like("f", ("a*b", ANY))),
        ("f", Literal(Place.CONTAINS, "a"), Like("f", (ANY, "a", ANY))),
        ("f", Pattern("x.*admin", needed="admin"), Like("f", (ANY, "admin", ANY))),
        ("f", Pattern("(?i)admin", needed="admin"), Like("f", (ANY, "adm", Wild.ONE, "n", ANY))),
        ("f", Numeral(5), any_of([Equals("f", "5"), Equals("f", "5.0")])),
        ("f", Network("10.1.0.0/17"), Like("f", ("10.1.", ANY, ".", ANY))),
        ("source.ip", Network("10.0.0.0/8"), Between("source.ip", 0xFFFF0A000000, 0xFFFF0AFFFFFF)),
        ("source.ip", Literal(Place.EQUALS, "no address"), NOTHING),
        ("source.port", Literal(Place.EQUALS, "443"), Equals("source.port", 443)),
        ("source.port", Numeral(5.5), NOTHING),
        ("source.port", Compare("gt", 5.5), Between("source.port", 5, None)),
        ("message", Literal(Place.CONTAINS, "a web shell b"), Words("message", (("web",), ("shell",)))),
        (
            "message",
            Literal(Place.STARTSWITH, "web sh"),
            Words("message", (("web",),)),
        ),
        (
            "message",
            Literal(Place.CONTAINS, "ab-cd"),
            all_of([Words("message", ((ANY, "ab"),)), Words("message", (("cd", ANY),))]),
        ),
        ("message", Literal(Place.EQUALS, "đi x"), Words("message", (("x",),))),
    ],
)
def test_a_test_asks_for_what_the_type_of_its_field_can_tell(field: str, test: Test, asked: Condition) -> None:
    assert bounds(field, test).most == any_of((asked, Altered(field)))


@pytest.mark.parametrize(
    ("field", "test"),
    [
        ("f", Pattern("a|b")),
        ("f", Compare("gt", 5)),
        ("event.created", Literal(Place.EQUALS, "2026-11-17")),
        ("source.ip", Literal(Place.STARTSWITH, "10.")),
        ("message", Literal(Place.CONTAINS, "đ-đ")),
    ],
)
def test_of_other_tests_a_store_can_only_tell_that_the_field_is_there(field: str, test: Test) -> None:
    assert bounds(field, test).most == Exists(field)


def candidates(folder: Path, logsource: str, detection: str, pipeline: str = "auto") -> Candidates:
    text = f"title: t\nlogsource: {logsource}\ndetection: {detection}\n"
    (folder / "rule.yml").write_text(text, "utf-8")
    ruleset = RuleSet.load([folder / "rule.yml"], pipeline)
    assert not ruleset.refusals
    return CandidateFinder(ruleset, winlogbeat=False).of_rule(ruleset.rules[0])


@pytest.mark.parametrize(
    ("detection", "anchor"),
    [
        ("{a: {f: x}, condition: a}", Anchor.VALUES),
        ("{a: {f: x, g|exists: true}, condition: a}", Anchor.VALUES),
        ("{a: {f: x}, b: {g|re: 'a|b'}, condition: a or b}", Anchor.SOURCE),
        ("{a: {f|contains: x}, condition: not a}", Anchor.NOTHING),
        ("{a: [x], condition: a}", Anchor.NOTHING),
        ("{a: {f: x}, b: [y], condition: a and b}", Anchor.VALUES),
    ],
)
def test_a_rule_tells_by_what_its_candidates_are_found(tmp_path: Path, detection: str, anchor: Anchor) -> None:
    assert candidates(tmp_path, "{product: p}", detection, "none").anchor is anchor


def test_a_negation_narrows_by_what_surely_holds(tmp_path: Path) -> None:
    found = candidates(tmp_path, "{product: p}", "{a: {f: x}, b: {g: y}, condition: a and not b}", "none").condition
    strange = Altered("g")
    assert "Not" in repr(found)
    assert repr(strange) in repr(found)


def test_a_category_is_asked_for_in_each_log_under_its_names(tmp_path: Path) -> None:
    """Sysmon calls it Image, the Security log NewProcessName."""
    found = candidates(tmp_path, "{product: windows, category: process_creation}", "{a: {Image: x.exe}, condition: a}")
    shown = repr(found.condition)
    assert "NewProcessName" in shown
    assert repr(Equals("EventID", "4688")) in shown
    assert found.anchor is Anchor.VALUES
    assert found.size < 20


def test_a_keyword_is_found_by_its_log_source(tmp_path: Path) -> None:
    found = candidates(tmp_path, "{product: linux, service: sshd}", "{a: [x], condition: a}")
    assert found.anchor is Anchor.SOURCE
    assert repr(Equals("process.name", "sshd")) in repr(found.condition)


def test_a_rule_set_that_asks_for_too_much_has_no_candidates(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text("title: t\nlogsource: {product: p}\ndetection: {a: {f: [x, y]}, condition: a}\n")
    finder = CandidateFinder(RuleSet.load([tmp_path / "rule.yml"], "none"))
    assert finder.of_ruleset(2) is None
    assert finder.of_ruleset(10) is not None
