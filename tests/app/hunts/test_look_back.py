"""Look-backs that file themselves: new rules in force, imported indicators; their statements right against counting by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.indicators.model import Indicator
from detectors.indicators.values import named
from detectors.indicators.warninglists import WarningLists
from playbooks.queue import MemoryQueue
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.hunt_model import Hunt, HuntKind, HuntState, Origin
from soc.app.hunt_statement import Statement
from soc.app.rule_loading import load_wanted
from soc.core.clock import FixedClock
from soc.core.settings import Settings
from tests.app.hunts.stage import FAILED, MANY, NOW, RULES, brute_force, event, sign_ins

RULE = """
title: A sign-in that succeeded
id: 30000000-0000-4000-8000-000000000009
logsource: {product: public_service_portal}
detection:
  s: {event.outcome: success}
  condition: s
level: low
"""


@pytest.fixture
def app(tmp_path: Path, settle: Callable[[Path], None]) -> Iterator[Application]:
    """An installation with three hundred sign-ins, looking back two days; nobody moves its hunts but the test."""
    settle(tmp_path)
    (tmp_path / "rules").mkdir()
    with Application(Settings(home=tmp_path, lookback_days=2), FixedClock(NOW), writer=True) as app:
        app.__dict__["hunt_queue"] = MemoryQueue()
        app.store.append(sign_ins(300))
        yield app


def done(app: Application, hunt: Hunt) -> Statement:
    assert app.hunt_mover.run(hunt.id).state is HuntState.DONE
    stated = app.hunts.statement(SYSTEM, hunt.id)
    assert stated is not None
    return stated


def test_rules_that_were_not_in_force_before_are_looked_for_in_the_past(app: Application) -> None:
    """The first rules ever have nothing behind them; after that just what is new or changed, once."""
    assert app.look_back.rules_loaded(load_wanted(app.rule_sets)) is None
    (app.home / "rules" / "new.yml").write_text(RULES, "utf-8")
    loaded = load_wanted(app.rule_sets)
    hunt = app.look_back.rules_loaded(loaded)
    assert hunt is not None
    assert (hunt.kind, hunt.origin, hunt.by) == (HuntKind.RULES, Origin.ACTIVATION, "vonggac")
    assert app.look_back.rules_loaded(loaded) is None
    stated = done(app, hunt)
    assert {rule.id: rule.matches for rule in stated.rules} == brute_force(sign_ins(300))
    assert (stated.events, stated.days, stated.until) == (300, 2, NOW)
    (app.home / "rules" / "new.yml").write_text(f"{RULES}---{RULE}", "utf-8")
    again = app.look_back.rules_loaded(load_wanted(app.rule_sets))
    assert again is not None
    stated = done(app, again)
    succeeded = sum(one.fields["event.outcome"] == "success" for one in sign_ins(300))
    assert [(rule.id, rule.matches) for rule in stated.rules] == [("30000000-0000-4000-8000-000000000009", succeeded)]
    (app.home / "rules" / "new.yml").write_text(RULES.replace("gte: 4", "gte: 9"), "utf-8")
    changed = app.look_back.rules_loaded(load_wanted(app.rule_sets))
    assert changed is not None
    assert app.hunts.rules_of(SYSTEM, changed.id) == [MANY]


def test_the_hunt_keeps_its_rules_whatever_becomes_of_the_files(app: Application) -> None:
    """Filed with one text, moved after another took its place: the question is frozen."""
    app.look_back.rules_loaded(load_wanted(app.rule_sets))
    (app.home / "rules" / "new.yml").write_text(RULES, "utf-8")
    hunt = app.look_back.rules_loaded(load_wanted(app.rule_sets))
    assert hunt is not None
    (app.home / "rules" / "new.yml").write_text(RULES.replace("failure", "nothing"), "utf-8")
    stated = done(app, hunt)
    assert {rule.id: rule.matches for rule in stated.rules}[FAILED] == brute_force(sign_ins(300))[FAILED]


def test_imported_indicators_are_looked_for_in_the_past(app: Application) -> None:
    """In real events of the window, whatever the source says of the time before it knew; and raised."""
    texts = ["203.0.113.2", "evil.example", "198.51.100.0/24"]
    hosts = ["evil.example", "a.EVIL.example", "good.example"]
    app.store.append(
        [
            event(1000 + n, moment=NOW - timedelta(hours=n), dns__question__name=hosts[n % 3], host__name=f"ws-{n}")
            for n in range(72)
        ]
    )
    found = [named(text) for text in texts]
    app.indicators.add([Indicator(one, "partner", 90, NOW) for one in found if one], WarningLists([]), NOW)
    hunt = app.look_back.indicators_imported(app.indicators, NOW)
    assert hunt is not None
    assert (hunt.kind, hunt.origin, hunt.raises) == (HuntKind.INDICATORS, Origin.IMPORT, True)
    stated = done(app, hunt)
    window = [n for n in range(72) if NOW - timedelta(hours=n) >= NOW - timedelta(days=2)]
    addresses = sum(one.fields["source.ip"] == "203.0.113.2" for one in sign_ins(300))
    names = sum(n % 3 != 2 for n in window)
    assert stated.events == 300 + len(window)
    assert {rule.id: rule.matches for rule in stated.rules if rule.matches} == {
        "indicator.ip": addresses,
        "indicator.domain": names,
    }
    assert stated.raised == stated.alerts > 0
    assert stated.indicators is not None
    assert stated.indicators["count"] == 3
    assert "url.full" in stated.limits.unseen_fields
    assert app.indicators.unhunted() == (None, 0)
    assert app.look_back.indicators_imported(app.indicators, NOW + timedelta(seconds=5)) is None


def test_a_book_that_changed_meanwhile_is_told_of(app: Application) -> None:
    one, other = named("203.0.113.2"), named("203.0.113.3")
    assert one is not None
    assert other is not None
    app.indicators.add([Indicator(one, "partner")], WarningLists([]), NOW)
    hunt = app.look_back.indicators_imported(app.indicators, NOW)
    assert hunt is not None
    app.indicators.add([Indicator(other, "partner")], WarningLists([]), NOW)
    assert done(app, hunt).limits.changed


def test_nothing_is_looked_for_where_that_is_switched_off(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    with Application(Settings(home=tmp_path, lookback_days=0), FixedClock(NOW), writer=True) as app:
        app.look_back.rules_loaded(load_wanted(app.rule_sets))
        (tmp_path / "rules" / "new.yml").write_text(RULES, "utf-8")
        assert app.look_back.rules_loaded(load_wanted(app.rule_sets)) is None
        assert app.hunts.all(SYSTEM) == []
