"""The inputs that are read, in turn: each within the limits of its source, all of them only while the spool has room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from collectors.allowance import Allowance, Throttle
from collectors.ingest import Collector
from collectors.input import Input


@runtime_checkable
class Closing(Protocol):
    """An input that holds something between two passes."""

    def close(self) -> None: ...


class Pulling:
    """Takes in what the followed inputs have.

    Args:
        followed: (source id, input).
        allowances: source id -> its limits.
        spool_limit: records; while more wait there, what is read stays where it is.
    """

    def __init__(
        self,
        collector: Collector,
        followed: Sequence[tuple[str, Input]],
        allowances: Mapping[str, Allowance],
        spool_limit: int,
    ) -> None:
        self._collector, self._followed, self._spool_limit = collector, followed, spool_limit
        self._lengths = {source: one.max_record_bytes for source, one in allowances.items()}
        self._throttles = {source: Throttle(one) for source, one in allowances.items()}

    def take_in(self) -> int:
        """Put what the sources have now into the spool; gives how many records. Raises EngineError."""
        taken = 0
        for source, inlet in self._followed:
            throttle = self._throttles.get(source)
            if throttle is not None and throttle.wait_s():
                continue
            if self._collector.spool.span() >= self._spool_limit:
                break
            counts = self._collector.collect(source, inlet, max_record_bytes=self._lengths.get(source, 0))
            if throttle is not None:
                throttle.spend(counts.accepted, counts.size_bytes)
            taken += counts.accepted
        return taken

    def close(self) -> None:
        """Let go of what the inputs hold."""
        for _, inlet in self._followed:
            if isinstance(inlet, Closing):
                inlet.close()
