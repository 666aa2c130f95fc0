"""The state of a correlator as JSON: versioned, and tied to the rules it belongs to.

Each correlation's part carries the digest of the rule and of all it looks at. After a change of the rule set, what did not change goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from detectors.sigma.measure import Entry
from detectors.sigma.tracking import Stream, Tracker
from detectors.sigma.windows import Window

FORMAT = 2
_OLDER = frozenset({1})
"""Formats of earlier versions, whose state is left behind: their windows cannot be told from those of a changed rule."""
_NUMBERS = ("turn", "latest", "now", "newest", "received", "untimed", "expired", "withdrawn")


def write_snapshot(trackers: Iterable[Tracker], stream: Stream) -> bytes:
    """The state as JSON."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "stream": {name: getattr(stream, name) for name in _NUMBERS},
            "late": stream.late,
            "dropped": stream.dropped,
            "rules": {
                tracker.rule.id: {
                    "digest": tracker.rule.digest,
                    "windows": [_dumped(window) for window in tracker.windows.values()],
                }
                for tracker in trackers
                if tracker.windows
            },
        }
    )


def read_snapshot(state: bytes, trackers: Sequence[Tracker], stream: Stream) -> None:
    """Fill new trackers with what belongs to their rules.

    Raises:
        ValueError: not a snapshot, or of an unknown format.
    """
    found = orjson.loads(state)
    if isinstance(found, dict) and found.get("format") in _OLDER:
        return
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError("unknown snapshot format")
    for tracker in trackers:
        part = found["rules"].get(tracker.rule.id)
        if part is not None and part["digest"] == tracker.rule.digest:
            for row in part["windows"]:
                _load(tracker, row)
    for name in _NUMBERS:
        setattr(stream, name, found["stream"][name])
    stream.late, stream.dropped = Counter(found["late"]), Counter(found["dropped"])


def _dumped(window: Window) -> list[object]:
    entries = [_row(entry) for entry in window.entries]
    touched = (window.turn, window.now, window.received)
    return [window.key, window.latest, window.reported, touched, entries, list(window.held)]


def _row(entry: Entry) -> tuple[object, ...]:
    """Most entries are events that nothing is carried from."""
    return entry[:4] if entry.event == entry.ref and not entry.carried else tuple(entry)


def _load(tracker: Tracker, row: Sequence[Any]) -> None:
    key, latest, reported, touched, entries, held = row
    window = tracker.new_window(tuple(tuple(part) if isinstance(part, list) else part for part in key))
    window.latest, window.reported = latest, reported
    window.turn, window.now, window.received = touched
    window.entries.extend(_entries(entries))
    window.held.update({moment: window.first_at(moment) for moment in held})


def _entries(rows: Iterable[Sequence[Any]]) -> Iterator[Entry]:
    for time, source, value, ref, *rest in rows:
        event, carried = rest or (ref, ())
        yield Entry(time, source, tuple(value) if isinstance(value, list) else value, ref, event, tuple(carried))
