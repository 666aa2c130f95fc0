"""Files that others put into a folder: an SFTP drop folder, or the EVTX and XML files of a Windows event collector.

A file is taken when it has its final name and has not changed for a while. It is first moved to a folder that only we write in: whoever
may write in the drop folder could otherwise swap it for a link between the look and the reading. When its records are on disk it goes
to `done`, or to `failed` when a part of it could not be read. So it is taken once, whatever is killed in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from collectors.input import Chunk, Input, Reading, Rejected
from collectors.inputs import open_input
from collectors.inputs.drop_files import FileRefusedError, Seen, claim, claimed_name, original_name, put_away, steady
from collectors.inputs.events_xml import EventsXmlInput
from collectors.inputs.evtx import EvtxInput
from collectors.inputs.spec import PullSpec
from collectors.record import RawRecord
from collectors.spool import State
from soc.core.errors import InputError
from soc.core.i18n import Message, msg
from soc.core.ids import digest

DONE = "done"
SUFFIXES = (".log", ".txt", ".csv", ".json", ".ndjson", ".jsonl", ".xml", ".evtx")
PACKED = (".gz", ".xz")


class DropSpec(PullSpec):
    """A folder that files are put into.

    Attributes:
        folder: watched; its subfolders are not.
        archive: where files are moved to, on the same file system best; nobody else may write there. Default: a folder of the home.
        settle_seconds: a file is whole when it has not changed for so long.
        suffixes: names that are taken, before .gz or .xz; any other file is refused.
        max_unpacked_bytes: a file that gives more is stopped there and goes to `failed`.
        keep_days: how long files stay in `done` and `failed`.
    """

    kind: Literal["drop"]
    folder: Path
    archive: Path | None = None
    settle_seconds: int = Field(default=5, ge=0, le=3600)
    suffixes: tuple[str, ...] = SUFFIXES
    max_unpacked_bytes: int = Field(default=4 * 1024**3, ge=1024)
    keep_days: int = Field(default=7, ge=0, le=3660)

    def inputs(self, home: Path) -> Sequence[Input]:
        folder = home / self.folder
        archive = home / (self.archive or Path("drop") / f"{folder.name}-{digest(str(folder))[:8]}")
        return [
            DropInput(
                folder,
                archive,
                timedelta(seconds=self.settle_seconds),
                self.suffixes,
                self.max_unpacked_bytes,
                timedelta(days=self.keep_days),
            )
        ]


@dataclass
class DropInput:
    """The files of a drop folder, oldest claim first; see `DropSpec` for the arguments."""

    id: ClassVar[str] = "drop"

    folder: Path
    archive: Path
    settle: timedelta = timedelta(seconds=5)
    suffixes: tuple[str, ...] = SUFFIXES
    max_unpacked_bytes: int = 4 * 1024**3
    keep: timedelta = timedelta(days=7)
    follow: bool = True
    _seen: dict[str, Seen] = field(default_factory=dict, repr=False)
    _absent: bool = False

    @property
    def key(self) -> str:
        return f"drop:{self.folder.absolute()}"

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """Put away what was kept in the last pass, then take what is whole now."""
        try:
            taking = self._prepare()
            yield self._put_away(taking, reading)
            yield Chunk(faults=self._claim(taking, reading.received))
        except OSError as problem:
            yield Chunk(faults=self._unusable(problem))
            return
        self._absent = False
        for path in sorted(taking.glob("[!.]*")):  # a half copy has a dot in front
            if f"{path.name}\x1f{DONE}" not in reading.cursors:
                yield from self._take(path, reading)

    def _prepare(self) -> Path:
        for part in ("taking", "done", "failed"):
            (self.archive / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.archive / "taking"

    def _put_away(self, taking: Path, reading: Reading) -> Chunk:
        """The cursors in `reading` are on disk, and so the records of a file that is done."""
        cursors: dict[str, State | None] = {}
        for name, state in reading.cursors.items():
            claimed, _, what = name.partition("\x1f")
            if what == DONE:
                put_away(taking / claimed, self.archive / ("failed" if state["failed"] else "done"))
            if what == DONE or not (taking / claimed).exists():
                cursors |= {one: None for one in reading.cursors if one.partition("\x1f")[0] == claimed}
        if cursors:
            self._prune(reading.received)
        return Chunk(cursors=cursors)

    def _prune(self, now: datetime) -> None:
        oldest = (now - self.keep).timestamp()
        for part in ("done", "failed"):
            for path in (self.archive / part).iterdir():
                if path.lstat().st_mtime < oldest:
                    path.unlink(missing_ok=True)

    def _claim(self, taking: Path, now: datetime) -> list[InputError]:
        """Move files that are whole to where only we write; what must not be taken is refused by name and moved aside."""
        faults = []
        self._seen = steady(self.folder, self._seen, now)
        for place, (name, seen) in enumerate(sorted(self._seen.items())):
            if now - seen.since < self.settle:
                continue
            target = claimed_name(name, now, place)
            wanted = self._is_wanted(name)
            try:
                claim(self.folder / name, (taking if wanted else self.archive / "failed") / target)
            except FileRefusedError as refusal:
                faults.append(self._refused(name, refusal.reason))
            else:
                faults += [] if wanted else [self._refused(name, msg("tên tệp không thuộc loại được nhận"))]
        return faults

    def _is_wanted(self, name: str) -> bool:
        bare = name.lower()
        for packing in PACKED:
            bare = bare.removesuffix(packing)
        return bare.endswith(self.suffixes)

    def _take(self, path: Path, reading: Reading) -> Iterator[Chunk]:
        prefix, shown = f"{path.name}\x1f", str(self.folder / original_name(path.name))
        states = {
            name.removeprefix(prefix): state for name, state in reading.cursors.items() if name.startswith(prefix)
        }
        inner = self._input_of(path)
        failed, size = False, 0
        for chunk in inner.read(replace(reading, cursors=states)):
            size += chunk.size_bytes
            failed = failed or bool(chunk.faults)
            yield self._shown(chunk, path, shown, prefix, named=not isinstance(inner, EvtxInput))
            if size > self.max_unpacked_bytes:
                reason = msg("tệp giải nén quá {limit} byte", limit=self.max_unpacked_bytes)
                yield Chunk(faults=[self._refused(original_name(path.name), reason)])
                failed = True
                break
        yield Chunk(cursors={f"{prefix}{DONE}": {"failed": int(failed)}})

    def _input_of(self, path: Path) -> Input:
        return EventsXmlInput(path) if ".xml" in [suffix.lower() for suffix in path.suffixes] else open_input(path)

    def _shown(self, chunk: Chunk, path: Path, shown: str, prefix: str, *, named: bool) -> Chunk:
        """The chunk as of the file that was dropped: places name it, cursors are its own, and its records are told from those
        of another file; the same file dropped again gives the same ones. EVTX numbers its records better than we could."""

        def of_file(record: RawRecord) -> RawRecord:
            where = record.where.replace(str(path), shown)
            name = digest(original_name(path.name), record.seq, record.data) if named else ""
            return replace(record, where=where, name=name)

        rejected = [Rejected(of_file(one.record), one.reason, one.kind) for one in chunk.rejected]
        cursors = {prefix + name: state for name, state in chunk.cursors.items()}
        return Chunk([of_file(record) for record in chunk.records], rejected, chunk.faults, cursors, chunk.size_bytes)

    def _refused(self, name: str, reason: Message) -> InputError:
        return InputError(
            msg("không nhận tệp {name}: {reason}", name=name, reason=reason),
            expected=msg(
                "tệp thường, tên kết thúc bằng {suffixes}, có thể nén gz, xz", suffixes=", ".join(self.suffixes)
            ),
            where=str(self.folder / name),
            advice=msg("xem tệp trong {folder} rồi gửi lại dưới dạng đúng", folder=str(self.archive / "failed")),
        )

    def _unusable(self, problem: OSError) -> list[InputError]:
        """The fault, once while it lasts."""
        if self._absent:
            return []
        self._absent = True
        return [
            InputError(
                msg("không dùng được thư mục nhận tệp ({reason})", reason=problem.strerror or str(problem)),
                expected=msg("một thư mục đọc, ghi được, và nơi lưu trữ ghi được"),
                where=str(self.folder),
                advice=msg("tạo thư mục và cấp quyền; tệp trong đó sẽ được nhận ngay sau đó"),
            )
        ]
