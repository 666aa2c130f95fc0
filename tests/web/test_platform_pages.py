"""The map of the platforms and the page of one."""

from __future__ import annotations

from collections.abc import Callable

from tests.web.house import Browser, House, Ids


def test_the_map_has_a_row_for_every_platform(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]
) -> None:
    """With the five marks in words."""
    page = visitor("ts.01", lang="en").get("/platforms").text
    assert all(f'href="/platforms/{ident}"' in page for ident in house.platforms)
    for head in ("Connected", "Parsed", "Watched", "Covered", "Exercised"):
        assert head in page
    assert "no source registered" in page
    assert house.platforms["commune_network"].name_en in page
    assert house.platforms["commune_network"].name_vi in visitor("ts.01").get("/platforms").text


def test_one_platform_shows_how_sure_its_facts_are(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]
) -> None:
    page = visitor("ts.01").get("/platforms/one_stop").text
    assert "khuôn giả định, cần mẫu thật" in page
    assert "đề xuất của dự án" in page
    assert "không phải luật" in page


def test_a_platform_lists_the_visitors_own_sources_only(
    house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]
) -> None:
    assert "/sources/portal-01" in visitor("cb.01").get("/platforms/public_service_portal").text
    assert "portal-01" not in visitor("cb.02").get("/platforms/public_service_portal").text


def test_an_unknown_platform_is_not_found(house: House, ids: dict[str, Ids], visitor: Callable[..., Browser]) -> None:
    assert visitor("ts.01").get("/platforms/onestop").status_code == 404
