"""Events the store would not take, counted by cause: many of one cause are one matter, not many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from soc.core.i18n import Message, msg
from soc.core.ids import digest
from soc.storage.events import AppendResult, AppendStatus

STORM = 100
"""Rejected events of one cause that are worth an alert."""
CALM = timedelta(minutes=10)
"""After so long without another one, a cause is over."""
MOST = 1000
"""Causes that are kept account of; beyond that the rejected events still lie in quarantine, with their reasons."""


@dataclass
class Storm:
    """The rejected events of one cause.

    Attributes:
        cause: names the kind of refusal and the field, not the values.
        example: id of the first event of it.
        incident: code of the incident raised about it, "" for none.
    """

    cause: str
    field: str
    reason: Message
    example: str
    first: datetime
    last: datetime
    count: int = 0
    told: bool = False
    incident: str = ""

    @property
    def title(self) -> Message:
        return msg(
            "kho từ chối {count} sự kiện vì cùng một nguyên nhân, trường {field}: {reason} (ví dụ sự kiện {event})",
            count=self.count,
            field=self.field or "–",
            reason=self.reason,
            event=self.example,
        )


class Rejections:
    """Counts rejected events by cause, and says which are many."""

    def __init__(self) -> None:
        self._storms: dict[str, Storm] = {}

    def add(self, results: Sequence[AppendResult], now: datetime) -> None:
        """Count those of a batch."""
        for result in results:
            if result.status is not AppendStatus.REJECTED or result.reason is None:
                continue
            field, cause = cause_of(result.reason)
            storm = self._storms.get(cause)
            if storm is None:
                if len(self._storms) >= MOST:
                    continue
                storm = self._storms[cause] = Storm(
                    cause, field, without_values(result.reason), result.event_id, now, now
                )
            storm.count, storm.last = storm.count + 1, now

    def begun(self) -> Iterator[Storm]:
        """Those that have just become many; each is given once."""
        for storm in self._storms.values():
            if storm.count >= STORM and not storm.told:
                storm.told = True
                yield storm

    def over(self, now: datetime) -> list[Storm]:
        """Those that were told of and have ended; all that are quiet are forgotten."""
        quiet = [storm for storm in self._storms.values() if now - storm.last >= CALM]
        for storm in quiet:
            del self._storms[storm.cause]
        return [storm for storm in quiet if storm.told]


def cause_of(reason: Message) -> tuple[str, str]:
    """Field and cause of a refusal: two with the same sentence about the same field are one cause."""
    named = reason.values.get("field") or reason.values.get("where")
    found = None if named else _FIELD.search(reason.render())
    field = str(named or (found[1] if found else ""))
    return field, f"{field or 'event'}:{digest(reason.text, field)[:12]}"


_FIELD = re.compile(r"field \[([^\]]{1,200})\]")
_OF_ONE_DOCUMENT = re.compile(r" (in|of) (a )?document (with id|'|\[).*", re.DOTALL)
"""Where Elasticsearch goes over to the id and a preview of the value, which may be personal data."""


def without_values(reason: Message) -> Message:
    """A refusal without what it tells of a single document."""
    parts = {
        name: _OF_ONE_DOCUMENT.sub("", value) if isinstance(value, str) else value
        for name, value in reason.values.items()
    }
    return Message(reason.text, parts)
