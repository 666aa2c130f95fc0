"""Definitions written in a test, and events for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.profiles import load_profiles
from detectors.selectors import Definitions
from soc.core.clock import iso
from soc.core.event import Event

START = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
NETWORK, RATE, RARE = (f"00000000-0000-4000-8000-0000000001{n:02}" for n in (1, 2, 3))

TEXT = """
title: Sign-in from a new network
id: 00000000-0000-4000-8000-000000000101
name: new_network
date: 2026-11-23
logsource: {product: sso_eid}
detection:
  s: {event.action: LOGIN}
  condition: s
level: low
tags: [attack.t1078]
new_terms:
  per: [user.name]
  fields: [source.ip]
  as: {source.ip: network}
  learning: 2d
  forget: 20d
  known_after: 1d
vonggac: {title_vi: Mạng lạ, entities: [user.name, source.ip], advice: {vi: Hỏi, en: Ask}}
---
title: Many documents
id: 00000000-0000-4000-8000-000000000102
name: many
date: 2026-11-23
logsource: {product: document_management}
detection:
  s: {event.action: XEM}
  condition: s
level: medium
tags: [attack.t1213]
baseline:
  kind: rate
  per: [user.name]
  slot: 1h
  history: 28d
  learning: 7d
  minimum: 5
  threshold: 4
vonggac: {title_vi: Nhiều văn bản, entities: [user.name, source.ip], advice: {vi: Hỏi, en: Ask}}
---
title: Rare act
id: 00000000-0000-4000-8000-000000000103
name: rare
date: 2026-11-23
logsource: {product: one_stop}
detection:
  s: {event.outcome: success}
  condition: s
level: low
tags: [attack.t1213]
baseline:
  kind: rarity
  fields: [event.action]
  history: 28d
  learning: 2d
  minimum: 50
  threshold: 5
vonggac: {title_vi: Hiếm, entities: [user.name], advice: {vi: Hỏi, en: Ask}}
"""

MakeEvent = Callable[..., Event]


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    path: Path = tmp_path_factory.mktemp("definitions") / "definitions.yaml"
    path.write_text(TEXT, "utf-8")
    found = load_profiles([path])
    assert not found.refusals
    return found


@pytest.fixture
def event() -> MakeEvent:
    """event(platform, hours after the start, agency, exercise, **fields): each with its own id."""
    numbers = iter(range(10**9))

    def make(
        platform: str, after_h: float = 0, agency: str = "xa-mau-01", exercise: str | None = None, **fields: object
    ) -> Event:
        named = {name.replace("__", "."): value for name, value in fields.items()}
        marks = {"soc.platform": platform, "soc.agency": agency, "soc.source": "s1", "event.dataset": "x"}
        if exercise is not None:
            marks["soc.exercise"] = exercise
        moment = iso(START + timedelta(hours=after_h))
        base = {"@timestamp": moment, "soc.received": moment, "event.id": f"e{next(numbers)}"}
        return Event(base | marks | {"user.name": "canbo.01", "source.ip": "192.0.2.9"} | named)  # type: ignore[arg-type]

    return make
