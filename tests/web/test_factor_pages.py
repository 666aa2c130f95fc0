"""Signing in with two steps, as a browser does it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from soc.access.totp import code_of, step_at
from tests.web.house import PASSWORD, Browser, House

Visitor = Callable[..., Browser]


def enrol(house: House, browser: Browser) -> tuple[Callable[[], str], str]:
    """Set up by hand: gives a phone and a spare code."""
    assert browser.post("/me/factors", page="/me/factors").status_code == 303
    shown = browser.get("/me/factors").text
    assert "<svg" in shown
    assert "style=" not in shown
    key = re.search(r'class="code secret">([A-Z2-7 ]+)<', shown)
    assert key is not None
    secret = base64.b32decode(key[1].replace(" ", ""))

    def code() -> str:
        house.clock.advance(timedelta(seconds=30))
        return code_of(secret, step_at(house.clock.now()))

    done = browser.post("/me/factors/confirm", {"code": code()}, page="/me/factors").text
    spare = re.findall(r"<li>([a-z0-9-]{23})</li>", done)
    assert len(spare) == 10
    assert key[1] not in browser.get("/me/factors").text  # the key is shown until it is proved, and never again
    return code, spare[0]


def test_the_password_leads_to_the_code_and_the_code_to_the_page_one_wanted(house: House, visitor: Visitor) -> None:
    code, spare = enrol(house, visitor("ts.01"))
    for second in (code(), spare):
        browser = visitor()
        sent = {"name": "ts.01", "password": PASSWORD, "next": "/search?q=a"}
        lead = browser.post("/signin", sent, page="/signin").headers["location"]
        assert lead == "/signin/totp?next=/search%3Fq%3Da"
        assert browser.get("/today").headers["location"] == "/signin"
        answer = browser.post("/signin/totp", {"code": second, "next": "/search?q=a"}, page=lead)
        assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=a")
        assert browser.get("/today").status_code == 200
        assert set(browser.cookies) == {"vg_session"}


def test_a_wrong_code_is_asked_for_again_and_names_the_clock(house: House, visitor: Visitor) -> None:
    code, _ = enrol(house, visitor("ts.01"))
    browser = visitor()
    browser.post("/signin", {"name": "ts.01", "password": PASSWORD}, page="/signin")
    wrong = browser.post("/signin/totp", {"code": "000000"}, page="/signin/totp")
    assert wrong.status_code == 401
    assert "giờ của điện thoại" in wrong.text
    assert browser.post("/signin/totp", {"code": code()}, page="/signin/totp").status_code == 303


def test_without_the_password_no_code_is_asked_for(house: House, visitor: Visitor) -> None:
    code, _ = enrol(house, visitor("ts.01"))
    browser = visitor()
    assert browser.get("/signin/totp").headers["location"] == "/signin"
    answer = browser.post("/signin/totp", {"code": code()}, page="/signin")
    assert answer.status_code == 401
    assert "vg_session" not in browser.cookies


def test_who_must_have_a_second_factor_sees_nothing_before_it_is_set_up(house: House, visitor: Visitor) -> None:
    house.settings = house.settings.model_copy(update={"second_factor_roles": ("analyst",)})
    browser = visitor("ts.01")
    for path in ("/today", "/alerts", "/search"):
        assert browser.get(path).headers["location"] == "/me/factors"
    assert visitor("tc.01").get("/today").status_code == 200
    enrol(house, browser)
    assert browser.get("/today").status_code == 200


def test_an_administrator_drops_the_factor_of_a_lost_phone(house: House, visitor: Visitor) -> None:
    enrol(house, visitor("ts.01"))
    admin = visitor("qt.01")
    assert "Gỡ xác thực hai bước" in admin.get("/admin").text
    assert admin.post("/admin/users/ts.01", {"act": "factor"}, page="/admin").status_code == 303
    answer = visitor().post("/signin", {"name": "ts.01", "password": PASSWORD}, page="/signin")
    assert answer.headers["location"] == "/today"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_second_step_leads_to_no_other_host_either(house: House, visitor: Visitor, wanted: str) -> None:
    code, _ = enrol(house, visitor("ts.01"))
    browser = visitor()
    browser.post("/signin", {"name": "ts.01", "password": PASSWORD, "next": wanted}, page="/signin")
    answer = browser.post("/signin/totp", {"code": code(), "next": wanted}, page="/signin/totp")
    assert answer.headers["location"] == "/today"
