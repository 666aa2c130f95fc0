"""Rates and rarities: scores add up, seasons are compared with their like, and memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.calendar import vietnam
from detectors.alert import Alert
from detectors.baselines.score import Norm, least_count, norm_of, rarity_score, rate_score
from detectors.baselines.season import Seasons, plain_week, slot_of
from detectors.baselines.spec import Baseline
from detectors.profiles import ProfileDetector
from detectors.selectors import Definitions
from soc.core.event import Event

MakeEvent = Callable[..., Event]
DAY = 24
HOURLY = Baseline(kind="rate", slot="1h", history="28d", learning="7d", minimum=5, threshold=4)


def opened(event: MakeEvent, day: int, hour: int, count: int, **more: object) -> list[Event]:
    return [
        event("document_management", day * DAY + hour + n / 1000, event__action="XEM", **more) for n in range(count)
    ]


def weeks(event: MakeEvent, days: int, **more: object) -> list[Event]:
    """Eight documents at 08:00 and three at 14:00 on each working day; 2026-09-01 is a Tuesday."""
    working = [day for day in range(days) if (day + 1) % 7 not in (5, 6)]
    return [e for day in working for hour, n in ((0, 8), (6, 3)) for e in opened(event, day, hour, n, **more)]


def test_an_hour_far_above_its_like_is_told_when_it_crosses(definitions: Definitions, event: MakeEvent) -> None:
    detector = ProfileDetector(definitions, plain_week)
    assert not detector.observe(weeks(event, 21))
    burst = opened(event, 21, 0, 40)
    first, *_ = detector.observe(burst)
    assert (first.detector, first.entities["user.name"]) == ("baseline", "canbo.01")
    assert first.matched["soc.baseline.expected"] == 8
    assert first.event_ids[-1] == burst[int(first.matched["soc.baseline.observed"]) - 1].id  # type: ignore[call-overload]
    assert first.first == burst[0].timestamp
    assert first.explanation is not None
    story, rule = first.explanation.children
    assert "usually 8 ± 2.8 (by 14 slots on working days)" in story.text["en"]
    assert rule.kind == "test"


def test_the_parts_in_the_explanation_add_up_to_the_score(definitions: Definitions, event: MakeEvent) -> None:
    detector = ProfileDetector(definitions, plain_week)
    (first, *_) = detector.observe(weeks(event, 21) + opened(event, 21, 6, 40))
    parts = {name: v for name, v in first.matched.items() if name.startswith("soc.baseline.part.")}
    assert set(parts) == {f"soc.baseline.part.{name}" for name in ("observed", "level", "season", "minimum")}
    assert round(1000 * sum(parts.values())) == round(1000 * first.matched["soc.baseline.score"])  # type: ignore[arg-type, operator]
    assert first.explanation is not None
    (score,) = first.explanation.children[0].children
    assert len(score.children) == 4


def test_the_usual_rush_of_the_morning_is_nothing_to_tell(definitions: Definitions, event: MakeEvent) -> None:
    assert not ProfileDetector(definitions, plain_week).observe(weeks(event, 40))


def test_a_busy_weekend_is_compared_with_weekends(definitions: Definitions, event: MakeEvent) -> None:
    detector = ProfileDetector(definitions, plain_week)
    detector.observe(weeks(event, 25))
    alerts = detector.observe(opened(event, 25, 0, 30))  # Saturday 2026-09-26
    assert alerts[0].matched["soc.baseline.expected"] == 0
    assert alerts[0].explanation is not None
    assert "on weekends" in alerts[0].explanation.children[0].text["en"]


def test_an_exercise_is_judged_by_the_real_norm_and_counted_apart(definitions: Definitions, event: MakeEvent) -> None:
    detector = ProfileDetector(definitions, plain_week)
    detector.observe(weeks(event, 21))
    first_drill = opened(event, 21, 0, 1, exercise="DT-1") + opened(event, 21, 6, 30, exercise="DT-1")
    drill = detector.observe(first_drill)
    assert {alert.exercise for alert in drill} == {"DT-1"}
    assert not detector.observe(opened(event, 21, 6, 5))


def test_one_user_never_hides_another_and_no_agency_another(definitions: Definitions, event: MakeEvent) -> None:
    users = [("canbo.01", "xa-mau-01"), ("canbo.02", "xa-mau-01"), ("canbo.01", "xa-mau-02")]
    detector, alerts = ProfileDetector(definitions, plain_week), []
    for user, agency in users:
        detector.observe(weeks(event, 21, user__name=user, agency=agency))
    for user, agency in users:
        alerts += detector.observe(opened(event, 21, 0, 60, user__name=user, agency=agency))
    told = {(alert.entities["user.name"], alert.agency) for alert in alerts}
    assert told == set(users)


def rare_acts(event: MakeEvent) -> list[Event]:
    days = [(day, n) for day in range(5) for n in range(40)]
    usual = [event("one_stop", d * DAY + n / 10, event__action="TIEP_NHAN", event__outcome="success") for d, n in days]
    return [*usual, event("one_stop", 5 * DAY, event__action="XUAT_EXCEL", event__outcome="success")]


def test_a_rare_act_is_told_with_its_bits(definitions: Definitions, event: MakeEvent) -> None:
    (alert,) = ProfileDetector(definitions, plain_week).observe(rare_acts(event))
    assert alert.entities["event.action"] == "XUAT_EXCEL"
    assert alert.matched["soc.baseline.score"] == pytest.approx(7.651)
    assert alert.explanation is not None
    assert "is rare, 0 times in 200 events of the last 28 days" in alert.explanation.children[0].text["en"]


@given(st.lists(st.integers(0, 23), max_size=4))
def test_neither_batches_nor_restarts_change_a_baseline(definitions: Definitions, cuts: list[int]) -> None:
    events = _story()

    def told(places: list[int]) -> list[Alert]:
        detector, alerts, before = ProfileDetector(definitions, plain_week), [], 0
        for cut in (*places, len(events)):
            alerts += detector.observe(events[before:cut])
            before = max(before, cut)
            state, detector = detector.snapshot(), ProfileDetector(definitions, plain_week)
            detector.restore(state)
        return alerts + detector.flush()

    assert told(sorted(cut * len(events) // 24 for cut in cuts)) == told([])


def _story() -> list[Event]:
    events = []
    for hour in range(16 * DAY):
        for n in range(40 if hour == 15 * DAY + 2 else 2 if hour % DAY in (2, 3) else 0):
            moment = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=hour, seconds=n)
            fields = {"@timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "event.id": f"{hour}-{n}", "event.action": "XEM"}
            marks = {"soc.platform": "document_management", "soc.agency": "a", "soc.source": "s", "event.dataset": "x"}
            events.append(Event(fields | marks | {"user.name": "u"}))
    return events


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 5000), min_size=1, max_size=28),
    st.floats(0, 500),
    st.integers(1, 500),
)
def test_a_score_is_the_excess_over_the_norm_in_spreads(
    observed: int, past: list[int], level: float, least: int
) -> None:
    norm = norm_of(past, level, "all")
    score = rate_score(observed, norm, least)
    assert score.value == pytest.approx((observed - max(norm.expected, least)) / norm.spread, abs=0.003)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=28), st.integers(1, 500), st.floats(1, 20))
def test_the_least_count_is_the_first_that_is_told(past: list[int], minimum: int, threshold: float) -> None:
    norm = norm_of(past, 1.0, "all")
    least = least_count(norm, minimum, threshold)
    assert rate_score(least, norm, minimum).value >= threshold
    assert least == minimum or rate_score(least - 1, norm, minimum).value < threshold


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_rarer_scores_higher(seen: int, more: int) -> None:
    total = seen + more
    assert rarity_score(seen, total).value >= 0
    assert rarity_score(seen, total).value >= rarity_score(seen + 1, total + 1).value - 0.002


def brute_norm(counts: dict[int, int], first: int, slot: int) -> Norm | None:
    days = [slot - 24 * n for n in range(1, 29) if slot - 24 * n > first]
    kind = {s: plain_week(date(1970, 1, 1) + timedelta(days=s // 24)) for s in (*days, slot)}
    for name, group in (
        (kind[slot], [s for s in days if kind[s] == kind[slot]]),
        *([("rest", [s for s in days if kind[s] != "weekday"])] if kind[slot] != "weekday" else []),
        ("all", days),
    ):
        if len(group) >= 4:
            all_slots = range(max(first + 1, slot - 28 * 24), slot)
            return norm_of(
                [counts.get(s, 0) for s in group], sum(counts.get(s, 0) for s in all_slots) / len(all_slots), name
            )
    return None


@given(st.dictionaries(st.integers(0, 900), st.integers(1, 50), max_size=60), st.integers(0, 300), st.integers(1, 900))
def test_the_norm_agrees_with_a_count_of_every_slot(counts: dict[int, int], first: int, after: int) -> None:
    base = 20_000 * 24
    slots = {base + slot: count for slot, count in counts.items()}
    found = Seasons(plain_week).norm(slots, base + first, base + first + after, HOURLY)
    assert found == brute_norm(slots, base + first, base + first + after)


def test_slots_follow_the_local_day() -> None:
    late = datetime(2026, 9, 1, 16, 59, tzinfo=UTC)
    assert slot_of(late, timedelta(days=1)) + 1 == slot_of(late + timedelta(minutes=1), timedelta(days=1))


@pytest.mark.parametrize(
    ("day", "kind"),
    [("2026-09-01", "holiday"), ("2026-08-22", "weekday"), ("2026-09-05", "weekend"), ("2026-09-03", "weekday")],
)
def test_the_calendar_knows_holidays_and_days_made_up(day: str, kind: str) -> None:
    assert vietnam().kind_of(date.fromisoformat(day)) == kind
