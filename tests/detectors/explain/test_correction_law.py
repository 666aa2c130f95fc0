"""The correction is right and as small as can be: turned, the condition holds, and no smaller set of tests would do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings

from detectors.alert import Explanation
from detectors.sigma import Engine, RuleSet
from detectors.sigma.why import why
from tests.detectors.sigma.strategies import events, rules

_MOST_TESTS = 9


def every_test(node: Explanation) -> Iterator[Explanation]:
    if node.kind == "test":
        yield node
    for child in node.children:
        yield from every_test(child)


def holds(node: Explanation, turned: frozenset[int]) -> bool:
    """The outcome when the tests with these identities come out the other way."""
    if node.kind == "test":
        return node.held is not (id(node) in turned)
    outcomes = [holds(child, turned) for child in node.children]
    return not outcomes[0] if node.kind == "not" else (all if node.kind == "and" else any)(outcomes)


@given(document=rules(), event=events)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_smaller_set_of_tests_would_do(tmp_path: Path, document: dict[str, Any], event: dict[str, Any]) -> None:
    (tmp_path / "rule.yml").write_text(yaml.safe_dump({"title": "t", **document}, allow_unicode=True), "utf-8")
    ruleset = RuleSet.load([tmp_path])
    assume(ruleset.rules)
    found = why(ruleset, ruleset.rules[0], event)
    assert found.fires is bool(Engine(ruleset).match(event))
    tests = [id(test) for test in every_test(found.tree)]
    assume(len(tests) <= _MOST_TESTS)
    turned = frozenset(id(one.test) for one in found.corrections)
    assert holds(found.tree, turned)
    smaller = (frozenset(some) for size in range(len(turned)) for some in combinations(tests, size))
    assert not any(holds(found.tree, some) for some in smaller)
