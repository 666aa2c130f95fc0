"""Lists of `key=value`, as firewalls and Keycloak write them: values bare or in double quotes."""

from __future__ import annotations

import re

_KEY = re.compile(r"[\s,]*([A-Za-z_][\w.\-]*)=")
_TO_NEXT = re.compile(r"[^\s,]+[\s,]*|[\s,]+")
_BLANK_ENDS = re.compile(r"\S*")
_COMMA_ENDS = re.compile(r"[^,]*")
_COMMA_AND_KEY = re.compile(r",\s*(?=[A-Za-z_][\w.]*=)")
_AFTER_QUOTE = frozenset(" \t,\r\n")
_PLAIN_LIST = re.compile(r'(?:[A-Za-z_][\w.\-]*+=(?:"[^"\\]*+"|[^\s",=\\]*+)(?: ++|\Z))++')
_QUOTED_TEXT = re.compile(r'"[^"]*+"')
_SEEN_BEFORE, _MOST_NOTICED = 4, 1024
_MOST_SHAPES, _MOST_PAIRS = 256, 128
_PLAIN_PAIR = re.compile(r'([A-Za-z_][\w.\-]*+)=(")?')


def read_pairs(text: str) -> dict[str, str]:
    """Pairs parted by blanks or, when the first one is, by commas. Words that are no pair are passed over; the first of a name wins."""
    return _SHAPES.read(text) or _read_pairs(text)


def _read_pairs(text: str) -> dict[str, str]:
    first = _KEY.match(text)
    if first is None:
        return {}
    bare = _COMMA_ENDS if _is_csv(text, first.end()) else _BLANK_ENDS
    pairs: dict[str, str] = {}
    at = 0
    while at < len(text):
        key = _KEY.match(text, at)
        if key is None:
            passed = _TO_NEXT.match(text, at)
            at = len(text) if passed is None else passed.end()
            continue
        value, at = _value(text, key.end(), bare)
        pairs.setdefault(key[1], value)
    return pairs


def read_listed_pairs(text: str) -> dict[str, str]:
    """Pairs parted by a comma, whose bare values may hold blanks and commas: one ends where `, key=` begins."""
    pairs: dict[str, str] = {}
    at = 0
    while (key := _KEY.match(text, at)) is not None:
        start = key.end()
        if text.startswith('"', start):
            value, at = _quoted(text, start + 1)
        else:
            end = _COMMA_AND_KEY.search(text, start)
            at = len(text) if end is None else end.start()
            value = text[start:at]
        pairs.setdefault(key[1], value)
    return pairs


def _is_csv(text: str, start: int) -> bool:
    """Whether the pair whose value begins at `start` is followed by a comma and another key."""
    _, end = _value(text, start, _COMMA_ENDS)
    key = _KEY.match(text, end)
    return text.startswith(",", end) and key is not None and " " not in text[start:end]


def _value(text: str, start: int, bare: re.Pattern[str]) -> tuple[str, int]:
    if text.startswith('"', start):
        return _quoted(text, start + 1)
    end = bare.match(text, start)
    at = len(text) if end is None else end.end()
    return text[start:at], at


def _quoted(text: str, start: int) -> tuple[str, int]:
    """The value from `start` up to its closing quote, and where the text goes on; an unclosed quote takes all the rest."""
    at = text.find('"', start)
    while at >= 0 and not _closes(text, at):
        at = text.find('"', at + 1)
    if at < 0:
        return text[start:], len(text)
    return text[start:at].replace('\\"', '"'), at + 1


def _closes(text: str, at: int) -> bool:
    r"""Whether the quote at `at` ends its value: a separator or the end follows.

    Behind a backslash it does so only when another pair follows, as in `path="C:\" next="1"`; else it is an escaped quote.
    """
    if at + 1 == len(text):
        return True
    if text[at + 1] not in _AFTER_QUOTE:
        return False
    return text[at - 1] != "\\" or _KEY.match(text, at + 1) is not None


class _Shapes:
    """Reads lists in the words of one that came before.

    A device writes the same names in the same order again and again. Once it has done so a few times, one expression made of those names
    takes all values in a single match, some eight times faster than pair by pair. Only plain lists are learned: no backslash, no
    separator but blanks, no name twice; on these both ways give the same pairs. What is learned is bounded, so that lists of ever new
    names cost a comparison and no memory.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], list[tuple[re.Pattern[str], tuple[str, ...]]]] = {}
        self._seen: dict[tuple[str, ...], int] = {}
        self._learned = 0

    def read(self, text: str) -> dict[str, str] | None:
        """The pairs; None when the list has no shape that was learned."""
        key = text.count("="), text.count('"')
        for pattern, names in self._known.get(key, ()):
            if (found := pattern.fullmatch(text)) is not None:
                return dict(zip(names, found.groups(), strict=True))
        if self._learned < _MOST_SHAPES and key[0] <= _MOST_PAIRS:
            self._notice(text, key)
        return None

    def _notice(self, text: str, key: tuple[int, int]) -> None:
        if _PLAIN_LIST.fullmatch(text) is None:
            return
        shape = tuple(_PLAIN_PAIR.findall(_QUOTED_TEXT.sub('""', text)))
        names = tuple(name for name, _ in shape)
        if len(set(names)) < len(names):
            return
        if len(self._seen) >= _MOST_NOTICED:
            self._seen.clear()
        marks = tuple(name + quote for name, quote in shape)
        self._seen[marks] = self._seen.get(marks, 0) + 1
        if self._seen[marks] >= _SEEN_BEFORE:
            del self._seen[marks]
            self._learn(shape, names, key)

    def _learn(self, shape: tuple[tuple[str, str], ...], names: tuple[str, ...], key: tuple[int, int]) -> None:
        parts = [re.escape(name) + ('="([^"\\\\]*+)"' if quote else r'=([^\s",=\\]*+)') for name, quote in shape]
        self._known.setdefault(key, []).append((re.compile(" ++".join(parts) + " *+"), names))
        self._learned += 1


_SHAPES = _Shapes()
