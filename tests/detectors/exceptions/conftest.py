"""Rules, exceptions and events for the tests of exceptions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.exceptions import RuleException, parse_filter
from detectors.sigma import RuleSet
from soc.core.clock import Window, iso
from soc.core.event import Event

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
ALWAYS = Window(START - timedelta(days=365), START + timedelta(days=365))

RULES = """
title: Something bad
id: 00000000-0000-4000-8000-000000000001
name: bad
logsource: {product: lgsp}
detection:
  s: {event.action: bad}
  condition: s
level: high
vonggac: {entities: [host.name]}
---
title: Slow trouble
id: 00000000-0000-4000-8000-000000000002
name: slow
logsource: {product: lgsp}
detection:
  s: {event.action: slow}
  condition: s
level: low
vonggac: {entities: [host.name], suppress: 4h}
---
title: A failure
id: 00000000-0000-4000-8000-000000000003
name: failed
logsource: {product: lgsp}
detection:
  s: {event.action: fail}
  condition: s
level: low
---
title: Three failures
id: 00000000-0000-4000-8000-000000000004
name: three_failures
correlation:
  type: event_count
  rules: [failed]
  group-by: [host.name]
  timespan: 10m
  condition: {gte: 3}
level: medium
---
title: Failures in two agencies
id: 00000000-0000-4000-8000-000000000005
name: failed_everywhere
correlation:
  type: value_count
  rules: [failed]
  timespan: 1h
  condition: {field: soc.agency, gte: 2}
level: critical
vonggac: {scope: province}
"""
FILTER = """
title: The scanner of the province
logsource: {{product: lgsp}}
filter:
  rules: [{rules}]
  selection: {{{field}: {value}}}
  condition: not selection
"""

MakeEvent = Callable[..., Event]
MakeException = Callable[..., RuleException]


@pytest.fixture(scope="session")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    path: Path = tmp_path_factory.mktemp("rules") / "rules.yml"
    path.write_text(RULES)
    ruleset = RuleSet.load([path])
    assert not ruleset.refusals
    return ruleset


@pytest.fixture
def event() -> MakeEvent:
    """event(action, host, agency, seconds after the start, **fields): each with its own id."""
    numbers = iter(range(10**9))

    def make(action: str, host: str = "web-01", agency: str = "xa-mau-01", after_s: float = 0, **more: object) -> Event:
        return make_event(f"e{next(numbers)}", action, host, agency, after_s, **more)

    return make


def make_event(ident: str, action: str, host: str, agency: str, after_s: float, **more: object) -> Event:
    named = {name.replace("__", "."): value for name, value in more.items()}
    fields = {
        "@timestamp": iso(START + timedelta(seconds=after_s)),
        "event.id": ident,
        "event.action": action,
        "event.dataset": "kong.access",
        "host.name": host,
        "soc.platform": "lgsp",
        "soc.agency": agency,
        "soc.source": "s1",
    }
    return Event(fields | named)  # type: ignore[arg-type]


def make_exception(
    ident: str = "NL-1",
    rules: str = "bad",
    field: str = "host.name",
    value: str = "web-01",
    agencies: frozenset[str] | None = None,
    periods: tuple[Window, ...] = (ALWAYS,),
) -> RuleException:
    """An exception for the events whose field has the value."""
    return RuleException(ident, parse_filter(FILTER.format(rules=rules, field=field, value=value)), agencies, periods)
