"""One writer to a store: a lock of the operating system, which goes with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from soc.core.errors import SetupError
from soc.core.i18n import msg


class WriterLock:
    """Held from `take` to `release`.

    Args:
        path: a file of its own; it keeps the process id of the holder for the message to the second.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock; taking it again is harmless. Raises SetupError when another process, or store, holds it."""
        if self._descriptor is not None:
            return
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise SetupError(
                msg("kho sự kiện đang do tiến trình {holder} ghi", holder=holder or "?"),
                expected=msg("một tiến trình ghi duy nhất"),
                where=str(self._path),
                advice=msg("dừng tiến trình đó, hoặc dùng SOC_HOME khác"),
            ) from problem
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def _open(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise SetupError(
                msg("không ghi được vào kho sự kiện: {reason}", reason=problem.strerror or ""),
                where=str(self._path.parent),
                advice=msg("kiểm tra quyền ghi và chỗ trống của thư mục, hoặc đặt SOC_HOME nơi khác"),
            ) from problem

    def release(self) -> None:
        """Give the lock back; safe to call twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
