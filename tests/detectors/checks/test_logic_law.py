"""Whatever is called impossible never matches, and whatever is called certain always does, for events of one value a field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.checks.logic import excludes, implies, is_certain, is_impossible
from detectors.sigma import Engine, RuleSet
from detectors.sigma.predicates import Compare, Exists, Literal, Null, Numeral, Pattern, Place, Test
from tests.detectors.sigma.strategies import FIELDS, rules, scalars

single = st.dictionaries(st.sampled_from(FIELDS), scalars, max_size=3)
few = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def loaded(folder: Path, document: dict[str, Any]) -> RuleSet:
    (folder / "rule.yml").write_text(yaml.safe_dump({"title": "t", **document}, allow_unicode=True), "utf-8")
    return RuleSet.load([folder])


@given(document=rules(), seen=st.lists(single, min_size=1, max_size=8))
@few
def test_the_judgement_on_a_condition_is_sound(
    tmp_path: Path, document: dict[str, Any], seen: list[dict[str, Any]]
) -> None:
    ruleset = loaded(tmp_path, document)
    engine = Engine(ruleset)
    for rule in ruleset.rules:
        impossible = is_impossible(rule.program, ruleset.atoms)
        certain = is_certain(rule.program, ruleset.atoms)
        for event in seen if impossible or certain else ():
            assert bool(engine.match(event)) is certain


_needles = st.text(alphabet="ab1", max_size=3)
_tests: st.SearchStrategy[Test] = st.one_of(
    st.builds(Literal, st.sampled_from(Place), _needles),
    st.builds(Numeral, st.integers(0, 12)),
    st.builds(Compare, st.sampled_from(["lt", "lte", "gt", "gte", "eq"]), st.integers(0, 12)),
    st.builds(Pattern, st.sampled_from([r"\Aa.*b\Z", r"\A.1\Z"]), folded=st.just(True)),
    st.builds(Exists, st.booleans()),
    st.just(Null()),
)


@given(one=_tests, other=_tests, value=st.one_of(_needles, st.integers(0, 12), st.none()))
def test_what_is_said_of_two_tests_holds_for_every_value(one: Test, other: Test, value: object) -> None:
    if one.holds(value):
        assert not implies(one, other) or other.holds(value)
        assert not excludes(one, other) or not other.holds(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Literal(Place.EQUALS, "ab"), Literal(Place.CONTAINS, "b")),
        (Literal(Place.ENDSWITH, "abc"), Literal(Place.ENDSWITH, "bc")),
        (Numeral(5), Compare("gt", 4)),
        (Literal(Place.EQUALS, "a1b"), Pattern(r"\Aa.*b\Z", folded=True)),
        (Literal(Place.CONTAINS, "a"), Exists(wanted=True)),
    ],
)
def test_one_test_is_seen_to_imply_the_other(one: Test, other: Test) -> None:
    assert implies(one, other)
    assert not implies(other, one)
