"""Exceptions on the console: proposed from an alert, tried, approved by somebody else, ended, undone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from soc.core.clock import FixedClock
from tests.web.house import EXCEPTION, NOW, SCRIPT, Browser, House, Ids

Visitor = Callable[..., Browser]
FORM = {"filter": EXCEPTION, "reason": "máy quét", "agency": "xa-mau-01", "expires": "31/12/2026", "days": "7"}


def textarea(page: str) -> str:
    found = re.search(r'<textarea[^>]*name="filter"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def propose(browser: Browser, **changes: str) -> str:
    """Send a proposal; the path of its page."""
    answer = browser.post("/rules/exceptions", {**FORM, "act": "propose", **changes}, page="/me")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def decide(browser: Browser, path: str, act: str, number: int, reason: str = "lý do") -> int:
    data = {"act": act, "number": str(number), "reason": reason}
    return browser.post(f"{path}/acts", data, page="/me").status_code


def test_an_alert_leads_to_a_form_with_its_entities(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    browser = visitor("ts.01")
    alert = ids["xa-mau-01"].alert
    assert f'href="/rules/exceptions/new?alert={alert}"' in browser.get(f"/alerts/{alert}").text
    page = browser.get(f"/rules/exceptions/new?alert={alert}").text
    assert '<option value="xa-mau-01" selected>' in page
    draft = textarea(page)
    assert "source.ip: 203.0.113.9" in draft
    assert "portal_web_shell" in draft


def test_a_reader_without_the_right_sees_no_way_to_propose(ids: dict[str, Ids], visitor: Visitor) -> None:
    browser = visitor("dg.01")
    assert "/rules/exceptions/new" not in browser.get(f"/alerts/{ids['xa-mau-01'].alert}").text
    assert "/rules/exceptions/new" not in browser.get("/rules/exceptions").text


def test_a_trial_shows_what_would_have_been_hidden_and_keeps_nothing(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    """A quarter of the 60 events of the commune is of the account that the filter names."""
    before = len(house.exceptions.all(house.accounts.principal("tc.01")))
    browser = visitor("ts.01")
    answer = browser.post("/rules/exceptions", {**FORM, "act": "try"}, page="/me")
    assert answer.status_code == 200
    assert "Lẽ ra đã ẩn 15 lần khớp" in answer.text
    assert "/events/xa-mau-01-" in answer.text
    assert "xa-mau-02-" not in answer.text
    assert textarea(answer.text).strip() == EXCEPTION.strip()
    assert len(house.exceptions.all(house.accounts.principal("tc.01"))) == before


def test_somebody_else_approves_and_every_act_stands_in_the_timeline(visitor: Visitor) -> None:
    analyst, lead = visitor("ts.01"), visitor("tc.01", lang="en")
    path = propose(analyst)
    assert 'value="approve"' not in analyst.get(path).text
    assert decide(analyst, path, "approve", 0) == 403
    assert 'value="approve"' in lead.get(path).text
    assert decide(lead, path, "approve", 0, "") == 303
    assert decide(lead, path, "end", 0) == 409
    assert decide(analyst, path, "end", 1) == 303
    assert decide(lead, path, "undo", 2) == 303
    page = lead.get(path).text
    assert "in force" in page
    assert "approved the exception" in page
    assert "ended the exception" in page


def test_one_s_own_proposal_says_why_there_is_no_button(visitor: Visitor) -> None:
    lead = visitor("tc.01")
    page = lead.get(propose(lead)).text
    assert "Người khác phải phê duyệt" in page
    assert 'value="approve"' not in page


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"filter": "title: x"}, 400, "filter.yml"),
        ({"filter": EXCEPTION.replace("portal_web_shell", "portal_web_shall")}, 400, "portal_web_shell"),
        ({"reason": ""}, 400, "lý do"),
        ({"expires": "31/12/2030"}, 400, "12 tháng"),
        ({"expires": "hôm nay"}, 400, "hôm nay"),
        ({"agency": "xa-mau-02"}, 404, ""),
        ({"agency": "*"}, 403, "cấp tỉnh"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(
    visitor: Visitor, changes: dict[str, str], status: int, said: str
) -> None:
    answer = visitor("cb.01").post("/rules/exceptions", {**FORM, "act": "propose", **changes}, page="/me")
    assert answer.status_code == status
    assert said in answer.text
    if status != 404:
        assert textarea(answer.text).strip() == changes.get("filter", EXCEPTION).strip()


def test_an_act_without_its_reason_is_refused_and_one_may_try_again(visitor: Visitor) -> None:
    path = propose(visitor("ts.01"))
    lead = visitor("tc.01")
    answer = lead.post(f"{path}/acts", {"act": "reject", "number": "0", "reason": ""}, page="/me")
    assert answer.status_code == 400
    assert "chưa ghi lý do" in answer.text


def test_the_page_of_an_exception_replays_it_and_shows_hostile_text_as_text(
    ids: dict[str, Ids], visitor: Visitor
) -> None:
    page = visitor("cb.01").get(f"/rules/exceptions/{ids['xa-mau-01'].exception}?days=30").text
    assert "Lẽ ra đã ẩn 15 lần khớp" in page
    assert SCRIPT not in page
    assert html.escape(SCRIPT) in page


def test_the_list_counts_what_it_shows_and_can_be_narrowed(ids: dict[str, Ids], visitor: Visitor) -> None:
    lead = visitor("tc.01")
    assert "2 ngoại lệ" in lead.get("/rules/exceptions").text
    assert "1 ngoại lệ" in visitor("cb.01").get("/rules/exceptions").text
    assert "Không có ngoại lệ nào ở trạng thái này" in lead.get("/rules/exceptions?f.state=approved").text
    assert "bỏ qua" in lead.get("/rules/exceptions?f.state=nonsense").text


def test_today_counts_what_waits_and_what_ends_soon(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    lead = house.accounts.principal("tc.01")
    house.exceptions.approve(lead, ids["xa-mau-01"].exception)
    clock: FixedClock = house.clock
    clock.moment = NOW + timedelta(days=50)
    browser = visitor("tc.01")
    today = browser.get("/today").text
    for state, label in (("proposed", "ngoại lệ chờ phê duyệt"), ("review", "ngoại lệ sắp hết hạn cần xem lại")):
        assert label in today
        assert "1 ngoại lệ" in browser.get(f"/rules/exceptions?f.state={state}").text
