"""Random rules and events that are likely to meet: few fields, few letters, the letters that make trouble."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

FIELDS = ("F", "G", "H")
LETTERS = "aAbđĐİiſsSß.-1\x1c \n\u1ea2"

texts = st.text(alphabet=LETTERS, max_size=5)
patterns = st.text(alphabet=LETTERS + "*?\\", min_size=1, max_size=6)
numbers = st.one_of(st.sampled_from([0, 1, 2, 10, -1, 1.5, 2**53 + 1]), st.integers(-3, 12))
addresses = st.sampled_from(["10.0.0.1", "10.1.2.3", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1"])
scalars = st.one_of(texts, texts, numbers, st.booleans(), st.none(), addresses, numbers.map(str), st.just("true"))
values = st.one_of(scalars, scalars, st.lists(scalars, max_size=3))
events = st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)

regexes = st.sampled_from(
    ["a+b", "^a", "b$", "(a|b)1", "[aA]s", r"\s", "đ.", r"^$", "a{,2}b", "[^a]", r"\d", "ab?", "s$", r"[\s1]b", "i"]
)


def _several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=6))


def _line(field: str) -> st.SearchStrategy[tuple[str, Any]]:
    def keyed(suffix: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
        return values.map(lambda value: (f"{field}{suffix}", value))

    some = st.lists(patterns, min_size=2, max_size=3)
    return st.one_of(
        keyed("", _several(st.one_of(patterns, numbers, st.booleans()))),
        keyed("", st.none()),
        keyed("", st.just("")),
        *(keyed(f"|{place}", _several(patterns)) for place in ("contains", "startswith", "endswith")),
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
_keywords = st.lists(st.text(alphabet="aAbđĐs1.-", min_size=1, max_size=3), min_size=1, max_size=3)
searches = st.one_of(_maps, _maps, st.lists(_maps, min_size=1, max_size=2), _keywords)
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
