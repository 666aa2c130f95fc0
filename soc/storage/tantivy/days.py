"""The folder of days: which there are, which are open, which are damaged.

Layout of the folder: `2026-11-17/` an index per UTC day; `ids/` the register; `damaged/` days set aside by the writer;
names that begin with a dot are work in progress, which the next writer clears away.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from soc.core.clock import Window
from soc.core.errors import EngineError
from soc.storage.tantivy.day import LAYOUT_FILE, Day, Reading, layout_id
from soc.storage.tantivy.faults import translated

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
DAMAGED = "damaged"
NEW, OLD, GONE = ".new-", ".old-", ".gone-"


def day_name(moment: datetime) -> str:
    """Folder of the day an instant belongs to."""
    return moment.astimezone(UTC).date().isoformat()


class Days:
    """Opens days when they are asked for and keeps the last used open.

    Args:
        root: folder of the store; may not exist yet.
        keep_open: most days held open; a day maps some 8 files for each of its segments.
    """

    def __init__(self, root: Path, keep_open: int) -> None:
        self.root = root
        self._keep_open = keep_open
        self._open: OrderedDict[str, Day] = OrderedDict()
        self._damaged: dict[str, str] = {}
        self._lock = threading.Lock()

    def names(self, window: Window | None = None) -> list[str]:
        """The days that a window touches, oldest first."""
        if not self.root.is_dir():
            return []
        found = sorted(entry.name for entry in self.root.iterdir() if _DAY.fullmatch(entry.name))
        return [name for name in found if window is None or _touches(name, window)]

    def readings(self, names: list[str]) -> Iterator[Reading]:
        """The readable ones of the days, each as of its last commit; the others are kept for `damaged`."""
        for name in names:
            reading = self.reading(name)
            if reading is not None:
                yield reading

    def reading(self, name: str) -> Reading | None:
        """One day, None when it is gone, damaged, or of an older layout."""
        with self._lock:
            try:
                with translated(name):
                    reading = self._day(name).reading()
            except EngineError as problem:
                self._set_damaged(name, str(problem.__cause__))
                return None
            self._damaged.pop(name, None)
            return reading

    def damaged(self) -> dict[str, str]:
        """Day -> what is wrong with it, of the days tried so far and those that the writer set aside."""
        with self._lock:
            aside = self.root / DAMAGED
            moved = {path.name: str(path) for path in sorted(aside.iterdir())} if aside.is_dir() else {}
            return {**self._damaged, **moved}

    def forget(self, name: str) -> None:
        """Close a day, because its folder was replaced or removed."""
        with self._lock:
            self._open.pop(name, None)
            self._damaged.pop(name, None)

    def close(self) -> None:
        """Close all days."""
        with self._lock:
            self._open.clear()

    def _day(self, name: str) -> Day:
        day = self._open.get(name)
        if day is None:
            folder = self.root / name
            if (folder / LAYOUT_FILE).read_text() != layout_id():
                raise ValueError("older layout")
            day = self._open[name] = Day(folder)
            while len(self._open) > self._keep_open:
                self._open.popitem(last=False)
        self._open.move_to_end(name)
        return day

    def _set_damaged(self, name: str, reason: str) -> None:
        self._open.pop(name, None)
        if (self.root / name).is_dir():  # else it was deleted between listing and opening
            self._damaged[name] = reason


def _touches(name: str, window: Window) -> bool:
    start = datetime.combine(date.fromisoformat(name), datetime.min.time(), UTC)
    ends_after = start.date() >= date.max or start + timedelta(days=1) > window.since
    return start < window.until and ends_after


def remove(folder: Path) -> None:
    """Delete a folder so that a kill half-way leaves nothing that looks like a day."""
    gone = folder.with_name(GONE + folder.name)
    folder.rename(gone)
    shutil.rmtree(gone)
