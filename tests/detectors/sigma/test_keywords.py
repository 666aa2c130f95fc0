"""The passes that say a document cannot hold a keyword never miss one, however its JSON is spelt."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.sigma import Engine, RuleSet

FULL = settings.get_current_profile_name() == "full"
cases = settings(
    max_examples=2_000 if FULL else 60,
    deadline=None,
    derandomize=not FULL,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LETTERS = 'aAiIkKsSđĐß\u0130\u0131\u017f\u212a\u037e;`\u1fef\u0301e1.-/\\"\n\x1c \u20ac'
words = st.text(LETTERS, min_size=1, max_size=3)
regexes = st.sampled_from(
    ["ak", "(?i)ki", "(?i:si)a", "(?i)s", "[ak]i", "a|k", "k$", "^i", r"\sa", "a.k", "1\\.1", "(?m)^a", "(?s)a.i", "/a"]
)
flags = st.sampled_from(["", "|i", "|m", "|s", "|i|s"])
searches = st.one_of(
    st.lists(words | st.integers(0, 12) | st.booleans(), min_size=1, max_size=3),
    st.tuples(flags, regexes).map(lambda pair: {f"|re{pair[0]}": pair[1]}),
    words.map(lambda word: {"|cased": word}),
    st.lists(words, min_size=2, max_size=2).map(lambda found: {"|all": found}),
)
scalars = (
    words
    | st.text(LETTERS, max_size=12)
    | st.integers(0, 12)
    | st.sampled_from([1.1, 1e22, 1.0])
    | st.booleans()
    | st.none()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2), max_leaves=4
)
documents = st.dictionaries(st.sampled_from(["F", "G", "user.name"]) | words, values, max_size=3)


def as_python_does(document: dict[str, Any]) -> bytes:
    """Everything beyond ASCII by its number."""
    return json.dumps(document).encode()


def by_number(document: dict[str, Any]) -> bytes:
    """Every letter of every text by its number, in capitals."""

    def spelt(value: Any) -> str:
        if isinstance(value, str):
            return '"' + "".join(f"\\u{ord(char):04X}" for char in value) + '"'
        if isinstance(value, list):
            return "[" + ",".join(map(spelt, value)) + "]"
        if isinstance(value, dict):
            return "{" + ",".join(f"{spelt(name)}:{spelt(inner)}" for name, inner in value.items()) + "}"
        return json.dumps(value)

    return spelt(document).encode()


def with_slashes(document: dict[str, Any]) -> bytes:
    """A slash with a backslash, as PHP writes it."""
    return orjson.dumps(document).replace(b"/", rb"\/")


SPELLINGS: tuple[Callable[[dict[str, Any]], bytes], ...] = (orjson.dumps, as_python_does, by_number, with_slashes)


def engine_of(folder: Path, found: list[Any], pipeline: str = "auto") -> Engine:
    """A rule for each search."""
    file = folder / "rules.yml"
    rules = [
        {"title": f"r{n}", "logsource": {"category": "any"}, "detection": {"s": search, "condition": "s"}}
        for n, search in enumerate(found)
    ]
    file.write_text(yaml.safe_dump_all(rules, allow_unicode=True), "utf-8")
    ruleset = RuleSet.load([file], pipeline)
    assert not ruleset.refusals, ruleset.refusals[0].as_message().text
    return Engine(ruleset)


def titles(engine: Engine, document: dict[str, Any], *raw: Any) -> list[str]:
    return [match.rule.title for match in engine.match(document, *raw)]


def assert_no_spelling_hides_a_keyword(engine: Engine, seen: list[dict[str, Any]]) -> None:
    for spelling in SPELLINGS:
        lines = [spelling(document) for document in seen]
        block = engine.screen(b"\n".join(lines))
        for document, line in zip(seen, lines, strict=True):
            assert orjson.loads(line) == document
            wanted = titles(engine, document)
            assert titles(engine, document, line) == wanted, line
            assert titles(engine, document, memoryview(line), block) == wanted, line


@given(found=st.lists(searches, min_size=1, max_size=2), seen=st.lists(documents, min_size=1, max_size=5))
@cases
@pytest.mark.parametrize("pipeline", ["auto", "none"])
def test_the_text_of_a_document_never_hides_a_keyword(
    tmp_path: Path, pipeline: str, found: list[Any], seen: list[dict[str, Any]]
) -> None:
    """With its JSON text and that of its block a document matches what it matches without."""
    assert_no_spelling_hides_a_keyword(engine_of(tmp_path, found, pipeline), seen)


@given(found=st.lists(searches, min_size=1, max_size=3), seen=st.lists(documents, min_size=1, max_size=5))
@cases
@pytest.mark.parametrize("pipeline", ["auto", "none"])
def test_a_keyword_match_explains_itself(
    tmp_path: Path, pipeline: str, found: list[Any], seen: list[dict[str, Any]]
) -> None:
    """The explanation of a match holds and so does that of no other rule; the field with the keyword is named."""
    engine = engine_of(tmp_path, found, pipeline)
    for document in seen:
        matches = engine.match(document)
        assert all(match.explain().held and match.matched for match in matches), document
        held = [rule for rule in engine.ruleset.rules if engine.explain(rule, document).held]
        assert held == [match.rule for match in matches], document


@pytest.mark.parametrize(
    ("search", "value"),
    [
        ({"|re": "(?i)ki1x"}, "K\u01301x"),
        ({"|re": "a(?i:si)x"}, "as\u0131x"),
        ({"|cased": "a\u212a"}, "a\u212a"),
        (["ks"], "\u212a\u017f"),
        (["a;"], "a\u037e"),
        (["a`"], "a\u1fef"),
        (["caf\u00e9"], unicodedata.normalize("NFD", "caf\u00e9")),
        (["a/b"], "A/B"),
        (['a"b'], 'a"b'),
        (["a\nb"], "a\nb"),
        (["a\x1c"], "a\x1c"),
        ([11], 1.11),
        ([True], True),
    ],
)
def test_what_a_screen_of_bytes_could_overlook(tmp_path: Path, search: Any, value: object) -> None:
    """Letters that fold or compose to others, signs that JSON writes otherwise, numbers."""
    engine = engine_of(tmp_path, [search])
    document = {"F": value}
    assert titles(engine, document) == ["r0"]
    assert_no_spelling_hides_a_keyword(engine, [document])


@pytest.mark.parametrize("search", [{"|cased": "MimiKatz"}, {"|re": "mimi.*katz"}, ["mimikatz"]])
def test_a_text_without_the_keyword_is_passed_over(tmp_path: Path, search: Any) -> None:
    """A plain block of other words is told from its bytes alone, whatever the kind of keyword."""
    engine = engine_of(tmp_path, [search])
    screened = engine.screen(b'{"F": "nothing to see"}\n{"G": "\xc4\x91"}')
    assert screened.sure
    assert not screened.present
    assert engine.screen(b'{"F": "MIMIKATZ"}').present
