"""Things worked out once and kept on disk: a cache that may be lost, damaged or put there by somebody else without harm.

A file begins with the hash of the rest. What does not hash to it, belongs to another user or can be written by others, is as
if it were not there. Nothing in a file is ever executed: callers keep plain data.
"""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_HASH = 32
_NOT_OURS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Kept:
    """Files of one folder, made when first needed.

    Args:
        folder: where they lie; others may not write there.
        limit_bytes: what they may take together; the files used longest ago go first.
    """

    folder: Path
    limit_bytes: int = 512 << 20

    def read(self, name: str) -> bytes | None:
        """The content written under `name`; None when there is none that can be trusted."""
        path = self.folder / name
        try:
            with path.open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())):
                    return None
                data = file.read()
            os.utime(path)
        except OSError:
            return None
        content = data[_HASH:]
        return content if sha256(content).digest() == data[:_HASH] else None

    def write(self, name: str, content: bytes) -> None:
        """Keep `content`; a disk that refuses costs the next run its time, and this one nothing."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(sha256(content).digest() + content)
            Path(file.name).replace(self.folder / name)
            self._shrink()
        except OSError:
            return

    def _shrink(self) -> None:
        found = [(path.stat().st_atime, path.stat().st_size, path) for path in self.folder.iterdir()]
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.limit_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & _NOT_OURS
