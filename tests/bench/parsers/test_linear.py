"""Time grows with the length of a record, not with its square, on the worst shape that is known for each parser.

By hand: `pytest -m bench tests/bench/parsers -s`.

Every hostile shape (tests/collectors/parsers/mutate.py) is timed at 64 KiB; the two slowest go up to 1 MiB by doublings. Processor time
counts, of the best of several runs, since whatever else the machine does only adds. A shared machine still slows one run and spares the
next (caches and clock are shared too): n and 2n are timed in turn, and a ratio above the limit is measured again. Work that grows with
the square is above it every time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest

from collectors.parsers import PARSERS
from collectors.parsing import Parser
from soc.core.errors import ParseError
from tests.collectors.parsers.golden_pairs import CONTEXT, reader_of, records_of
from tests.collectors.parsers.mutate import hostile_shapes

pytestmark = pytest.mark.bench
SIZES = [1 << power for power in range(16, 21)]
MOST = 2.5
TURNS = 12
"""How often a ratio above the limit is looked at before it counts."""
NOISE_S = 0.004
"""Below this a time says more about the clock than about the parser."""


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_twice_the_text_takes_at_most_two_and_a_half_times_as_long(parser: str) -> None:
    reader = reader_of(parser)
    first = {shape: _seconds(reader, text) for shape, text in hostile_shapes(records_of(parser), SIZES[0])}
    for shape in sorted(first, key=lambda name: -first[name])[:2]:
        ratio, at = max(_ratios(reader, parser, shape))
        print(f"{parser:20} {shape:30} {ratio:5.2f} at {at >> 10} KiB")
        assert ratio <= MOST, f"{shape} at {at} letters"


def _ratios(reader: Parser, parser: str, shape: str) -> Iterator[tuple[float, int]]:
    """(time of 2n / time of n, n) for each n whose time can be told."""
    texts = {size: _text(parser, shape, size) for size in SIZES}
    yield 0.0, SIZES[0]
    for size, twice in pairwise(SIZES):
        if (ratio := _ratio(reader, texts[size], texts[twice])) is not None:
            yield ratio, size


def _text(parser: str, shape: str, size: int) -> str:
    return next(text for name, text in hostile_shapes(records_of(parser), size) if name == shape)


def _ratio(reader: Parser, text: str, twice: str) -> float | None:
    """Best time of `twice` / best time of `text`; None when the shorter is done before its time can be told."""
    short = long = float("inf")
    for turn in range(TURNS):
        short, long = min(short, _seconds(reader, text)), min(long, _seconds(reader, twice))
        if turn and (short <= NOISE_S or long <= MOST * short):
            break
    return long / short if short > NOISE_S else None


def _seconds(reader: Parser, text: str) -> float:
    """Processor time of one run."""
    with _no_collector():
        start = time.thread_time()
        with suppress(ParseError):
            reader.parse(text, CONTEXT)
        return time.thread_time() - start


@contextmanager
def _no_collector() -> Iterator[None]:
    """The garbage collector's passes grow with what else lives; they are not the parser's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
