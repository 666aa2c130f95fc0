"""The systemd journal, followed by a `journalctl` of its own; each entry is one JSON record for the parser `journald`.

Source: journalctl(1) (`--output=json`, `--after-cursor`, `--all`), systemd.journal-fields(7) (`__CURSOR`, `__REALTIME_TIMESTAMP`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import orjson
from pydantic import Field

from collectors.input import Chunk, Input, Reading, Rejected
from collectors.inputs.spec import PullSpec
from collectors.inputs.splitter import Line, LineSplitter
from collectors.quarantine import Kind
from collectors.record import RawRecord
from collectors.spool import State
from collectors.text import UTF8
from soc.core.errors import InputError
from soc.core.i18n import msg

BLOCK_BYTES = 256 * 1024
MOST_BLOCKS = 16
"""Of one pass, so that other inputs have their turn while a long journal is taken in."""


class JournaldSpec(PullSpec):
    """The journal of this machine, or one that lies in a folder.

    Attributes:
        namespace: of journald; "" = the main one.
        directory: a folder of journal files, where they come from other machines.
        units: only these; empty = all.
        history: also what was there before the first look.
    """

    kind: Literal["journald"]
    namespace: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$")
    directory: Path | None = None
    units: tuple[str, ...] = ()
    history: bool = True

    def inputs(self, home: Path) -> Sequence[Input]:
        chosen = [f"--namespace={self.namespace}"] if self.namespace else []
        chosen += [f"--directory={home / self.directory}"] if self.directory else []
        chosen += [f"--unit={unit}" for unit in self.units]
        return [JournaldInput(tuple(chosen), self.history)]


@dataclass
class JournaldInput:
    """What the journal has now; the cursor of the last entry is kept with the records.

    Args:
        chosen: options of journalctl that choose the journal.
        history: whether to begin at its beginning.
    """

    id: ClassVar[str] = "journald"

    chosen: tuple[str, ...] = ()
    history: bool = True
    follow: bool = True
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _splitter: LineSplitter = field(default_factory=lambda: LineSplitter(UTF8, 0), repr=False)
    _given: str = ""
    _told: bool = False

    @property
    def key(self) -> str:
        return " ".join(("journald", *self.chosen))

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """What journalctl has written since the last pass; it is started anew where that was not kept."""
        kept = str(reading.cursors.get("journal", {}).get("cursor", ""))
        if self._child is None or kept != self._given:
            self.close()
            try:
                self._start(kept, reading.max_record_bytes)
            except OSError as problem:
                yield Chunk(faults=self._unavailable(problem.strerror or str(problem)))
                return
        for _ in range(MOST_BLOCKS):
            block = self._block()
            if not block:
                return
            yield self._chunk(self._splitter.feed(block), len(block), reading)
        return

    def close(self) -> None:
        """End journalctl."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _start(self, cursor: str, limit: int) -> None:
        begin = [f"--after-cursor={cursor}"] if cursor else [] if self.history else ["--lines=0"]
        command = ["journalctl", "--output=json", "--follow", "--all", "--quiet", "--no-pager", *begin, *self.chosen]
        if cursor or self.history:
            command.append("--no-tail")
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._child.stdout is not None  # noqa: S101 - a pipe was asked for
        os.set_blocking(self._child.stdout.fileno(), False)
        self._splitter, self._given = LineSplitter(UTF8, limit + 1), cursor

    def _block(self) -> bytes:
        """What there is; empty when there is nothing now."""
        assert self._child is not None  # noqa: S101 - started by `read`
        assert self._child.stdout is not None  # noqa: S101
        try:
            return os.read(self._child.stdout.fileno(), BLOCK_BYTES)
        except BlockingIOError:
            return b""

    def _chunk(self, lines: Sequence[Line], size: int, reading: Reading) -> Chunk:
        records, rejected = [], []
        for line in lines:
            cursor, moment = _place(line.data)
            self._given = cursor or self._given
            where = f"journald:{cursor}"
            record = RawRecord(
                reading.source, moment, line.data[: reading.max_record_bytes], reading.received, where, UTF8, cursor
            )
            if line.size > reading.max_record_bytes:
                limit = reading.max_record_bytes
                reason = msg("bản ghi dài {size} byte, giới hạn {limit}; chỉ giữ phần đầu", size=line.size, limit=limit)
                rejected.append(Rejected(record, reason, Kind.OVERSIZE))
            else:
                records.append(record)
        state: dict[str, State | None] = {"journal": {"cursor": self._given}} if self._given else {}
        return Chunk(records, rejected, (), state, size)

    def _unavailable(self, reason: str) -> list[InputError]:
        if self._told:
            return []
        self._told = True
        return [
            InputError(
                msg("không chạy được journalctl ({reason})", reason=reason),
                expected=msg("systemd và quyền đọc journal (nhóm systemd-journal)"),
                where=self.key,
                advice=msg("thêm tài khoản thu thập vào nhóm systemd-journal rồi chạy lại"),
            )
        ]


def _place(line: bytes) -> tuple[str, int]:
    """Cursor and time (microseconds) of an entry; of one that was cut, what its beginning does not say is missing."""
    try:
        entry = orjson.loads(line)
        return str(entry["__CURSOR"]), int(entry["__REALTIME_TIMESTAMP"])
    except (orjson.JSONDecodeError, KeyError, ValueError, TypeError):
        return "", 0
