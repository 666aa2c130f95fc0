"""The filter of an exception: one Sigma filter, never a blanket."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.exceptions import draft_filter, parse_filter
from detectors.sigma import LogSource, RuleSet
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import Lang

from .conftest import FILTER

GOOD = FILTER.format(rules="bad", field="host.name", value="web-01")


def test_a_filter_hides_what_it_names_and_nothing_else() -> None:
    parsed = parse_filter(GOOD)
    assert parsed.filter.title == "The scanner of the province"
    assert parsed.hides({"host.name": "WEB-01"})
    assert not parsed.hides({"host.name": "web-02"})
    assert not parsed.hides({})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("not selection", "selection"), ""),
        (GOOD.replace("web-01", "null"), "hides even an event without any field"),
        (GOOD.replace("not selection", "not 1 of them or selection"), "hides even an event without any field"),
        (
            "title: x\nlogsource: {product: lgsp}\ndetection: {s: {a: b}, condition: s}\n",
            "not exactly one Sigma filter",
        ),
        (GOOD + "---" + GOOD, "not exactly one Sigma filter"),
        ("", "not exactly one Sigma filter"),
        (GOOD.replace("rules: [bad]", "other: [x]"), "filter.yml"),
        (GOOD.replace("host.name", "host.name|contians"), "contians"),
        (GOOD + "#" * 20_000, "characters"),
        ("a: [", "filter.yml:"),
    ],
)
def test_what_is_no_sound_filter_is_refused_with_its_place(text: str, said: str) -> None:
    if not said:
        parse_filter(text)
        return
    with pytest.raises((DefinitionError, FaultsError)) as problem:
        parse_filter(text)
    assert said in problem.value.render(Lang.EN)


def test_a_rule_is_concerned_by_id_name_or_log_source(ruleset: RuleSet) -> None:
    bad, slow = ruleset.rules[0], ruleset.rules[1]
    three = ruleset.correlations[0]
    assert parse_filter(GOOD).concerns(bad)
    assert not parse_filter(GOOD).concerns(slow)
    assert parse_filter(GOOD.replace("[bad]", f"[{bad.id}]")).concerns(bad)
    assert not parse_filter(GOOD.replace("lgsp", "windows")).concerns(bad)
    every = parse_filter(GOOD.replace("[bad]", "any"))
    assert every.concerns(bad)
    assert every.concerns(slow)
    assert not every.concerns(three)
    assert parse_filter(GOOD.replace("[bad]", "[three_failures]")).concerns(three)


TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\\*?%'\"#:- đĐ"), min_size=1)


@given(value=TEXTS, other=TEXTS)
def test_a_draft_from_an_alert_hides_exactly_its_entities(ruleset: RuleSet, value: str, other: str) -> None:
    """Wildcards, backslashes and YAML's own signs in a value are taken literally."""
    value, other = unicodedata.normalize("NFC", value), unicodedata.normalize("NFC", other)
    draft = draft_filter(ruleset.rules[0], LogSource(product="lgsp"), {"host.name": value}, "Nháp: ngoại lệ")
    parsed = parse_filter(draft)
    assert parsed.concerns(ruleset.rules[0])
    assert parsed.hides({"host.name": value})
    if other.casefold() != value.casefold() and other.lower() != value.lower():
        assert not parsed.hides({"host.name": other})
