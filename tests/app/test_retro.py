"""Rules over history by candidates: what is read is less, what is found is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.sigma import RuleSet
from soc.app.retro import History, Retro, Thrift
from soc.core.clock import ALL_TIME, Window, iso
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.storage.events import EventStore
from soc.storage.memory import MemoryEventStore
from soc.storage.tantivy_store import TantivyEventStore

START = datetime(2026, 11, 17, 20, tzinfo=UTC)
ALWAYS, NEVER = Thrift(events_per_thing=0, share=1), Thrift(events_per_thing=10_000)
RULES = """
title: failed
name: failed
id: 6f2b9a54-0a51-4a2e-9a0b-6a3c7a5a0001
logsource: {product: portal}
detection: {a: {event.action|startswith: dang_nhap_loi}, condition: a}
---
title: many
name: many
id: 6f2b9a54-0a51-4a2e-9a0b-6a3c7a5a0002
correlation: {type: event_count, rules: [failed], group-by: [user.name], timespan: 5m, condition: {gte: 3}, generate: true}
---
title: shell
name: shell
id: 6f2b9a54-0a51-4a2e-9a0b-6a3c7a5a0003
logsource: {product: portal}
detection: {a: {url.original|contains: SHELL.php}, b: {http.response.status_code: 404}, condition: a and not b}
"""
KEYWORDS = """
title: words
logsource: {product: portal}
detection: {a: [shell.php], condition: a}
"""


def events() -> Iterator[Event]:
    """A minute each; few of them are anybody's business, so that bundles and windows end while nothing happens."""
    for number in range(400):
        fields: dict[str, object] = {"event.action": "xem", "url.original": f"/trang/{number}"}
        if number % 50 < 4:
            fields = {"event.action": f"dang_nhap_loi_{number}", "user.name": f"cb.{number % 2}"}
        if number % 90 == 5:
            fields = {"url.original": f"/tai-len/shell.PHP?{number}", "http.response.status_code": 404 - number % 4}
        yield Event(
            {
                "event.id": f"e{number:04d}",
                "@timestamp": iso(START + timedelta(minutes=number)),
                "soc.agency": "xa-01",
                "soc.platform": "portal",
                "soc.source": "s",
                "ecs.version": "8.17.0",
                **fields,  # type: ignore[dict-item]
            }
        )


@pytest.fixture(params=["memory", "tantivy"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    engine: EventStore
    engine = MemoryEventStore() if request.param == "memory" else TantivyEventStore(tmp_path / "events", writable=True)
    engine.append(list(events()))
    yield engine
    engine.close()


def loaded(folder: Path, text: str = RULES) -> RuleSet:
    (folder / "rules.yml").write_text(text, "utf-8")
    ruleset = RuleSet.load([folder / "rules.yml"])
    assert not ruleset.refusals
    return ruleset


def hunted(store: EventStore, ruleset: RuleSet, window: Window, thrift: Thrift) -> tuple[list[Alert], int]:
    """The alerts, and how many events were read for them."""
    read: list[int] = []
    retro = Retro(store, ruleset, lambda rules: SigmaDetector(rules, "province"), thrift)
    alerts = list(retro.alerts(window, progress=read.append))
    return alerts, sum(read)


def in_order(alerts: Sequence[Alert]) -> list[Alert]:
    return sorted(alerts, key=lambda alert: (alert.id, alert.first, alert.last, alert.event_ids))


@pytest.mark.parametrize("window", [ALL_TIME, Window(START + timedelta(minutes=52), START + timedelta(minutes=300))])
def test_a_hunt_by_candidates_finds_what_a_full_reading_finds(
    store: EventStore, tmp_path: Path, window: Window
) -> None:
    """Alerts of rules and of correlations, with their ids, bundles, events and explanations."""
    ruleset = loaded(tmp_path)
    few, read_few = hunted(store, ruleset, window, ALWAYS)
    every, read_all = hunted(store, ruleset, window, NEVER)
    assert in_order(few) == in_order(every)
    assert len(few) > 5
    assert read_few * 5 < read_all


def test_a_plan_tells_what_will_be_read(store: EventStore, tmp_path: Path) -> None:
    history = History(store, loaded(tmp_path), ALWAYS)
    plan = history.plan(ALL_TIME, PROVINCE)
    assert (plan.is_narrow, plan.total) == (True, 400)
    assert plan.events == len(list(history.events(ALL_TIME, PROVINCE)))
    assert plan.events < 60


@pytest.mark.parametrize(
    ("rules", "thrift"),
    [
        (RULES, Thrift()),  # few events
        (RULES, Thrift(events_per_thing=0, share=0.01)),
        (RULES, Thrift(events_per_thing=0, share=1, most_asked=3)),
        (KEYWORDS, Thrift(events_per_thing=0)),  # every event of the platform may hold a keyword
    ],
)
def test_where_a_question_would_spare_little_everything_is_read(
    store: EventStore, tmp_path: Path, rules: str, thrift: Thrift
) -> None:
    plan = History(store, loaded(tmp_path, rules), thrift).plan(ALL_TIME, PROVINCE)
    assert (plan.is_narrow, plan.events) == (False, 400)


def test_a_scope_holds_for_candidates_too(store: EventStore, tmp_path: Path) -> None:
    history = History(store, loaded(tmp_path), ALWAYS)
    assert list(history.events(ALL_TIME, PROVINCE.during("dien-tap"))) == []


def test_events_of_winlogbeat_are_candidates_under_its_names(tmp_path: Path) -> None:
    store = MemoryEventStore()
    marks = {"@timestamp": iso(START), "soc.agency": "xa-01", "soc.platform": "may_tram", "ecs.version": "8.17.0"}
    beat = {"winlog.channel": "Microsoft-Windows-Sysmon/Operational", "event.code": "1"}
    moved = beat | {"process.command_line": "x.exe /Evil"}
    nested = beat | {"winlog.event_data.CommandLine": "EVIL"}
    store.append([Event({**marks, "event.id": str(n), **held}) for n, held in enumerate([moved, nested, beat])])
    rule = {
        "title": "evil",
        "logsource": {"product": "windows", "category": "process_creation"},
        "detection": {"a": {"CommandLine|contains": "evil"}, "condition": "a"},
    }
    history = History(store, loaded(tmp_path, yaml.safe_dump(rule)), ALWAYS)
    assert history.plan(ALL_TIME, PROVINCE).is_narrow
    assert [event.id for event in history.events(ALL_TIME, PROVINCE)] == ["0", "1"]
