"""Incidents, alerts and exercises through the console."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from soc.incidents.model import Status
from tests.web.house import Browser, House, Ids, make_alert

Visitor = Callable[..., Browser]


def act(browser: Browser, code: str, **fields: str) -> httpx.Response:
    return browser.post(f"/incidents/{code}/events", fields, page=f"/incidents/{code}")


def take(house: House, **changes: object) -> str:
    with house.database.transaction() as session:
        [code] = house.incidents.take(session, [replace(make_alert("xa-mau-01", ("e1",)), **changes)])
    return code


def test_an_analyst_works_an_incident_without_javascript(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst, code = visitor("ts.01"), ids["xa-mau-01"].incident
    assert act(analyst, code, act="acknowledge", version="1").status_code == 303
    assert act(analyst, code, act="note", text="Đã gọi đầu mối <b>trực</b>").status_code == 303
    assert act(analyst, code, act="task", text="Sao tệp lạ").status_code == 303
    assert act(analyst, code, act="contain", text="Chặn địa chỉ ở tường lửa", version="4").status_code == 303
    page = analyst.get(f"/incidents/{code}").text
    assert "Đã ngăn chặn" in page
    assert "Đã gọi đầu mối &lt;b&gt;trực&lt;/b&gt;" in page
    task = re.search(r'name="task" value="([0-9a-f]+)"', page)
    assert task is not None
    assert act(analyst, code, act="task_done", task=task[1]).status_code == 303


def test_closing_is_refused_while_a_duty_is_open_and_the_text_is_kept(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    analyst, code = visitor("ts.01"), ids["xa-mau-01"].incident
    act(analyst, code, act="acknowledge", version="1")
    answer = act(analyst, code, act="close", verdict="true_positive", text="Lỗ hổng tải tệp", version="2")
    assert answer.status_code == 409
    assert "nghĩa vụ báo cáo" in answer.text
    assert "Lỗ hổng tải tệp" in answer.text
    assert act(analyst, code, act="close", verdict="", text="x", version="2").status_code == 400
    closed = act(analyst, code, act="close", verdict="false_positive", text="Tệp của đơn vị", version="2")
    assert closed.status_code == 303


def test_a_rival_edit_is_named_and_nothing_typed_is_lost(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    code = ids["xa-mau-01"].incident
    house.incidents.acknowledge(house.accounts.principal("tc.01"), code)
    answer = act(visitor("ts.01"), code, act="contain", text="Chặn ở tường lửa", version="1")
    assert answer.status_code == 409
    assert "tc.01" in answer.text
    assert "Chặn ở tường lửa" in answer.text


def test_an_act_is_undone_from_the_timeline(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst, code = visitor("ts.01"), ids["xa-mau-01"].incident
    act(analyst, code, act="acknowledge", version="1")
    op = re.search(r'name="op" value="([0-9a-f]+)"', analyst.get(f"/incidents/{code}").text)
    assert op is not None
    assert act(analyst, code, act="undo", op=op[1]).status_code == 303
    assert house.incident_reader.get(house.accounts.principal("ts.01"), code).status is Status.NEW
    assert 'class="undone"' in analyst.get(f"/incidents/{code}").text


@pytest.mark.parametrize("name", ["cb.01", "tt.01", "td.01", "dg.01"])
def test_a_reader_sees_no_buttons_and_a_forged_form_is_refused(
    house: House, ids: dict[str, Ids], visitor: Visitor, name: str
) -> None:
    browser, code = visitor(name), ids["xa-mau-01"].incident
    assert f'action="/incidents/{code}/events"' not in browser.get(f"/incidents/{code}").text
    forged = browser.post(f"/incidents/{code}/events", {"act": "acknowledge"}, page="/me")
    assert forged.status_code == 403


def test_an_unknown_act_is_refused(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    assert act(visitor("ts.01"), ids["xa-mau-01"].incident, act="explode").status_code == 400


def test_clocks_show_the_deadline_and_what_is_left(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    page = visitor("ts.01").get(f"/incidents/{ids['xa-mau-01'].incident}").text
    assert "23/11/2026 10:42" in page
    assert "25/11/2026 10:42" in page
    assert "còn 3 ngày 0 giờ" in page
    assert "mục tiêu nội bộ" in page


def test_the_list_is_filtered_by_its_address(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst = visitor("ts.01")
    first, second = ids["xa-mau-01"].incident, ids["xa-mau-02"].incident
    page = analyst.get("/incidents?f.agency=xa-mau-01").text
    assert first in page
    assert f"/incidents/{second}" not in page
    assert first in analyst.get("/incidents?q=web-01&sort=gravest").text
    assert "Không có sự cố nào khớp bộ lọc" in analyst.get("/incidents?q=khong-co").text


def test_an_unknown_part_of_the_filter_is_named_and_the_rest_is_kept(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    page = visitor("ts.01").get("/incidents?f.severity=terrible&f.agency=xa-mau-01").text
    assert "f.severity=terrible" in page
    assert ids["xa-mau-01"].incident in page


def test_pages_of_the_list_neither_skip_nor_repeat(house: House, visitor: Visitor) -> None:
    codes = {take(house, id=f"a{number}", entities={"host.name": f"web-{number}"}) for number in range(60)}
    analyst, seen, path = visitor("ts.01"), [], "/incidents"
    while path:
        page = analyst.get(path).text
        seen += re.findall(r'<td class="state"><a href="/incidents/(SC-\d{4}-\d{4})"', page)
        onward = re.search(r'href="([^"]+)" rel="next"', page)
        path = onward[1].replace("&amp;", "&") if onward else ""
    assert len(seen) == 60
    assert set(seen) == codes


def test_a_broken_cursor_is_a_fault_in_words(house: House, visitor: Visitor) -> None:
    answer = visitor("ts.01").get("/incidents?after=nonsense")
    assert answer.status_code == 400
    assert "nonsense" in answer.text


def test_an_alert_explains_itself_as_nested_lists_in_both_languages(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    path = f"/alerts/{ids['xa-mau-01'].alert}"
    page = visitor("ts.01").get(path).text
    tree = page[page.index('<ul class="tree') : page.index("Giá trị đã khớp")]
    assert tree.count("<ul") == 3
    assert tree.count("<ul") == tree.count("</ul>")
    assert "TẤT CẢ" in tree
    assert "KHÔNG" in tree
    assert "url.path" in tree
    assert '<code translate="no">selection</code>:' in tree
    english = visitor("ts.01", lang="en").get(path).text
    assert "ALL OF" in english
    assert "An unknown file was called on the portal" in english


def test_exercise_data_stays_out_of_real_pages_and_looks_like_exercise_data(house: House, visitor: Visitor) -> None:
    """Law 10 for the pages."""
    organiser = house.accounts.principal("dt.01")
    run = house.exercises.plan(organiser, "portal_to_mass_export", "xa-mau-01", house.clock.now())
    code = take(house, exercise=run.code)
    analyst = visitor("ts.01")
    assert code not in analyst.get("/incidents?f.status=").text
    assert analyst.get(f"/incidents/{code}").status_code == 404
    for path in (f"/incidents?exercise={run.code}", f"/incidents/{code}?exercise={run.code}"):
        page = analyst.get(path).text
        assert code in page
        assert f"DIỄN TẬP {run.code}" in page
    answer = analyst.post(
        f"/incidents/{code}/events?exercise={run.code}",
        {"act": "acknowledge", "version": "1"},
        page=f"/incidents/{code}?exercise={run.code}",
    )
    assert answer.headers["location"] == f"/incidents/{code}?exercise={run.code}"


def test_counts_of_today_equal_the_lists_they_open(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst = visitor("ts.01")
    page = analyst.get("/today").text
    for count, path in re.findall(r'class="count">(\d+)</span><a href="(/incidents[^"]*)"', page):
        assert f"{count} sự cố" in analyst.get(path).text
