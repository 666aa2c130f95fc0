"""The sign-in page of the real console process in a real Chromium: drawn, styled, and without a complaint of the browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from soc.app.application import Application
from soc.core.settings import Settings

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1366,768",
    "--enable-logging=stderr",
]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `python -m soc.web` over an empty home."""
    home = tmp_path_factory.mktemp("console")
    with Application(Settings(home=home)) as app:
        assert app.database.engine is not None  # the first use makes the tables
    port = free_port()
    environment = os.environ | {"SOC_HOME": str(home), "SOC_HTTP_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "soc.web"], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(address, process)
        yield address
    finally:
        process.terminate()
        assert process.wait(30) == 0


def wait_until_up(address: str, process: subprocess.Popen[bytes]) -> None:
    """Until the console answers; fails when it ends before."""
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "the console ended"
        assert time.monotonic() < deadline, "the console does not answer"
        try:
            httpx.get(f"{address}/health", timeout=5)
        except httpx.TransportError:
            process_wait(process)
        else:
            return


def process_wait(process: subprocess.Popen[bytes]) -> None:
    """A short wait that ends at once when the process ends."""
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        return


@pytest.mark.parametrize(("lang", "word"), [("vi", "Đăng nhập"), ("en", "Sign in")])
def test_the_sign_in_page_is_drawn_without_a_complaint(
    chromium: str, console: str, tmp_path: Path, lang: str, word: str
) -> None:
    """No console message, no request refused by the content security policy, and a picture that is not blank."""
    picture = tmp_path / "page.png"
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}"]
    shot = subprocess.run([*command, f"{console}/signin?lang={lang}"], capture_output=True, timeout=90, check=False)
    assert b"CONSOLE" not in shot.stderr, shot.stderr.decode("utf-8", "replace")
    assert picture.stat().st_size > 10_000
    page = httpx.get(f"{console}/signin?lang={lang}", follow_redirects=True)
    assert word in page.text
