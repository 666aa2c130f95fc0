"""What is missing is what a count over all events says, also over restarts and in any batches; holidays and changes are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.absences.detector import AbsenceDetector
from detectors.absences.missing import NoMaintenance
from detectors.absences.spec import Dues, load_absences
from detectors.alert import Alert
from detectors.baselines.season import plain_week
from soc.core.clock import iso
from soc.core.event import Event
from soc.core.i18n import Lang

START = datetime(2026, 11, 1, 17, tzinfo=UTC)  # Monday 2 November, midnight local time
HEAD = """title: T
id: 00000000-0000-4000-8000-000000000{number}
name: {name}
logsource: {{service: {name}}}
detection: {{s: {{host.name|exists: true}}, condition: s}}
level: low
"""
DAILY = (
    HEAD.format(number=301, name="batch")
    + 'absence: {by: "03:00", since: "20:00", grace: 30m, days: every, learning: 1}\n'
)
SILENT = (
    HEAD.format(number=302, name="spoke")
    + "absence: {after: stopped, within: 30m, settle: 5m, alive: traffic, per: [host.name]}\n---\n"
    + HEAD.format(number=303, name="stopped")
    + "---\n"
    + HEAD.format(number=304, name="traffic")
)


def loaded(folder: Path, text: str) -> Dues:
    (folder / "due.yaml").write_text(text)
    found = load_absences([folder])
    assert found.refusals == ()
    return found


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Dues:
    return loaded(tmp_path_factory.mktemp("daily"), DAILY)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Dues:
    return loaded(tmp_path_factory.mktemp("silent"), SILENT)


def event(number: int, moment: datetime, dataset: str, host: str = "h") -> Event:
    marks = {"soc.platform": "p", "soc.agency": "a", "soc.source": "s", "event.dataset": dataset, "host.name": host}
    return Event({"@timestamp": iso(moment), "event.id": f"e{number}", **marks})


def run(
    dues: Dues, events: Sequence[Event], until: datetime, size: int, days: Callable[[date], object] = plain_week
) -> list[Alert]:
    """The alerts of the events in batches, with a restart after each, and of the quiet until the end."""
    alerts: list[Alert] = []
    state: bytes | None = None
    for start in range(0, len(events) + 1, size):
        detector = AbsenceDetector(dues, days, NoMaintenance())  # type: ignore[arg-type]
        if state is not None:
            detector.restore(state)
        alerts += detector.observe(events[start : start + size])
        state = detector.snapshot()
    return alerts + detector.tick(until - max(one.timestamp for one in events))


HOURS = st.sets(st.integers(0, 24 * 6), min_size=1, max_size=8)


@given(HOURS, st.integers(1, 50))
def test_a_night_without_its_batch_is_told_once(daily: Dues, hours: set[int], size: int) -> None:
    """Another source speaks every hour, so that the stream has no hole."""
    others = [(hour, "other") for hour in range(24 * 7)]
    made = sorted([*others, *((hour, "batch") for hour in hours)])
    events = [event(n, START + timedelta(hours=hour), dataset) for n, (hour, dataset) in enumerate(made)]
    nights = {(hour + 4) // 24 for hour in hours if (hour + 4) % 24 < 7.5}
    expected = [night for night in range(7) if nights and night > min(nights) and night not in nights]
    alerts = run(daily, events, START + timedelta(days=7, hours=-1), size)
    assert [(alert.last - START).days for alert in alerts] == expected
    assert all(alert.entities == {"soc.source": "s"} for alert in alerts)


SAID = st.lists(
    st.tuples(st.integers(0, 180), st.sampled_from(["spoke", "stopped", "traffic"]), st.sampled_from(["h", "k"])),
    max_size=25,
)


@given(SAID, st.integers(1, 26))
def test_silence_is_told_of_who_stopped_said_nothing_and_still_works(
    silent: Dues, said: list[tuple[int, str, str]], size: int
) -> None:
    said = sorted({(minute, host): (minute, kind, host) for minute, kind, host in said}.values())
    said.append((400, "other", "h"))
    events = [event(n, START + timedelta(minutes=minute), kind, host) for n, (minute, kind, host) in enumerate(said)]
    assert told(run(silent, events, START + timedelta(minutes=500), size)) == sorted(silences(said))


def told(alerts: Sequence[Alert]) -> list[tuple[int, str]]:
    return sorted((int((alert.first - START).total_seconds()) // 60, alert.entities["host.name"]) for alert in alerts)


def silences(said: Sequence[tuple[int, str, str]]) -> list[tuple[int, str]]:
    """By looking at every stop on its own: one that comes while another is waited for belongs to that one."""
    found: list[tuple[int, str]] = []
    for host in ("h", "k"):
        mine = [(minute, kind) for minute, kind, one in said if one == host]
        free = -1
        for minute, kind in mine:
            if kind != "stopped" or minute <= free:
                continue
            later = [(m, k) for m, k in mine if minute + 5 < m <= minute + 30]
            answers = [m for m, k in later if k == "spoke"]
            free = answers[0] - 1 if answers else minute + 30
            if not answers and any(k == "traffic" for _, k in later):
                found.append((minute, host))
    return found


def test_a_hole_in_the_stream_is_no_absence(daily: Dues) -> None:
    """Who was not listening knows of no night."""
    events = [event(1, START + timedelta(hours=1), "batch"), event(2, START + timedelta(days=3, hours=9), "other")]
    detector = AbsenceDetector(daily, plain_week, NoMaintenance())
    assert detector.observe(events) == []


def test_a_holiday_owes_nothing_when_it_never_came_on_one(tmp_path: Path) -> None:
    dues = loaded(tmp_path, DAILY.replace("every", "usual"))
    events = [event(1, START + timedelta(hours=1), "batch")]
    holiday = date(2026, 11, 3)
    days = run(dues, events, START + timedelta(days=3), 1, lambda day: "holiday" if day == holiday else plain_week(day))
    assert [alert.last.day for alert in days] == [4]


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("absence: {days: every}", "either by or after"),
        ("absence: {after: nobody, within: 1h, per: [a]}", "names the rule nobody"),
        ("absence: {after: due, per: [a]}", "belong together"),
        ('absence: {by: "03:00", fields: {x: [a]}}', "as many fields as per"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(tmp_path: Path, section: str, reason: str) -> None:
    (tmp_path / "due.yaml").write_text(HEAD.format(number=301, name="due") + section + "\n")
    found = load_absences([tmp_path])
    assert found.dues == {}
    assert reason in found.refusals[0].render(Lang.EN)
