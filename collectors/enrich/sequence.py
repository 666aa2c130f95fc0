"""`soc.gap`: whether records are missing before this one, by the numbers that a device gives its records.

The number is `event.sequence`, the device `observer.serial_number` (else `observer.name`), each dataset apart. The next number, or the same
again, is no gap; a jump ahead is one, and so is a lower number on a later record: the log was begun anew. After a rotation that the log
tells (`rotat` in action or message) numbers may begin at 0 or 1.
Records older than the newest tell nothing: they came late. Nor does the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from collectors.enrich.memory import Memory, key_of
from soc.core.event import Event, Value

_FIRST_NUMBERS = (0, 1)


class SequenceGap:
    """The newest number of each device; what a batch taught is kept with its alerts, so a restart opens no gap and hides none."""

    def __init__(self, bound: int = 20_000) -> None:
        self._newest = Memory("sequence", bound)
        self.memories = (self._newest,)

    def add(self, event: Event, *, teach: bool) -> dict[str, Value]:
        """`soc.gap`, or nothing where it cannot be told."""
        fields = event.fields
        number = fields.get("event.sequence")
        device = fields.get("observer.serial_number") or fields.get("observer.name")
        if not isinstance(number, int) or device is None:
            return {}
        key = key_of(fields.get("soc.platform"), fields.get("soc.agency"), fields.get("event.dataset"), device)
        moment = int(datetime.fromisoformat(str(fields["@timestamp"])).timestamp())
        before = self._newest.get(key)
        if before is None or isinstance(before, int):
            gap, is_newest = None, True
        else:
            gap, is_newest = _judged(number, moment, before)
        if teach and is_newest:
            self._newest.put(key, [number, moment, int(_tells_rotation(fields))])
        return {} if gap is None else {"soc.gap": gap}


def _judged(number: int, moment: int, before: Sequence[int | float]) -> tuple[bool | None, bool]:
    """Whether there is a gap (None: cannot be told), and whether this record is now the newest."""
    last, then, rotated = before
    if number > last:
        return number > last + 1 and not (rotated and number in _FIRST_NUMBERS), True
    if rotated and number in _FIRST_NUMBERS:
        return False, True
    if number == last:
        return False, False
    return (True, True) if moment > then else (None, False)


def _tells_rotation(fields: Mapping[str, Value]) -> bool:
    return any("rotat" in str(fields.get(name, "")).casefold() for name in ("event.action", "message"))
