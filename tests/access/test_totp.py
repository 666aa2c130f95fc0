"""One-time codes against the published vectors, and what a code is good for."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.access.totp import code_of, enrolment_uri, matching_step, new_secret, step_at, typed_key

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 22, 3, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_hold(second: int, code: str) -> None:
    """Appendix B gives eight digits; six are their end."""
    assert code_of(SECRET, second // 30) == code[-6:]


@given(st.integers(-4, 4), st.integers(-4, 4))
def test_a_code_is_good_a_step_around_its_own_and_never_after_a_later_one(off: int, used: int) -> None:
    here = step_at(NOW)
    good = matching_step(SECRET, code_of(SECRET, here + off), NOW, here + used)
    assert good == (here + off if abs(off) <= 1 and off > used else None)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "①②③④⑤⑥", "0" * 60])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert matching_step(SECRET, typed, NOW, 0) is None


def test_a_code_is_only_of_its_own_moment() -> None:
    code = code_of(SECRET, step_at(NOW))
    assert matching_step(SECRET, code, NOW + timedelta(minutes=2), 0) is None


def test_the_qr_code_and_the_typed_key_say_the_same_secret() -> None:
    secret = new_secret()
    uri = urlsplit(enrolment_uri(secret, "cb.mau", "Vọng Gác"))
    asked = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, asked["issuer"]) == ("otpauth", "totp", ["Vọng Gác"])
    assert base64.b32decode(asked["secret"][0]) == secret == base64.b32decode(typed_key(secret).replace(" ", ""))
