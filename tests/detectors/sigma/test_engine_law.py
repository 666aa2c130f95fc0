"""The decision table against a naive reading of the specification, on random rules and events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.sigma import Engine, RuleSet
from tests.detectors.sigma.reference import rule_holds
from tests.detectors.sigma.strategies import PLACEHOLDERS, events, rules

FULL = settings.get_current_profile_name() == "full"
cases = settings(
    max_examples=10_000 if FULL else 200,
    deadline=None,
    derandomize=not FULL,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def loaded(folder: Path, documents: list[dict[str, Any]], pipeline: str = "none") -> RuleSet:
    titled = [{"title": f"rule {index}", **document} for index, document in enumerate(documents)]
    file = folder / "rules.yml"
    file.write_text(yaml.safe_dump_all(titled, allow_unicode=True), "utf-8")
    ruleset = RuleSet.load([file], pipeline, PLACEHOLDERS)
    assert not ruleset.refusals, [str(refusal) for refusal in ruleset.refusals]
    return ruleset


def titles(engine: Engine, event: dict[str, Any]) -> list[str]:
    return [match.rule.title for match in engine.match(event)]


@given(documents=st.lists(rules(), min_size=1, max_size=4), seen=st.lists(events, min_size=1, max_size=8))
@cases
def test_the_engine_agrees_with_the_reference(
    tmp_path: Path, documents: list[dict[str, Any]], seen: list[dict[str, Any]]
) -> None:
    """Every event twice: the second time all of it comes out of the memos."""
    engine = Engine(loaded(tmp_path, documents))
    for event in seen * 2:
        wanted = [
            f"rule {index}" for index, document in enumerate(documents) if rule_holds(document, event, PLACEHOLDERS)
        ]
        assert titles(engine, event) == wanted, (event, documents)


@given(documents=st.lists(rules(), min_size=1, max_size=4), seen=st.lists(events, min_size=1, max_size=8))
@cases
def test_the_engine_agrees_with_the_reference_while_it_forgets(
    tmp_path: Path, documents: list[dict[str, Any]], seen: list[dict[str, Any]]
) -> None:
    """A budget of nothing drops all memos before every event."""
    engine = Engine(loaded(tmp_path, documents), cache_bytes=0)
    for event in seen * 2:
        wanted = [
            f"rule {index}" for index, document in enumerate(documents) if rule_holds(document, event, PLACEHOLDERS)
        ]
        assert titles(engine, event) == wanted


@given(
    some=st.lists(rules(), min_size=1, max_size=2),
    others=st.lists(rules(), min_size=1, max_size=2),
    seen=st.lists(events, min_size=1, max_size=8),
)
@cases
def test_two_rule_sets_together_match_what_each_matches_alone(
    tmp_path: Path, some: list[dict[str, Any]], others: list[dict[str, Any]], seen: list[dict[str, Any]]
) -> None:
    """Law 2: no cap, no starvation, no rule in another's way."""
    together = Engine(loaded(tmp_path, [*some, *others]))
    first, second = Engine(loaded(tmp_path, some)), Engine(loaded(tmp_path, others))
    for event in seen:
        shifted = [f"rule {int(title.split()[1]) + len(some)}" for title in titles(second, event)]
        assert titles(together, event) == titles(first, event) + shifted


@given(document=rules(), event=events)
@cases
def test_an_explanation_holds_exactly_when_the_rule_does(
    tmp_path: Path, document: dict[str, Any], event: dict[str, Any]
) -> None:
    """The plain meaning of the tests and the decision table agree."""
    ruleset = loaded(tmp_path, [document])
    engine = Engine(ruleset)
    assert engine.explain(ruleset.rules[0], event).held is bool(engine.match(event))
