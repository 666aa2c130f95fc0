"""How the console is reached: plain on this machine, over TLS of its own, or through a declared proxy that has TLS.

Source: OWASP ASVS 5.0 chapter 12 (secure communication); RFC 5280 for the certificate, RFC 9110 section 7.6.3 for what proxies add.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from soc.core.errors import SetupError
from soc.core.i18n import msg
from soc.core.settings import Settings

SELF_SIGNED_LIFE = timedelta(days=397)
"""What browsers accept at most (CA/Browser Forum, ballot SC31)."""
RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of a server: its certificate, with those of its authorities behind it, and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Exposure:
    """How browsers reach the console.

    Attributes:
        tls: None = plain HTTP.
        proxies: networks of the proxies that are believed about the address of a visitor; none = nobody is.
    """

    tls: TlsFiles | None = None
    proxies: tuple[str, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether browsers speak TLS, with us or with the proxy."""
        return self.tls is not None or bool(self.proxies)

    @property
    def scheme(self) -> str:
        return "https" if self.tls is not None else "http"


def exposure_of(settings: Settings, now: datetime) -> Exposure:
    """What the settings ask for; makes the self-signed certificate where they ask for one.

    Raises:
        SetupError: plain HTTP on an address that other machines reach; a certificate that is absent, over, or of another key; a key
            that others may read; a proxy that is no network.
    """
    exposure = Exposure(_tls(settings, now), tuple(str(network) for network in _networks(settings.trusted_proxies)))
    if not exposure.secure and not is_loopback(settings.http_host):
        raise SetupError(
            msg(
                "{host} không phải địa chỉ loopback; HTTP không mã hóa chỉ chạy trong máy",
                host=settings.http_host,
            ),
            expected=msg("127.0.0.1, ::1 hoặc localhost"),
            where="SOC_HTTP_HOST",
            advice=msg(
                "thêm --tls-cert và --tls-key, hoặc --tls self-signed, hoặc khai báo proxy có TLS bằng --trusted-proxy"
            ),
        )
    return exposure


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address; other names than localhost are not looked up."""
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        return False


def certificate_file(settings: Settings) -> Path | None:
    """The console's certificate, None where it has no TLS of its own; a self-signed one is there from the first start on."""
    return _own(settings.home).certificate if settings.http_tls else settings.http_tls_cert


def read_certificate(file: Path) -> x509.Certificate:
    """The first certificate of a PEM file. Raises SetupError."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as problem:
        raise _unreadable(file, problem) from problem
    except ValueError as problem:
        raise SetupError(
            msg("tệp không chứa chứng thư"), expected=msg("chứng thư dạng PEM"), where=str(file)
        ) from problem


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, as browsers show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _networks(given: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    try:
        networks = [ip_network(one) for one in given]
    except ValueError as problem:
        raise SetupError(
            msg("proxy khai báo không phải địa chỉ hay dải mạng: {given}", given=", ".join(given)),
            expected=msg("ví dụ 10.1.2.3 hoặc 10.1.2.0/28"),
            where="SOC_TRUSTED_PROXIES",
        ) from problem
    if any(network.prefixlen == 0 for network in networks):
        raise SetupError(
            msg("mọi địa chỉ đều được coi là proxy: ai cũng có thể giả địa chỉ"),
            expected=msg("chỉ địa chỉ của proxy"),
            where="SOC_TRUSTED_PROXIES",
        )
    return networks


def _tls(settings: Settings, now: datetime) -> TlsFiles | None:
    cert, key = settings.http_tls_cert, settings.http_tls_key
    if (cert is None) != (key is None) or (cert is not None and settings.http_tls):
        raise SetupError(
            msg("cấu hình TLS không khớp"),
            expected=msg("cả chứng thư lẫn khóa, hoặc chỉ self-signed"),
            where="SOC_HTTP_TLS, SOC_HTTP_TLS_CERT, SOC_HTTP_TLS_KEY",
        )
    if settings.http_tls:
        return _self_signed(_own(settings.home), settings.http_host, now)
    if cert is None or key is None:
        return None
    files = TlsFiles(cert, key)
    _check(files, now)
    return files


def _check(files: TlsFiles, now: datetime) -> None:
    certificate = read_certificate(files.certificate)
    if certificate.not_valid_after_utc <= now:
        raise SetupError(
            msg("chứng thư đã hết hạn lúc {end}", end=certificate.not_valid_after_utc.isoformat()),
            where=str(files.certificate),
            advice=msg("thay chứng thư rồi khởi động lại"),
        )
    if _public_bytes(certificate.public_key()) != _public_bytes(_read_key(files.key).public_key()):
        raise SetupError(
            msg("khóa không thuộc chứng thư này"),
            where=f"{files.certificate}, {files.key}",
            advice=msg("chỉ đúng cặp chứng thư và khóa"),
        )


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    """The private key of a PEM file; of any kind, all of which can give their public key."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o007:
            raise SetupError(
                msg("tệp khóa ai cũng đọc được"),
                where=str(file),
                advice=msg("chỉ để tài khoản chạy dịch vụ đọc: chmod 600"),
            )
        return serialization.load_pem_private_key(file.read_bytes(), None)  # type: ignore[return-value]
    except OSError as problem:
        raise _unreadable(file, problem) from problem
    except (ValueError, TypeError) as problem:  # TypeError: a key under a password
        raise SetupError(
            msg("không đọc được khóa"), expected=msg("khóa riêng dạng PEM, không đặt mật khẩu"), where=str(file)
        ) from problem


def _public_bytes(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


def _unreadable(file: Path, problem: OSError) -> SetupError:
    return SetupError(
        msg("không đọc được tệp: {reason}", reason=problem.strerror or str(problem)),
        where=str(file),
        advice=msg("kiểm tra đường dẫn và quyền đọc"),
    )


def _own(home: Path) -> TlsFiles:
    return TlsFiles(home / "tls" / "console.pem", home / "tls" / "console.key")


def _self_signed(files: TlsFiles, host: str, now: datetime) -> TlsFiles:
    """The installation's own certificate; made anew when it ends within a month or does not name the address."""
    names = _names(host)
    if files.certificate.is_file() and files.key.is_file():
        certificate = read_certificate(files.certificate)
        known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if certificate.not_valid_after_utc - now > RENEW_BEFORE and set(names) <= set(known):
            _check(files, now)
            return files
    files.key.parent.mkdir(mode=0o700, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    _write(
        files.key,
        key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    _write(files.certificate, _signed(key, names, now).public_bytes(Encoding.PEM))
    return files


def _names(host: str) -> list[x509.GeneralName]:
    """What a browser may have typed: this machine's name, the address that is listened on, loopback."""
    machine = socket.gethostname()
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(("localhost", machine)) if name]
    for text in dict.fromkeys(("127.0.0.1", "::1", host)):
        try:
            address = ip_address(text)
        except ValueError:
            names += [x509.DNSName(text)] if text not in {"localhost", machine} else []
            continue
        names += [] if address.is_unspecified else [x509.IPAddress(address)]
    return names


def _signed(key: ec.EllipticCurvePrivateKey, names: Sequence[x509.GeneralName], now: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Vong Gac")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + SELF_SIGNED_LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, and for its owner alone from the first byte."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
