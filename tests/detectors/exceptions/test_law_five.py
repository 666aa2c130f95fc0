"""Law 5: what is hidden or bundled is counted, one host never mutes another, nor one agency another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alert import Alert
from detectors.bundling import MAX_EVENT_IDS, Bundler, Occurrence, Subject
from detectors.detector import SigmaDetector
from detectors.exceptions import Hidden, RuleException
from detectors.sigma import RuleSet
from soc.core.clock import Window
from soc.core.event import Event
from soc.core.i18n import Lang

from .conftest import START, MakeEvent, make_event, make_exception

HOSTS, AGENCIES = ["web-01", "web-02", "db-01"], ["xa-mau-01", "xa-mau-02"]
STREAMS = st.lists(
    st.builds(
        lambda action, host, agency, after: (action, host, agency, after),
        st.sampled_from(["bad", "slow", "fail", "harmless"]),
        st.sampled_from(HOSTS),
        st.sampled_from(AGENCIES),
        st.integers(0, 6 * 3600),
    ),
    max_size=80,
).map(lambda rows: [make_event(f"e{index}", *row) for index, row in enumerate(rows)])
PERIODS = st.integers(0, 5 * 3600).map(
    lambda begin: Window(START + timedelta(seconds=begin), START + timedelta(seconds=begin + 3600))
)
EXCEPTIONS = st.lists(
    st.tuples(
        st.sampled_from(["bad", "slow", "failed", "three_failures", "any"]),
        st.sampled_from(HOSTS),
        st.sampled_from([None, frozenset(AGENCIES[:1]), frozenset(AGENCIES[1:])]),
        st.lists(PERIODS, min_size=1, max_size=2),
    ),
    max_size=3,
).map(
    lambda rows: [
        make_exception(f"NL-{number}", rules, "host.name", host, agencies, tuple(periods))
        for number, (rules, host, agencies, periods) in enumerate(rows)
    ]
)
CUTS = st.lists(st.integers(0, 80), max_size=4)


def run(
    ruleset: RuleSet, events: Sequence[Event], exceptions: Sequence[RuleException], cuts: Sequence[int] = ()
) -> tuple[list[Alert], list[Hidden]]:
    """Alerts and hidden matches of a stream that is cut into batches, with a restart after each."""
    detector, alerts, hidden, before = SigmaDetector(ruleset, exceptions=exceptions), [], [], 0
    for number, cut in enumerate([*sorted(cuts), len(events)]):
        alerts += detector.observe(events[before:cut])
        before = max(before, cut)
        if number % 2:
            hidden += detector.take_hidden()
        state, detector = detector.snapshot(), SigmaDetector(ruleset, exceptions=exceptions)
        detector.restore(state)
    return alerts + detector.flush(), hidden + detector.take_hidden()


def counts(alerts: Sequence[Alert], rule_id: str) -> int:
    return sum(int(str(one.matched.get("soc.alert.events", 1))) for one in alerts if one.rule_id == rule_id)


@given(events=STREAMS, exceptions=EXCEPTIONS, cuts=CUTS)
def test_alerts_and_hidden_matches_together_are_all_that_matched(
    ruleset: RuleSet, events: list[Event], exceptions: list[RuleException], cuts: list[int]
) -> None:
    alerts, hidden = run(ruleset, events, exceptions, cuts)
    wanted = Counter(event.fields["event.action"] for event in events)
    for rule, action in zip(ruleset.rules[:2], ("bad", "slow"), strict=True):
        taken_away = sum(one.count for one in hidden if one.rule_id == rule.id)
        assert counts(alerts, rule.id) + taken_away == wanted[action]


@given(events=STREAMS, exceptions=EXCEPTIONS, cuts=CUTS)
def test_batches_and_restarts_hide_and_count_the_same(
    ruleset: RuleSet, events: list[Event], exceptions: list[RuleException], cuts: list[int]
) -> None:
    alerts, hidden = run(ruleset, events, exceptions, cuts)
    whole_alerts, whole_hidden = run(ruleset, events, exceptions)
    assert alerts == whole_alerts
    assert totals(hidden) == totals(whole_hidden)


@given(events=STREAMS, exceptions=EXCEPTIONS)
def test_what_is_hidden_is_what_the_exception_names_for_its_agency_in_its_time(
    ruleset: RuleSet, events: list[Event], exceptions: list[RuleException]
) -> None:
    """Told by the plain meaning of each exception, event by event."""
    _, hidden = run(ruleset, events, exceptions)
    for rule, action in zip(ruleset.rules[:2], ("bad", "slow"), strict=True):
        expected = sum(
            any(
                one.filter.concerns(rule)
                and one.covers(event.agency, event.timestamp)
                and one.filter.hides(event.fields)
                for one in exceptions
            )
            for event in events
            if event.fields["event.action"] == action
        )
        assert sum(one.count for one in hidden if one.rule_id == rule.id) == expected


@given(events=STREAMS, exceptions=EXCEPTIONS, mine=st.sampled_from(HOSTS))
def test_one_host_never_mutes_another(
    ruleset: RuleSet, events: list[Event], exceptions: list[RuleException], mine: str
) -> None:
    """Whatever other hosts did, and whatever was hidden of them, this one's events are told or counted just the same."""

    def of_mine(alerts: Sequence[Alert], hidden: Sequence[Hidden]) -> tuple[set[tuple[str, str]], int]:
        own = [event.id for event in events if event.fields["host.name"] == mine]
        told = {(alert.rule_id, one) for alert in alerts for one in alert.event_ids if one in own}
        return told, sum(one.count for one in hidden if set(one.event_ids) <= set(own))

    every_host = [one for one in exceptions if one.filter.filter.rules]  # "any" is about each host by its own filter
    together = of_mine(*run(ruleset, events, every_host))
    alone = of_mine(*run(ruleset, [one for one in events if one.fields["host.name"] == mine], every_host))
    assert drop_province(ruleset, together[0]) == drop_province(ruleset, alone[0])


def drop_province(ruleset: RuleSet, told: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without the count over all agencies, which is about the province and not about a host."""
    return {pair for pair in told if pair[0] != ruleset.correlations[1].id}


@given(events=STREAMS, exceptions=EXCEPTIONS)
def test_an_exception_for_one_agency_changes_nothing_for_the_other(
    ruleset: RuleSet, events: list[Event], exceptions: list[RuleException]
) -> None:
    first = [one for one in exceptions if one.agencies == frozenset(AGENCIES[:1])]
    with_them, hidden = run(ruleset, events, first)
    without, _ = run(ruleset, events, [])
    other = [alert for alert in with_them if alert.agency == AGENCIES[1]]
    assert other == [alert for alert in without if alert.agency == AGENCIES[1]]
    assert {one.agency for one in hidden} <= {AGENCIES[0]}


def totals(hidden: Sequence[Hidden]) -> dict[tuple[object, ...], Hidden]:
    found: dict[tuple[object, ...], Hidden] = {}
    for one in hidden:
        found[one.key] = found[one.key] + one if one.key in found else one
    return found


def test_a_rule_sets_how_long_it_bundles(ruleset: RuleSet, event: MakeEvent) -> None:
    """Two hours later the one with the usual hour is told anew, the one with four hours is not."""
    detector = SigmaDetector(ruleset)
    alerts = detector.observe([event(action, after_s=after) for after in (0, 7200) for action in ("bad", "slow")])
    names = {rule.id: rule.name for rule in ruleset.rules}
    assert Counter(names[alert.rule_id] for alert in alerts) == {"bad": 2, "slow": 1}
    (held,) = detector.held()
    assert (names[held.subject.rule_id], held.total, held.count) == ("slow", 2, 1)
    assert held.first == held.last == START + timedelta(hours=2)


@pytest.mark.parametrize("span", ["0h", "8d", "4", "1w", "-1h", "[1h]", "4 h"])
def test_a_period_that_is_none_is_refused_with_its_line(tmp_path: Path, span: str) -> None:
    rule = "title: A\nlogsource: {product: lgsp}\ndetection: {s: {a: b}, condition: s}\nvonggac:\n  suppress: "
    (tmp_path / "rule.yml").write_text(rule + span)
    (fault,) = RuleSet.load([tmp_path / "rule.yml"]).refusals
    assert fault.where.endswith("rule.yml:5:3")
    assert "such as 4h" in fault.render(Lang.EN)


def test_an_alert_of_many_keeps_the_first_and_the_last_event_ids(ruleset: RuleSet, event: MakeEvent) -> None:
    events = [event("bad", after_s=number) for number in range(1000)]
    last = SigmaDetector(ruleset).observe(events)[-1]
    ids = [one.id for one in events[100:]]
    half = MAX_EVENT_IDS // 2
    assert list(last.event_ids) == ids[:half] + ids[-half:]
    assert last.matched["soc.alert.events"] == 900


def test_a_bundle_without_agency_or_entity_cannot_exist() -> None:
    """Its key would be that of everybody."""
    for agency, entities in (("", (("host.name", "web-01"),)), ("xa-mau-01", ())):
        with pytest.raises(ValueError, match="mute"):
            Subject("rule", agency, None, "lgsp", entities)


@pytest.mark.parametrize(
    ("silence", "closed"), [(timedelta(minutes=119), 0), (timedelta(minutes=121), 1), (timedelta(days=2), 1)]
)
def test_a_silent_stream_lets_its_bundles_go_when_their_time_has_passed(
    ruleset: RuleSet, event: MakeEvent, silence: timedelta, closed: int
) -> None:
    """An hour of bundling and an hour for late events after the first of them; also after a restart."""
    before = SigmaDetector(ruleset)
    before.observe([event("bad"), event("bad", after_s=1)])
    detector = SigmaDetector(ruleset)
    detector.restore(before.snapshot())
    assert len(detector.tick(silence)) == closed
    assert len(detector.held()) == 1 - closed
    assert detector.tick(silence) == []


def test_a_detector_that_saw_nothing_ticks_for_nothing(ruleset: RuleSet) -> None:
    assert SigmaDetector(ruleset).tick(timedelta(days=9)) == []


def test_a_snapshot_from_before_exceptions_is_taken_over(ruleset: RuleSet, event: MakeEvent) -> None:
    before = SigmaDetector(ruleset)
    before.observe([event("bad"), event("bad")])
    state = orjson.loads(before.snapshot())
    del state["hidden"], state["latest"]
    after = SigmaDetector(ruleset)
    after.restore(orjson.dumps(state))
    assert (len(after.flush()), after.take_hidden()) == (1, [])


MOMENTS = st.integers(0, 7200).map(lambda after: START + timedelta(seconds=after))


@given(
    rows=st.lists(st.tuples(st.sampled_from(HOSTS), MOMENTS), max_size=60),
    limit=st.integers(1, 3),
    span=st.integers(1, 9),
)
def test_a_bundler_that_is_full_still_counts_every_match(
    rows: list[tuple[str, datetime]], limit: int, span: int
) -> None:
    """The oldest bundle is told and forgotten, not dropped."""
    bundler = Bundler(limit)
    told: list[int] = []
    for number, (host, moment) in enumerate(rows):
        subject = Subject("rule", "xa-mau-01", None, "lgsp", (("host.name", host),))
        told += [
            one.count
            for one in bundler.add(subject, Occurrence(f"e{number}", moment, {}), timedelta(minutes=span * 10))
        ]
    waiting = sum(one.count for one in bundler.open())
    assert sum(told) + waiting == len(rows)
    assert waiting == sum(one.count for one in bundler.close_all())
