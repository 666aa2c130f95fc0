"""Records that no device writes, made of those that it does: the fuzz corpus of every parser.

Seeded by name, so that a failure comes back on the next run; drawn by a plain generator, as a million of them are wanted.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product

HOSTILE = (
    *(
        'a="',
        '"',
        "'",
        '"\\',
        "\\",
        "\\|",
        "|",
        "{",
        "[",
        "[[",
        "<",
        "<a>",
        "(",
        ")",
        "=",
        "a=b ",
        ", k=",
        ";",
        ":",
        "/",
        "%",
        "&#",
        "&x;",
    ),
    *(
        "<34>",
        "CEF:0|",
        "LEEF:2.0|",
        "[client ",
        " from x port 1",
        " port ",
        " - ",
        "--",
        "::",
        "..",
        " ",
        "\t",
        "\\n",
        "\n",
        "\r",
    ),
    *(
        "0",
        "9" * 40,
        "-1",
        "1e999",
        "NaN",
        "null",
        "true",
        "99:99:99",
        "9999-99-99",
        "2026-02-30",
        "0000-00-00T00:00:00Z",
        "+99:99",
    ),
    *(
        "256.256.256.256",
        "::ffff:1.2.3.4",
        "fe80::1%eth0",
        "65536",
        "\U0001f600",
        "ệ",
        "e\u0323\u0302",
        "\u202e",
        "\ufeff",
        "\x00",
        "\x1b",
        "\ud800",
    ),
    *("soc.agency=x ", '"soc":{"agency":"x"},', "event.id=1 ", "@timestamp=0 "),
)
"""Pieces that break readers: openings without end, escapes, numbers out of range, addresses that are none, foreign marks."""

REPEATED = (
    *('a="', '"\\', "\\|", "<34>", "{", "[", "a=b ", ", k=", " from x port 1", " ", "\t"),
    *("CEF:0|", "[client ", "0", "<a>", '","', "ệ", "\n"),
)
"""Pieces whose repetition punishes a reader that starts over at each of them."""

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_LETTERS = "abzAZ09 \t\"'\\|=:,;.-_/[](){}<>@#%&*+?!~^`$ệđ\u0301\U0001f600\x00\x7f\x85\u2028"

Change = Callable[[random.Random, str, Sequence[str]], str]


def mutated(seeds: Sequence[str], count: int, name: str) -> Iterator[bytes]:
    """`count` records: seeds changed in one to four places, and one in ten of letters drawn at random.

    Args:
        seeds: true records of the format.
        name: the seed of the drawing.
    """
    draw = random.Random(name)  # noqa: S311 - no secret
    for _ in range(count):
        if draw.random() < 0.1:
            text = "".join(draw.choices(_LETTERS, k=draw.randrange(80)))
        else:
            text = draw.choice(seeds)
            for _ in range(draw.choice((1, 1, 2, 4))):
                text = draw.choice(_CHANGES)(draw, text, seeds)
        yield _damaged(draw, text.encode("utf-8", "surrogatepass"))


def _damaged(draw: random.Random, data: bytes) -> bytes:
    """One record in twenty gets a byte that is no UTF-8."""
    if not data or draw.random() > 0.05:
        return data
    at = draw.randrange(len(data))
    return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]


def _span(draw: random.Random, text: str) -> tuple[int, int]:
    start = draw.randrange(len(text) + 1)
    return start, min(len(text), start + draw.choice((0, 1, 2, 5, 20)))


def _insert(draw: random.Random, text: str, _seeds: Sequence[str]) -> str:
    start, end = _span(draw, text)
    return text[:start] + draw.choice(HOSTILE) + text[end:]


def _cut(draw: random.Random, text: str, _seeds: Sequence[str]) -> str:
    start = draw.randrange(len(text) + 1)
    return draw.choice((text[:start], text[start:]))


def _drop(draw: random.Random, text: str, _seeds: Sequence[str]) -> str:
    start, end = _span(draw, text)
    return text[:start] + text[end:]


def _repeat(draw: random.Random, text: str, _seeds: Sequence[str]) -> str:
    start, end = _span(draw, text)
    return text[:end] + text[start:end] * draw.choice((1, 3, 30)) + text[end:]


def _cross(draw: random.Random, text: str, seeds: Sequence[str]) -> str:
    other = draw.choice(seeds)
    return text[: draw.randrange(len(text) + 1)] + other[draw.randrange(len(other) + 1) :]


def _swap_value(draw: random.Random, text: str, _seeds: Sequence[str]) -> str:
    """One word or number of the record becomes a hostile one, its surroundings stay."""
    tokens = _TOKEN.findall(text)
    if tokens:
        tokens[draw.randrange(len(tokens))] = draw.choice(HOSTILE)
    return "".join(tokens)


_CHANGES: tuple[Change, ...] = (_insert, _insert, _swap_value, _swap_value, _swap_value, _cut, _drop, _repeat, _cross)


def hostile_shapes(seeds: Sequence[str], size: int) -> Iterator[tuple[str, str]]:
    """(name, text of about `size` letters): a piece repeated, bare and inside a true record; pieces as above, and the seeds' own."""
    pieces = [*REPEATED, *_own_pieces(seeds)]
    for place, (piece, whole) in enumerate(product(pieces, (True, False))):
        filling = piece * (size // len(piece))
        seed = seeds[place % len(seeds)]
        middle = len(seed) // 2
        yield f"{piece!r}{' inside' if whole else ''}", seed[:middle] + filling + seed[middle:] if whole else filling


def _own_pieces(seeds: Sequence[str]) -> list[str]:
    """Up to a dozen beginnings of words with what stands before them, spread over the seeds, such as `, srcip=` or ` [client `."""
    found = sorted({match[0] for seed in seeds for match in re.finditer(r"[^\w\s]?\s?\w{1,12}[^\w\s]+\s?", seed)})
    return found[:: max(1, len(found) // 12)][:12]
