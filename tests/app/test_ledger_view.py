"""What the ledger means for a rule on a source: ran, gap, blind, not yet in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from collectors.inputs import open_input
from detectors.sigma.state import RuleState
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.ledger_view import NO_SOURCE, RuleRow
from soc.core.clock import ALL_TIME, FixedClock
from soc.core.scope import PROVINCE, Scope
from soc.core.settings import Settings

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SOURCES = """sources:
  - {id: portal, platform: public_service_portal, agency: so-mau}
"""
RULES = """
title: Pages
id: 10000000-0000-4000-8000-000000000001
name: pages
logsource: {product: public_service_portal}
detection:
  s: {url.path|startswith: /thu/}
  condition: s
---
title: A field nobody sends
id: 10000000-0000-4000-8000-000000000002
name: unsent
logsource: {product: public_service_portal}
detection:
  s: {file.hash.sha256: x}
  condition: s
---
title: Pages, or a field nobody sends
id: 10000000-0000-4000-8000-000000000003
name: half
logsource: {product: public_service_portal}
detection:
  s: {url.path|startswith: /thu/}
  t: {file.hash.sha256: x}
  condition: s or t
---
title: Another platform
id: 10000000-0000-4000-8000-000000000004
name: elsewhere
logsource: {product: nowhere}
detection:
  s: {url.path: x}
  condition: s
---
title: Many pages by a field nobody sends
id: 10000000-0000-4000-8000-000000000005
name: ungrouped
correlation:
  type: event_count
  rules: [pages]
  group-by: [file.path]
  timespan: 10m
  condition: {gte: 2}
  generate: true
"""
NEW_RULE = """
title: Pages again
id: 10000000-0000-4000-8000-000000000006
name: newcomer
logsource: {product: public_service_portal}
detection:
  s: {url.path|startswith: /thu/}
  condition: s
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "site.yml").write_text(RULES, "utf-8")
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    return tmp_path


def opened(home: Path) -> Application:
    return Application(Settings(home=home), FixedClock(NOW), writer=True)


@pytest.fixture
def app(home: Path, database_setting: None) -> Iterator[Application]:
    """An installation that has seen four requests."""
    with opened(home) as app:
        path = home / "portal.log"
        path.write_bytes(b"".join(orjson.dumps(request(n)) + b"\n" for n in range(4)))
        app.collector.collect("portal", open_input(path))
        app.pipeline.drain()
        yield app


def request(number: int) -> dict[str, object]:
    moment = NOW - timedelta(hours=1, seconds=-number)
    document = {"time": moment.isoformat(), "remote_addr": f"203.0.113.{number}", "method": "GET"}
    return document | {"uri": f"/thu/{number}", "args": "", "status": 200, "bytes": 1, "ua": "M", "host": "a.example"}


def row(app: Application, name: str) -> RuleRow:
    (found,) = [row for row in app.ledger.rules_of("portal", PROVINCE, NOW) if row.name == name]
    return found


def test_a_rule_is_ready_partly_blind_blind_or_without_a_source(app: Application) -> None:
    """By the fields that were really seen; a correlation that cannot tell its groups apart is blind."""
    states = {one.rule.name: one for one in app.ledger.states(app.rules, PROVINCE)}
    wanted = {
        "pages": RuleState.READY,
        "unsent": RuleState.BLIND,
        "half": RuleState.PARTLY_BLIND,
        "elsewhere": NO_SOURCE,
        "ungrouped": RuleState.BLIND,
    }
    assert {name: states[name].state for name in wanted} == wanted
    assert states["half"].feeds["portal"].blind == ("file.hash.sha256",)
    assert states["ungrouped"].feeds["portal"].blind == ("file.path",)


def test_a_rule_tells_over_how_many_events_it_ran(app: Application) -> None:
    assert (row(app, "pages").seen, row(app, "pages").before, row(app, "pages").missing) == (4, 0, 0)
    (source,) = app.ledger.sources(PROVINCE, NOW)
    assert (source.source, source.platform, source.events, source.missing) == (
        "portal",
        "public_service_portal",
        4,
        0,
    )
    assert source.states[RuleState.BLIND] >= 2
    assert [cell.events for cell in source.days] == [0, 0, 0, 0, 0, 0, 4]


def test_the_past_of_a_new_rule_is_a_gap_until_it_is_redone(app: Application, home: Path) -> None:
    """Redone on demand, its alerts come once; the rules that were there before have none of it."""
    app.close()
    (home / "rules" / "new.yml").write_text(NEW_RULE, "utf-8")
    with opened(home) as later:
        newcomer = row(later, "newcomer")
        assert (newcomer.seen, newcomer.before) == (0, 4)
        assert (row(later, "pages").seen, row(later, "pages").before) == (4, 0)
        assert redone(later, newcomer.rule_id) == 4
        assert (row(later, "newcomer").seen, row(later, "newcomer").before) == (4, 0)
        assert redone(later, newcomer.rule_id) == 0


def redone(app: Application, rule: str) -> int:
    """Redo a rule; gives how many alerts were news."""
    hunt = app.hunt_mover.run(app.look_back.rule(app.loaded_rules, rule, ALL_TIME).id)
    stated = app.hunts.statement(SYSTEM, hunt.id)
    assert stated is not None
    return stated.raised


def test_an_agency_learns_of_its_own_sources_only(app: Application) -> None:
    own, foreign = Scope(frozenset({"so-mau"})), Scope(frozenset({"so-khac"}))
    assert len(app.ledger.sources(own, NOW)) == 1
    assert app.ledger.sources(foreign, NOW) == []
    assert app.ledger.rules_of("portal", foreign, NOW) == []
