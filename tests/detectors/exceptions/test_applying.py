"""Exceptions in the stream: they hide matches of their agencies in their time, are counted, and are told in what they let through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.alert import Alert, Explanation
from detectors.detector import SigmaDetector
from detectors.exceptions.filters import parse_filter
from detectors.exceptions.model import RuleException
from detectors.sigma import RuleSet
from soc.core.clock import Window
from soc.core.event import Event

from .conftest import FILTER, START, MakeEvent, make_exception

ONE, OTHER = "xa-mau-01", "xa-mau-02"


def told(ruleset: RuleSet, events: Sequence[Event], *exceptions: RuleException) -> tuple[list[Alert], SigmaDetector]:
    detector = SigmaDetector(ruleset, "tinh-mau", exceptions=exceptions)
    return detector.observe(events) + detector.flush(), detector


def test_a_hidden_match_makes_no_alert_and_is_counted(ruleset: RuleSet, event: MakeEvent) -> None:
    events = [event("bad", after_s=number) for number in range(3)]
    alerts, detector = told(ruleset, [*events, event("bad", host="web-02")], make_exception())
    assert [dict(alert.entities) for alert in alerts] == [{"host.name": "web-02"}]
    (hidden,) = detector.take_hidden()
    assert (hidden.exception, hidden.agency, hidden.exercise, hidden.day) == ("NL-1", ONE, None, "2026-11-17")
    assert (hidden.count, hidden.first, hidden.last) == (3, START, START + timedelta(seconds=2))
    assert hidden.event_ids == tuple(one.id for one in events)
    assert detector.take_hidden() == []
    assert {run.rule_id: run.matches for run in detector.ran()}[hidden.rule_id] == 4


def test_an_exception_of_one_agency_hides_nothing_of_another(ruleset: RuleSet, event: MakeEvent) -> None:
    exception = make_exception(agencies=frozenset({ONE}))
    alerts, detector = told(ruleset, [event("bad"), event("bad", agency=OTHER)], exception)
    assert [alert.agency for alert in alerts] == [OTHER]
    assert "exception" not in kinds(alerts[0].explanation)
    assert [hidden.agency for hidden in detector.take_hidden()] == [ONE]


def test_the_time_of_the_event_decides_not_that_of_its_processing(ruleset: RuleSet, event: MakeEvent) -> None:
    """The end is not included; between an end and its undoing nothing is hidden."""
    minute = timedelta(minutes=1)
    periods = (Window(START, START + minute), Window(START + 2 * minute, START + 3 * minute))
    events = [event("bad", after_s=seconds) for seconds in (-1, 0, 59, 60, 119, 120, 180)]
    _, detector = told(ruleset, events, make_exception(periods=periods))
    (hidden,) = detector.take_hidden()
    assert hidden.event_ids == (events[1].id, events[2].id, events[5].id)


def test_an_exception_on_a_base_rule_takes_its_matches_out_of_the_count(ruleset: RuleSet, event: MakeEvent) -> None:
    events = [event("fail", after_s=number, user__name="scanner" if number else "canbo.01") for number in range(4)]
    exception = make_exception(rules="failed", field="user.name", value="scanner")
    alerts, detector = told(ruleset, events, exception)
    assert alerts == []
    assert sum(hidden.count for hidden in detector.take_hidden()) == 3
    assert len(told(ruleset, events)[0]) == 2


def test_an_exception_on_a_correlation_hides_its_firing(ruleset: RuleSet, event: MakeEvent) -> None:
    events = [event("fail", host=host, after_s=number) for number in range(3) for host in ("web-01", "web-02")]
    alerts, detector = told(ruleset, events, make_exception(rules="three_failures"))
    assert [alert.entities["host.name"] for alert in alerts] == ["web-02"]
    (hidden,) = detector.take_hidden()
    assert (hidden.rule_id, hidden.count) == (ruleset.correlations[0].id, 1)


def test_what_follows_a_hidden_firing_and_is_not_excepted_is_told_anew(ruleset: RuleSet, event: MakeEvent) -> None:
    users = ["canbo.01", "canbo.01", "scanner", "canbo.02"]
    events = [event("fail", after_s=number, user__name=user) for number, user in enumerate(users)]
    exception = make_exception(rules="three_failures", field="user.name", value="scanner")
    alerts, detector = told(ruleset, events, exception)
    (alert,) = alerts
    assert (alert.event_ids, alert.matched["event_count"]) == ((events[-1].id,), 4)
    assert len(detector.take_hidden()) == 1


@pytest.mark.parametrize(("agencies", "hides"), [(None, True), (frozenset({ONE, OTHER}), False)])
def test_only_an_exception_for_the_province_hides_a_count_over_all_agencies(
    ruleset: RuleSet, event: MakeEvent, agencies: frozenset[str] | None, hides: bool
) -> None:
    exception = make_exception(rules="failed_everywhere", agencies=agencies)
    events = [event("fail"), event("fail", agency=OTHER, after_s=9)]
    alerts, detector = told(ruleset, events, exception)
    assert bool(alerts) is not hides
    assert [hidden.agency for hidden in detector.take_hidden()] == (["tinh-mau"] if hides else [])


def test_an_alert_says_which_exceptions_were_asked_and_what_they_found(ruleset: RuleSet, event: MakeEvent) -> None:
    ended = make_exception("NL-2", periods=(Window(START - timedelta(days=2), START - timedelta(days=1)),))
    (alert,), _ = told(ruleset, [event("bad", host="web-02")], make_exception(), ended)
    assert alert.explanation is not None
    rule, exception = alert.explanation.children
    assert (rule.kind, exception.kind, exception.held, exception.subject) == ("test", "exception", True, "NL-1")
    assert set(exception.text) == {"vi", "en"}
    (condition,) = exception.children
    assert (condition.kind, condition.children[0].found) == ("not", "web-02")


def test_a_match_that_two_exceptions_hide_is_put_down_to_the_first(ruleset: RuleSet, event: MakeEvent) -> None:
    _, detector = told(ruleset, [event("bad")], make_exception("NL-1"), make_exception("NL-2"))
    assert [(hidden.exception, hidden.count) for hidden in detector.take_hidden()] == [("NL-1", 1)]


def test_new_exceptions_take_effect_with_the_next_event(ruleset: RuleSet, event: MakeEvent) -> None:
    detector = SigmaDetector(ruleset)
    assert len(detector.observe([event("bad")])) == 1
    detector.set_exceptions([make_exception()])
    assert detector.observe([event("bad", after_s=7200)]) == []
    assert len(detector.take_hidden()) == 1


def test_an_exercise_is_counted_apart(ruleset: RuleSet, event: MakeEvent) -> None:
    _, detector = told(ruleset, [event("bad"), event("bad", soc__exercise="dt-1")], make_exception())
    assert [hidden.exercise for hidden in detector.take_hidden()] == [None, "dt-1"]


def test_the_names_of_the_rule_hold_for_its_exception(tmp_path: Path) -> None:
    """A rule for process creation reads the fields of a Security log under other names."""
    rule = """
title: A tool
id: 00000000-0000-4000-8000-000000000009
name: tool
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: tool.exe}
  condition: s
"""
    (tmp_path / "rule.yml").write_text(rule)
    ruleset = RuleSet.load([tmp_path / "rule.yml"])
    assert not ruleset.refusals
    windows = FILTER.replace("product: lgsp", "product: windows")
    parsed = parse_filter(windows.format(rules="tool", field="ParentImage|endswith", value="agent.exe"))
    fields = {
        "@timestamp": "2026-11-17T01:00:00Z",
        "event.id": "w1",
        "Channel": "Security",
        "EventID": 4688,
        "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "NewProcessName": r"C:\tool.exe",
        "ParentProcessName": r"C:\agent.exe",
        "soc.agency": ONE,
        "soc.platform": "windows_server",
        "soc.source": "s1",
    }
    alerts, detector = told(ruleset, [Event(fields)], replace(make_exception(), filter=parsed))
    assert alerts == []
    assert len(detector.take_hidden()) == 1


def kinds(explanation: Explanation | None) -> set[str]:
    if explanation is None:
        return set()
    return {explanation.kind}.union(*(kinds(child) for child in explanation.children))
