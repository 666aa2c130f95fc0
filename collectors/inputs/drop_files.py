"""The moves of a drop folder: which files are whole, how one is claimed, where it goes afterwards."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from soc.core.i18n import Message, msg

UNFINISHED = (".tmp", ".part", ".filepart", ".partial", ".swp")
"""What uploading programs call a file that is not whole."""
_LONGEST_NAME = 180


class FileRefusedError(Exception):
    """A file that must not be taken."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it looked, and since when it has looked so."""

    look: tuple[int, int, int]
    since: datetime


def steady(folder: Path, before: Mapping[str, Seen], now: datetime) -> dict[str, Seen]:
    """The files of `folder` by name, unfinished names left out. Raises OSError."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                continue
            look = (status.st_ino, status.st_size, status.st_mtime_ns)
            known = before.get(entry.name)
            found[entry.name] = known if known is not None and known.look == look else Seen(look, now)
    return found


def claimed_name(name: str, now: datetime, place: int) -> str:
    """A name in the order of claiming that no other file has."""
    return f"{now:%Y%m%dT%H%M%S%f}-{place:04}-{name[-_LONGEST_NAME:]}"


def original_name(claimed: str) -> str:
    """The name the sender gave; characters that a terminal would obey are shown, not sent."""
    return "".join(one if one.isprintable() else "?" for one in claimed.split("-", 2)[2])


def claim(path: Path, target: Path) -> None:
    """Move `path` to `target`. Raises FileRefusedError for what is no plain file of its own: links, pipes, devices."""
    try:
        path.rename(target)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise FileRefusedError(msg("không chuyển được tệp ({reason})", reason=problem.strerror)) from problem
        _copy(path, target)
    status = target.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        target.unlink(missing_ok=True)
        raise FileRefusedError(msg("là liên kết hoặc tệp đặc biệt; đã xóa khỏi thư mục"))


def _copy(path: Path, target: Path) -> None:
    """Across file systems: the very file that was looked at, its bytes on disk before it is taken away."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as problem:
        path.unlink(missing_ok=True)
        raise FileRefusedError(msg("là liên kết hoặc tệp đặc biệt; đã xóa khỏi thư mục")) from problem
    with os.fdopen(handle, "rb") as source:
        status = os.fstat(source.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            path.unlink(missing_ok=True)
            raise FileRefusedError(msg("là liên kết hoặc tệp đặc biệt; đã xóa khỏi thư mục"))
        half = target.with_name(f".{target.name}")
        with half.open("wb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
    half.rename(target)
    path.unlink(missing_ok=True)


def put_away(path: Path, folder: Path) -> None:
    """Move a claimed file to `folder`; nothing when it is there already."""
    if path.exists():
        path.rename(folder / path.name)
