"""Random rules and events that are likely to meet: few fields, few letters, the letters that make trouble."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.detectors.sigma.reference import PARTS

Drawn = TypeVar("Drawn")
FIELDS = ("F", "G", "H")
LETTERS = "aAbđĐİiſsSß.-/\u20131\x1c \n\u1ea2\u03a3\u03c3\u03c2\u212ak"
PLACEHOLDERS = {"names": ["a", "Đ*", "b?"], "one": ["s"]}

texts = st.text(alphabet=LETTERS, max_size=5)
patterns = st.text(alphabet=LETTERS + "*?\\", min_size=1, max_size=6)
numbers = st.one_of(st.sampled_from([0, 1, 2, 10, -1, 1.5, 2**53 + 1]), st.integers(-3, 12))
addresses = st.sampled_from(["10.0.0.1", "10.1.2.3", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1"])
times = st.sampled_from(
    ["2026-01-01T00:30:00Z", "2024-12-30T23:59:59.5+07:00", "2026-11-23", "2026-13-01T00:00:00Z", "11/23/2026"]
)
encoded = st.tuples(
    st.binary(max_size=3), st.sampled_from(["ab", "Đ", "a-1", "i"]), st.sampled_from(["utf-8", "utf-16-le", "utf-16"])
).map(lambda t: b64encode(t[0] + t[1].encode(t[2])).decode())
scalars = st.one_of(
    texts, texts, numbers, st.booleans(), st.none(), addresses, numbers.map(str), st.just("true"), times, encoded
)
values = st.one_of(scalars, scalars, st.lists(scalars, max_size=3))
events = st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)

regexes = st.sampled_from(
    [
        "a+b",
        "^a",
        "b$",
        "(a|b)1",
        "[aA]s",
        r"\s",
        "đ.",
        r"^$",
        "a{,2}b",
        "[^a]",
        r"\d",
        "ab?",
        "s$",
        r"[\s1]b",
        "i",
        "(a+)+b",
    ]
)


def _several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=6))


@cache  # made anew for each draw it would cost more than the draw
def _line(field: str) -> st.SearchStrategy[tuple[str, Any]]:
    def keyed(suffix: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
        return values.map(lambda value: (f"{field}{suffix}", value))

    some = st.lists(patterns, min_size=2, max_size=3)
    plain = st.sampled_from(["ab", "Đ", "a-1", "i"])
    places = ("contains", "startswith", "endswith")
    return st.one_of(
        keyed("", _several(st.one_of(patterns, numbers, st.booleans()))),
        keyed("", st.none()),
        keyed("", st.just("")),
        *(keyed(f"|{place}", _several(patterns)) for place in places),
        *(keyed(f"|{place}|cased", _several(patterns)) for place in places),
        *(keyed(f"|windash|{place}", _several(patterns)) for place in places),
        *(keyed(f"|{place}|windash", _several(patterns)) for place in places),
        *(keyed(f"|fieldref|{place}", st.sampled_from(FIELDS)) for place in places),
        *(keyed(f"|base64offset|{place}", _several(plain)) for place in places),
        *(keyed(f"|{encoding}|base64", _several(plain)) for encoding in ("wide", "utf16", "utf16le", "utf16be")),
        *(keyed(f"|wide|base64offset|{place}", _several(plain)) for place in places),
        *(keyed(f"|{part}", _several(st.sampled_from([1, 12, 23, 30, 52, 59, 2026]))) for part in PARTS),
        *(keyed(f"|{part}|gte", st.sampled_from([1, 11, 30, 2026])) for part in PARTS),
        *(keyed(f"|re|{flags}", _several(regexes)) for flags in ("m", "s", "i|m", "i|s", "m|s", "i|m|s")),
        *(keyed(f"{place}|expand", st.sampled_from(["%names%", "a%one%*", "*%names%"])) for place in ("", "|contains")),
        keyed("|windash", _several(patterns)),
        keyed("|base64", _several(plain)),
        keyed("|base64|contains", _several(plain)),
        keyed("|contains|all|windash", some),
        keyed("|re|all", st.lists(regexes, min_size=2, max_size=2)),
        keyed("|fieldref|neq", st.sampled_from(FIELDS)),
        keyed("|startswith|neq", _several(patterns)),
        keyed("|re|neq", _several(regexes)),
        keyed("|contains|all", some),
        keyed("|contains|cased", _several(patterns)),
        keyed("|cased", _several(patterns)),
        keyed("|neq", _several(st.one_of(patterns, numbers))),
        keyed("|re", _several(regexes)),
        keyed("|re|i", _several(regexes)),
        keyed("|cidr", _several(st.sampled_from(["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"]))),
        keyed("|exists", st.booleans()),
        keyed("|fieldref", st.sampled_from(FIELDS)),
        *(keyed(f"|{op}", numbers) for op in ("lt", "lte", "gt", "gte")),
    )


_maps = st.lists(st.sampled_from(FIELDS).flatmap(_line), min_size=1, max_size=3).map(dict)
_words = st.text(alphabet="aAbđĐs1.-", min_size=1, max_size=3)
_keywords = st.lists(_words, min_size=1, max_size=3)
_keyword_maps = st.one_of(
    st.lists(_words, min_size=2, max_size=3).map(lambda words: {"|all": words}),
    _words.map(lambda word: {"|cased": word}),
    _several(regexes).map(lambda found: {"|re": found}),
)
searches = st.one_of(_maps, _maps, st.lists(_maps, min_size=1, max_size=2), _keywords, _keyword_maps)
_names = ("sel_a", "sel_b", "fil_c")
_operands = st.sampled_from([*_names, "1 of sel_*", "all of sel_*", "1 of them", "all of them"])
conditions = st.recursive(
    _operands,
    lambda inner: st.one_of(
        inner.map(lambda c: f"not ({c})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, st.sampled_from(["and not", "or not", "and", "or"]), _operands).map(" ".join),
    ),
    max_leaves=5,
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """One rule document; its title is given by whoever collects them."""
    detection: dict[str, Any] = {name: draw(searches) for name in _names}
    detection["condition"] = draw(conditions)
    return {"logsource": {"product": "test"}, "detection": detection}


def drawn(strategy: st.SearchStrategy[Drawn], number: int, *, derandomize: bool = True) -> list[Drawn]:
    """So many different examples: drawing one is dear, so that laws let each meet many others."""
    found: list[Drawn] = []

    @settings(
        max_examples=number,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(strategy)
    def collect(example: Drawn) -> None:
        found.append(example)

    collect()
    return found
