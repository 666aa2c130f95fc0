"""`soc up`: console, collecting with detection, worker with schedule, as child processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated, Literal

import typer

from collectors.definition import read_definition
from soc.app.exposure import Exposure, exposure_of, fingerprint, read_certificate
from soc.app.home import HomeLock, prepare_home
from soc.app.supervisor import Child, Supervisor
from soc.cli.context import say, settings
from soc.core.clock import SystemClock
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
    host: Annotated[
        str | None, typer.Option(help=msg("Địa chỉ của bảng điều khiển; ngoài loopback cần TLS").text)
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help=msg("Cổng của bảng điều khiển").text)] = None,
    tls: Annotated[Literal["self-signed"] | None, typer.Option(help=msg("Tự tạo chứng thư và dùng TLS").text)] = None,
    tls_cert: Annotated[Path | None, typer.Option(help=msg("Tệp PEM chứng thư của bảng điều khiển").text)] = None,
    tls_key: Annotated[Path | None, typer.Option(help=msg("Tệp PEM khóa của chứng thư").text)] = None,
    trusted_proxy: Annotated[
        list[str] | None, typer.Option(help=msg("Địa chỉ hoặc dải mạng của proxy có TLS phía trước").text)
    ] = None,
) -> None:
    given = {
        "http_host": host,
        "http_port": port,
        "http_tls": tls,
        "http_tls_cert": tls_cert and tls_cert.absolute(),
        "http_tls_key": tls_key and tls_key.absolute(),
        "trusted_proxies": tuple(trusted_proxy) if trusted_proxy else None,
    }
    chosen = settings().model_copy(update={name: value for name, value in given.items() if value is not None})
    with HomeLock(prepare_home(chosen.home), "up"):
        exposure = exposure_of(chosen, SystemClock().now())
        require_free(chosen.http_host, chosen.http_port)
        _first_run(chosen)
        _supervise(chosen, exposure)


def _supervise(chosen: Settings, exposure: Exposure) -> None:
    listens = has_listeners(chosen.home / "sources.yaml")
    children = [
        Child(name, [sys.executable, "-m", *module]) for name, module in PARTS.items() if listens or name != RECEIVING
    ]
    supervisor = Supervisor(children, _environment(chosen), _told, threading.Event())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop.set())
    _tell_address(chosen, exposure)
    supervisor.run()
    say(msg("đã dừng"))


def _tell_address(chosen: Settings, exposure: Exposure) -> None:
    address = f"{exposure.scheme}://{chosen.http_host}:{chosen.http_port}"
    say(msg("bảng điều khiển: {address} (Ctrl-C để dừng)", address=address))
    if exposure.tls is not None:
        shown = fingerprint(read_certificate(exposure.tls.certificate))
        say(msg("chứng thư SHA-256 {fingerprint}: so với chứng thư mà trình duyệt báo", fingerprint=shown))


def _told(name: str, code: int) -> None:
    say(msg("tiến trình {name} dừng với mã {code}, đang chạy lại", name=name, code=code))


def _first_run(chosen: Settings) -> None:
    """Let a process of its own make what an empty installation lacks: the object graph it needs would stay in this one for good."""
    code = subprocess.run([sys.executable, "-m", "soc.app.first_run"], env=_environment(chosen), check=False).returncode
    if code:
        raise typer.Exit(code)  # it has said why


def _environment(chosen: Settings) -> dict[str, str]:
    files = {"SOC_HTTP_TLS_CERT": chosen.http_tls_cert, "SOC_HTTP_TLS_KEY": chosen.http_tls_key}
    return os.environ | {
        "SOC_HOME": str(chosen.home),
        "SOC_HTTP_HOST": chosen.http_host,
        "SOC_HTTP_PORT": str(chosen.http_port),
        "SOC_HTTP_TLS": chosen.http_tls,
        "SOC_TRUSTED_PROXIES": json.dumps(chosen.trusted_proxies),
        **{name: str(file) for name, file in files.items() if file is not None},
    }


def has_listeners(file: Path) -> bool:
    """Whether `file` asks for a listener, sound or not; no for a file that is absent or no YAML."""
    try:
        data = read_definition(file).data if file.is_file() else {}
    except FaultsError:
        return False
    return isinstance(data, dict) and bool(data.get("listeners"))


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
