"""Search, events, compliance, audit and administration through the console."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from soc.audit.chain import Anchor
from soc.audit.pack import read_anchor, verify_pack
from soc.audit.tables import AuditRow
from tests.web.house import Browser, House, Ids, open_house

Visitor = Callable[..., Browser]


def test_the_histogram_its_table_and_the_total_agree(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    page = visitor("ts.01").get("/search?range=24h").text
    assert "<strong>120 sự kiện</strong>" in page
    start = page.index("Bảng số liệu</summary>")
    table = page[start : page.index("</details>", start)]
    assert sum(int(count) for count in re.findall(r'class="num">(\d+)<', table)) == 120
    assert page.count("<rect") == len(re.findall(r'class="num">(\d+)<', table))


def test_an_officer_finds_the_events_of_the_own_commune_only(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    page = visitor("cb.01").get("/search?range=24h").text
    assert "<strong>60 sự kiện</strong>" in page
    assert "xa-mau-02" not in page


def test_a_facet_narrows_to_its_own_count(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst = visitor("ts.01")
    page = analyst.get("/search?range=24h").text
    facets = re.findall(r'<a href="([^"]+)" title="Chỉ giá trị này">.*?class="num">(\d+)<', page, re.DOTALL)
    assert len(facets) >= 5
    for path, count in facets:
        assert f"<strong>{count} sự kiện</strong>" in analyst.get(unescape(path)).text


def test_pages_of_results_neither_skip_nor_repeat(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst, seen, path = visitor("ts.01"), [], "/search?range=24h"
    while path:
        page = analyst.get(path).text
        seen += re.findall(r'href="/events/([^"]+)"', page)
        onward = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(onward[1]) if onward else ""
    assert len(seen) == len(set(seen)) == 120


def test_a_broken_query_keeps_its_text_and_says_where(house: House, visitor: Visitor) -> None:
    answer = visitor("ts.01").get("/search?q=user.name:(a OR")
    assert answer.status_code == 400
    assert 'value="user.name:(a OR"' in answer.text
    assert 'role="alert"' in answer.text


def test_the_other_names_of_a_place_are_offered(house: House, visitor: Visitor) -> None:
    """Before and after the reform of 2025, also for a phrase within a longer query; the link asks for all of them and finds no fault."""
    browser = visitor("cb.01")
    page = browser.get("/search", params={"q": '"tinh binh phuoc" AND event.outcome:failure'}).text
    assert "còn gọi là: UBND tỉnh Bình Phước" in page
    (link,) = re.findall(r'href="([^"]+)">Tìm cả các tên này', page)
    asked = parse_qs(urlsplit(unescape(link)).query)["q"][0]
    assert asked.startswith('("tinh binh phuoc" OR "')
    assert asked.endswith(") AND event.outcome:failure")
    assert browser.get(unescape(link)).status_code == 200
    assert "Tìm cả các tên này" not in browser.get("/search", params={"q": "user.name:admin"}).text


def test_a_broken_date_is_named_and_left_out(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    page = visitor("ts.01").get("/search?since=31/02/2026&until=hôm qua").text
    assert "không đọc được ngày" in page
    assert "sự kiện" in page


def test_a_span_typed_by_hand_is_local_time(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    page = visitor("ts.01").get("/search?since=22/11/2026 10:00&until=22/11/2026 10:42").text
    assert "từ 22/11/2026 10:00 đến 22/11/2026 10:42" in page
    assert "<strong>12 sự kiện</strong>" in page


def test_an_empty_answer_says_whether_we_were_listening(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst = visitor("ts.01")
    assert "Sự kiện mới nhất trong kho" in analyst.get("/search?q=user.name:khong-co").text
    house.store.delete_before(house.clock.now().replace(year=2027))
    assert "chưa nguồn nhật ký nào gửi về" in analyst.get("/search").text


def test_opening_a_raw_record_is_remembered(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    visitor("tt.01").get(f"/events/{ids['xa-mau-01'].event}")
    assert house.trail("event.read") == [f"event/{ids['xa-mau-01'].event}"]


def test_what_was_not_measured_is_never_shown_as_zero(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    page = visitor("td.01").get("/compliance").text
    assert page.count('class="unmeasured"') == 3
    assert "Chưa đo được tiêu chí nào trong 10 tiêu chí" in page
    assert page.count('<svg class="ring"') == 4


def test_without_an_assessment_every_criterion_is_still_listed(house: House, visitor: Visitor) -> None:
    page = visitor("td.01").get("/compliance").text
    assert "Chưa có đợt đánh giá nào" in page
    assert page.count('href="/compliance/L') == len(house.catalogue.criteria)


def test_a_figure_opens_its_query_snapshot_and_search(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst = visitor("ts.01")
    page = analyst.get("/compliance/L2-01").text
    path = re.search(r'href="(/search\?[^"]+)"', page)
    assert path is not None
    assert re.search(r'class="code">[0-9a-f]{64}<', page)
    assert analyst.get(unescape(path[1])).status_code == 200


def test_no_figure_leads_to_a_page_that_refuses_its_reader(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    for name in ("td.01", "tt.01", "dg.01", "cb.01"):
        browser = visitor(name)
        for criterion in ("L1-11", "L2-01", "L2-07"):
            for path in re.findall(r'href="(/search\?[^"]+)"', browser.get(f"/compliance/{criterion}").text):
                assert browser.get(unescape(path)).status_code == 200, name


def test_an_unknown_criterion_is_not_found(visitor: Visitor) -> None:
    assert visitor("td.01").get("/compliance/L9-99").status_code == 404


def test_the_chain_is_verified_on_the_page_and_an_edit_is_shown(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    auditor = visitor("dg.01")
    assert "Chuỗi liền mạch" in auditor.get("/audit?verify=1").text
    with house.database.transaction() as session:
        session.execute(update(AuditRow).where(AuditRow.number == 5).values(actor="ai.do"))
    page = auditor.get("/audit?verify=1").text
    assert "Chuỗi bị hỏng; còn đúng đến mục 4." in page
    assert 'role="alert"' in page


def test_a_signed_anchor_and_pack_verify_away_from_the_machine(
    house: House, ids: dict[str, Ids], visitor: Visitor
) -> None:
    auditor, key = visitor("dg.01"), house.audit_key.public_key()
    line = auditor.get("/audit/anchor").content
    anchor = read_anchor(line, key)
    assert verify_pack(auditor.get("/audit/pack").content.splitlines(), key, [anchor]).ok
    assert "Khớp điểm neo" in auditor.get(f"/audit?verify=1&anchor={anchor.number}+{anchor.hash}").text
    wrong = Anchor(anchor.number, "ab" * 32)
    assert "viết lại" in auditor.get(f"/audit?verify=1&anchor={wrong.number}+{wrong.hash}").text
    assert "điểm neo cần có dạng" in auditor.get("/audit?verify=1&anchor=x").text


def test_the_trail_is_filtered_and_paged(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    auditor, seen, path = visitor("dg.01"), [], "/audit"
    for _ in range(60):
        auditor.get(f"/evidence/{ids['xa-mau-01'].evidence}")
    while path:
        page = auditor.get(path).text
        seen += re.findall(r'<tr><td class="num">(\d+)<', page)
        onward = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(onward[1]) if onward else ""
    assert seen == [str(number) for number in range(len(seen), 0, -1)]
    page = auditor.get("/audit?action=evidence&actor=cb.01").text
    assert "evidence.submit" in page
    assert "evidence.read" not in page.split("<tbody>")[1]


def test_an_administrator_adds_locks_and_resets(house: House, visitor: Visitor) -> None:
    admin = visitor("qt.01")
    form = {"name": "Moi.01", "display_name": "Người mới", "role": "auditor", "agency": "tinh-mau", "expires": ""}
    refused = admin.post("/admin/users", form, page="/admin")
    assert refused.status_code == 400
    assert "phải có ngày hết hạn" in refused.text
    assert "Người mới" in refused.text
    made = admin.post("/admin/users", form | {"expires": "31/12/2026"}, page="/admin")
    secret = re.search(r'class="code secret">([a-z0-9-]{23})<', made.text)
    assert secret is not None
    assert secret[1] not in admin.get("/admin").text
    assert admin.post("/admin/users/moi.01", {"act": "lock"}, page="/admin").status_code == 303
    assert "đã khóa" in admin.get("/admin").text
    assert 'class="code secret"' in admin.post("/admin/users/moi.01", {"act": "reset"}, page="/admin").text
    assert admin.post("/admin/users/qt.01", {"act": "lock"}, page="/admin").status_code == 409
    assert admin.post("/admin/users/khong.co", {"act": "lock"}, page="/admin").status_code == 404


@pytest.mark.parametrize("name", ["", "ts.01"])
def test_a_home_of_samples_says_so_on_every_page(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    house = open_house(tmp_path_factory.mktemp("sample"), sample=True)
    with house.visitor(name) as browser:
        for path in ("/signin", "/today", "/incidents", "/nowhere"):
            answer = browser.get(path)
            assert answer.status_code == 303 or "DỮ LIỆU MẪU / SAMPLE DATA" in answer.text
    house.database.close()


def test_a_real_home_carries_no_sample_band(visitor: Visitor) -> None:
    assert "SAMPLE DATA" not in visitor("ts.01").get("/today").text


def test_a_report_is_downloaded_as_it_was_made(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    own, auditor = ids["xa-mau-01"], visitor("dg.01")
    assert own.report_file in auditor.get(f"/reports/{own.report}").text
    answer = auditor.get(f"/reports/{own.report}/files/{own.report_file}")
    shelved = house.reports.get(house.accounts.principal("dg.01"), own.report)
    assert len(answer.content) == shelved.files[0].size_bytes
    assert answer.headers["content-disposition"].startswith("attachment")
    assert house.trail("report.download") == [f"report/{own.report}"]


def test_a_silent_house_is_told_on_the_first_page(house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
    analyst = visitor("ts.01")
    assert "Không có sự kiện mới" not in analyst.get("/today").text
    house.clock.advance(timedelta(hours=2))
    assert "Không có sự kiện mới trong 2 giờ 1 phút qua." in visitor("ts.01").get("/today").text
