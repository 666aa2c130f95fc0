"""Which files to read, and from where, when log files are renamed, packed, copied or truncated under us.

A file is known by inode and first bytes, so that only these cases are left:

- renamed (`access.log` -> `access.log.1`): the rest is read under the new name; because the writer may go on there until it is
  told, it is looked at for a minute more. Generations in between, made while nobody looked, are read whole.
- renamed and packed (`access.log.1.gz`): same first bytes; the rest is read from the same offset of the unpacked stream.
- copied and truncated: same inode, other first bytes or shorter; the rest is read from the copy, then the file from its start.
- gone: a fault that names the offset behind which lines may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from collectors.inputs.logfile import FileState, identity, open_log
from collectors.spool import State
from soc.core.clock import iso, parse_iso
from soc.core.errors import InputError
from soc.core.i18n import msg

LINGER = timedelta(seconds=60)
"""How long a renamed file is looked at for lines its writer still adds."""

_ROTATED = re.compile(r"(?:[.-](?:\d{1,3}|\d{4}-?\d{2}-?\d{2}[\d-]{0,10}))?(?:\.(?:gz|xz))?\Z")


@dataclass(frozen=True, slots=True)
class Visit:
    """Read `path` from `state` on. `finish`: take an unfinished last line; `forget`: it is not looked at again."""

    name: str
    path: Path
    state: FileState
    finish: bool = False
    forget: bool = False


@dataclass
class Plan:
    """The visits of one pass in the order of their lines; `cursors` must be kept before the first visit."""

    visits: list[Visit] = field(default_factory=list)
    cursors: dict[str, State | None] = field(default_factory=dict)
    faults: list[InputError] = field(default_factory=list)


def plan_visits(
    states: Mapping[str, FileState], found: Mapping[str, Path], now: datetime, quiet: Collection[str] = ()
) -> Plan:
    """Decide what to read.

    Args:
        states: identity -> how far that file was read, as kept.
        found: identity -> path of the files that carry a followed name now.
        now: time of the pass.
        quiet: identities of found files that did not change since they were read; they need no look inside.
    """
    planner = _Planner(states, found, now)
    for name, state in states.items():
        if name not in found:
            planner.vanished(name, state)
    for name, path in found.items():
        if name not in quiet:
            planner.present(name, path)
    return planner.plan


@dataclass
class _Planner:
    states: Mapping[str, FileState]
    found: Mapping[str, Path]
    now: datetime
    plan: Plan = field(default_factory=Plan)

    def present(self, name: str, path: Path) -> None:
        """A file with a followed name: go on, or begin."""
        if name in self.plan.cursors:  # the copy or archive of another one: it is on the list already
            return
        state = replace(self.states.get(name, FileState("")), path=str(path), retired="")
        if _was_truncated(path, state):
            self._rest_elsewhere(state)
            state = FileState(str(path))
            self.plan.cursors[name] = state.stored()
        self.plan.visits.append(Visit(name, path, state))

    def vanished(self, name: str, state: FileState) -> None:
        """A file that was followed, and whose name is another one's now."""
        path = next((path for path in _siblings(state.path) if _identity(path) == name), None)
        if path is None:
            self.plan.cursors[name] = None
            self._rest_elsewhere(state)
            return
        first_time = not state.retired
        if first_time:
            state = replace(state, path=str(path), retired=iso(self.now))
            self.plan.cursors[name] = state.stored()
        over = parse_iso(state.retired) + LINGER <= self.now
        self.plan.visits.append(Visit(name, path, state, finish=over, forget=over))
        if first_time:
            self._generations_after(path)

    def _generations_after(self, path: Path) -> None:
        """Files that came and were renamed in turn while nobody looked."""
        age = path.stat().st_mtime_ns
        newer = [(p.stat().st_mtime_ns, p) for p in _siblings(str(path)) if p != path and p.stat().st_mtime_ns > age]
        for _, sibling in sorted(newer):
            if _identity(sibling) not in {*self.states, *self.found}:
                self._retire(sibling, FileState(str(sibling)))

    def _rest_elsewhere(self, state: FileState) -> None:
        """The rest of a file whose inode holds it no more, from its copy or archive."""
        others = (path for path in _siblings(state.path) if _identity(path) not in self.states)
        holder = next((path for path in others if _holds(path, state)), None)
        if holder is not None:
            self._retire(holder, state)
        elif not state.retired:
            self.plan.faults.append(_lost(state))

    def _retire(self, path: Path, state: FileState) -> None:
        """Read `path` from `state` to its very end; it is complete."""
        state = replace(state, path=str(path), retired=iso(self.now))
        self.plan.cursors[_identity(path)] = state.stored()
        self.plan.visits.append(Visit(_identity(path), path, state, finish=True))


def _siblings(path: str) -> list[Path]:
    """What rotation may have made of `path`: files of its folder with the same name before number, date and packing."""
    current = Path(path)
    stem = _ROTATED.sub("", current.name)
    try:
        names = sorted(current.parent.iterdir())
    except OSError:
        return []
    return [
        name for name in names if name.name.startswith(stem) and _ROTATED.sub("", name.name) == stem and name.is_file()
    ]


def _identity(path: Path) -> str:
    try:
        return identity(path)
    except OSError:
        return ""


def _holds(path: Path, state: FileState) -> bool:
    """Whether `path` begins as the file of `state` did."""
    try:
        with open_log(path) as log:
            return bool(state.head_bytes) and state.fits(log.sample)
    except OSError:
        return False


def _was_truncated(path: Path, state: FileState) -> bool:
    if not state.head_bytes:
        return False
    try:
        with open_log(path) as log:
            return not state.fits(log.sample) or (not log.packed and path.stat().st_size < state.offset)
    except OSError:
        return False  # the visit will say so


def _lost(state: FileState) -> InputError:
    return InputError(
        msg("tệp đã bị xóa hoặc cắt ngắn; không tìm thấy phần sau byte {offset}", offset=state.offset),
        expected=msg("bản xoay vòng của tệp trong cùng thư mục, kể cả khi đã nén"),
        where=state.path,
        advice=msg("để chương trình xoay vòng giữ ít nhất một bản cũ; nếu còn bản sao thì nạp lại bằng soc ingest"),
    )
