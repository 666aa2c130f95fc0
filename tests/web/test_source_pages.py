"""The pages of sources: what the rules ran over, what was missed, what is blind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from soc.app.canary_beats import BeatBook
from soc.app.silence_book import Episode, SilenceBook, SilenceKind
from soc.app.silence_impact import Impact
from soc.app.source_health import Batch, HealthBook
from soc.core.clock import iso
from soc.core.event import Event
from soc.core.scope import PROVINCE
from tests.web.house import NOW, SCRIPT, SOURCES, Browser, House, Ids


def test_the_list_shows_sources_with_their_gaps(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]
) -> None:
    """Events by day, and each open gap with its reason, which is somebody else's text and is escaped."""
    page = visitor("ts.01", lang="en").get("/sources").text
    assert "Detection coverage by source" in page
    assert 'href="/sources/portal-01"' in page
    assert 'href="/sources/portal-02"' in page
    assert page.count("the detector failed on this event") == 2
    assert "<script>" not in page
    assert "(−1)" in page


def test_a_source_shows_its_rules_with_what_they_cannot_see(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]
) -> None:
    page = visitor("cb.01").get("/sources/portal-01").text
    assert "portal_web_shell" in page
    assert "sẵn sàng" in page
    assert "Khoảng trống đang mở" in page


def test_an_officer_sees_own_sources_only(house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]) -> None:
    browser = visitor("cb.02")
    page = browser.get("/sources").text
    assert "portal-02" in page
    assert "portal-01" not in page
    assert browser.get("/sources/portal-01").status_code == 404


def test_an_installation_without_events_says_that_nothing_ran(house: House, visitor: Callable[..., Browser]) -> None:
    assert "luật chưa chạy qua gì cả" in visitor("tc.01").get("/sources").text


@pytest.fixture
def silent(house: House, ids: dict[str, Ids]) -> Episode:
    """The source of the first commune, heard an hour ago and silent since."""
    health = HealthBook(house.database, lambda ident: (SOURCES[ident], None), BeatBook(house.database))
    heard = NOW - timedelta(hours=1)
    event = Event(
        {
            "@timestamp": iso(heard),
            "event.id": "e",
            "soc.platform": "public_service_portal",
            "soc.agency": "xa-mau-01",
            "soc.source": "portal-01",
            "soc.received": iso(heard),
        }
    )
    impact = Impact(7, 3, ({"vi": SCRIPT, "en": SCRIPT},), ("L2-01", "L2-03"))
    due = heard + timedelta(minutes=5)
    episode = Episode(
        "e1",
        SilenceKind.SILENT,
        "portal-01",
        "xa-mau-01",
        "public_service_portal",
        heard,
        due,
        due,
        impact,
        "SC-2026-0001",
    )
    with house.database.transaction() as session:
        health.account(session, Batch([event], {}, {"portal-01": 2}), heard)
        SilenceBook(house.database).add(session, episode)
    return episode


def test_a_silent_source_is_shown_with_what_goes_blind(silent: Episode, visitor: Callable[..., Browser]) -> None:
    """In both languages; the titles of rules are somebody else's text and are escaped."""
    page = visitor("cb.01").get("/sources").text
    assert "mất tín hiệu" in page
    assert "7 luật mù, 3 không có nguồn khác; tiêu chí: L2-01, L2-03" in page
    one = visitor("ts.01", lang="en").get("/sources/portal-01").text
    assert "Silences" in one
    assert "lasting" in one
    assert "Silent after" in one
    assert "<script>" not in one


def test_no_other_agency_learns_of_a_silence(silent: Episode, visitor: Callable[..., Browser]) -> None:
    page = visitor("cb.02").get("/sources").text
    assert "mất tín hiệu" not in page
    assert silent.incident not in page
    assert visitor("cb.02").get("/sources/portal-01").status_code == 404


def test_log_types_that_nobody_brings_are_named(house: House, visitor: Callable[..., Browser]) -> None:
    """Of the platforms an agency has connected; the other agency reads nothing of it."""
    (missing,) = house.source_desk.missing(PROVINCE)
    assert (missing.agency, missing.platform) == ("xa-mau-01", "public_service_portal")
    assert ", ".join(missing.log_types) in visitor("cb.01").get("/sources").text
    assert "Mù vì chưa bật" not in visitor("cb.02").get("/sources").text
