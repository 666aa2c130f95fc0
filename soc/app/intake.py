"""What listeners counted, on its way from the receiving process to the collecting one, which keeps it in the case database.

A file of the home carries it: written when there is none, taken away when its counts are kept. While nobody takes it away the counts
go on in memory, so there is never more than one. Of a killed process the counts since the last file are lost, not the records.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from collectors.tally import Sent, Tally
from soc.core.clock import iso, parse_iso

FILE = "intake.json"
_COUNTS = ("received", "size_bytes", "set_aside", "refused", "dropped", "throttled")


def leave_intake(home: Path, tally: Tally) -> bool:
    """Write down what was counted since the last time; False where the one before still lies there or the disk refuses."""
    if (home / FILE).exists():
        return False
    sent = tally.take()
    if not sent:
        return False
    half = home / f".{FILE}-{os.getpid()}"
    try:
        half.write_bytes(orjson.dumps({name: _plain(one) for name, one in sent.items()}))
        half.replace(home / FILE)
    except OSError:
        tally.put_back(sent)
        return False
    return True


def take_intake(home: Path, keep: Callable[[Mapping[str, Sent]], None]) -> int:
    """Give what lies there to `keep`, then take it away; gives how many sources it tells of. A file nobody can read is dropped."""
    try:
        rows = orjson.loads((home / FILE).read_bytes())
        sent = {str(name): _sent(row) for name, row in rows.items()}
    except OSError:
        return 0
    except (ValueError, KeyError, TypeError, AttributeError):
        sent = {}
    keep(sent)
    (home / FILE).unlink(missing_ok=True)
    return len(sent)


def _plain(sent: Sent) -> dict[str, object]:
    counts: dict[str, object] = {name: getattr(sent, name) for name in _COUNTS}
    return counts | {"last": None if sent.last is None else iso(sent.last), "faults": dict(sent.faults)}


def _sent(row: Mapping[str, object]) -> Sent:
    last, faults = row["last"], row["faults"]
    if not isinstance(faults, dict):
        raise TypeError(faults)
    counts = {name: int(str(row[name])) for name in _COUNTS}
    moment = None if last is None else parse_iso(str(last))
    return Sent(**counts, last=moment, faults=Counter({str(name): int(count) for name, count in faults.items()}))
