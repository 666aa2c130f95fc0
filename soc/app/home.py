"""The home of an installation: its folder, and the locks that keep two writers apart."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from soc.core.errors import SetupError
from soc.core.i18n import msg


def prepare_home(home: Path) -> Path:
    """Make the folder if need be, for its owner alone. Raises SetupError when it cannot be written to."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = home / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise SetupError(
            msg("không ghi được vào thư mục dữ liệu: {reason}", reason=problem.strerror or str(problem)),
            expected=msg("một thư mục ghi được"),
            where=str(home),
            advice=msg("sửa quyền của thư mục, hoặc đặt SOC_HOME tới nơi khác"),
        ) from problem
    return home


class HomeLock:
    """An exclusive lock on one role of a home, let go by the kernel when the process dies.

    Args:
        name: the role, `up` or `pipeline`.
    """

    def __init__(self, home: Path, name: str) -> None:
        self._path = home / f"{name}.lock"
        self._name = name
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another process holds it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._handle = handle
        return True

    def holder(self) -> str:
        """Process id of who holds it, as text."""
        return self._path.read_text("ascii").strip() if self._path.is_file() else ""

    def release(self) -> None:
        """Let go; safe to call twice."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        if not self.acquire():
            raise SetupError(
                msg("tiến trình {pid} đang giữ thư mục dữ liệu này", pid=self.holder()),
                expected=msg("mỗi thư mục dữ liệu chỉ một tiến trình '{role}'", role=self._name),
                where=str(self._path),
                advice=msg("dừng tiến trình đó, hoặc đặt SOC_HOME tới thư mục khác"),
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
