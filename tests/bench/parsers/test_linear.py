"""Time grows with the length of a record, not with its square, on the worst shape that is known for each parser.

By hand: `pytest -m bench tests/bench/parsers -s`.

Every hostile shape (tests/collectors/parsers/mutate.py) is timed at 64 KiB; the two slowest go up to 1 MiB by doublings. Processor time
of the best of several runs counts, as everything else that the machine does only adds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from collectors.parsers import PARSERS
from collectors.parsing import Parser
from soc.core.errors import ParseError
from tests.collectors.parsers.golden_pairs import CONTEXT, reader_of, records_of
from tests.collectors.parsers.mutate import hostile_shapes

pytestmark = pytest.mark.bench
SIZES = [1 << power for power in range(16, 21)]
MOST = 2.5
NOISE_S = 0.004
"""Below this a time says more about the clock than about the parser."""


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_twice_the_text_takes_at_most_two_and_a_half_times_as_long(parser: str) -> None:
    reader = reader_of(parser)
    first = {shape: _seconds(reader, text, runs=1) for shape, text in hostile_shapes(records_of(parser), SIZES[0])}
    for shape in sorted(first, key=lambda name: -first[name])[:2]:
        ratio, at = max(_ratios(reader, parser, shape))
        print(f"{parser:20} {shape:30} {ratio:5.2f} at {at >> 10} KiB")
        assert ratio <= MOST, f"{shape} at {at} letters"


def _ratios(reader: Parser, parser: str, shape: str) -> Iterator[tuple[float, int]]:
    """(time of 2n / time of n, n) for each n whose time can be told."""
    yield 0.0, SIZES[0]
    before = 0.0
    for size in SIZES:
        taken = _seconds(reader, dict(hostile_shapes(records_of(parser), size))[shape])
        if before > NOISE_S:
            yield taken / before, size // 2
        before = taken


def _seconds(reader: Parser, text: str, runs: int = 7) -> float:
    """Processor time of the best of `runs`; fewer when one takes long, as the share of noise is small then."""
    best = float("inf")
    with _no_collector():
        for _ in range(runs):
            start = time.thread_time()
            with suppress(ParseError):
                reader.parse(text, CONTEXT)
            best = min(best, time.thread_time() - start)
            if best > 0.5:
                break
    return best


@contextmanager
def _no_collector() -> Iterator[None]:
    """The garbage collector's passes grow with what else lives; they are not the parser's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
