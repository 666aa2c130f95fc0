"""Matches and firings become alerts: told at once, bundled when repeated, never lost, never mixed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.sigma import RuleSet
from soc.core.event import Event
from soc.core.severity import Severity

from .conftest import BAD, EVERYWHERE, THREE, MakeEvent


def observed(ruleset: RuleSet, events: Sequence[Event]) -> list[Alert]:
    detector = SigmaDetector(ruleset)
    return detector.observe(events) + detector.flush()


def test_an_alert_carries_rule_entities_event_and_explanation(ruleset: RuleSet, event: MakeEvent) -> None:
    one = event("bad")
    (alert,) = observed(ruleset, [one])
    assert (alert.detector, alert.rule_id, alert.rule_version) == ("sigma", BAD, "2026-11-17")
    assert alert.title == {"vi": "Việc xấu", "en": "Something bad"}
    assert alert.advice == {"vi": "Xem ngay", "en": "Look at once"}
    assert alert.severity is Severity.HIGH
    assert alert.attack == ("T1190",)
    assert alert.entities == {"user.name": "canbo.01"}
    assert alert.event_ids == (one.id,)
    assert alert.matched == {"event.action": "bad"}
    assert alert.first == alert.last == one.timestamp
    assert (alert.agency, alert.platform, alert.exercise) == ("xa-mau-01", "lgsp", None)
    assert alert.explanation is not None
    assert alert.explanation.held


def test_a_rule_that_only_feeds_a_correlation_makes_no_alert(ruleset: RuleSet, event: MakeEvent) -> None:
    assert observed(ruleset, [event("fail", 0), event("fail", 60)]) == []


def test_a_correlation_alert_lists_its_window_and_is_about_its_group_first(ruleset: RuleSet, event: MakeEvent) -> None:
    events = [event("fail", 0), event("fail", 60), event("fail", 120, user__name="canbo.02")]
    (alert,) = observed(ruleset, events)
    assert alert.rule_id == THREE
    assert alert.event_ids == tuple(one.id for one in events)
    assert dict(alert.entities) == {"source.ip": "192.0.2.9", "user.name": "canbo.02"}
    assert alert.matched["event_count"] == 3


def test_a_flood_is_told_at_once_and_then_in_few_alerts_that_hold_every_event_once(
    ruleset: RuleSet, event: MakeEvent
) -> None:
    events = [event("bad", number) for number in range(150)]
    detector = SigmaDetector(ruleset)
    alerts = detector.observe(events)
    assert [len(alert.event_ids) for alert in alerts] == [1, 9, 90]
    alerts += detector.flush()
    assert [one for alert in alerts for one in alert.event_ids] == [one.id for one in events]
    assert len({alert.id for alert in alerts}) == 4
    assert alerts[-1].matched["soc.alert.events"] == 50


def test_a_flood_keeps_200_ids_of_an_alert_and_counts_the_rest(ruleset: RuleSet, event: MakeEvent) -> None:
    alerts = observed(ruleset, [event("bad", number) for number in range(1000)])
    assert [alert.matched.get("soc.alert.events", 1) for alert in alerts] == [1, 9, 90, 900]
    assert len(alerts[-1].event_ids) == 200


def test_the_rest_of_a_bundle_comes_when_the_stream_has_left_it_behind(ruleset: RuleSet, event: MakeEvent) -> None:
    detector = SigmaDetector(ruleset)
    detector.observe([event("bad", 0), event("bad", 10)])
    assert detector.observe([event("harmless", 3700)]) == []
    (rest,) = detector.observe([event("harmless", 7300)])
    assert rest.rule_id == BAD
    assert len(rest.event_ids) == 1
    assert rest.explanation is not None
    assert set(rest.explanation.text) == {"vi", "en"}
    assert detector.flush() == []


def test_a_correlation_that_goes_on_is_counted_not_repeated(ruleset: RuleSet, event: MakeEvent) -> None:
    alerts = observed(ruleset, [event("fail", number) for number in range(20)])
    assert len(alerts) == 3  # the window, the 10th holding, the rest
    assert {one for alert in alerts for one in alert.event_ids} == {f"e{number}" for number in range(20)}


def test_an_hour_later_the_same_match_is_a_new_alert(ruleset: RuleSet, event: MakeEvent) -> None:
    alerts = observed(ruleset, [event("bad", 0), event("bad", 3601)])
    assert len(alerts) == 2
    assert all(len(alert.event_ids) == 1 for alert in alerts)


@pytest.mark.parametrize(
    "other",
    [{"agency": "xa-mau-02"}, {"exercise": "dt-1"}, {"user__name": "canbo.02"}],
    ids=["agency", "exercise", "entity"],
)
def test_another_agency_exercise_or_entity_is_never_bundled_with_this_one(
    other: dict[str, str], ruleset: RuleSet, event: MakeEvent
) -> None:
    alerts = observed(ruleset, [event("bad"), event("bad", **other)])
    assert len(alerts) == 2
    assert len({alert.id for alert in alerts}) == 2


@pytest.mark.parametrize("other", [{"agency": "xa-mau-02"}, {"exercise": "dt-1"}], ids=["agency", "exercise"])
def test_events_of_another_agency_or_exercise_do_not_add_up(
    other: dict[str, str], ruleset: RuleSet, event: MakeEvent
) -> None:
    assert observed(ruleset, [event("fail"), event("fail"), event("fail", **other)]) == []


def test_a_count_over_all_agencies_belongs_to_the_province(ruleset: RuleSet, event: MakeEvent) -> None:
    events = [event("found", file__name="x"), event("found", 60, agency="xa-mau-02", file__name="x")]
    detector = SigmaDetector(ruleset, province="tinh-mau")
    (alert,) = detector.observe(events)
    assert (alert.rule_id, alert.agency) == (EVERYWHERE, "tinh-mau")
    assert set(alert.entities) == {"file.name"}


def test_an_event_without_any_named_entity_is_about_its_source(ruleset: RuleSet, event: MakeEvent) -> None:
    (alert,) = observed(ruleset, [event("bad", user__name="", source__ip="")])
    assert dict(alert.entities) == {"soc.source": "s1"}


def test_an_exercise_is_marked_and_left_out_of_what_ran(ruleset: RuleSet, event: MakeEvent) -> None:
    detector = SigmaDetector(ruleset)
    (alert,) = detector.observe([event("bad", exercise="dt-1")])
    assert alert.exercise == "dt-1"
    assert detector.ran() == []


def test_ran_tells_what_each_rule_saw_matched_and_could_not_see(ruleset: RuleSet, event: MakeEvent) -> None:
    detector = SigmaDetector(ruleset)
    detector.observe([event("bad"), *(event("fail", n) for n in range(4)), event("harmless")])
    runs = {run.rule_id: run for run in detector.ran()}
    assert (runs[BAD].platform, runs[BAD].seen, runs[BAD].matches, runs[BAD].blind) == ("lgsp", 6, 1, ())
    assert (runs[THREE].seen, runs[THREE].matches) == (6, 1)


def test_a_field_that_never_came_makes_a_rule_blind(ruleset: RuleSet, event: MakeEvent) -> None:
    detector = SigmaDetector(ruleset)
    one = dict(event("x").fields)
    del one["event.action"]
    detector.observe([Event(one)])
    assert {run.blind for run in detector.ran()} == {("event.action",)}
    detector.observe([event("x")])
    assert {run.blind for run in detector.ran()} == {()}


def test_a_list_where_a_dataset_should_be_stops_nothing(ruleset: RuleSet, event: MakeEvent) -> None:
    (alert,) = observed(ruleset, [event("bad", event__dataset=["a", "b"]), event("bad", user__name=["x", "y"])])[1:]
    assert alert.entities == {"user.name": "x, y"}


def test_a_snapshot_of_another_format_is_refused(ruleset: RuleSet) -> None:
    with pytest.raises(ValueError, match="snapshot"):
        SigmaDetector(ruleset).restore(b'{"format": 0}')


def test_a_bundle_of_a_rule_that_is_gone_is_left_out_after_a_restart(ruleset: RuleSet, event: MakeEvent) -> None:
    before = SigmaDetector(ruleset)
    before.observe([event("bad"), event("bad")])
    after = SigmaDetector(RuleSet.load([]))
    after.restore(before.snapshot())
    assert after.flush() == []


STREAMS = st.lists(
    st.tuples(
        st.sampled_from(["bad", "fail", "harmless"]),
        st.integers(0, 7200),
        st.sampled_from(["xa-mau-01", "xa-mau-02"]),
        st.sampled_from(["canbo.01", "canbo.02"]),
    ),
    max_size=60,
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 60), max_size=4), restart=st.booleans())
def test_batches_and_restarts_change_nothing(
    ruleset: RuleSet, stream: list[tuple[str, int, str, str]], cuts: list[int], restart: bool
) -> None:
    """Laws 1 and 4: however the stream is cut, and over a snapshot, the same alerts with the same ids."""
    events = [_event(index, *entry) for index, entry in enumerate(stream)]
    whole = observed(ruleset, events)
    detector, alerts, before = SigmaDetector(ruleset), [], 0
    for cut in [*sorted(cuts), len(events)]:
        alerts += detector.observe(events[before:cut])
        before = max(before, cut)
        if restart:
            state, detector = detector.snapshot(), SigmaDetector(ruleset)
            detector.restore(state)
    assert alerts + detector.flush() == whole


@settings(max_examples=25, deadline=None, derandomize=True)
@given(stream=STREAMS)
def test_one_agency_changes_nothing_for_another(ruleset: RuleSet, stream: list[tuple[str, int, str, str]]) -> None:
    """Law 5: the alerts of an agency are the same with and without the events of the other one between them."""
    events = [_event(index, *entry) for index, entry in enumerate(stream)]
    alone = observed(ruleset, [one for one in events if one.agency == "xa-mau-01"])
    together = [alert for alert in observed(ruleset, events) if alert.agency == "xa-mau-01"]
    assert _events_told(together) == _events_told(alone)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(stream=STREAMS)
def test_every_match_is_in_exactly_one_alert(ruleset: RuleSet, stream: list[tuple[str, int, str, str]]) -> None:
    events = [_event(index, *entry) for index, entry in enumerate(stream)]
    alerts = [alert for alert in observed(ruleset, events) if alert.rule_id == BAD]
    told = [one for alert in alerts for one in alert.event_ids]
    assert sorted(told) == sorted(one.id for one in events if one.fields["event.action"] == "bad")


def _events_told(alerts: Sequence[Alert]) -> set[tuple[str, str]]:
    return {(alert.rule_id, one) for alert in alerts for one in alert.event_ids}


def _event(index: int, action: str, after_s: int, agency: str, user: str) -> Event:
    return Event(
        {
            "@timestamp": f"2026-11-17T0{1 + after_s // 3600}:{after_s // 60 % 60:02}:{after_s % 60:02}Z",
            "event.id": f"e{index}",
            "event.action": action,
            "event.dataset": "kong.access",
            "soc.platform": "lgsp",
            "soc.agency": agency,
            "soc.source": "s1",
            "source.ip": "192.0.2.9",
            "user.name": user,
        }
    )
