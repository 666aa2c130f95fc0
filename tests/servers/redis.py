"""A real Redis for tests: Debian's `redis-server`, on a free loopback port, with a password."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import redis

from tests.servers.certificates import ServerCertificate, make_certificates
from tests.servers.processes import (
    ServerFailedError,
    end_group,
    end_of,
    free_port,
    need_program,
    send,
    start_server,
    wait_until,
)

SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
save ""
appendonly {appendonly}
"""

TLS_SETTINGS = """\
tls-port {port}
tls-cert-file {files.certificate}
tls-key-file {files.key}
tls-ca-cert-file {files.authority}
tls-auth-clients no
"""


class RedisServer:
    """One server with a folder and a port of its own; nothing happens before `start`.

    Args:
        durable: whether it finds its data again after `kill` and `restart`; else it comes back empty.
        tls: speak TLS, with a certificate made for the purpose.
    """

    def __init__(self, *, durable: bool = False, tls: bool = False) -> None:
        self.durable, self.tls = durable, tls
        self.certificate: ServerCertificate | None = None
        self.port, self.password = free_port(), secrets.token_hex(12)
        self.folder = Path()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """With the password, as `broker_url` takes it."""
        return f"{'rediss' if self.tls else 'redis'}://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.folder / "output.log"

    def client(self) -> redis.Redis:
        """A connection of the test's own; close it."""
        authority = str(self.certificate.authority) if self.certificate else None
        return redis.Redis(port=self.port, password=self.password, ssl=self.tls, ssl_ca_certs=authority)

    def start(self) -> None:
        """Boot, and wait until it answers. Raises PartMissingError, or ServerFailedError with the end of the log."""
        program = need_program("redis-server", "redis-server")
        if self.folder == Path():
            self.folder = Path(tempfile.mkdtemp(prefix="vonggac-redis-"))
            self._write_settings()
        self.process = start_server(
            [program, str(self.folder / "redis.conf")], user=None, environment={}, folder=self.folder, log=self.log
        )
        wait_until(self.answers, "Redis to answer")

    def _write_settings(self) -> None:
        appendonly = "yes" if self.durable else "no"
        port = 0 if self.tls else self.port
        text = SETTINGS.format(port=port, password=self.password, folder=self.folder, appendonly=appendonly)
        if self.tls:
            self.certificate = make_certificates(self.folder)
            text += TLS_SETTINGS.format(port=self.port, files=self.certificate)
        (self.folder / "redis.conf").write_text(text)  # in a file, as a command line can be read by everybody

    def answers(self) -> bool:
        """Whether it is up and has loaded its data."""
        if self.process is not None and self.process.poll() is not None:
            raise ServerFailedError(f"Redis ended with code {self.process.returncode}\n{end_of(self.log)}")
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        if self.process:
            end_group(self.process, signal.SIGKILL)
            self.process = None

    def restart(self) -> None:
        """Boot again on the same port, after `kill`."""
        self.start()

    def freeze(self) -> None:
        """Stop answering while connections stay open, as behind a broken link."""
        if self.process:
            send(self.process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Answer again, after `freeze`."""
        if self.process:
            send(self.process, signal.SIGCONT)

    def stop(self) -> None:
        """End it and remove its folder."""
        if self.process:
            self.thaw()
            end_group(self.process, signal.SIGTERM)
            self.process = None
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
