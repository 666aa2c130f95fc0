"""The one writer: makes days, extends them, sets damaged ones aside, lays old ones out anew."""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import orjson
import tantivy
from tantivy import Query

from soc.core.errors import EngineError
from soc.core.event import Event
from soc.core.i18n import Message
from soc.storage.admission import Admitted, admit
from soc.storage.conditions import Condition
from soc.storage.tantivy.compile import none_of
from soc.storage.tantivy.day import LAYOUT_FILE, Day, layout_id
from soc.storage.tantivy.days import DAMAGED, GONE, NEW, OLD, Days, remove
from soc.storage.tantivy.faults import translated
from soc.storage.tantivy.layout import document, schema
from soc.storage.tantivy.register import Register

MOVES = "moves.json"
"""What a rewrite takes out of old days once it stands in new ones: day -> ids."""
_HEAP_BYTES = 64_000_000
_BATCH = 2000


class DayWriters:
    """Writers of days, the last used kept open.

    Args:
        days: the readers of the same process, told when a folder is replaced.
        register: extended before the days.
        keep_open: most writers held open; each has its own threads and up to 64 MB.
    """

    def __init__(self, days: Days, register: Register, keep_open: int) -> None:
        self._days = days
        self._root = days.root
        self._register = register
        self._keep_open = keep_open
        self._open: OrderedDict[str, tantivy.IndexWriter] = OrderedDict()

    def recover(self) -> None:
        """Finish or undo what a killed writer left, set damaged days aside, lay older days out anew. Needs the lock."""
        self._clear_away()
        for name in self._days.names():
            if not self._is_current(name):
                self._lay_out_anew(name)
        self._mend_register()
        self._finish_moves()

    def write(self, by_day: dict[str, list[Admitted]]) -> None:
        """Keep the events, durable on return; a day is kept whole or not at all."""
        days = sorted(by_day)
        for at in range(0, len(days), self._keep_open):  # a writer closed to make room would lose what it was given
            self._write_some({day: by_day[day] for day in days[at : at + self._keep_open]})

    def _write_some(self, by_day: dict[str, list[Admitted]]) -> None:
        """Hand the events over, extend the register while the engine indexes them, then commit: the register is never behind."""
        try:
            for day, events in by_day.items():
                self._add(day, events)
            with translated(str(self._root)):
                self._register.add((event.id, day) for day, events in by_day.items() for event in events)
            for day in by_day:
                with translated(day):
                    self._open[day].commit()
        except BaseException:
            for day in by_day:
                self._open.pop(day, None)  # with the writer goes what it was given and not committed
            raise

    def _add(self, day: str, events: Iterable[Admitted]) -> None:
        with translated(day):
            writer = self._writer(day)
            for event in events:
                writer.add_document(document(event))

    def rewrite(self, by_day: dict[str, list[Admitted]], known: Mapping[str, str]) -> None:
        """Put events in the place of those with their ids.

        Args:
            known: id -> the day it stands in. An event that moves to another day is written there first; a note on the disk tells the
                next writer what to take out of the old day when this one is killed between the two.
        """
        leaving = _leaving(by_day, known)
        if leaving:
            self._note_moves(leaving)
            with translated(str(self._root)):
                self._register.add(
                    (one.id, day) for day, events in by_day.items() for one in events if known[one.id] != day
                )
        for day, events in sorted(by_day.items()):
            self._replace(day, [event.id for event in events], events)
        if leaving:
            self._finish_moves()

    def _replace(self, day: str, ids: Iterable[str], events: Iterable[Admitted] = ()) -> None:
        """In one commit: the documents of these ids go, those of the events come."""
        with translated(day):
            writer = self._writer(day)
            try:
                for event_id in ids:
                    writer.delete_documents_by_term("id", event_id)
                for event in events:
                    writer.add_document(document(event))
                writer.commit()
            except BaseException:
                self._open.pop(day, None)  # with the writer goes what it was told and has not committed
                raise

    def _note_moves(self, leaving: Mapping[str, Sequence[str]]) -> None:
        fresh = self._root / f"{MOVES}.new"
        with fresh.open("wb") as file:
            file.write(orjson.dumps(leaving))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._root / MOVES)
        _sync(self._root)

    def _finish_moves(self) -> None:
        """Take out of their old day what stands in its new one."""
        note = self._root / MOVES
        if not note.is_file():
            return
        for day, ids in orjson.loads(note.read_bytes()).items():
            reading = self._days.reading(day)
            if reading is not None:
                self._replace(day, self._elsewhere(day, ids))
        note.unlink()

    def _elsewhere(self, day: str, ids: Sequence[str]) -> list[str]:
        """Those of the ids that another day holds: where the new one was not written yet, the old one stays."""
        with translated(str(self._root)):
            days = [name for name in self._register.days(ids) if name != day]
        return [
            event_id for reading in self._days.readings(days) for event_id, _ in reading.by_id(reading.compile.ids(ids))
        ]

    def delete(self, days: Sequence[str]) -> None:
        """Drop whole days."""
        for day in days:
            self._close(day)
            self._days.forget(day)
            remove(self._root / day)
        with translated(str(self._root)):
            self._register.drop(days)

    def delete_from(self, day: str, gone: Condition) -> int:
        """Drop those events of a day that match, whatever their scope; gives how many went.

        Their ids stay in the register until the day goes: a hit there is only a hint where to look.
        """
        reading = self._days.reading(day)
        if reading is None:
            return 0
        going = reading.question_of_all(gone)
        count = reading.count(going)
        if count == len(reading):
            self.delete([day])
        elif count:
            self._write_anew(day, reading.by_time(none_of(going), ascending=True))
        return count

    def _write_anew(self, day: str, staying: Iterable[Event]) -> None:
        """Put events in the place of all that a day holds, in one commit."""
        with translated(day):
            writer = self._writer(day)
            try:
                writer.delete_documents_by_query(Query.all_query())
                for event in staying:
                    writer.add_document(_again(event))
                writer.commit()
            except BaseException:
                self._open.pop(day, None)  # with the writer goes what it was told and has not committed
                raise

    def close(self) -> None:
        """Wait for merges and release all writers."""
        for day in list(self._open):
            self._close(day)
        self._register.close()

    def _writer(self, day: str) -> tantivy.IndexWriter:
        writer = self._open.get(day)
        if writer is None:
            writer = self._open[day] = self._index(day).writer(heap_size=_HEAP_BYTES, num_threads=1)
            while len(self._open) > self._keep_open:
                self._close(next(iter(self._open)))
        self._open.move_to_end(day)
        return writer

    def _index(self, day: str) -> tantivy.Index:
        folder = self._root / day
        if folder.is_dir() and self._days.reading(day) is None:
            self._set_aside(day)
        if not folder.is_dir():
            _make(self._root / (NEW + day)).rename(folder)
            _sync(self._root)
            self._days.forget(day)
        return tantivy.Index.open(str(folder))

    def _close(self, day: str) -> None:
        writer = self._open.pop(day, None)
        if writer is not None:
            with translated(day):
                writer.wait_merging_threads()

    def _clear_away(self) -> None:
        for path in sorted(self._root.iterdir()):
            if path.name.startswith(OLD) and not (self._root / path.name.removeprefix(OLD)).is_dir():
                path.rename(self._root / path.name.removeprefix(OLD))
            elif path.name.startswith((NEW, OLD, GONE)):
                shutil.rmtree(path)

    def _is_current(self, day: str) -> bool:
        mark = self._root / day / LAYOUT_FILE
        return mark.is_file() and mark.read_text() == layout_id()

    def _lay_out_anew(self, day: str) -> None:
        """Index the stored events of a day again; the old folder stays until the new one is whole."""
        folder, fresh, old = self._root / day, self._root / (NEW + day), self._root / (OLD + day)
        try:
            with translated(day):
                _copy(Day(folder), _make(fresh))
        except EngineError:
            shutil.rmtree(fresh, ignore_errors=True)
            self._set_aside(day)
            return
        folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old)
        self._days.forget(day)

    def _set_aside(self, day: str) -> None:
        aside = self._root / DAMAGED
        aside.mkdir(exist_ok=True)
        taken = sum(1 for path in aside.iterdir() if path.name.startswith(day))
        (self._root / day).rename(aside / f"{day}.{taken + 1}")
        self._days.forget(day)

    def _mend_register(self) -> None:
        """A register that is missing or unreadable is made from the days."""
        try:
            with translated(str(self._root)):
                sound = self._register.is_sound()
        except EngineError:
            sound = False
        if sound:
            return
        self._register.clear()
        with translated(str(self._root)):
            for reading in self._days.readings(self._days.names()):
                self._register.add((event_id, reading.name) for event_id in reading.ids())


def _leaving(by_day: Mapping[str, Sequence[Admitted]], known: Mapping[str, str]) -> dict[str, list[str]]:
    """Day -> the ids that leave it."""
    found: dict[str, list[str]] = {}
    for day, events in by_day.items():
        for event in events:
            if known[event.id] != day:
                found.setdefault(known[event.id], []).append(event.id)
    return found


def _make(folder: Path) -> Path:
    folder.mkdir()
    tantivy.Index(schema(), path=str(folder))
    (folder / LAYOUT_FILE).write_text(layout_id())
    return folder


def _sync(folder: Path) -> None:
    """Make renames in a folder outlive a power cut; the engine does the same inside an index."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(old: Day, folder: Path) -> None:
    writer = tantivy.Index.open(str(folder)).writer(heap_size=_HEAP_BYTES, num_threads=1)
    for number, event in enumerate(old.reading().everything(), start=1):
        writer.add_document(_again(event))
        if number % _BATCH == 0:
            writer.commit()
    writer.commit()
    writer.wait_merging_threads()


def _again(event: Event) -> tantivy.Document:
    """A stored event laid out again. Raises ValueError for one that would not be admitted today."""
    admitted = admit(event)
    if isinstance(admitted, Message):
        raise ValueError(admitted.render())  # noqa: TRY004 - the day is set aside with this reason, not mistyped
    return document(admitted)
