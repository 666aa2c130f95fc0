"""How the console may be reached: what is refused, and the certificate of one's own."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from soc.app.application import Application
from soc.app.doctor import CHECKS
from soc.app.exposure import Exposure, exposure_of, fingerprint, read_certificate
from soc.app.findings import State
from soc.core.errors import SetupError
from soc.core.settings import Settings
from tests.servers.certificates import ServerCertificate, client_certificate, make_certificates

NOW = datetime.now(UTC)
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here


def exposed(home: Path, **given: Any) -> Exposure:
    return exposure_of(Settings(home=home, **given), NOW)


@pytest.fixture
def files(tmp_path: Path) -> ServerCertificate:
    return make_certificates(tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_plain_http_stays_on_this_machine(tmp_path: Path, host: str) -> None:
    assert exposed(tmp_path, http_host=host) == Exposure()


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "10.0.0.1", "console.example", "localhost.example", ""])
def test_another_address_is_refused_with_the_three_ways_out(tmp_path: Path, host: str) -> None:
    with pytest.raises(SetupError) as problem:
        exposed(tmp_path, http_host=host)
    assert all(way in str(problem.value) for way in ("--tls-cert", "--tls self-signed", "--trusted-proxy"))


def test_another_address_is_open_over_tls(tmp_path: Path, files: ServerCertificate) -> None:
    exposure = exposed(tmp_path, http_host=EVERYWHERE, http_tls_cert=files.certificate, http_tls_key=files.key)
    assert (exposure.secure, exposure.scheme) == (True, "https")


def test_another_address_is_open_behind_a_declared_proxy(tmp_path: Path) -> None:
    exposure = exposed(tmp_path, http_host=EVERYWHERE, trusted_proxies=("10.1.2.3",))
    assert (exposure.secure, exposure.scheme, exposure.proxies) == (True, "http", ("10.1.2.3/32",))


@pytest.mark.parametrize("proxies", [("everybody",), ("10.0.0.1/8",), ("0.0.0.0/0",), ("10.0.0.1", "::/0")])
def test_a_proxy_is_an_address_or_a_network_and_never_everybody(tmp_path: Path, proxies: tuple[str, ...]) -> None:
    with pytest.raises(SetupError, match="SOC_TRUSTED_PROXIES"):
        exposed(tmp_path, trusted_proxies=proxies)


def test_a_certificate_and_its_key_go_together(tmp_path: Path, files: ServerCertificate) -> None:
    _, foreign = client_certificate(tmp_path, "other")
    with pytest.raises(SetupError, match="khóa không thuộc"):
        exposed(tmp_path, http_tls_cert=files.certificate, http_tls_key=foreign)
    for half in ({"http_tls_cert": files.certificate}, {"http_tls_key": files.key}):
        with pytest.raises(SetupError, match="không khớp"):
            exposed(tmp_path, **half)
    with pytest.raises(SetupError, match="không khớp"):
        exposed(tmp_path, http_tls="self-signed", http_tls_cert=files.certificate, http_tls_key=files.key)


def test_a_certificate_that_is_over_is_refused(tmp_path: Path, files: ServerCertificate) -> None:
    settings = Settings(home=tmp_path, http_tls_cert=files.certificate, http_tls_key=files.key)
    with pytest.raises(SetupError, match="hết hạn"):
        exposure_of(settings, NOW + timedelta(days=31))


def test_a_key_that_everybody_reads_is_refused(tmp_path: Path, files: ServerCertificate) -> None:
    files.key.chmod(0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        exposed(tmp_path, http_tls_cert=files.certificate, http_tls_key=files.key)


@pytest.mark.parametrize("broken", ["http_tls_cert", "http_tls_key"])
def test_an_absent_or_foreign_file_is_named(tmp_path: Path, files: ServerCertificate, broken: str) -> None:
    given = {"http_tls_cert": files.certificate, "http_tls_key": files.key}
    with pytest.raises(SetupError, match="absent"):
        exposed(tmp_path, **given | {broken: tmp_path / "absent.pem"})
    (tmp_path / "text.pem").write_text("no PEM")
    (tmp_path / "text.pem").chmod(0o600)
    with pytest.raises(SetupError, match=r"text\.pem"):
        exposed(tmp_path, **given | {broken: tmp_path / "text.pem"})


def test_the_own_certificate_is_kept_and_closed_to_others(tmp_path: Path) -> None:
    first = exposed(tmp_path, http_tls="self-signed").tls
    assert first is not None
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    shown = fingerprint(read_certificate(first.certificate))
    assert exposed(tmp_path, http_tls="self-signed").tls == first
    assert fingerprint(read_certificate(first.certificate)) == shown


def test_the_own_certificate_is_renewed_before_its_end_and_for_another_address(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, http_tls="self-signed")
    kept: list[str] = []
    for moment, host in (
        (NOW, "127.0.0.1"),
        (NOW + timedelta(days=360), "127.0.0.1"),
        (NOW + timedelta(days=370), "127.0.0.1"),
        (NOW + timedelta(days=370), "10.0.0.9"),
    ):
        tls = exposure_of(settings.model_copy(update={"http_host": host}), moment).tls
        assert tls is not None
        kept.append(fingerprint(read_certificate(tls.certificate)))
    assert kept[0] == kept[1]
    assert len(set(kept)) == 3


def test_the_doctor_tells_how_long_the_certificate_lasts(tmp_path: Path, files: ServerCertificate) -> None:
    told = []
    for given in ({}, {"http_tls": "self-signed"}, {"http_tls_cert": files.certificate, "http_tls_key": files.key}):
        with Application(Settings(home=tmp_path / "home", **given)) as app:
            told.append(CHECKS["console"](app))
    states = [state for state, _ in told]
    assert states == [State.OK, State.OK, State.WARN]  # the third lasts less than a month
    assert "server.pem" in str(told[2][1])
