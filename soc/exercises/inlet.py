"""An inject as an input of the real collectors: its lines go through redaction, spool, parser and rules like any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from collectors.input import Chunk, Reading
from collectors.record import RawRecord
from soc.exercises.scenario import Inject


@dataclass(frozen=True)
class InjectInput:
    """The lines of one inject, rendered for a run that started at `start`; sent a second time, they are the same records."""

    id: ClassVar[str] = "inject"

    inject: Inject
    start: datetime

    @property
    def key(self) -> str:
        return self.inject.id

    @property
    def follow(self) -> bool:
        return False

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """All lines in one chunk; `seq` counts the lines of the inject."""
        yield Chunk(
            [
                RawRecord(
                    reading.source, seq, line.text.encode(), reading.received, f"{self.inject.id}:{seq + 1}", "utf-8"
                )
                for seq, line in enumerate(self.inject.render(self.start))
            ]
        )
