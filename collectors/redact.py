"""Secrets and personal numbers out of raw text, before anything is written to disk.

- *secrets* (`collectors.secret_masks`, and `secret_forms`, `secret_commands`, `secret_protocols`, `secret_arguments` beside it): the
  value behind a telling name, and what shows by itself that it is one, becomes `***`. Name and shape of the record stay, so it still
  parses;
- *personal numbers* (`collectors.personal`) become keyed hashes: the same citizen can be followed through the logs, but not named;
- *card numbers* are gone, nothing is kept.

One automaton goes over the text once and finds every telling word and every shape of digits; most lines hold none and are done. It reads
bytes, since folding the case of letters and making all digits alike costs next to nothing there. Time is linear in the length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TypeAlias

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from collectors.personal import PERSONAL, Pseudonyms, is_card_number, is_citizen_number
from collectors.secret_arguments import ARGUMENTS
from collectors.secret_commands import COMMANDS
from collectors.secret_forms import FORMS
from collectors.secret_masks import SECRETS, Span
from collectors.secret_protocols import PROTOCOLS

__all__ = ["Redacted", "Redactor", "is_card_number", "is_citizen_number"]

Match: TypeAlias = tuple[int, int, int]
"""Number of the word, from, to."""

_SECRETS = {**SECRETS, **FORMS, **COMMANDS, **PROTOCOLS}
_WORDS = (*_SECRETS, *ARGUMENTS, *PERSONAL)
_SECRET_READERS = tuple(_SECRETS.values())
_FINDERS = tuple(ARGUMENTS.values())
_FIRST_PERSONAL = len(_SECRET_READERS) + len(_FINDERS)
_PERSONAL_READERS = tuple(PERSONAL.values())
# the longest name wins: `secret_key`, not `secret`, tells where its value begins
_AUTOMATON = BytesAhoCorasick(
    [word.encode() for word in _WORDS], matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA
)
_FOLDED = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789", b"abcdefghijklmnopqrstuvwxyz000000000")


@dataclass(frozen=True, slots=True)
class Redacted:
    """Text fit to be kept, and how many values were taken out of it."""

    text: str
    count: int


class Redactor:
    """Masks one text at a time; doing it again changes nothing.

    Args:
        key: key of the hashes of personal numbers; the same key gives the same hash for the same citizen, so it is derived from the
            master key of the installation (`collectors.crypto.derive_key`).
        latest_birth_year: a citizen number with a later year of birth is none; the current year.
        tail_digits: last characters kept in clear behind a hash, 0 to 3.

    Attributes:
        pseudonyms: makes the hashes; `collectors.field_masks` uses the same.
    """

    def __init__(self, key: bytes, latest_birth_year: int = 2099, tail_digits: int = 0) -> None:
        self.pseudonyms = Pseudonyms(key, latest_birth_year, tail_digits)

    def redact(self, text: str) -> Redacted:
        """`text` without secrets, card numbers and personal numbers."""
        found = _telltales(text)
        if not found:
            return Redacted(text, 0)
        spans = _spans(text, found, self._read)
        if not spans:
            return Redacted(text, 0)
        pieces: list[str] = []
        position = 0
        for begin, stop, substitute in _disjoint(spans):
            pieces += text[position:begin], substitute
            position = stop
        pieces.append(text[position:])
        return Redacted("".join(pieces), len(pieces) // 2)

    def _read(self, word: int, text: str, start: int, end: int) -> list[Span]:
        if word >= _FIRST_PERSONAL:
            return _PERSONAL_READERS[word - _FIRST_PERSONAL](text, start, end, self.pseudonyms)
        if word >= len(_SECRET_READERS):
            return _FINDERS[word - len(_SECRET_READERS)](text, start, end, _secrets)
        return _SECRET_READERS[word](text, start, end)


def _secrets(text: str) -> list[Span]:
    """The secrets of a text inside a record, in order; neither personal numbers nor what is inside again."""
    found = [match for match in _telltales(text) if match[0] < len(_SECRET_READERS)]
    return list(_disjoint(_spans(text, found, lambda word, text, start, end: _SECRET_READERS[word](text, start, end))))


def _spans(text: str, found: Sequence[Match], read: Callable[[int, str, int, int], list[Span]]) -> list[Span]:
    """What to replace. A word inside a value that is gone tells nothing; one in front of a value that stands further on does."""
    spans: list[Span] = []
    ahead: list[tuple[int, int]] = []
    position = 0
    for word, start, end in found:
        while ahead and ahead[0][0] <= start:
            position = max(position, heappop(ahead)[1])
        if end <= position or (start < position and word < _FIRST_PERSONAL):
            continue
        # a shape of digits may begin with the last of a number that is gone already
        new = read(word, text, max(start, position), end)
        if new:
            spans += new
            heappush(ahead, (new[0][0], new[-1][1]))
    return spans


def _disjoint(spans: list[Span]) -> Iterator[Span]:
    """In order, none inside another; those that overlap go as one."""
    last: Span | None = None
    for span in sorted(spans):
        if last is None:
            last = span
        elif span[0] >= last[1]:
            yield last
            last = span
        elif span[1] > last[1]:
            last = (last[0], span[1], last[2])
    if last is not None:
        yield last


def _telltales(text: str) -> Sequence[Match]:
    data = text.encode("utf-8", "surrogatepass")
    found: Sequence[Match] = _AUTOMATON.find_matches_as_indexes(data.translate(_FOLDED))
    return found if not found or len(data) == len(text) else list(_in_characters(data, found))


def _in_characters(data: bytes, found: Sequence[Match]) -> Iterator[Match]:
    """The same matches, counted in characters of the text."""
    at = characters = 0
    for word, start, end in found:
        characters += len(data[at:start].decode("utf-8", "surrogatepass"))
        stop = characters + len(data[start:end].decode("utf-8", "surrogatepass"))
        yield word, characters, stop
        at, characters = end, stop
