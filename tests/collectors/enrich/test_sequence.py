"""Numbers of records: a gap is told where numbers are missing, also over a restart, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.enrich.baselines import Baselines
from collectors.enrich.sequence import SequenceGap
from soc.core.clock import iso
from soc.core.event import Event, Fields

START = datetime(2026, 11, 17, tzinfo=UTC)


def record(number: int, second: int, action: str = "LUNA_SIGN", serial: str = "1190033") -> Event:
    named: Fields = {"event.sequence": number, "event.action": action, "observer.serial_number": serial}
    marks: Fields = {"soc.platform": "p", "soc.agency": "a", "soc.source": "s", "event.dataset": "luna.audit"}
    return Event(
        {
            "@timestamp": iso(START + timedelta(seconds=second)),
            "event.id": f"{serial}-{second}-{number}",
            **marks,
            **named,
        }
    )


def told(records: list[Event], *, restart: bool = False) -> list[object]:
    baselines = Baselines((SequenceGap(),))
    found: list[object] = []
    for one in records:
        (event,) = baselines.enrich([one], {one.id})
        baselines.commit()
        found.append(event.fields.get("soc.gap"))
        if restart:
            kept = [list(memory.entries()) for memory in baselines.memories]
            baselines = Baselines((SequenceGap(),))
            for memory, entries in zip(baselines.memories, kept, strict=True):
                memory.load(entries)
    return found


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([5, 6, 7], [None, False, False]),
        ([5, 8, 9], [None, True, False]),
        ([5, 5, 6], [None, False, False]),
        ([50, 1, 2], [None, True, False]),
    ],
    ids=["in a row", "two are missing", "one comes twice", "begun anew without a word"],
)
def test_a_gap_is_where_numbers_are_missing(numbers: list[int], expected: list[object]) -> None:
    assert told([record(number, place) for place, number in enumerate(numbers)]) == expected


def test_a_rotation_may_go_on_or_begin_anew_and_may_not_hide_a_gap() -> None:
    rotated = [record(10, 0), record(11, 1, "LOG_ROTATE")]
    assert told([*rotated, record(12, 2)])[-1] is False
    assert told([*rotated, record(1, 2)])[-1] is False
    assert told([*rotated, record(90, 2)])[-1] is True


def test_a_late_record_and_another_device_open_no_gap() -> None:
    late = [record(10, 10), record(9, 9), record(11, 11)]
    assert told(late) == [None, None, False]
    assert told([record(10, 0), record(3, 1, serial="7"), record(11, 2)]) == [None, None, False]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30, unique=True).map(sorted))
def test_what_is_told_is_what_is_missing_also_over_restarts(numbers: list[int]) -> None:
    records = [record(number, place) for place, number in enumerate(numbers)]
    expected = [None, *(later > earlier + 1 for earlier, later in pairwise(numbers))]
    assert told(records) == told(records, restart=True) == expected
