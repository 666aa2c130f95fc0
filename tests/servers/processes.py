"""What every real server of the tests needs: ports, a user that is not root, and waiting for a condition."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ENOUGH_OF_A_LOG = 4_000


class PartMissingError(Exception):
    """A program that a real server needs is not installed; the text names it and the way to install it."""


class ServerFailedError(Exception):
    """A server did not come up; the text holds the end of its log."""


def need_program(name: str, package: str) -> str:
    """Path of an installed program."""
    found = shutil.which(name)
    if not found:
        raise PartMissingError(f"{name} is not installed; on Debian: apt-get install {package}")
    return found


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
    """Come back as soon as `condition` holds.

    Raises:
        ServerFailedError: it still did not hold after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise ServerFailedError(f"waited {timeout_s:.0f} s in vain for {what}")
        time.sleep(0.1)


def unprivileged_user() -> str | None:
    """The user that servers run as which refuse root; None when this process is not root's."""
    return "nobody" if os.geteuid() == 0 else None


def give_to(user: str | None, folder: Path) -> None:
    """Let `user` own a folder and all it holds."""
    if user is None:
        return
    entry = pwd.getpwnam(user)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, entry.pw_uid, entry.pw_gid)


def start_server(
    command: list[str], *, user: str | None, environment: dict[str, str], folder: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start `command` as leader of a process group of its own, as `user`, its output in `log`.

    On Linux it is told to stop when the test run dies without a chance to clean up.
    """
    setpriv = shutil.which("setpriv")
    tether = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [*tether, *command],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )


def end_group(process: subprocess.Popen[bytes], how: signal.Signals, timeout_s: float = 30) -> None:
    """Send `how` to a server and its children, and wait till all of them are gone; after `timeout_s` with force."""
    send(process, how)
    deadline = time.monotonic() + timeout_s
    while process.poll() is None or group_lives(process):
        if time.monotonic() > deadline:
            send(process, signal.SIGKILL)
        time.sleep(0.05)


def send(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        return


def group_lives(process: subprocess.Popen[bytes]) -> bool:
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def end_of(log: Path) -> str:
    """The last lines of a log, for the text of an error."""
    return log.read_bytes()[-ENOUGH_OF_A_LOG:].decode("utf-8", "replace") if log.exists() else "(no log)"
