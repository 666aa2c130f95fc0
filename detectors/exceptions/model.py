"""An approved exception, as the detector applies it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detectors.exceptions.filters import ExceptionFilter
from soc.core.clock import Window


@dataclass(frozen=True, slots=True)
class RuleException:
    """What is hidden, for whom, and when.

    Attributes:
        agencies: whose events; None for the whole province.
        periods: times in which it was approved and not ended. They are laid over the time of the event, not of its
            processing, so that the stream, a file and a later run over the store hide the same.
    """

    id: str
    filter: ExceptionFilter
    agencies: frozenset[str] | None
    periods: tuple[Window, ...]

    def covers(self, agency: str | None, moment: datetime) -> bool:
        """Whether it is for this agency at this time; `agency` None stands for all of the province together."""
        mine = self.agencies is None or agency in self.agencies
        return mine and any(moment in period for period in self.periods)
