"""Passwords: argon2id hashes, one-time passwords, and what is accepted as a new one.

Source: NIST SP 800-63B section 3.1.1 (length before composition, no periodic change); RFC 9106 for the parameters.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from soc.core.errors import InputError
from soc.core.i18n import msg

MIN_LENGTH = 12
MAX_LENGTH = 128
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without 0 o 1 l i: a one-time password is read out and typed by hand."""


def one_time_password() -> str:
    """20 random characters in groups of five, about 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def check_new(password: str, name: str) -> None:
    """Refuse a password that is too short, too long, too plain or holds the account's name. Raises InputError."""
    plain = _same_form(password)
    if not MIN_LENGTH <= len(plain) <= MAX_LENGTH:
        raise InputError(
            msg("mật khẩu dài {length} ký tự", length=len(plain)),
            expected=msg("từ {least} đến {most} ký tự", least=MIN_LENGTH, most=MAX_LENGTH),
            advice=msg("dùng một câu dễ nhớ"),
        )
    if len(set(plain)) < 6 or name.lower() in plain.lower():
        raise InputError(
            msg("mật khẩu quá dễ đoán"),
            expected=msg("ít nhất 6 ký tự khác nhau và không chứa tên đăng nhập"),
            advice=msg("dùng một câu dễ nhớ"),
        )


class Passwords:
    """Hashes and checks.

    Args:
        hasher: argon2id with its cost; tests pass a cheap one.
    """

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher

    def hash(self, password: str) -> str:
        """The argon2id text of a password."""
        return self._hasher.hash(_same_form(password))

    def verify(self, known: str | None, password: str) -> bool:
        """Whether `password` belongs to the hash; None (no such account) costs the same work and is never true."""
        try:
            return self._hasher.verify(known or self._nobody, _same_form(password[:1024])) and known is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_stale(self, known: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(known)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))


def _same_form(password: str) -> str:
    # Vietnamese keyboards give composed or decomposed letters for the same keys; both must open the account
    return unicodedata.normalize("NFC", password)
