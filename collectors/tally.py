"""What each source sent, and what was not taken: counted in memory by whoever listens, handed on as deltas.

Sources and listeners share one space of names here: what cannot be put down to a registered source is counted under the id of the
listener that met it. The keeper of source health (`soc.app`) calls `take` now and then and adds the deltas to what it keeps; what was
counted since its last call is lost with the process, the records themselves are not.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from soc.core.clock import Clock
from soc.core.i18n import Lang, Message

REMIND = timedelta(minutes=1)
_log = logging.getLogger("vonggac.receiving")


@dataclass
class Sent:
    """One source since the last look.

    Attributes:
        received: records that are on disk.
        size_bytes: of these.
        set_aside: records in quarantine, and those that its rate kept out of it.
        refused: records whose sender was told to come back later.
        dropped: records lost for want of room, of senders that cannot be told.
        throttled: records beyond the rate of the source: lost where `dropped` would be, else to come again.
        last: when the newest of `received` came.
        faults: reason (`frame`, `certificate`, `template`, ...) -> how often.
    """

    received: int = 0
    size_bytes: int = 0
    set_aside: int = 0
    refused: int = 0
    dropped: int = 0
    throttled: int = 0
    last: datetime | None = None
    faults: Counter[str] = field(default_factory=Counter)


class Tally:
    """Counts by source id or listener id; may be used from several threads.

    Args:
        lang: language of the log.
    """

    def __init__(self, clock: Clock, lang: Lang = Lang.VI) -> None:
        self._clock, self._lang = clock, lang
        self._lock = threading.Lock()
        self._sent: dict[str, Sent] = {}
        self._told: dict[tuple[str, str], datetime] = {}

    def received(self, source: str, records: int, size_bytes: int) -> None:
        """Count records that are on disk."""
        with self._lock:
            sent = self._of(source)
            sent.received += records
            sent.size_bytes += size_bytes
            sent.last = self._clock.now()

    def add(self, source: str, *, set_aside: int = 0, refused: int = 0, dropped: int = 0, throttled: int = 0) -> None:
        """Count what was not taken."""
        with self._lock:
            sent = self._of(source)
            sent.set_aside += set_aside
            sent.refused += refused
            sent.dropped += dropped
            sent.throttled += throttled

    def fault(self, source: str, reason: str, message: Message) -> None:
        """Count a fault and log its message, at most once a minute for the same source and reason."""
        now = self._clock.now()
        with self._lock:
            faults = self._of(source).faults
            faults[reason] += 1
            told = self._told.get((source, reason))
            if told is not None and now - told < REMIND:
                return
            self._told[source, reason] = now
        _log.warning("%s: %s", source, message.render(self._lang))

    def take(self) -> Mapping[str, Sent]:
        """What was counted since the last call."""
        with self._lock:
            sent, self._sent = self._sent, {}
        return sent

    def peek(self, source: str) -> Sent:
        """What was counted of one source since the last `take`; not to be changed."""
        with self._lock:
            return self._of(source)

    def put_back(self, taken: Mapping[str, Sent]) -> None:
        """Count again what was taken and could not be handed on."""
        with self._lock:
            for source, old in taken.items():
                now = self._of(source)
                for name in ("received", "size_bytes", "set_aside", "refused", "dropped", "throttled"):
                    setattr(now, name, getattr(now, name) + getattr(old, name))
                now.last = now.last or old.last
                now.faults.update(old.faults)

    def _of(self, source: str) -> Sent:
        return self._sent.setdefault(source, Sent())
