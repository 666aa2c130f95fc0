"""Events against the indicators: the table says which values could be one, the book whether they are, and what is known of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from detectors.indicators.book import Book
from detectors.indicators.fields import FIELDS, HOST_OF_PATH, Holds
from detectors.indicators.model import Entry, Kind, Named, Sought
from detectors.indicators.table import Shape, Table, digest_of, network_digest
from detectors.indicators.values import domain, hash_of, host_of, parents, parse_address, url
from soc.core.errors import EngineError

REMEMBERED = 65_536
"""Values whose answer is kept ready, for each kind of field; when full, all are dropped at once."""
_log = logging.getLogger("vonggac.indicators")
MAX_LIST = 64
"""Of the values of a list field, so many are looked at."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A value of an event that is an indicator.

    Attributes:
        field, found: where it stands, and how it is written there.
        entries: of one indicator, by source; valid at the time of the event.
    """

    field: str
    found: str
    entries: tuple[Entry, ...]

    @property
    def named(self) -> Named:
        return self.entries[0].indicator.named

    @property
    def confidence(self) -> int:
        """That of the source which is surest."""
        return max(entry.indicator.confidence for entry in self.entries)


Answer: TypeAlias = tuple[str, str, tuple[Entry, ...]]
"""Field, its text, and what the book holds of it."""


class Matcher:
    """Looks events up; follows the book as it changes.

    Args:
        book: of this installation; it need not exist yet.
        sought: tell only these, and of them also what happened before their sources knew: for a look back. None for all.
    """

    def __init__(self, book: Book, sought: Sought | None = None) -> None:
        self._book = book
        self._sought = sought
        self._table: Table | None = None
        self._identity: tuple[int, int] | None = None
        self._memos: dict[Holds, dict[str, tuple[Entry, ...]]] = {}
        self._looked_at: Mapping[str, Holds] = {}

    def refresh(self) -> bool:
        """Open the table if there is a newer one; whether there is anything to match. One question to the file system."""
        identity = self._found()
        if identity != self._identity:
            self._identity = identity
            if self._table is not None:
                self._table.close()
            self._table = None if identity is None else self._opened()
            self._memos = {holds: {} for holds in Holds}
            self._looked_at = _looked_at(self._table.shape) if self._table else {}
        return self._table is not None and self._table.count > 0

    def hits(self, fields: Mapping[str, object], moment: datetime) -> list[Hit]:
        """The indicators that an event names, each once, in order of the fields' names."""
        return self.valid(self.answers(fields), moment)

    def answers(self, fields: Mapping[str, object]) -> list[Answer]:
        """What the book knows of the values of an event, whether it is valid then or not; empty for nearly every event."""
        found: list[Answer] = []
        for name in self._looked_at.keys() & fields.keys():
            holds, value = self._looked_at[name], fields[name]
            if type(value) is str and holds is not Holds.PATH:
                entries = self._memos[holds].get(value)
                if entries is None:
                    entries = self._learn(holds, value)
                if entries:
                    found.append((name, value, entries))
            else:
                found += self._others(name, holds, value, fields)
        return found

    def valid(self, answers: Sequence[Answer], moment: datetime) -> list[Hit]:
        """Those of the answers that count at a time, each indicator once."""
        found: dict[Named, Hit] = {}
        for name, value, entries in sorted(answers, key=lambda answer: answer[:2]):
            for entry in entries:
                named = entry.indicator.named
                if self._counts(entry, moment):
                    known = found.get(named)
                    if known is None:
                        found[named] = Hit(name, value, (entry,))
                    elif (known.field, known.found) == (name, value):
                        found[named] = Hit(name, value, (*known.entries, entry))
        return list(found.values())

    def _counts(self, entry: Entry, moment: datetime) -> bool:
        """Whether an entry is valid; looking back, the time before its source knew of it is what one looks for."""
        until = entry.indicator.valid_until
        return entry.indicator.is_valid_at(moment) or (self._sought is not None and (until is None or moment < until))

    def _others(self, name: str, holds: Holds, value: object, fields: Mapping[str, object]) -> Iterator[Answer]:
        """The answers for a list, or for a path behind the host of the event."""
        if holds is Holds.PATH:
            host = fields.get(HOST_OF_PATH)
            value = f"{host}{value}" if str(value).startswith("/") and host else value
        for text in value[:MAX_LIST] if isinstance(value, list) else (value,):
            if not isinstance(text, str):
                continue
            entries = self._memos[holds].get(text)
            if entries := self._learn(holds, text) if entries is None else entries:
                yield name, text, entries

    def _learn(self, holds: Holds, text: str) -> tuple[Entry, ...]:
        memo = self._memos[holds]
        if len(memo) >= REMEMBERED:
            memo.clear()
        known = memo[text] = self._asked(holds, text)
        return known

    def _asked(self, holds: Holds, text: str) -> tuple[Entry, ...]:
        candidates = self._candidates(holds, text)
        if not candidates:
            return ()
        sought = self._sought
        return tuple(entry for entry in self._book.entries(candidates) if sought is None or sought.holds(entry))

    def _candidates(self, holds: Holds, text: str) -> list[Named]:
        """The indicators that the table holds for a value; one in many millions is there by chance and is not in the book."""
        assert self._table is not None  # noqa: S101 - looked up only behind a table
        return list(dict.fromkeys(named_in(holds, text, self._table)))

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._book.table_path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _opened(self) -> Table | None:
        """The table; a broken one is written anew from the book. Without either, detection goes on and the log says what is missing."""
        path = self._book.table_path
        try:
            return Table(path)
        except (ValueError, OSError) as problem:
            _log.warning("%s is broken (%s): written anew", path, problem)
        try:
            self._book.write()
            self._identity = self._found()
            return Table(path)
        except (ValueError, OSError, EngineError) as problem:
            _log.error("no indicators are matched: %s", problem)
            return None


def _looked_at(shape: Shape) -> Mapping[str, Holds]:
    """The fields that can hold an indicator of the kinds there are."""
    addresses, hosts = {Kind.IP, Kind.NETWORK}, {Kind.IP, Kind.NETWORK, Kind.DOMAIN}
    can_hold = {
        Holds.ADDRESS: addresses,
        Holds.HOST: hosts,
        Holds.URL: hosts | {Kind.URL},
        Holds.PATH: hosts | {Kind.URL},
        Holds.HASH: {Kind.HASH},
        Holds.HASHES: {Kind.HASH},
    }
    # A path alone repeats the host of its event; it is put together only where there are URLs to find.
    wanted = {holds for holds, kinds in can_hold.items() if kinds & shape.kinds}
    if Kind.URL not in shape.kinds:
        wanted.discard(Holds.PATH)
    return {name: holds for name, holds in FIELDS.items() if holds in wanted}


def named_in(holds: Holds, text: str, table: Table) -> Iterator[Named]:
    """The values in `table` that a field's text could mean."""
    if holds in (Holds.ADDRESS, Holds.HOST):
        yield from _of_host(text, table)
    elif holds in (Holds.URL, Holds.PATH):
        yield from _of_url(text, table)
    else:
        for part in text.replace(";", ",").split(",") if holds is Holds.HASHES else (text,):
            value = hash_of(part.rpartition("=")[2])
            if value is not None and digest_of(Kind.HASH, value) in table:
                yield Named(Kind.HASH, value)


def _of_host(text: str, table: Table) -> Iterator[Named]:
    address = parse_address(text)
    if address is not None:
        yield from _of_address(address, table)
    elif (name := domain(text)) is not None:
        for above in parents(name):
            if digest_of(Kind.DOMAIN, above) in table:
                yield Named(Kind.DOMAIN, above)


def _of_address(address: IPv4Address | IPv6Address, table: Table) -> Iterator[Named]:
    text, number, bits = str(address), int(address), address.max_prefixlen
    if digest_of(Kind.IP, text) in table:
        yield Named(Kind.IP, text)
    for length in table.shape.lengths4 if address.version == 4 else table.shape.lengths6:
        first = number >> (bits - length) << (bits - length)
        if network_digest(address.version, length, first) in table:
            yield Named(Kind.NETWORK, f"{type(address)(first)}/{length}")


def _of_url(text: str, table: Table) -> Iterator[Named]:
    value = url(text)
    if value is None:
        return
    if digest_of(Kind.URL, value) in table:
        yield Named(Kind.URL, value)
    yield from _of_host(host_of(value), table)
