"""`soc up`: console, collecting with detection, worker with schedule, as child processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from collectors.definition import read_definition
from soc.app.home import HomeLock, prepare_home
from soc.app.supervisor import Child, Supervisor
from soc.cli.context import say, settings
from soc.core.errors import FaultsError, SetupError
from soc.core.i18n import msg
from soc.core.settings import Settings

RECEIVING = "receiving"
PARTS = {
    "console": ("soc.web",),
    "collecting": ("soc.app.collecting",),
    "worker": ("soc.worker", "response"),
    "long jobs": ("soc.worker", "long"),
    RECEIVING: ("soc.app.receiving",),
}
"""Child -> module that runs it, and its arguments; receiving only where `sources.yaml` names listeners."""


def up(
    host: Annotated[str | None, typer.Option(help=msg("Địa chỉ của bảng điều khiển; chỉ loopback").text)] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help=msg("Cổng của bảng điều khiển").text)] = None,
) -> None:
    given = {"http_host": host, "http_port": port}
    chosen = settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    with HomeLock(prepare_home(chosen.home), "up"):
        require_loopback(chosen.http_host)
        require_free(chosen.http_host, chosen.http_port)
        _first_run(chosen)
        _supervise(chosen)


def _supervise(chosen: Settings) -> None:
    listens = has_listeners(chosen.home / "sources.yaml")
    children = [
        Child(name, [sys.executable, "-m", *module]) for name, module in PARTS.items() if listens or name != RECEIVING
    ]
    supervisor = Supervisor(children, _environment(chosen), _told, threading.Event())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop.set())
    say(msg("bảng điều khiển: http://{host}:{port} (Ctrl-C để dừng)", host=chosen.http_host, port=chosen.http_port))
    supervisor.run()
    say(msg("đã dừng"))


def _told(name: str, code: int) -> None:
    say(msg("tiến trình {name} dừng với mã {code}, đang chạy lại", name=name, code=code))


def _first_run(chosen: Settings) -> None:
    """Let a process of its own make what an empty installation lacks: the object graph it needs would stay in this one for good."""
    code = subprocess.run([sys.executable, "-m", "soc.app.first_run"], env=_environment(chosen), check=False).returncode
    if code:
        raise typer.Exit(code)  # it has said why


def _environment(chosen: Settings) -> dict[str, str]:
    return os.environ | {
        "SOC_HOME": str(chosen.home),
        "SOC_HTTP_HOST": chosen.http_host,
        "SOC_HTTP_PORT": str(chosen.http_port),
    }


def has_listeners(file: Path) -> bool:
    """Whether `file` asks for a listener, sound or not; no for a file that is absent or no YAML."""
    try:
        data = read_definition(file).data if file.is_file() else {}
    except FaultsError:
        return False
    return isinstance(data, dict) and bool(data.get("listeners"))


def require_loopback(host: str) -> None:
    """Raise SetupError for an address that other machines reach: plain HTTP stays on this machine."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        inside = ip_address(name).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise SetupError(
            msg("{host} không phải địa chỉ loopback; HTTP không mã hóa chỉ chạy trong máy", host=host),
            expected=msg("127.0.0.1, ::1 hoặc localhost"),
            where="SOC_HTTP_HOST",
            advice=msg("đặt một proxy có TLS phía trước và để Vọng Gác nghe ở loopback"),
        )


def require_free(host: str, port: int) -> None:
    """Raise SetupError when something else listens on the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise SetupError(
                msg(
                    "cổng {port} đang bận hoặc không mở được: {reason}",
                    port=port,
                    reason=problem.strerror or str(problem),
                ),
                where=f"{host}:{port}",
                advice=msg("dừng chương trình đang dùng cổng, hoặc chọn cổng khác: soc up --port"),
            ) from problem
