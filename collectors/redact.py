"""Secrets and personal numbers out of raw text, before anything is written to disk.

- *secrets* (`collectors.secret_masks`, `collectors.secret_forms`): the value behind a telling name, and what shows by itself that it is
  one, becomes `***`. Name and shape of the record stay, so it still parses;
- *personal numbers* (`collectors.personal`) become keyed hashes: the same citizen can be followed through the logs, but not named;
- *card numbers* are gone, nothing is kept.

One automaton goes over the text once and finds every telling word and every shape of digits; most lines hold none and are done. It reads
bytes, since folding the case of letters and making all digits alike costs next to nothing there. Time is linear in the length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from collectors.personal import PERSONAL, Pseudonyms, is_card_number, is_citizen_number
from collectors.secret_forms import FORMS
from collectors.secret_masks import SECRETS, Span

__all__ = ["Redacted", "Redactor", "is_card_number", "is_citizen_number"]

Match: TypeAlias = tuple[int, int, int]
"""Number of the word, from, to."""

_SECRETS = {**SECRETS, **FORMS}
_WORDS = (*_SECRETS, *PERSONAL)
_SECRET_READERS = tuple(_SECRETS.values())
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
        pieces: list[str] = []
        position = 0
        for begin, stop, substitute in self._spans(text, found):
            pieces += text[position:begin], substitute
            position = stop
        if not pieces:
            return Redacted(text, 0)
        pieces.append(text[position:])
        return Redacted("".join(pieces), len(pieces) // 2)

    def _spans(self, text: str, found: Sequence[Match]) -> Iterator[Span]:
        """What to replace, in order, none inside another."""
        position = 0
        for word, start, end in found:
            personal = word - len(_SECRET_READERS)
            if end <= position or (start < position and personal < 0):
                continue
            if personal < 0:
                spans = _SECRET_READERS[word](text, start, end)
            else:  # a shape may begin with the last digits of a number that is gone already
                spans = _PERSONAL_READERS[personal](text, max(start, position), end, self.pseudonyms)
            for span in spans:
                if span[0] >= position:
                    position = span[1]
                    yield span


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
