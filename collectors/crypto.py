"""Encryption of what rests on disk between the source and the store: AES-256-GCM, one master key for an installation.

Source: NIST SP 800-38D. Its section 8.3 allows 2^32 messages with random nonces under one key, which a province writes in
a month. So the master key never encrypts: each cipher object derives a session key from it (HKDF-SHA256, RFC 5869, fresh
random salt) and moves to a new one long before the limit. The salt travels with each payload.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
import threading
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from soc.core.errors import SetupError
from soc.core.i18n import msg

KEY_BYTES = 32
KEY_FILE = "spool.key"
_FORMAT = b"\x01"
_SALT, _NONCE = 16, 12
_HEAD = len(_FORMAT) + _SALT + _NONCE
_MESSAGES_PER_SESSION = 1 << 30


class SealBrokenError(Exception):
    """A payload that this key did not seal, or that was changed, cut or moved to another record.

    Not a `SocError`: whoever reads payloads turns it into a quarantined record, so no person reads it.
    """


def derive_key(master: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose only, so that the pseudonyms of citizens say nothing about the spool and vice versa."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"vonggac {purpose}".encode()).derive(master)


def load_master_key(home: Path, configured: str = "") -> bytes:
    """The master key of an installation: from the settings, else from `home/spool.key`, which is made at the first start.

    Args:
        home: folder of the installation; must exist.
        configured: value of `SOC_SPOOL_KEY`, Base64 of 32 bytes; empty = key file.

    Raises:
        SetupError: key malformed, file readable by others, or home not writable.
    """
    if configured:
        return _decode_key(configured, "SOC_SPOOL_KEY")
    path = home / KEY_FILE
    try:
        if not path.exists():
            _create_key_file(path)
        return _read_key_file(path)
    except OSError as error:
        raise SetupError(
            msg("không đọc hoặc ghi được tệp khóa ({reason})", reason=error.strerror),
            where=str(path),
            advice=msg("cho tài khoản chạy dịch vụ quyền ghi thư mục này, hoặc đặt SOC_SPOOL_KEY"),
        ) from error


def _create_key_file(path: Path) -> None:
    """Write a new key so that another process sees either no file or the whole key; the first of two wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        path.hardlink_to(draft)
        _sync_folder(path.parent)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read_key_file(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise SetupError(
            msg("tệp khóa có quyền {mode}, người khác đọc được", mode=f"{mode:04o}"),
            expected=msg("quyền 0600"),
            where=str(path),
            advice=msg("chạy: chmod 600 {path}; nếu người khác đã đọc được thì khóa coi như lộ", path=path),
        )
    return _decode_key(path.read_text(encoding="ascii", errors="replace").strip(), str(path))


def _decode_key(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SetupError(
            msg("khóa không phải Base64 của 32 byte"),
            expected=msg("44 ký tự Base64, tức 32 byte"),
            where=where,
            advice=msg("khôi phục khóa từ bản sao lưu; tạo khóa mới bằng: openssl rand -base64 32"),
        )
    return key


class PayloadCipher:
    """Seals payloads and opens them; each is bound to the record it belongs to. Safe to share between threads and over a fork.

    Args:
        master: 32 bytes, see `load_master_key`.
    """

    def __init__(self, master: bytes) -> None:
        self._master = derive_key(master, "payload")
        self._session: tuple[bytes, AESGCM] | None = None
        self._sealed = 0
        self._lock = threading.Lock()
        self._opener = lru_cache(maxsize=64)(self._derive)

    def seal(self, payload: bytes, bound_to: bytes) -> bytes:
        """`payload` encrypted. `bound_to` is not stored, but the payload opens only together with it."""
        salt, cipher = self._current()
        nonce = os.urandom(_NONCE)
        return _FORMAT + salt + nonce + cipher.encrypt(nonce, payload, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """The payload.

        Raises:
            SealBrokenError: another key, changed bytes, or another `bound_to`.
        """
        if sealed[:1] != _FORMAT or len(sealed) < _HEAD:
            raise SealBrokenError
        salt, nonce = sealed[1 : 1 + _SALT], sealed[1 + _SALT : _HEAD]
        try:
            return self._opener(salt).decrypt(nonce, sealed[_HEAD:], bound_to)
        except InvalidTag as error:
            raise SealBrokenError from error

    def _current(self) -> tuple[bytes, AESGCM]:
        with self._lock:
            if self._session is None or self._sealed >= _MESSAGES_PER_SESSION:
                salt = os.urandom(_SALT)
                self._session, self._sealed = (salt, self._derive(salt)), 0
            self._sealed += 1
            return self._session

    def _derive(self, salt: bytes) -> AESGCM:
        return AESGCM(
            HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=b"vonggac session").derive(self._master)
        )
