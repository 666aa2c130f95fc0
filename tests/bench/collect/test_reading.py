"""Parse, map, type, mark and enrich on one core, by format: `pytest -m bench tests/bench/collect -s`.

Processor time of this process; the best of several rounds over fresh records, since others may use the machine. Beside it the same
records through `orjson.loads(orjson.dumps(...))`, a measure of the machine, so that figures of two machines can be compared as ratios.
"""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable
from functools import partial

import orjson
import pytest

from collectors.enrich import default_enrichers
from collectors.normalise import Normaliser
from collectors.platform import load_platforms
from collectors.record import RawRecord
from collectors.redact import Redactor
from collectors.sources import Source
from soc.core.event import Event
from tests.bench.collect.traffic import FORMATS, START

pytestmark = pytest.mark.bench
RECORDS = 20_000
ROUNDS = int(os.environ.get("SOC_BENCH_RUNS", "5"))


@pytest.mark.parametrize("name", FORMATS)
def test_records_a_second(name: str) -> None:
    source = Source(id=name, platform="commune_network", agency="xa-01", format="fortigate_kv", parser=name)
    reading, redacting, measure = [], [], []
    for number in range(ROUNDS):
        lines = list(FORMATS[name](RECORDS, random.Random(number)))  # noqa: S311 - traffic, not a secret
        records = [RawRecord(name, n, line.encode(), START, f"{name}:{n}", "utf-8") for n, line in enumerate(lines)]
        normaliser = Normaliser(load_platforms(), default_enrichers())
        events = [normaliser.normalise(record, source, f"{record.seq:032x}") for record in records[:200]]
        reading.append(rate(partial(read, normaliser, source), records))
        redacting.append(rate(partial(mask, Redactor(bytes(32))), records))
        measure.append(rate(partial(as_json, events * (RECORDS // 200)), records))
    print(
        f"\n{name:10} {len(events[0].fields)} fields: read {max(reading):,.0f}/s, masked {max(redacting):,.0f}/s; "
        f"{max(measure) / max(reading):.1f} times as long as writing and reading the event as JSON"
    )


def read(normaliser: Normaliser, source: Source, records: list[RawRecord]) -> None:
    for record in records:
        normaliser.normalise(record, source, f"{record.seq:032x}")


def as_json(events: list[Event], _: list[RawRecord]) -> None:
    for event in events:
        orjson.loads(event.to_json())


def mask(redactor: Redactor, records: list[RawRecord]) -> None:
    for record in records:
        redactor.redact(record.data.decode())


def rate(work: Callable[[list[RawRecord]], object], records: list[RawRecord]) -> float:
    gc.collect()
    began = time.process_time()
    work(records)
    return len(records) / (time.process_time() - began)
