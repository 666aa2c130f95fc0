"""What is kept on disk comes back as it was, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

import pytest

from detectors.rulepack import own_rules, sigma_files
from detectors.sigma import Engine, RuleSet
from detectors.sigma.databases import LITERAL, Databases
from detectors.sigma.kept import Kept
from detectors.sigma.ruleset import AUTO, NONE
from detectors.sigma.tree import Atom
from tests.detectors.sigma.strategies import PLACEHOLDERS

RULE = """\
title: shells and names
name: shells
id: 00000000-0000-4000-8000-000000000001
logsource: {category: any}
detection:
  words: ['mimi"katz', 'Đ/a']
  fields: {F|expand: '%names%', G|re|i: 'a+b', H: [1, 1.0, 2.5, true], I|hour|gte: 22, J|cidr: 10.0.0.0/8}
  other: {F|fieldref|startswith: G, G|exists: false, H|windash|contains: ' -a -b -c', I|base64offset|contains: ab}
  condition: words or fields and not other
---
title: often
id: 00000000-0000-4000-8000-000000000002
correlation:
  type: temporal
  rules: [shells, shells]
  group-by: [F]
  timespan: 5m
  condition: {gte: 1}
"""
EVENTS: list[dict[str, object]] = [
    {"F": 'MIMI"KATZ'},
    {"F": "a", "G": "xAAB", "H": 1, "I": "2026-11-23T22:30:00Z", "J": "10.1.2.3"},
    {"F": "a", "G": "xAAB", "H": "2", "I": "2026-11-23T22:30:00Z", "J": "10.1.2.3"},
]
"""Of which the first two match."""
Damage = Callable[[Path], object]


def rewritten(change: Callable[[bytes], bytes]) -> Damage:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def signed(content: bytes) -> bytes:
    return sha256(content).digest() + content


DAMAGES: dict[str, Damage] = {
    "truncated": rewritten(lambda data: data[: len(data) // 2]),
    "truncated to less than its hash": rewritten(lambda data: data[:7]),
    "empty": rewritten(lambda _: b""),
    "one bit flipped in front": rewritten(lambda data: bytes([data[0] ^ 1]) + data[1:]),
    "one bit flipped behind": rewritten(lambda data: data[:-1] + bytes([data[-1] ^ 128])),
    "garbage": rewritten(lambda data: os.urandom(len(data))),
    "another thing with its hash": rewritten(lambda _: signed(b"7")),
    "no JSON with its hash": rewritten(lambda _: signed(b"\xff{")),
    "half of it with its hash": rewritten(lambda data: signed(data[32 : len(data) // 2])),
    "group may write": lambda path: path.chmod(0o660),
    "others may write": lambda path: path.chmod(0o602),
    "a folder": made_a_folder,
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yml"
    file.write_text(RULE, "utf-8")
    return file


def kept_in(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "cache")


def names(kept: Kept) -> set[str]:
    return {path.name for path in kept.folder.iterdir()}


def load(file: Path, kept: Kept | None) -> RuleSet:
    ruleset = RuleSet.load([file], AUTO, PLACEHOLDERS, kept)
    assert not ruleset.refusals, ruleset.refusals[0].as_message().text
    return ruleset


def assert_same(one: RuleSet, other: RuleSet) -> None:
    """In every part; a rule as such is equal only to itself."""
    assert list(map(repr, one.rules)) == list(map(repr, other.rules))
    assert list(map(repr, one.correlations)) == list(map(repr, other.correlations))
    assert [typed(atom) for atom in one.atoms] == [typed(atom) for atom in other.atoms]
    assert one.pipeline == other.pipeline


def typed(atom: Atom) -> object:
    """An atom down to the types of its numbers: to `==`, 1 is 1.0 and True."""
    named = [(entry.name, getattr(atom.test, entry.name)) for entry in fields(atom.test) if entry.name != "flags"]
    return atom.field, type(atom.test), getattr(atom.test, "flags", 0), repr(named)


def test_a_rule_set_comes_back_as_it_was(tmp_path: Path, rules: Path) -> None:
    """Equal, and it matches the same; the second time the file is read and none is written."""
    kept = kept_in(tmp_path)
    fresh, first = load(rules, None), load(rules, kept)
    (name,) = names(kept)
    written = (kept.folder / name).stat().st_ino
    second = load(rules, kept)
    assert (kept.folder / name).stat().st_ino == written
    for ruleset in (first, second):
        assert_same(fresh, ruleset)
        assert [bool(Engine(ruleset).match(event)) for event in EVENTS] == [True, True, False]


def test_our_own_rules_come_back_as_they_were(tmp_path: Path) -> None:
    """All that ship."""
    kept, files = kept_in(tmp_path), sigma_files(own_rules())
    fresh = RuleSet.load(files)
    RuleSet.load(files, kept=kept)
    assert len(names(kept)) == 1
    assert_same(fresh, RuleSet.load(files, kept=kept))


@pytest.mark.external
def test_published_rules_come_back_as_they_were(tmp_path: Path, shared: Path, full: bool) -> None:
    """Those without refusals; all of them under --full."""
    folder = shared / "data" / "sigma" / "rules"
    folder = folder if full else folder / "windows" / "process_creation"
    refused = {str(refusal.where).rpartition(".yml")[0] for refusal in RuleSet.load([folder]).refusals}
    files = [file for file in folder.rglob("*.yml") if str(file).removesuffix(".yml") not in refused]
    kept, fresh = kept_in(tmp_path), RuleSet.load(files)
    assert not fresh.refusals
    RuleSet.load(files, kept=kept)
    assert len(names(kept)) == 1
    assert_same(fresh, RuleSet.load(files, kept=kept))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_rule_set_is_compiled_anew(tmp_path: Path, rules: Path, damage: Damage) -> None:
    """As if it were not there."""
    kept = kept_in(tmp_path)
    fresh = load(rules, kept)
    damage(kept.folder / names(kept).pop())
    assert_same(fresh, load(rules, kept))
    assert_same(fresh, load(rules, kept))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_database_is_compiled_anew(tmp_path: Path, damage: Damage) -> None:
    """And finds what it is to find."""
    kept = kept_in(tmp_path)
    expressions = [(b"abc", LITERAL), (b"x+y", LITERAL)]
    made = Databases(kept).of_expressions(expressions)
    damage(kept.folder / names(kept).pop())
    for databases in (Databases(kept), Databases(kept)):
        again = databases.of_expressions(expressions)
        assert sorted(again.hits(b"ABC xxy")) == sorted(made.hits(b"ABC xxy")) == [0, 1]


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    """The next run has it again."""
    kept = kept_in(tmp_path)
    kept.write("name", b"content")
    assert kept.read("name") == b"content"
    (kept.folder / "name").write_bytes(b"something else")
    assert kept.read("name") is None
    kept.write("name", b"content")
    assert kept.read("name") == b"content"


def test_a_file_of_another_user_is_not_read(tmp_path: Path) -> None:
    """Whatever it holds."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    kept = kept_in(tmp_path)
    kept.write("name", b"content")
    os.chown(kept.folder / "name", 65534, -1)
    assert kept.read("name") is None


def test_what_rules_depend_on_names_their_file(tmp_path: Path, rules: Path) -> None:
    """Another text, place, order, pipeline or placeholder is another file."""
    kept = kept_in(tmp_path)
    second = tmp_path / "second.yml"
    second.write_text(RULE.replace("00000000-", "11111111-").replace("shells", "others"), "utf-8")
    seen = 0
    for paths, pipeline, placeholders in (
        ([rules], AUTO, PLACEHOLDERS),
        ([rules], NONE, PLACEHOLDERS),
        ([rules], AUTO, {**PLACEHOLDERS, "names": ["b"]}),
        ([second], AUTO, PLACEHOLDERS),
        ([rules, second], AUTO, PLACEHOLDERS),
        ([second, rules], AUTO, PLACEHOLDERS),
    ):
        RuleSet.load(paths, pipeline, placeholders, kept)
        seen += 1
        assert len(names(kept)) == seen, (paths, pipeline, placeholders)
    rules.write_text(RULE.replace("Đ/a", "Đ/b"), "utf-8")
    assert "đ/b" in repr(list(load(rules, kept).atoms))
    assert len(names(kept)) == seen + 1


def test_a_rule_set_with_refusals_is_not_kept(tmp_path: Path, rules: Path) -> None:
    """Each run says again what is wrong."""
    kept = kept_in(tmp_path)
    rules.write_text(RULE.replace("condition: words", "condition: wards"), "utf-8")
    for _ in range(2):
        assert RuleSet.load([rules], AUTO, PLACEHOLDERS, kept).refusals
    assert not kept.folder.exists()


@pytest.mark.parametrize(
    "value", [".inf", "-.inf", ".nan", "18446744073709551616", "2026-11-23", "{1: a}", "!!binary aGk="]
)
def test_a_value_that_json_cannot_hold_is_not_changed(tmp_path: Path, rules: Path, value: str) -> None:
    """In a test or among what a rule carries along; refused, kept truly, or not kept."""
    kept = kept_in(tmp_path)
    for place in ("  words: ['mimi\"katz', 'Đ/a']", "title: shells and names"):
        line = f"  words: {{K: {value}}}" if place.startswith(" ") else f"{place}\nmade: {value}"
        rules.write_text(RULE.replace(place, line), "utf-8")
        fresh = RuleSet.load([rules], AUTO, PLACEHOLDERS)
        for _ in range(2):
            again = RuleSet.load([rules], AUTO, PLACEHOLDERS, kept)
            assert_same(fresh, again)


def test_the_files_used_longest_ago_go_first(tmp_path: Path) -> None:
    """The folder stays below its limit."""
    kept = Kept(tmp_path / "cache", limit_bytes=250)
    for moment, name in enumerate(("a", "b")):
        kept.write(name, bytes(68))
        os.utime(kept.folder / name, (moment, moment))
    kept.write("c", bytes(68))
    assert names(kept) == {"b", "c"}


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path, rules: Path) -> None:
    """The rules load all the same."""
    (tmp_path / "cache").write_text("a file in its place")
    assert_same(load(rules, None), load(rules, kept_in(tmp_path)))
