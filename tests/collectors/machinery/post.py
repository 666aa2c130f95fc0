"""A collecting post in a temporary folder, of real parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collectors.crypto import PayloadCipher
from collectors.ingest import Collector
from collectors.quarantine import Quarantine
from collectors.redact import Redactor
from collectors.spool import Spool
from soc.core.clock import FixedClock

NOW = datetime(2026, 11, 17, 1, 5, 11, 412000, tzinfo=UTC)
KEY = bytes(range(32))
LIMIT = 64 * 1024


@dataclass
class Post:
    """Spool, quarantine and collector of one home, with a clock the test moves."""

    home: Path
    clock: FixedClock
    spool: Spool
    quarantine: Quarantine
    collector: Collector

    @classmethod
    def at(cls, home: Path) -> Post:
        cipher, clock = PayloadCipher(KEY), FixedClock(NOW)
        quarantine = Quarantine(home / "quarantine.sqlite", cipher)
        spool = Spool(home / "spool.sqlite", cipher, quarantine)
        collector = Collector(spool, Redactor(KEY, 2026), quarantine, clock, LIMIT)
        return cls(home, clock, spool, quarantine, collector)

    def again(self) -> Post:
        """The same home after a restart."""
        self.close()
        return Post.at(self.home)

    def lines(self) -> list[str]:
        return [item.data.decode() for item in self.spool.read(0, 1_000_000)]

    def close(self) -> None:
        self.spool.close()
        self.quarantine.close()
