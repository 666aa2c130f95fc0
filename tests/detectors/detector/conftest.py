"""A small rule set and events for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.sigma import RuleSet
from soc.core.clock import iso
from soc.core.event import Event

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)

RULES = """
title: Something bad
id: 00000000-0000-4000-8000-000000000001
name: bad
date: 2026-11-17
logsource: {product: lgsp}
detection:
  s: {event.action: bad}
  condition: s
level: high
tags: [attack.t1190]
vonggac:
  title_vi: Việc xấu
  advice: {vi: Xem ngay, en: Look at once}
  entities: [user.name]
---
title: A failure
id: 00000000-0000-4000-8000-000000000002
name: failed
logsource: {product: lgsp}
detection:
  s: {event.action: fail}
  condition: s
level: low
---
title: Three failures
id: 00000000-0000-4000-8000-000000000003
name: three_failures
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
level: medium
vonggac: {entities: [source.ip, user.name]}
---
title: A finding
id: 00000000-0000-4000-8000-000000000004
name: found
logsource: {product: lgsp}
detection:
  s: {event.action: found}
  condition: s
level: low
---
title: Found in two agencies
id: 00000000-0000-4000-8000-000000000005
name: found_everywhere
correlation:
  type: value_count
  rules: [found]
  group-by: [file.name]
  timespan: 1h
  condition: {field: soc.agency, gte: 2}
level: critical
vonggac: {scope: province}
"""

BAD, FAILED, THREE, EVERYWHERE = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 5))

MakeEvent = Callable[..., Event]


@pytest.fixture(scope="session")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    path: Path = tmp_path_factory.mktemp("rules") / "rules.yml"
    path.write_text(RULES)
    ruleset = RuleSet.load([path])
    assert not ruleset.refusals
    return ruleset


@pytest.fixture
def event() -> MakeEvent:
    """event(action, seconds after the start, agency, exercise, **fields): each with its own id."""
    numbers = iter(range(10**9))

    def make(
        action: str, after_s: float = 0, agency: str = "xa-mau-01", exercise: str | None = None, **fields: object
    ) -> Event:
        named = {name.replace("__", "."): value for name, value in fields.items()}
        marks = {"soc.platform": "lgsp", "soc.agency": agency, "soc.source": "s1", "event.dataset": "kong.access"}
        if exercise is not None:
            marks["soc.exercise"] = exercise
        moment = iso(START + timedelta(seconds=after_s))
        base = {"@timestamp": moment, "event.id": f"e{next(numbers)}", "event.action": action}
        return Event(base | marks | {"source.ip": "192.0.2.9", "user.name": "canbo.01"} | named)  # type: ignore[arg-type]

    return make
