"""Several detectors as one: what the pipeline, which has a single checkpoint, calls its detector.

The combined snapshot is a line of JSON, which names the parts with their lengths, and behind it the snapshots of the parts as they
are. A snapshot of the first release is the bare one of `SigmaDetector`; it restores that part and sets the others back to their start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

import orjson

from detectors.alert import Alert
from detectors.coverage import RuleRun
from soc.core.event import Event

SIGMA = "sigma"
"""Name of the part that a snapshot of the first release belongs to."""
_FORMAT = 2


class Part(Protocol):
    """A detector with a memory."""

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts that these events give rise to."""
        ...

    def snapshot(self) -> bytes:
        """All that is remembered."""
        ...

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot. Raises ValueError when `data` is none."""
        ...

    def tick(self, silence: timedelta) -> list[Alert]:
        """Alerts for the bundles whose time has passed while no event came for `silence`."""
        ...

    def ran(self) -> Sequence[RuleRun]:
        """Per rule and platform what it saw and matched."""
        ...


@runtime_checkable
class Ticking(Protocol):
    """A part that holds alerts back for a time."""

    def tick(self, silence: timedelta) -> list[Alert]:
        """Alerts whose time has passed while no event came for `silence`."""
        ...


class Ensemble:
    """Shows every event to every part.

    The alerts of a call stand part by part, within a part in the order in which they arose; which alerts there are does not depend on
    how the events were cut into calls.

    Args:
        parts: name -> detector just made, in the order of their alerts.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = dict(parts)
        self._pristine = {name: part.snapshot() for name, part in self._parts.items()}

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts of all parts."""
        return [alert for part in self._parts.values() for alert in part.observe(events)]

    def tick(self, silence: timedelta) -> list[Alert]:
        """What parts have to tell because nothing came for `silence`; most wait for events."""
        waiting = (part for part in self._parts.values() if isinstance(part, Ticking))
        return [alert for part in waiting for alert in part.tick(silence)]

    def tick(self, silence: timedelta) -> list[Alert]:
        """What waits in the bundles of all parts, when nothing arrives that would close them."""
        return [alert for part in self._parts.values() for alert in part.tick(silence)]

    def ran(self) -> list[RuleRun]:
        """What all parts ran."""
        return [run for part in self._parts.values() for run in part.ran()]

    def snapshot(self) -> bytes:
        """The snapshots of all parts in one."""
        kept = {name: part.snapshot() for name, part in self._parts.items()}
        head = {"format": _FORMAT, "parts": {name: len(data) for name, data in kept.items()}}
        return b"\n".join((orjson.dumps(head), b"".join(kept.values())))

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot: of an ensemble, whose unknown parts are left out, or of the Sigma detector alone.

        A part that the snapshot does not hold begins anew.

        Raises:
            ValueError: `data` is neither, or is cut short; then nothing was restored.
        """
        found = dict(_parts_of(data))
        for name, part in self._parts.items():
            part.restore(found.get(name, self._pristine[name]))


def _parts_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    head, newline, rest = data.partition(b"\n")
    if not newline:
        yield SIGMA, data
        return
    described = orjson.loads(head)
    if not isinstance(described, dict) or described.get("format") != _FORMAT:
        raise ValueError("unknown snapshot format")
    if sum(described["parts"].values()) != len(rest):
        raise ValueError("snapshot cut short")
    start = 0
    for name, length in described["parts"].items():
        yield name, rest[start : start + length]
        start += length
