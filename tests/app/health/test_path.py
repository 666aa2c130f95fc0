"""The watch beside the pipeline it watches: as the collecting process runs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import orjson

from collectors.inputs import open_input
from collectors.tally import Tally
from soc.app.canary import canary_inlet
from soc.app.canary_beats import Stage
from soc.app.collecting import _Moving
from soc.app.intake import leave_intake
from soc.core.scope import PROVINCE
from tests.app.health.conftest import House, local
from tests.app.test_pipeline import SHELL

NOW = local("2026-11-17T02:14:00")
MINUTE = timedelta(minutes=1)
Make = Callable[..., House]


def say(house: House, number: int) -> None:
    """A line in the log of portal-01, accepted and not yet moved."""
    path = house.app.home / "portal-01.log"
    path.write_bytes(orjson.dumps(SHELL | {"uri": f"/{number}"}) + b"\n")
    house.app.collector.collect("portal-01", open_input(path))


def test_what_waits_in_the_spool_may_be_a_sign_of_life(make_house: Make) -> None:
    """The store is slow: nobody is called silent for it. Once it was moved, silence counts from its receipt."""
    house = make_house(NOW)
    house.tend(NOW)
    say(house, 1)
    house.app.pipeline.drain()
    house.clock.moment = NOW + 4 * MINUTE
    say(house, 2)
    house.tend(NOW + 7 * MINUTE)
    assert house.alerts("portal-01") == []
    house.app.pipeline.drain()
    house.tend(NOW + 9 * MINUTE)
    assert house.alerts("portal-01") == []
    house.tend(NOW + 10 * MINUTE)
    (alert,) = house.alerts("portal-01")
    assert alert.first == NOW + 9 * MINUTE


def test_the_collecting_process_beats_listens_and_keeps_what_listeners_counted(make_house: Make) -> None:
    """With its own efforts: a heartbeat through the followed file, the counts of listeners, a silent source."""
    house = make_house(NOW)
    moving = _Moving(house.app)
    moving.step()
    moving.listen()
    moving.beat()
    house.app.collector.collect(*canary_inlet(house.app.home))
    moving.step()
    tally = Tally(house.clock)
    tally.add("portal-01", dropped=3)
    assert leave_intake(house.app.home, tally)
    house.clock.advance(6 * MINUTE)
    assert moving.listen() == 2
    assert moving.beat() == 0
    beat = house.app.canary_beats.last_through()
    assert beat is not None
    assert beat.stage is Stage.SEEN
    kept = {one.source: one.not_taken for one in house.app.health.all(PROVINCE)}
    assert kept["portal-01"] == {"dropped": 3}
