"""A real Elasticsearch of one node, on loopback, with security.

By hand: `python -m tests.servers.elasticsearch` prints its address and stays until Ctrl-C; put that address into
SOC_TEST_ELASTICSEARCH and several test runs share it. `--prepare` only fetches and unpacks; `--tls` serves HTTPS.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from tests.servers.certificates import ServerCertificate, make_certificates
from tests.servers.cluster import Cluster
from tests.servers.elasticsearch_files import JAVA_PACKAGE, prepare
from tests.servers.processes import (
    PartMissingError,
    ServerFailedError,
    end_group,
    end_of,
    free_port,
    give_to,
    need_program,
    start_server,
    unprivileged_user,
    wait_until,
)

USER = "vonggac-tests"
HEAP = "768m"
PATIENCE_S = 300
SERVER_LIBRARIES = "lib/tools/server-cli"
SOON_WARM = "-XX:TieredStopAtLevel=1"

SETTINGS = """\
cluster.name: vonggac-tests
node.name: one
discovery.type: single-node
network.host: 127.0.0.1
http.port: {http_port}
transport.port: {transport_port}
path.data: {folder}/data
path.logs: {folder}/logs
xpack.security.enabled: true
xpack.security.autoconfiguration.enabled: false
xpack.security.transport.ssl.enabled: false
xpack.security.http.ssl.enabled: {tls}
# of a disk that others fill as well, only what the tests themselves need must be free
cluster.routing.allocation.disk.watermark.low: 600mb
cluster.routing.allocation.disk.watermark.high: 500mb
cluster.routing.allocation.disk.watermark.flood_stage: 400mb
# how often disks are looked at; no shorter time is allowed
cluster.info.update.interval: 10s
"""
TLS_SETTINGS = """\
xpack.security.http.ssl.certificate: tls/server.pem
xpack.security.http.ssl.key: tls/server.key
"""
JVM_OPTIONS = "-XX:+UseG1GC\n-Djava.io.tmpdir=${ES_TMPDIR}\n-XX:+ExitOnOutOfMemoryError\n"


class ElasticsearchServer:
    """One node with folders and ports of its own; nothing happens before `start`.

    Args:
        tls: serve HTTPS, with a certificate from an authority of its own.
        heap: size of the Java heap.
        measured: let Java compile as it does in production; by default it only compiles fast, which halves the boot.

    Attributes:
        user, password: a superuser.
        folder: config/, data/ and logs/; removed by `stop` unless the server failed.
    """

    def __init__(self, *, tls: bool = False, heap: str = HEAP, measured: bool = False) -> None:
        self.user, self.password = USER, secrets.token_hex(12)
        self.tls, self.heap, self.measured = tls, heap, measured
        self.port, self.transport_port = free_port(), free_port()
        self.folder = Path()
        self.certificate: ServerCertificate | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.signing_up: subprocess.Popen[bytes] | None = None
        self.home = Path()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def cluster(self) -> Cluster:
        """What a test needs to talk to it."""
        authority = self.certificate.authority if self.certificate else None
        return Cluster(self.url, self.user, self.password, authority)

    @property
    def log(self) -> Path:
        """What the server said on its standard output."""
        return self.folder / "logs" / "output.log"

    def start(self) -> None:
        """Boot a new server and come back when it answers; `launch` and `wait` in one."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Fetch what is missing, and let the server boot and the superuser be made in the background.

        Raises:
            PartMissingError: Java, Maven or the artifact is missing.
        """
        self.home = prepare()
        self.lay_out()
        libraries = "modules/x-pack-core,modules/x-pack-security,lib/tools/security-cli"
        self.signing_up = self.start_tool(
            "users", libraries, "useradd", self.user, "-p", self.password, "-r", "superuser"
        )
        self.process = self.start_tool("server", SERVER_LIBRARIES)

    def wait(self) -> None:
        """Come back when the cluster answers to its superuser and its existing indices can be used.

        Raises:
            ServerFailedError: it stopped or did not answer in time; carries the end of its log, and the folder stays.
        """
        try:
            wait_until(self.answers, "Elasticsearch to answer", PATIENCE_S)
        except ServerFailedError as error:
            self.stop(keep=True)
            raise ServerFailedError(f"{error}; its folder is {self.folder}\n{end_of(self.log)}") from error

    def restart(self) -> None:
        """Boot again over the same data, on the same port, after `kill`."""
        self.process = self.start_tool("server", SERVER_LIBRARIES)
        self.wait()

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        if self.process:
            end_group(self.process, signal.SIGKILL)
            self.process = None

    def stop(self, *, keep: bool = False) -> None:
        """End the server in peace and remove its folder, or `keep` it for whoever looks for the cause of a failure."""
        for process in filter(None, (self.signing_up, self.process)):
            end_group(process, signal.SIGTERM)
        self.signing_up = self.process = None
        if not keep and self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> ElasticsearchServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(keep=kind is not None)

    def lay_out(self) -> None:
        """Config, data and log folders, owned by the user that the server runs as.

        Not below pytest's own temporary folder: that one is closed to other users.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="vonggac-elasticsearch-"))
        for name in ("data", "logs", "tmp"):
            (self.folder / name).mkdir()
        config = self.folder / "config"
        shutil.copytree(self.home / "config", config, copy_function=shutil.copyfile)
        (config / "jvm.options").write_text(JVM_OPTIONS)
        text = SETTINGS.format(
            http_port=self.port, transport_port=self.transport_port, folder=self.folder, tls=str(self.tls).lower()
        )
        if self.tls:
            (config / "tls").mkdir()
            self.certificate = make_certificates(config / "tls")
            text += TLS_SETTINGS
        (config / "elasticsearch.yml").write_text(text)
        give_to(unprivileged_user(), self.folder)

    def start_tool(self, tool: str, libraries: str, *arguments: str) -> subprocess.Popen[bytes]:
        java = Path(need_program("java", JAVA_PACKAGE)).resolve()
        environment = {
            "PATH": os.environ["PATH"],
            "ES_JAVA_HOME": str(java.parents[1]),
            "ES_JAVA_OPTS": " ".join((f"-Xms{self.heap} -Xmx{self.heap}", *([] if self.measured else [SOON_WARM]))),
            "CLI_JAVA_OPTS": SOON_WARM,
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "CLI_NAME": tool,
            "CLI_LIBS": libraries,
        }
        return start_server(
            [str(self.home / "bin" / "elasticsearch-cli"), *arguments],
            user=unprivileged_user(),
            environment=environment,
            folder=self.folder,
            log=self.log,
        )

    def answers(self) -> bool:
        """Whether the cluster is up and its existing indices can be used."""
        if self.signing_up and self.signing_up.poll():
            raise ServerFailedError(f"the superuser could not be made: code {self.signing_up.returncode}")
        if self.process and self.process.poll() is not None:
            raise ServerFailedError(f"Elasticsearch ended with code {self.process.returncode}")
        return self.cluster.answers()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.elasticsearch", description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="only fetch and unpack; prints the folder")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS with a certificate made for the purpose")
    parser.add_argument("--heap", default=HEAP, help=f"size of the Java heap (default: {HEAP})")
    parser.add_argument("--measured", action="store_true", help="at full speed after a longer boot, for measurements")
    options = parser.parse_args(arguments)
    try:
        if options.prepare:
            print(prepare())
        else:
            serve(ElasticsearchServer(tls=options.tls, heap=options.heap, measured=options.measured))
    except (PartMissingError, ServerFailedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def serve(server: ElasticsearchServer) -> None:
    """Print the address (and the authority's file), then stay until told to end."""
    done = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: done.set())
    with server:
        print(server.cluster.address, flush=True)
        if server.certificate:
            print(server.certificate.authority, flush=True)
        done.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
