"""Text files, one record per line: a file or a glob, packed or not, read to the end or followed over rotations."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from collectors.input import Chunk, Reading
from collectors.inputs.joiner import Multiline
from collectors.inputs.lines import read_lines
from collectors.inputs.logfile import FileState, identity, open_log
from collectors.inputs.rotation import Visit, plan_visits
from collectors.spool import State
from soc.core.errors import InputError
from soc.core.i18n import msg


@dataclass
class FileInput:
    """The lines of the files that `pattern` names.

    `seq` is the offset of a line in the uncompressed file. Blank lines are no records. A line longer than the limit is cut
    and rejected. A last line without its end is taken when the file is read once; when it is followed, its end is awaited.

    Args:
        pattern: path or glob.
        follow: go on where the last pass stopped; see `collectors.inputs.rotation` for what happens on rotation.
        multiline: joins lines to records (`collectors.inputs.joiner`).
    """

    id: ClassVar[str] = "file"

    pattern: Path
    follow: bool = False
    multiline: Multiline | None = None
    _reached: dict[str, tuple[State | None, int, int]] = field(default_factory=dict, repr=False)
    _told: set[str] = field(default_factory=set, repr=False)

    @property
    def key(self) -> str:
        return str(self.pattern.absolute())

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """What there is now, file by file."""
        states = {name: FileState.of(state) for name, state in reading.cursors.items()}
        found, faults = self._present()
        if self.follow:
            quiet = {
                name for name, path in found.items() if name in states and self._is_quiet(name, path, states[name])
            }
            plan = plan_visits(states, found, reading.received, quiet)
            visits, faults = plan.visits, [*faults, *plan.faults]
            yield Chunk(faults=faults, cursors=plan.cursors)
        else:
            yield Chunk(faults=faults)
            visits = [Visit(n, p, states.get(n, FileState(str(p))), finish=True) for n, p in found.items()]
        for visit in visits:
            yield from self._visit(visit, reading)

    def paths(self) -> list[Path]:
        """The files now, in the order of their names; a path without a match stays, so that it is reported."""
        text = str(self.pattern)
        if self.pattern.exists() or self.pattern.is_symlink() or not glob.has_magic(text):
            return [self.pattern]
        return sorted(Path(path) for path in glob.iglob(text, recursive=True) if not Path(path).is_dir())  # noqa: PTH207 - absolute patterns

    def _present(self) -> tuple[dict[str, Path], list[InputError]]:
        """Identity -> path of every file that is there, and what is wrong with the others."""
        found: dict[str, Path] = {}
        faults: list[InputError] = []
        for path in self.paths():
            try:
                found.setdefault(identity(path), path)
            except OSError as error:
                faults += self._unreadable(path, error)
        return found, faults

    def _visit(self, visit: Visit, reading: Reading) -> Iterator[Chunk]:
        try:
            status = visit.path.stat()
            with open_log(visit.path) as log:
                idle = self.multiline is not None and self._is_idle(reading, status.st_mtime)
                for chunk in read_lines(log, visit, reading, self.multiline, idle=idle):
                    self._reached[visit.name] = (chunk.cursors[visit.name], status.st_size, status.st_mtime_ns)
                    yield chunk
            self._told.discard(str(visit.path))
        except OSError as error:
            yield Chunk(faults=self._unreadable(visit.path, error))

    def _is_quiet(self, name: str, path: Path, state: FileState) -> bool:
        """Whether nothing was written since the last look, and what was read then has been kept."""
        try:
            status = path.stat()
        except OSError:
            return False
        if self.multiline is not None and state.offset < status.st_size:
            return False  # an unfinished record waits for its time
        return self._reached.get(name) == (state.stored(), status.st_size, status.st_mtime_ns)

    def _is_idle(self, reading: Reading, written: float) -> bool:
        """Whether nothing was written for as long as an unfinished record waits."""
        return self.multiline is not None and reading.received.timestamp() - written >= self.multiline.wait_s

    def _unreadable(self, path: Path, error: OSError) -> list[InputError]:
        """The fault, but not again at each pass while nothing changes."""
        if self.follow and str(path) in self._told:
            return []
        self._told.add(str(path))
        return [
            InputError(
                msg("không đọc được tệp ({reason})", reason=error.strerror or str(error)),
                expected=msg("một tệp thường mà tài khoản thu thập đọc được"),
                where=str(path),
                advice=msg("kiểm tra đường dẫn và quyền đọc; các tệp khác vẫn được thu"),
            )
        ]
