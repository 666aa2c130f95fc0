"""Names of indices and aliases: an index family per security level, as each level has its own time to keep logs."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = (1, 2, 3, 4, 5)
"""Security levels of information systems."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names under one prefix."""

    prefix: str

    @property
    def reading(self) -> str:
        """The alias over all indices of events."""
        return f"{self.prefix}-events"

    @property
    def template(self) -> str:
        """The index template."""
        return f"{self.prefix}-events"

    @property
    def pattern(self) -> str:
        """What every index of events is called."""
        return f"{self.prefix}-events-l*"

    def writing(self, level: int) -> str:
        """The write alias of a level."""
        return f"{self.prefix}-events-l{level}"

    def first(self, level: int) -> str:
        """The first index of a level; rollover counts on from its number."""
        return f"{self.writing(level)}-000001"

    def level_of(self, index: str) -> int:
        """The level that an index belongs to."""
        return int(index.removeprefix(f"{self.prefix}-events-l").partition("-")[0])
