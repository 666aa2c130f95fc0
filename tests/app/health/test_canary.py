"""The heartbeat goes the whole way, is seen by nobody but its watch, and says where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from soc.app.canary import BEAT_S, FILE, LATE, MAX_BYTES, RULE_ID, canary_inlet
from soc.app.canary_beats import EXERCISE, Stage
from soc.app.source_health_tables import SourceHealthRow
from soc.app.tables import LedgerDay
from soc.core.errors import EngineError
from soc.core.i18n import msg
from soc.core.scope import PROVINCE, Scope
from soc.incidents.codec import alert_from_json
from soc.incidents.tables import AlertRow
from tests.app.health.conftest import House, local

START = local("2026-11-17T10:00")
Make = Callable[..., House]


def collect(house: House) -> None:
    """What the collecting process does between two looks."""
    house.app.collector.collect(*canary_inlet(house.app.home))
    house.app.pipeline.drain()


def tend(house: House, seconds: float) -> int:
    house.clock.moment = START + timedelta(seconds=seconds)
    return house.app.canary.tend()


def told(house: House) -> list[str]:
    with house.app.database.reading() as session:
        rows = session.scalars(select(AlertRow).where(AlertRow.rule_id == RULE_ID))
        return [alert_from_json(row.body).title["en"] for row in rows]


def test_it_goes_the_whole_way_and_enters_no_real_figure(make_house: Make) -> None:
    """Stored, detected and found under its own tag; in no real count, ledger, health of a source or alert."""
    house = make_house(START)
    tend(house, 0)
    house.clock.advance(timedelta(seconds=2))
    collect(house)
    beat = house.app.canary_beats.last()
    assert beat is not None
    assert (beat.stage, beat.seconds) == (Stage.DETECTED, 2.0)
    tend(house, BEAT_S)
    through = house.app.canary_beats.last_through()
    assert through is not None
    assert through.stage is Stage.SEEN
    assert house.app.store.count("", PROVINCE) == 0
    assert house.app.store.count("", Scope(None, EXERCISE)) == 1
    with house.app.database.reading() as session:
        assert [
            session.scalar(select(func.count()).select_from(t)) for t in (LedgerDay, SourceHealthRow, AlertRow)
        ] == [
            0,
            0,
            0,
        ]


def test_the_file_does_not_grow_for_ever(make_house: Make) -> None:
    """It is begun anew, and the heartbeat goes on."""
    house = make_house(START)
    file = house.app.home / FILE
    for number in range(3):
        tend(house, number * BEAT_S)
        collect(house)
        file.write_bytes(file.read_bytes() + b"\n" * MAX_BYTES)
        collect(house)
    assert file.stat().st_size < MAX_BYTES * 2
    tend(house, 3 * BEAT_S)
    assert [beat.sent for beat in house.app.canary_beats.unfinished()] == [START + timedelta(seconds=3 * BEAT_S)]


def stop_input(_house: House) -> None:
    """Nobody reads the file."""


def stop_pipeline(house: House) -> None:
    house.app.collector.collect(*canary_inlet(house.app.home))


def stop_parser(house: House) -> None:
    file = house.app.home / FILE
    file.write_bytes(file.read_bytes().replace(b"{", b"", 1))
    collect(house)


def stop_detection(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise EngineError(msg("cơ sở dữ liệu không đáp ứng: {reason}", reason="gone"))

    house.app.collector.collect(*canary_inlet(house.app.home))
    object.__setattr__(house.app.pipeline, "exceptions", type("Gone", (), {"refresh": refuse})())
    with pytest.raises(EngineError):
        house.app.pipeline.step()


@pytest.mark.parametrize(("stop", "place"), [(stop_input, "input"), (stop_pipeline, "spool"), (stop_parser, "parser")])
def test_it_says_where_it_stopped(make_house: Make, stop: Callable[[House], None], place: str) -> None:
    """One alert however long it lasts; a note when it comes through again."""
    house = make_house(START)
    tend(house, 0)
    stop(house)
    late = LATE.total_seconds()
    assert tend(house, late) == 0
    assert tend(house, late + 60) == 1
    assert tend(house, late + 120) >= 1
    (title,) = told(house)
    assert f"stops at the {place}" in title


def test_it_says_that_detection_stopped(make_house: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is in the store, and its batch was never committed."""
    house = make_house(START)
    tend(house, 0)
    stop_detection(house, monkeypatch)
    tend(house, LATE.total_seconds() + 60)
    assert "stops at the detectors" in told(house)[0]


def test_its_return_is_a_note(make_house: Make) -> None:
    house = make_house(START)
    tend(house, 0)
    assert tend(house, LATE.total_seconds() + 60) == 1
    collect(house)
    assert tend(house, LATE.total_seconds() + 120) == 0
    assert house.notes() == ["nhịp tim lại qua cả đường"]
    assert moment_of_last(house) == START + LATE + timedelta(seconds=60)


def moment_of_last(house: House) -> datetime:
    beat = house.app.canary_beats.last_through()
    assert beat is not None
    return beat.sent
