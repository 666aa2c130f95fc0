"""What must not be kept is gone; what only looks like it stays; and it never takes long."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors.personal import Kind
from collectors.redact import Redactor, is_card_number, is_citizen_number
from tests.collectors.machinery.post import KEY

DATA = Path(__file__).parent / "data"
CASES = [tuple(case) for cases in yaml.safe_load((DATA / "masked.yaml").read_text()).values() for case in cases]
LEFT_ALONE = [line for line in (DATA / "left_alone.txt").read_text().splitlines() if line and not line.startswith("#")]
REDACTOR = Redactor(KEY, 2026)
CITIZEN = REDACTOR.redact("075090001234").text
HASHES = {
    "$MOTORBIKE": REDACTOR.pseudonyms.of(Kind.PLATE, "60A112345"),
    "$PLATE": REDACTOR.pseudonyms.of(Kind.PLATE, "60A12345"),
    "$PHONE": REDACTOR.pseudonyms.of(Kind.PHONE, "0912345678"),
    "$PATIENT": REDACTOR.pseudonyms.of(Kind.PATIENT, "BN00123"),
    "$ID": CITIZEN,
}


@pytest.mark.parametrize(("raw", "kept"), CASES)
def test_a_secret_goes_and_the_shape_around_it_stays(raw: str, kept: str) -> None:
    redacted = REDACTOR.redact(raw)
    count = len(re.findall(r"\*\*\*|\"pan\":0|\$(?:ID|PHONE|PLATE|MOTORBIKE|PATIENT)", kept))
    for name, hashed in HASHES.items():
        kept = kept.replace(name, hashed)
    assert redacted.text == kept
    assert redacted.count == count
    assert "hush" not in redacted.text


@pytest.mark.parametrize(("raw", "kept"), CASES)
def test_masking_twice_changes_nothing_more(raw: str, kept: str) -> None:
    once = REDACTOR.redact(raw).text
    assert REDACTOR.redact(once).text == once
    assert REDACTOR.redact(once).count == 0


@pytest.mark.parametrize("value", LEFT_ALONE)
@pytest.mark.parametrize("frame", ["{}", 'x="{}" y=1', "/a/{}/b", "{}, and so on"])
def test_a_value_that_only_looks_like_a_secret_stays(value: str, frame: str) -> None:
    if frame != "{}" and '"' in value:
        frame = "{{{}}}"
    text = frame.format(value)
    assert REDACTOR.redact(text).text == text


def test_there_are_enough_values_that_must_stay() -> None:
    assert len(LEFT_ALONE) >= 40


def test_a_title_in_hexadecimal_is_written_again_without_its_secret() -> None:
    """So that it still decodes, and to the same arguments."""
    title = b"mysql\0-uroot\0-phush\0cms"
    redacted = REDACTOR.redact(f"type=PROCTITLE msg=audit(1794877261.412:9): proctitle={title.hex().upper()}").text
    assert bytes.fromhex(redacted.rpartition("=")[2]) == title.replace(b"hush", b"***")


def test_a_secret_in_front_of_another_that_was_found_first_goes_too() -> None:
    """The program is met before the header, and its password behind it."""
    text = 'curl -H "Authorization: Bearer hush" -u bot:hush -H "X-Api-Key: hush" https://a.example/'
    assert REDACTOR.redact(text).text == text.replace("hush", "***")


def test_a_citizen_is_followed_by_a_keyed_hash_of_fixed_form() -> None:
    assert re.fullmatch(r"cccd:[0-9a-f]{16}", CITIZEN)
    assert REDACTOR.redact("a 075090001234 b 075090001234").text == f"a {CITIZEN} b {CITIZEN}"
    assert REDACTOR.redact("079090001234").text != CITIZEN
    assert Redactor(b"k" * 32, 2026).redact("075090001234").text != CITIZEN


@pytest.mark.parametrize(
    ("digits", "holds"),
    [
        ("075090001234", True),
        ("001199999999", True),
        ("096326000000", True),
        ("096327000000", False),
        ("003090001234", False),
        ("075590001234", False),
        ("07509000123", False),
    ],
)
def test_a_citizen_number_has_province_century_and_year(digits: str, holds: bool) -> None:
    assert is_citizen_number(digits, 2026) is holds


@pytest.mark.parametrize(
    "digits",
    [
        *("4111111111111111", "4222222222222", "5105105105105100", "2223003122003222", "378282246310005"),
        *("30569309025904", "3530111333300000", "6011111111111117", "6200000000000005", "9704198526191432198"),
    ],
)
def test_cards_of_every_issuer_are_known_by_their_check_digit(digits: str) -> None:
    assert is_card_number(digits)
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert not is_card_number(wrong)


@given(
    st.text(alphabet="ab01 =:;,&?\"'\\{}[]<>%/-_.\n", max_size=60),
    st.sampled_from(["password", "token", "Cookie", "pin"]),
)
def test_anything_around_a_name_is_redacted_once_and_for_all(noise: str, name: str) -> None:
    once = REDACTOR.redact(f"{noise}{name}{noise}{name}={noise}").text
    assert REDACTOR.redact(once).text == once


QUARTER = 1 << 18
HOSTILE = [
    "password=",
    'password="',
    'password="\\',
    "password=\\\\\\",
    'password:["a",',
    "<password ",
    "cookie:a=b;",
    "Cookie: a",
    "eyJ",
    "eyJaaaaaaaa.",
    "://a:b",
    "://",
    "Authorization: Digest ",
    "bearer ",
    "basic aaaa",
    "-----BEGIN PRIVATE KEY-----",
    "0",
    "4111 ",
    "4111-1111-",
    "075090001234",
    "%22",
    "\\u0022",
    "\\",
    "=",
    "a",
    " ",
    "--password ",
    "password=,a",
    "password=a,",
    "İpassword=x ",
    ";+",
    "Mozilla/5.0+",
    "a=b;+",
    "a=b;+c=d ",
    "login ok: [a/",
    "login ok: [[[[",
    "proctitle=6D",
    "type=execve a0=",
    '"args":["-p",',
    '"payload":"aaaaaaaa',
    "net use ",
    "echo |",
    "username a password ",
    'sp_password "',
    'name="password" value',
    "identified with a ",
    'command_data":"a",',
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_quarter_megabyte_costs_no_more_per_byte_than_a_small_one(piece: str) -> None:
    """Not a speed test: quadratic work on these would take minutes, and the deadline is far from both."""
    began = time.monotonic()
    REDACTOR.redact(piece * (QUARTER // len(piece)))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "prefix", ['password="', "cookie: a=", "eyJ", "<password ", "password=\\", "://user:", "bearer "]
)
@pytest.mark.parametrize("filling", ["a", "\\", " ", "a=b;", '"', "a,b=", "1"])
def test_one_name_before_a_hostile_quarter_megabyte_is_no_trap(prefix: str, filling: str) -> None:
    began = time.monotonic()
    REDACTOR.redact(prefix + filling * (QUARTER // len(filling)))
    assert time.monotonic() - began < 20
