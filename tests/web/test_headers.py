"""What every answer carries, and what no page holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from soc.web import pages
from soc.web.pages import today
from tests.web.house import ORIGIN, PASSWORD, SCRIPT, Browser, House, Ids

Visitor = Callable[..., Browser]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""As CONSOLE section 8 has it."""


def addresses(ids: Ids) -> list[str]:
    """Every page somebody of the province may open."""
    return [
        "/signin",
        "/me",
        "/today",
        "/_ui",
        "/alerts",
        f"/alerts/{ids.alert}",
        "/incidents",
        f"/incidents/{ids.incident}",
        "/search",
        "/search?q=((",
        "/search?range=24h&field=source.ip&cols=url.path",
        "/search/saved",
        f"/search/{ids.search}",
        "/hunts",
        "/hunts/new",
        f"/hunts/{ids.hunt}",
        f"/events/{ids.event}",
        "/compliance",
        "/compliance/L1-05",
        "/compliance/L2-01",
        "/evidence",
        f"/evidence/{ids.evidence}",
        "/evidence/review",
        "/reports",
        f"/reports/{ids.report}",
        "/audit?verify=1",
        "/admin",
        "/nowhere",
    ]


def every_page(visitor: Visitor, ids: Ids, lang: str = "vi") -> list[tuple[str, str]]:
    """(address, HTML) of every page, seen by somebody who may."""
    found = []
    browsers = {name: visitor(name, lang=lang) for name in ("", "ts.01", "td.01", "dg.01", "qt.01", "cb.01")}
    for address in addresses(ids):
        for browser in browsers.values():
            answer = browser.get(address)
            if answer.status_code not in {303, 403} and (browser.cookies or address == "/signin"):
                found.append((address, answer.text))
                break
    return found


def test_every_answer_carries_the_headers(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    browser = visitor("ts.01")
    own = ids["xa-mau-01"]
    for address in [*addresses(own), f"/evidence/{own.evidence}/file", "/health", "/static/none.css"]:
        headers = browser.get(address).headers
        assert headers["content-security-policy"] == CSP, address
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "HX-Request" in headers["vary"]
        assert "server" not in headers


def test_an_unexpected_fault_is_a_page_with_headers_and_without_a_traceback(
    house: House, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> list[object]:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(today, "_evidence", broken)
    answer = visitor("ts.01").get("/today")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == CSP
    assert "secret reason" not in answer.text
    assert "Có lỗi trong hệ thống" in answer.text


def test_assets_are_local_hashed_and_kept_for_a_year(visitor: Visitor) -> None:
    browser = visitor("ts.01")
    page = browser.get("/today").text
    linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(linked) == 4
    for address in linked:
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert not re.findall(r'(?:href|src|action)="(?:https?:)?//', page)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_pages_are_sound(house: House, ids: dict[str, Ids], visitor: Visitor, lang: str) -> None:
    for address, html in every_page(visitor, ids["xa-mau-01"], lang):
        assert f'<html lang="{lang}"' in html, address
        assert html.count("<h1") == 1, address
        assert not re.search(r"<script(?![^>]*\ssrc=)", html), address
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), address
        assert "{{" not in html, address
        assert not re.search(r'tabindex="[1-9]', html), address
        named = re.findall(r'\sid="([^"]+)"', html)
        assert len(named) == len(set(named)), address
        labelled = set(re.findall(r'for="([^"]+)"', html)) | {"menu-switch"}
        fields = re.findall(r"<(?:input|select|textarea)([^>]*)>", html)
        shown = [field for field in fields if 'type="hidden"' not in field and " hidden" not in field]
        assert all(re.search(r'id="([^"]+)"', field)[1] in labelled for field in shown), address  # type: ignore[index]
        assert all("scope=" in head for head in re.findall(r"<th[^e>]*>", html)), address
        assert len(html) < 200_000, address


def test_hostile_text_is_shown_and_never_obeyed(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    found = every_page(visitor, ids["xa-mau-01"])
    assert not any(SCRIPT in html for _, html in found)
    assert sum("&lt;script&gt;" in html for _, html in found) >= 3
    raw = dict(found)[f"/events/{ids['xa-mau-01'].event}"]
    assert "\u202e" not in raw
    assert "U+202E" in raw


@pytest.mark.parametrize("route", ["/me/preferences", "/signout", "/evidence", "/incidents/SC-2026-0001/events"])
def test_a_write_needs_a_token_of_this_very_session(
    house: House, ids: dict[str, Ids], visitor: Visitor, route: str
) -> None:
    browser, other = visitor("cb.01"), visitor("cb.02")
    foreign = other.token("/me")
    for token in ("", "00", "0" * 64, "zz", foreign):
        assert browser.post(route, {"csrf": token}).status_code == 403, token
    assert browser.get("/today").status_code == 200


def test_the_token_differs_on_each_page_and_all_of_them_work(visitor: Visitor) -> None:
    browser = visitor("ts.01")
    first, second = browser.token("/me"), browser.token("/me")
    assert first != second
    for token in (first, second):
        fields = {"lang": "", "theme": "system", "csrf": token}
        assert browser.post("/me/preferences", fields).status_code == 303


def test_a_referer_stands_in_for_a_missing_origin(visitor: Visitor) -> None:
    browser = visitor("ts.01")
    fields = {"lang": "", "theme": "system", "csrf": browser.token("/me")}
    for referer, status in ((f"{ORIGIN}/me", 303), ("https://evil.example/", 403), ("", 403)):
        headers = {"origin": "", "referer": referer}
        assert browser.post("/me/preferences", fields, headers=headers).status_code == status


def test_unknown_fields_of_a_form_are_refused(visitor: Visitor) -> None:
    browser = visitor("ts.01")
    fields = {"lang": "", "theme": "system", "role": "admin"}
    answer = browser.post("/me/preferences", fields, page="/me")
    assert answer.status_code == 400
    assert "role" in answer.text


def test_a_wrong_method_and_an_unknown_page_say_the_same(visitor: Visitor) -> None:
    browser = visitor("ts.01")
    assert browser.request("DELETE", "/incidents").status_code == 404
    assert browser.get("/nowhere").status_code == 404


def test_a_body_above_its_limit_is_refused_in_words(house: House, visitor: Visitor) -> None:
    browser = visitor("cb.01")
    answer = browser.post("/me/preferences", {"lang": "x" * 300_000, "csrf": "00"})
    assert answer.status_code == 413
    assert "quá lớn" in answer.text


def test_the_password_is_nowhere_in_a_page(visitor: Visitor) -> None:
    browser = visitor()
    answer = browser.post("/signin", {"name": "ts.01", "password": "sai " + PASSWORD}, page="/signin")
    assert PASSWORD not in answer.text


def test_every_page_module_has_its_router_in_the_list() -> None:
    modules = [path for path in Path(pages.__file__).parent.glob("*.py") if path.stem != "__init__"]
    assert len(pages.ROUTERS) == len({id(router) for router in pages.ROUTERS}) == len(modules)
