"""Events for the benches of the stores: the shipped sample, normalised, over and over at later times with new ids and addresses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from soc.app.application import Application
from soc.app.demo import Demo, demo_settings, fresh_home
from soc.app.sample_data import load_sample
from soc.core.clock import ShiftedClock, SystemClock, iso
from soc.core.event import Event
from soc.core.scope import PROVINCE

ROUND = timedelta(minutes=37)


def sample_events(folder: Path) -> list[Event]:
    """The events of the shipped sample, as the pipeline stored them."""
    clock = ShiftedClock(SystemClock())
    with Application(demo_settings(fresh_home(folder / "demo")), clock, writer=True) as app:
        Demo(app, clock, load_sample(), lambda *_: None).run()
        return list(app.store.scan("", PROVINCE))


def repeated(sample: list[Event], count: int) -> Iterator[Event]:
    """`count` events; those of a later round are moved in time and have other ids, ports and sources."""
    draw = random.Random(4)  # noqa: S311 - no secret
    made = 0
    for number in range(count // len(sample) + 1):
        for event in sample:
            if made == count:
                return
            made += 1
            yield _moved(event, number, draw)


def _moved(event: Event, number: int, draw: random.Random) -> Event:
    fields = {
        **event.fields,
        "event.id": f"{event.id[:40]}-{number}",
        "@timestamp": iso(event.timestamp + number * ROUND),
        "source.port": draw.randrange(1024, 65536),
    }
    if "source.ip" in fields and draw.random() < 0.5:
        fields["source.ip"] = (
            f"198.51.100.{draw.randrange(256)}" if draw.random() < 0.5 else f"2001:db8::{draw.randrange(65536):x}"
        )
    return Event(fields)
