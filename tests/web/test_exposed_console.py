"""The console over TLS and behind a proxy."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from soc.core.ids import sha256
from soc.web.proxy import BehindProxy
from tests.servers.processes import wait_until
from tests.web.house import PASSWORD, Browser, House

PROXY = "10.1.2.3"


def behind(house: House, peer: str) -> Browser:
    return Browser(BehindProxy(house.app(secure=True), [f"{PROXY}/32"]), base="https://console.example", client=peer)  # type: ignore[arg-type]


def signed_in_from(house: House, peer: str, said: str) -> str:
    """The address that the audit trail knows a sign-in by."""
    headers = {"x-forwarded-for": said, "x-forwarded-proto": "https"}
    with behind(house, peer) as browser:
        sent = {"name": "ts.01", "password": PASSWORD}
        answer = browser.post("/signin", sent, page="/signin", headers=headers)
        assert answer.status_code == 303
    with house.database.transaction() as session:
        return next(entry.origin for entry in house.audit.entries(session) if entry.action == "session.start")


def test_a_declared_proxy_is_believed_about_its_visitor(house: House) -> None:
    assert signed_in_from(house, PROXY, "198.51.100.7") == "198.51.100.7"


def test_what_a_visitor_claims_in_front_of_the_proxy_is_not_believed(house: House) -> None:
    assert signed_in_from(house, PROXY, "192.0.2.99, 198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize("peer", ["10.1.2.4", "198.51.100.7"])
def test_nobody_goes_around_the_proxy(house: House, peer: str) -> None:
    with behind(house, peer) as browser:
        answer = browser.get("/signin", headers={"x-forwarded-for": "127.0.0.1"})
        assert answer.status_code == 403
        assert "SOC_TRUSTED_PROXIES" in answer.text


def test_this_machine_gets_in_but_not_as_an_undeclared_proxy(house: House) -> None:
    with behind(house, "127.0.0.1") as browser:
        assert browser.get("/health").status_code == 200
        assert browser.get("/health", headers={"x-forwarded-for": "198.51.100.7"}).status_code == 403


def test_soc_up_speaks_tls_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from soc.cli.main import main; main()", "up", "--tls", "self-signed"]
    home, told = tmp_path / "home", tmp_path / "told.txt"
    with told.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port)], env=os.environ | {"SOC_HOME": str(home)}, stdout=out, stderr=out
        )
    try:
        wait_until(lambda: answers(home, port), "the console", 120)
        context = ssl.create_default_context(cafile=home / "tls" / "console.pem")
        page = httpx.get(f"https://127.0.0.1:{port}/signin", verify=context)
        assert page.headers["strict-transport-security"].startswith("max-age=")
        assert page.headers["set-cookie"].startswith("__Host-vg_page=")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/signin")
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
        assert colons(der) in told.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def answers(home: Path, port: int) -> bool:
    try:
        context = ssl.create_default_context(cafile=home / "tls" / "console.pem")
        return httpx.get(f"https://127.0.0.1:{port}/health", verify=context).status_code == 200
    except (OSError, httpx.TransportError):
        return False


def colons(der: bytes) -> str:
    return bytes.fromhex(sha256(der)).hex(":").upper()
