"""The state of a correlator as JSON: versioned, and tied to the rules it belongs to.

Each correlation's part carries the digest of the rule and of all it looks at. After a change of the rule set, what did not change goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from detectors.sigma.measure import Entry
from detectors.sigma.tracking import Ledger, Tracker
from detectors.sigma.windows import Clock, Window

FORMAT = 2
_OLDER = frozenset({1})
"""Formats of earlier versions, whose state is left behind: their windows cannot be told from those of a changed rule."""
_COUNTS = ("untimed", "expired", "withdrawn")


def write_snapshot(trackers: Iterable[Tracker], ledger: Ledger, clock: Clock, latest: int | None) -> bytes:
    """The state as JSON."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "clock": tuple(clock),
            "latest": latest,
            "counts": {name: getattr(ledger, name) for name in _COUNTS},
            "late": ledger.late,
            "dropped": ledger.dropped,
            "rules": {
                tracker.rule.id: {"digest": tracker.rule.digest, "windows": [_dumped(window) for window in tracker]}
                for tracker in trackers
                if tracker.windows
            },
        }
    )


def read_snapshot(state: bytes, trackers: Sequence[Tracker], ledger: Ledger) -> tuple[Clock, int | None]:
    """Fill new trackers with what belongs to their rules; the clock and the time of the last event.

    Raises:
        ValueError: not a snapshot, or of an unknown format.
    """
    found = orjson.loads(state)
    if isinstance(found, dict) and found.get("format") in _OLDER:
        return Clock(), None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError("unknown snapshot format")
    for tracker in trackers:
        part = found["rules"].get(tracker.rule.id)
        if part is not None and part["digest"] == tracker.rule.digest:
            tracker.adopt(_loaded(tracker, row) for row in part["windows"])
    for name in _COUNTS:
        setattr(ledger, name, found["counts"][name])
    ledger.late, ledger.dropped = Counter(found["late"]), Counter(found["dropped"])
    return Clock(*found["clock"]), found["latest"]


def _dumped(window: Window) -> list[object]:
    entries = [_row(entry) for entry in window.entries]
    return [window.key, window.latest, window.reported, tuple(window.touched), entries, list(window.held)]


def _row(entry: Entry) -> tuple[object, ...]:
    """Most entries are events that nothing is carried from."""
    return entry[:4] if entry.event == entry.ref and not entry.carried else tuple(entry)


def _loaded(tracker: Tracker, row: Sequence[Any]) -> Window:
    key, latest, reported, touched, entries, held = row
    window = tracker.new_window(tuple(tuple(part) if isinstance(part, list) else part for part in key))
    window.latest, window.reported, window.touched = latest, reported, Clock(*touched)
    window.entries.extend(_entries(entries))
    window.held.update({moment: window.first_at(moment) for moment in held})
    return window


def _entries(rows: Iterable[Sequence[Any]]) -> Iterator[Entry]:
    for time, source, value, ref, *rest in rows:
        event, carried = rest or (ref, ())
        yield Entry(time, source, tuple(value) if isinstance(value, list) else value, ref, event, tuple(carried))
