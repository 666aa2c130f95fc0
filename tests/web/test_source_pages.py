"""The pages of sources: what the rules ran over, what was missed, what is blind."""

from __future__ import annotations

from collections.abc import Callable

from tests.web.house import Browser, House, Ids


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
