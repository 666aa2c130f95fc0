"""The last measurement of the quality of detection, for those who may read rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from soc.app.quality import Found, Quality, RuleNoise
from soc.app.quality_kept import FILE, Measurement, keep_measurement, last_measurement
from tests.web.house import Browser, House

LEVELS = ("informational", "low", "medium", "high", "critical")
QUALITY = Quality(
    events=93034,
    days=14.0,
    deeds=2,
    found=1,
    threats=(Found("usb-worm", 1, 1), Found("dns-tunnel", 1, 0)),
    rules=(Found("usb_worm_spread", 1, 1),),
    platforms=(Found("commune_network", 2, 1),),
    false_per_day=dict.fromkeys(LEVELS, 0.5),
    beside_per_day=dict.fromkeys(LEVELS, 0.0),
    noisy_agencies={"xa-01": 2.5},
    detection_s=(60.0, 600.0),
    missed=((2, "dns-tunnel", "usual"),),
    over_budget=(RuleNoise("loud", "high", 1, 90, 3, 6.4, (("source.ip=192.0.2.9", 80),)),),
)
MEASURED = Measurement("root", datetime(2026, 11, 24, tzinfo=UTC), 200, "abc", "seed-3", "def", 5.0, {}, QUALITY)


def test_the_page_shows_what_was_found_missed_and_told_for_nothing(
    house: House, visitor: Callable[..., Browser]
) -> None:
    keep_measurement(house.settings.home, MEASURED)
    assert last_measurement(house.settings.home) == MEASURED
    page = visitor("ts.01", lang="en").get("/rules/quality").text
    assert "1 of 2 deeds found (50.0 %)" in page
    assert "dns-tunnel (usual)" in page
    assert "source.ip=192.0.2.9 ×80" in page
    assert "seed-3" in page


def test_before_anybody_measured_the_page_says_how(visitor: Callable[..., Browser]) -> None:
    assert "soc rules measure --truth" in visitor("ts.01").get("/rules/quality").text


def test_a_file_that_is_no_measurement_is_told(house: House, visitor: Callable[..., Browser]) -> None:
    (house.settings.home / FILE).write_text("[]")
    assert "quality.json" in visitor("ts.01").get("/rules/quality").text
