"""What the baselines tell is what a count over all events before would tell; and a batch that is repeated changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.enrich.baselines import Baselines, BytesRatio, NewSource, SignHourly, default_baselines, distance_km
from collectors.enrich.memory import Memory
from collectors.enrich.networks import network_of
from soc.core.clock import iso
from soc.core.event import Event, Value

START = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN = datetime(2026, 3, 1, tzinfo=UTC)


def event(number: int, moment: datetime, **fields: Value) -> Event:
    marks = {"soc.platform": "p", "soc.agency": "a", "soc.source": "s"}
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return Event({"@timestamp": iso(moment), "event.id": f"e{number}", **marks, **named})


def told(events: Sequence[Event], field: str, baselines: Baselines | None = None, size: int = 7) -> list[Value | None]:
    """The field of every event, taken in batches that are committed."""
    baselines = baselines or default_baselines()
    found: list[Value | None] = []
    for start in range(0, len(events), size):
        batch = events[start : start + size]
        found += [one.fields.get(field) for one in baselines.enrich(batch, {one.id for one in batch})]
        baselines.commit()
    return found


VISITS = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["192.0.2.1", "192.0.2.200", "198.51.100.7"]),
        st.sampled_from(["success", "failure"]),
    ),
    max_size=60,
)


@given(VISITS)
def test_a_new_source_is_what_nobody_saw_for_thirty_days(visits: list[tuple[int, str, str, str]]) -> None:
    """In any order of arrival, whatever the batches."""
    events = [
        event(n, START + timedelta(days=day), user__name=user, source__ip=ip, event__outcome=outcome)
        for n, (day, user, ip, outcome) in enumerate(visits)
    ]
    expected: list[bool | None] = []
    for place, (day, user, ip, _) in enumerate(visits):
        before = [visit for visit in visits[:place] if visit[3] == "success"]
        days = [d for d, u, i, _ in before if u == user and network_of(i) == network_of(ip)]
        heard = [d for d, *_ in before]
        if days:
            expected.append(day - max(days) > 30)
        else:
            own = {d for d, u, *_ in before if u == user and day - 30 <= d < day}
            expected.append(True if len(own) >= 3 or (heard and day - min(heard) >= 30) else None)
    assert told(events, "soc.baseline.new_source") == expected


@given(st.lists(st.tuples(st.integers(0, 80), st.sampled_from(["/a", "/b"]), st.integers(0, 10_000)), max_size=80))
def test_a_ratio_is_against_the_median_of_the_minutes_before(answers: list[tuple[int, str, int]]) -> None:
    events = [
        event(n, START + timedelta(minutes=minute), url__path=path, http__response__body__bytes=size)
        for n, (minute, path, size) in enumerate(answers)
    ]
    expected: list[float | None] = []
    for place, (_, path, size) in enumerate(answers):
        newest, sizes = -1, []
        for minute, other, length in answers[:place]:
            if other == path and minute > newest:
                newest = minute
                sizes.append(length)
        expected.append(round(size / max(median(sizes[-31:]), 1), 2) if len(sizes) >= 10 else None)
    assert told(events, "soc.baseline.bytes_ratio") == expected


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["a", "b"])), max_size=120))
def test_signatures_are_counted_by_the_hours_in_which_somebody_signed(signed: list[tuple[int, str]]) -> None:
    """With the events in order; what comes late moves nothing back."""
    signed = sorted(signed)
    events = [
        event(n, START + timedelta(hours=hour), user__name=user, event__action="sign", event__outcome="success")
        for n, (hour, user) in enumerate(signed)
    ]
    expected: list[float | None] = []
    for hour, user in signed:
        hours = sorted({h for h, u in signed if u == user and h < hour})[-31:]
        counts = [signed.count((h, user)) for h in hours]
        expected.append(float(median(counts)) if len(counts) >= 8 else None)
    assert told(events, "soc.baseline.sign_hourly") == expected


@given(VISITS, st.integers(1, 9))
def test_a_repeated_batch_is_told_the_same(visits: list[tuple[int, str, str, str]], size: int) -> None:
    """What was staged for a batch that failed is gone when it comes again."""
    events = [
        event(n, START + timedelta(days=day), user__name=user, source__ip=ip, event__outcome=outcome)
        for n, (day, user, ip, outcome) in enumerate(visits)
    ]
    baselines = default_baselines()
    for start in range(0, len(events), size):
        batch = events[start : start + size]
        new = {one.id for one in batch}
        assert baselines.enrich(batch, new) == baselines.enrich(batch, new)
        baselines.commit()


def test_what_the_store_holds_already_teaches_nothing() -> None:
    """Nor does the second copy within a batch."""
    baselines = default_baselines()
    signature = event(1, START, user__name="a", event__action="sign")
    assert baselines.enrich([signature, signature], {signature.id}) == [signature, signature]
    baselines.commit()
    signers = next(memory for memory in baselines.memories if memory.name == "sign_hourly")
    assert baselines.enrich([signature], set()) == [signature]
    assert signers.changes().put == []


def test_an_exercise_is_measured_and_teaches_nothing() -> None:
    visit = {"user__name": "a", "source__ip": "192.0.2.1"}
    events = [
        event(0, START, user__name="b", source__ip="192.0.2.1"),
        event(1, KNOWN, soc__exercise="x", **visit),
        event(2, KNOWN, **visit),
        event(3, KNOWN, **visit),
    ]
    assert told(events, "soc.baseline.new_source") == [None, True, True, False]


def test_the_memory_is_bounded_and_says_what_it_forgot() -> None:
    """Where a pair of the last thirty days may be forgotten, an unseen pair is unknown, not new."""
    source = NewSource(bound=5)
    baselines = Baselines([source])
    visits = [event(n, START + timedelta(days=n), user__name=f"u{n}", source__ip="192.0.2.1") for n in range(40)]
    values = told(visits, "soc.baseline.new_source", baselines, size=4)
    pairs = source.memories[0]
    assert (len(pairs), pairs.evicted, pairs.horizon) == (5, 35, START.timestamp() // 86_400 + 34)
    assert values == [None] * 40
    late = event(99, START + timedelta(days=80), user__name="later", source__ip="192.0.2.1")
    assert told([late], "soc.baseline.new_source", baselines) == [True]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=80), st.integers(1, 6))
def test_a_memory_taken_up_from_its_changes_is_the_same(puts: list[tuple[int, int]], bound: int) -> None:
    """What is written down at each commit is enough to go on from."""
    memory, rows = Memory("m", bound), dict[str, object]()
    for key, value in puts:
        memory.put(f"k{key}", [value])
        changes = memory.changes()
        for dropped in [*changes.dropped, *(name for name, _ in changes.put)]:
            rows.pop(dropped, None)
        rows.update(changes.put)
        memory.commit()
        other = Memory("m", bound)
        other.load(rows.items())  # type: ignore[arg-type]
        assert (len(other), other.evicted, other.horizon) == (len(memory), memory.evicted, memory.horizon)
        assert len(memory) <= bound
        assert [other.get(f"k{n}") for n in range(31)] == [memory.get(f"k{n}") for n in range(31)]


def test_a_payment_notice_is_held_against_the_payment() -> None:
    def payment(number: int, action: str, amount: Value, hours: int = 0) -> Event:
        return event(
            number,
            START + timedelta(hours=hours),
            event__action=action,
            soc__payment__txn="t1",
            soc__payment__amount=amount,
        )

    events = [
        payment(0, "IPN", 5),
        payment(1, "CREATE", 50_000),
        payment(2, "IPN", "50000"),
        payment(3, "IPN", 5),
        payment(4, "IPN", 5, 30),
    ]
    assert told(events, "soc.payment.amount_mismatch") == [None, None, False, True, None]


def test_the_jump_of_a_vehicle_is_the_speed_it_would_need() -> None:
    """Two positions thirty seconds apart; the same place is no movement, and a late position says nothing."""

    def position(number: int, second: int, lat: Value, lon: Value) -> Event:
        place = {"observer__geo__location__lat": lat, "observer__geo__location__lon": lon}
        return event(number, START + timedelta(seconds=second), device__id="bus", **place)

    events = [
        position(0, 0, 10.957, 106.842),
        position(1, 30, 10.957, 106.8421),
        position(2, 60, 11.54, "106.9"),
        position(3, 50, 1, 1),
    ]
    values = told(events, "soc.vehicle.jump_kmh")
    assert (values[0], values[1], values[3]) == (None, 0.0, None)
    assert values[2] == pytest.approx(distance_km(10.957, 106.8421, 11.54, 106.9) * 120, abs=0.1)


@pytest.mark.parametrize("value", ["x", float("nan"), True, ["a"], ""])
def test_odd_values_are_passed_over(value: Value) -> None:
    odd = event(
        0,
        START,
        user__name=["a", "b"],
        source__ip=value,
        url__path=value,
        http__response__body__bytes=value,
        device__id=value,
        observer__geo__location__lat=value,
        observer__geo__location__lon=value,
        event__action="CREATE",
        soc__payment__txn=value,
        soc__payment__amount=value,
    )
    assert told([odd, odd], "soc.vehicle.jump_kmh")[0] is None


def test_every_memory_has_a_name_of_its_own() -> None:
    names = [memory.name for memory in default_baselines().memories]
    assert len(set(names)) == len(names)
    assert all(memory.bound <= 150_000 for memory in default_baselines().memories)
    assert {BytesRatio, SignHourly} <= {type(one) for one in default_baselines().baselines}


def test_an_account_with_three_days_behind_it_is_missed_elsewhere_at_once() -> None:
    """Nobody waits a month for that; a stranger's first days tell nothing."""
    days = [event(n, START + timedelta(days=n), user__name="a", source__ip="192.0.2.1") for n in range(3)]
    abroad = event(9, START + timedelta(days=3), user__name="a", source__ip="203.0.113.1")
    assert told([*days, abroad], "soc.baseline.new_source")[-1] is True
    assert told([*days[:2], abroad], "soc.baseline.new_source")[-1] is None


READINGS = st.lists(st.tuples(st.sampled_from([7.1, 7.2]), st.sampled_from(["00", "01"])), max_size=40)


@given(READINGS)
def test_equal_readings_are_counted_while_the_station_measures(readings: list[tuple[float, str]]) -> None:
    events = [
        event(
            n,
            START + timedelta(minutes=5 * n),
            soc__station__id="t",
            soc__station__parameter="pH",
            soc__station__value=value,
        )
        for n, (value, _) in enumerate(readings)
    ]
    events = [
        Event({**one.fields, "soc.station.status": status}) for one, (_, status) in zip(events, readings, strict=True)
    ]
    expected: list[int | None] = []
    for place, (value, status) in enumerate(readings):
        run = 0
        while run <= place and readings[place - run] == (value, "00"):
            run += 1
        expected.append(run if status == "00" else None)
    assert told(events, "soc.station.unchanged") == expected


def test_the_signatures_of_the_hour_are_measured_against_the_usual_hour() -> None:
    hours = [event(n, START + timedelta(hours=n), user__name="a", event__action="sign") for n in range(10)]
    burst = [
        event(20 + n, START + timedelta(hours=10, minutes=n), user__name="a", event__action="sign") for n in range(6)
    ]
    assert told([*hours, *burst], "soc.baseline.sign_ratio")[-1] == 6.0
