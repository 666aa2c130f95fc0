"""One-time codes by the clock: TOTP (RFC 6238) over HOTP (RFC 4226), with SHA-1, 30 seconds and six digits as every phone app has them."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_S = 30
_SECRET_BYTES = 20
_WINDOW = 1
"""Steps that a phone's clock may be off, to either side (RFC 6238 section 5.2)."""


def new_secret() -> bytes:
    """160 random bits, the length RFC 4226 section 4 recommends."""
    return secrets.token_bytes(_SECRET_BYTES)


def step_at(moment: datetime) -> int:
    """Number of the step that a moment lies in."""
    return int(moment.timestamp()) // STEP_S


def code_of(secret: bytes, step: int) -> str:
    """The six digits of a step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


def matching_step(secret: bytes, code: str, now: datetime, after: int) -> int | None:
    """The step that a code belongs to, None for a wrong one.

    Args:
        after: last step that was used; a code is good once (RFC 6238 section 5.2), and none before it is good any more.
    """
    here = step_at(now)
    steps = range(max(here - _WINDOW, after + 1, 0), here + _WINDOW + 1)
    return next((step for step in steps if hmac.compare_digest(code_of(secret, step).encode(), code.encode())), None)


def typed_key(secret: bytes) -> str:
    """The secret for typing by hand: Base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def enrolment_uri(secret: bytes, account: str, issuer: str) -> str:
    """What the QR code says; the form that authenticator apps read (`otpauth://totp/`)."""
    about = urlencode({"secret": base64.b32encode(secret).decode(), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{about}&algorithm=SHA1&digits=6&period={STEP_S}"
