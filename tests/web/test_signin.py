"""Signing in, locking, signing out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from soc.access.accounts import NewAccount
from soc.access.principal import SYSTEM, Role
from soc.web.visit import local_path
from tests.web.house import ORIGIN, PASSWORD, Browser, House

Visitor = Callable[..., Browser]


def sign_in(browser: Browser, name: str, password: str = PASSWORD, **fields: str) -> int:
    return browser.post("/signin", {"name": name, "password": password, **fields}, page="/signin").status_code


def test_the_right_password_opens_the_first_page(visitor: Visitor) -> None:
    browser = visitor()
    answer = browser.post("/signin", {"name": "ts.01", "password": PASSWORD}, page="/signin")
    assert (answer.status_code, answer.headers["location"]) == (303, "/today")
    assert browser.get("/today").status_code == 200


def test_one_comes_back_to_where_one_wanted_to_go(visitor: Visitor) -> None:
    browser = visitor()
    lead = browser.get("/incidents?f.severity=high").headers["location"]
    assert lead == "/signin?next=/incidents%3Ff.severity%3Dhigh"
    wanted = re.search(r'name="next" value="([^"]+)"', browser.get(lead).text)
    assert wanted is not None
    answer = browser.post("/signin", {"name": "ts.01", "password": PASSWORD, "next": wanted[1]}, page="/signin")
    assert answer.headers["location"] == "/incidents?f.severity=high"


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\n//b", "", "x"]
)
def test_one_is_never_led_to_another_host(path: str) -> None:
    assert local_path(path) == "/today"


def test_a_path_of_ours_is_kept() -> None:
    assert local_path("/search?q=a:b&range=7d") == "/search?q=a:b&range=7d"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor) -> None:
    browser = visitor()
    answer = browser.post("/signin", {"name": "ts.01", "password": PASSWORD}, page="/signin")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("vg_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_over_tls_the_cookie_is_bound_to_the_host(house: House) -> None:
    with Browser(house.app(secure=True), base="https://console.example") as browser:
        answer = browser.post("/signin", {"name": "ts.01", "password": PASSWORD}, page="/signin")
        cookie = next(value for value in answer.headers.get_list("set-cookie") if "vg_session=" in value)
        assert cookie.startswith("__Host-vg_session=")
        assert "Secure" in cookie
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert browser.get("/today").status_code == 200


def test_a_wrong_name_and_a_wrong_password_look_the_same(visitor: Visitor) -> None:
    pages = []
    for name, password in (("ts.01", "sai"), ("khong.co", PASSWORD)):
        browser = visitor()
        answer = browser.post("/signin", {"name": name, "password": password}, page="/signin")
        assert answer.status_code == 401
        pages.append(re.sub(r'value="[^"]*"', "", answer.text))
    assert pages[0] == pages[1]


def test_guessing_is_slowed_down_and_says_how_long(visitor: Visitor) -> None:
    browser = visitor()
    for _ in range(6):
        assert sign_in(browser, "ts.01", "sai") == 401
    answer = browser.post("/signin", {"name": "ts.01", "password": PASSWORD}, page="/signin")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "2"
    assert "thử lại sau 2 giây" in answer.text


def test_an_expired_auditor_is_out_at_once_and_stays_out(house: House, visitor: Visitor) -> None:
    browser = visitor("dg.01")
    assert browser.get("/audit").status_code == 200
    house.accounts.set_expiry(SYSTEM, "dg.01", house.clock.now() + timedelta(minutes=5))
    house.clock.advance(timedelta(minutes=5))
    assert browser.get("/audit").headers["location"].startswith("/signin")
    assert sign_in(visitor(), "dg.01") == 401


def test_an_idle_screen_shows_nothing_until_the_password_is_typed(
    house: House, visitor: Visitor, ids: dict[str, object]
) -> None:
    browser = visitor("ts.01")
    house.clock.advance(timedelta(minutes=15))
    assert browser.get("/incidents").headers["location"] == "/unlock?next=/incidents"
    page = browser.get("/unlock?next=/incidents").text
    assert "SC-2026" not in page
    assert "Tài khoản mẫu" not in page
    assert browser.post("/unlock", {"password": "sai"}, page="/unlock").status_code == 401
    answer = browser.post("/unlock", {"password": PASSWORD, "next": "/incidents"}, page="/unlock")
    assert answer.headers["location"] == "/incidents"
    assert browser.get("/incidents").status_code == 200


def test_after_signing_out_the_old_cookie_opens_nothing(visitor: Visitor) -> None:
    browser = visitor("ts.01")
    kept = dict(browser.cookies)
    assert browser.post("/signout", page="/me").headers["location"] == "/signin"
    browser.cookies = kept
    assert browser.get("/today").headers["location"].startswith("/signin")


def test_a_one_time_password_leads_to_the_change_and_nowhere_else(house: House, visitor: Visitor) -> None:
    secret = house.accounts.add(SYSTEM, NewAccount("moi.01", "Mới", Role.ANALYST, "tinh-mau"))
    browser = visitor()
    assert sign_in(browser, "moi.01", secret) == 303
    assert browser.get("/incidents").headers["location"] == "/me"
    fields = {"old": secret, "new": "một câu hoàn toàn mới", "again": "một câu khác hẳn"}
    assert browser.post("/me/password", fields, page="/me").status_code == 400
    fields["again"] = fields["new"]
    assert browser.post("/me/password", fields, page="/me").headers["location"] == "/signin"
    assert sign_in(browser, "moi.01", fields["new"]) == 303
    assert browser.get("/incidents").status_code == 200


def test_the_language_of_the_sign_in_page_can_be_chosen(visitor: Visitor) -> None:
    browser = visitor(lang="en")
    assert '<html lang="en"' in browser.get("/signin").text
    browser.get("/signin?lang=vi")
    assert '<html lang="vi"' in browser.get("/signin").text


def test_language_and_theme_follow_the_account(visitor: Visitor) -> None:
    browser = visitor("ts.01")
    assert browser.post("/me/preferences", {"lang": "en", "theme": "dark"}, page="/me").status_code == 303
    page = browser.get("/today").text
    assert '<html lang="en" data-theme="dark">' in page
    assert browser.post("/me/preferences", {"lang": "xx", "theme": "dark"}, page="/me").status_code == 400


def test_other_sessions_are_listed_and_ended(house: House, visitor: Visitor) -> None:
    here, there = visitor("ts.01"), visitor("ts.01")
    assert here.get("/me").text.count("192.0.2.7") == 2
    here.post("/me/sessions/end", page="/me")
    assert there.get("/today").status_code == 303
    assert here.get("/today").status_code == 200


def test_a_form_of_another_origin_signs_nobody_in(visitor: Visitor) -> None:
    browser = visitor()
    token = browser.token("/signin")
    fields = {"name": "ts.01", "password": PASSWORD, "csrf": token}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"origin": ""}):
        assert browser.post("/signin", fields, headers=headers).status_code == 403
    assert browser.post("/signin", fields, headers={"origin": ORIGIN}).status_code == 303
