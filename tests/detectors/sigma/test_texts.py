"""Both ways of finding many texts in a value, and the plain meaning of each test, give the same atoms."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.sigma import texts
from detectors.sigma.databases import Databases
from detectors.sigma.folding import fold
from detectors.sigma.linear import LinearSearch, NotLinearError
from detectors.sigma.predicates import Literal, Pattern, Place, Test
from detectors.sigma.required import required_text
from detectors.sigma.texts import Texts

FULL = settings.get_current_profile_name() == "full"
cases = settings(
    max_examples=1_000 if FULL else 60,
    deadline=None,
    derandomize=not FULL,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LETTERS = "aAbBiIkKsS1 .-/\\\n\r\t\x0b\x0c\x1c\x1f\x00_"
BEYOND = LETTERS + "đĐ\u0130\u0131\u017f\u212a\u2028\xa0\u0661"
PLACES = (Place.CONTAINS, Place.STARTSWITH, Place.ENDSWITH)
literals = st.builds(Literal, st.sampled_from(PLACES), st.text(BEYOND, min_size=1, max_size=3).map(fold))

SOURCES = (
    *(r"a+b", "^a", "b$", "^$", r"\Aa", r"b\Z", "(a|b)1", "[aA]s", "a{,2}b", "a{2,}", "[^a]", "", "a?", "i", "k|s"),
    *(r"\s", r"\S", r"[\s1]b", r"[^\s]", r"[\S]", r"[^\S]", r"[^\S ]a", r"\d", r"\D", r"[^\D]", r"\w", r"\W", r"[^\W]"),
    *(r"\v", r"[\v]", r"[^\v]", r"a\va", r"\f", r"[^\f]", r"\a", r"\t", r"\x0b", r"\0", r"\012", r"[\b]", r"\n", r"\r"),
    *(r"\ba", r"a\b", r"\Ba", r"a\B", r"\b", r"\B", r"^\B", "a(?=b)", "(?<=a)b", "(?!a)b", r"(a)\1", "(?P<x>a)(?P=x)"),
    *(
        "(?i)ki",
        "(?i:s)i",
        "(?m)^b",
        "(?s)a.b",
        "(?x) a b",
        "a(?#c)b",
        "(?-i:a)b",
        "(?a:\\w)b",
        "(?>a+)b",
        "a++b",
        "a*+",
    ),
    *(
        "a.b",
        "a$b",
        "(?m)a$",
        ".",
        ".$",
        "^.",
        "a\\.b",
        "[]a]",
        "[^]a]",
        "[[a]",
        "[.-/]",
        r"[a\-b]",
        "a|",
        "|a",
    ),
    *(
        "[a[:alpha:]]",
        "[:a]",
        r"\u0061",
        r"\U00000061",
        "đ",
        "[đ]",
        "[^đ]",
        r"\$",
        "a{1,2}?b",
        "(?:a|b)*1",
        "[a&b]",
        "a{0}b",
    ),
)
"""Spellings on which Python and PCRE may disagree, among plain ones."""


def pattern(regex: str, flags: int) -> Pattern:
    return Pattern(regex, flags, needed=required_text(regex, flags))


def wildcards(parts: list[str]) -> Pattern:
    """As the compiler writes `*a?b`: over the folded value."""
    pieces = [fold(part) for part in parts]
    regex = r"\A.*" + ".".join(map(re.escape, pieces)) + r"\Z"
    return Pattern(regex, re.DOTALL, folded=True, needed=max(pieces, key=len))


flags = st.sampled_from([0, re.I, re.M, re.S, re.I | re.M, re.M | re.S, re.I | re.S])
patterns = st.one_of(
    st.builds(pattern, st.sampled_from(SOURCES), flags),
    st.lists(st.text(BEYOND, min_size=1, max_size=2), min_size=2, max_size=2).map(wildcards),
)
tests = st.lists(literals | patterns, min_size=1, max_size=12)
values = st.one_of(st.text(LETTERS, max_size=5), st.text(LETTERS, max_size=14), st.text(BEYOND, max_size=6))


def texts_of(found: list[Test]) -> Texts:
    uses: dict[str, list[tuple[Place, int]]] = {}
    for atom, test in enumerate(found):
        if isinstance(test, Literal):
            uses.setdefault(test.needle, []).append((test.place, atom))
    return Texts(uses, [(atom, test) for atom, test in enumerate(found) if isinstance(test, Pattern)], Databases())


def atoms(made: Texts, value: str) -> set[int]:
    found: set[int] = set()
    made.find(value, fold(value), found)
    return found


def assert_both_are_plain(found: list[Test], seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    automaton = texts_of(found)
    with monkeypatch.context() as patched:
        patched.setattr(texts, "MUCH_TEXT", 0)
        hyperscan = texts_of(found)
    atoms(hyperscan, "so much text that it pays")
    for value in seen:
        wanted = {atom for atom, test in enumerate(found) if test.holds(value)}
        assert atoms(automaton, value) == wanted, (value, found)
        assert atoms(hyperscan, value) == wanted, (value, found)


@given(found=tests, seen=st.lists(values, min_size=10, max_size=40))
@cases
def test_the_automaton_and_hyperscan_agree_with_the_plain_meaning(
    monkeypatch: pytest.MonkeyPatch, found: list[Test], seen: list[str]
) -> None:
    """Any literals and patterns over any values, ASCII and others."""
    assert_both_are_plain(found, seen, monkeypatch)


@pytest.mark.parametrize("flags", [0, re.I, re.M, re.S, re.M | re.S])
@pytest.mark.parametrize("source", SOURCES)
def test_each_spelling_means_the_same_to_both(source: str, flags: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over every short value of the signs that matter to it."""
    signs = ["", *"abik1 -\n\t\x0b\x0c\x1c\x00_S]&:"]
    seen = [a + b + c for a in signs for b in signs for c in ("", "\n", "b")]
    assert_both_are_plain([pattern(source, flags)], seen, monkeypatch)


@pytest.mark.parametrize("flags", [0, re.I, re.M, re.S, re.M | re.S])
@pytest.mark.parametrize(
    "source", ["(a+)+b", "^(a+)+b", "^(a+)*", "(a+)*$", r"\s(a+)+", r"[\s1](b+)*\Z", r"(a+)+\n^", "^(a*)*^"]
)
def test_a_linear_search_finds_what_python_does(source: str, flags: int) -> None:
    """Or is refused."""
    try:
        search = LinearSearch.compile(source, flags)
    except NotLinearError:
        return
    signs = ["", *"abAđ1 \n\x1c"]
    for value in {a + b + c + d for a in signs for b in signs for c in signs for d in signs}:
        assert (search.search(value) is not None) == (re.search(source, value, flags) is not None), value
