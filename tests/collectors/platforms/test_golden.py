"""Every format of every platform: sample lines in their true form, and the events they become.

`SOC_UPDATE_GOLDEN=1` rewrites the events; the difference is then reviewed like code.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest

from collectors.normalise import Normaliser
from collectors.platform import FOLDER, Platform, load_platforms

from .conftest import record, source

GOLDEN = Path(__file__).with_name("golden")
UPDATE = os.environ.get("SOC_UPDATE_GOLDEN") == "1"
FORMATS = [
    (platform.id, one.id)
    for platform in load_platforms(FOLDER).values()
    for one in platform.formats
    if one.reuse is None  # a format that was taken over has its pair with its keeper
]


def events_of(normaliser: Normaliser, platform: str, format: str, lines: list[str]) -> list[dict[str, object]]:  # noqa: A002
    origin = source(platform, format, trusted_proxies=["192.0.2.5"])
    events = [
        normaliser.normalise(record(line, place), origin, f"{platform}-{place}") for place, line in enumerate(lines)
    ]
    left_out = ("event.original", "soc.enrich")  # the line itself, and what is the same for all
    return [{name: value for name, value in event.fields.items() if name not in left_out} for event in events]


@pytest.mark.parametrize(("platform", "format"), FORMATS)
def test_the_sample_lines_become_the_expected_events(normaliser: Normaliser, platform: str, format: str) -> None:  # noqa: A002
    """Field by field, marks and enrichment included; `event.original` is the line itself."""
    lines = (GOLDEN / f"{platform}.{format}.log").read_text("utf-8").splitlines()
    expected = GOLDEN / f"{platform}.{format}.json"
    events = events_of(normaliser, platform, format, lines)
    if UPDATE:
        expected.write_bytes(orjson.dumps(events, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    assert events == orjson.loads(expected.read_bytes())


def test_no_golden_file_is_left_over() -> None:
    """A pair without its format would pass for tested."""
    wanted = {f"{platform}.{one}.{end}" for platform, one in FORMATS for end in ("log", "json")}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


def test_the_first_eight_platforms_are_there(platforms: dict[str, Platform]) -> None:
    """By the ids that rules, sources and reports use."""
    assert set(platforms) >= {
        "lgsp",
        "public_service_portal",
        "one_stop",
        "document_management",
        "sso_eid",
        "hsm_signing",
        "commune_network",
        "antivirus",
    }
