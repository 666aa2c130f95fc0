"""Saved searches, figures of a field, columns, order and the histogram of the search page."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from html import unescape

import pytest

from soc.core.clock import iso
from soc.core.event import Event
from tests.web.house import NOW, Browser, House, Ids

Visitor = Callable[..., Browser]
MOST_BYTES = 200_000
FORM = {
    "name": "Đăng nhập sai",
    "q": "event.outcome:failure",
    "range": "24h",
    "cols": "user.name,soc.seq",
    "sort": "-soc.seq",
}


def links(page: str, title: str) -> list[str]:
    return [unescape(path) for path in re.findall(rf'<a href="([^"]+)" title="{title}">', page)]


def total(page: str) -> int:
    found = re.search(r"<strong>([\d.]+) sự kiện</strong>", page)
    assert found is not None
    return int(found[1].replace(".", ""))


def figures(page: str) -> str:
    start = page.index('id="figures-of"')
    return page[start : page.index("</section>", start)]


class TestFigures:
    def test_a_field_is_shown_with_shares_that_add_up(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        analyst = visitor("ts.01")
        shown = figures(analyst.get("/search?range=24h&field=user.name").text)
        rows = re.findall(r'class="num">(\d+)</td><td class="num">([\d,]+)%<', shown)
        assert sum(int(count) for count, _ in rows) == 120
        assert sum(float(share.replace(",", ".")) for _, share in rows) == pytest.approx(100)
        assert "120 trên 120 sự kiện (100,0%)" in shown
        assert "<dd>4</dd>" in shown

    def test_a_value_is_added_or_left_out_by_a_link(self, house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
        analyst = visitor("ts.01")
        shown = figures(analyst.get("/search?range=24h&field=user.name&q=event.outcome:failure").text)
        [count] = set(re.findall(r'class="num">(\d+)</td>', shown)) - {"120"}
        only, without = links(shown, "Chỉ giá trị này")[0], re.findall(r'class="out" href="([^"]+)"', shown)[0]
        assert total(analyst.get(only).text) == int(count)
        assert total(analyst.get(unescape(without)).text) == 40 - int(count)

    def test_the_span_and_the_sum_of_numbers_are_told(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        shown = figures(visitor("ts.01").get("/search?range=24h&field=soc.seq").text)
        assert "0 – 59" in shown
        assert "3.540; 29,5 (của 120 giá trị số)" in shown
        assert "Giá trị hiếm nhất" in shown
        moments = figures(visitor("ts.01").get("/search?range=24h&field=soc.received").text)
        assert "22/11/2026 10:41:00.000" in moments
        assert "Tổng" not in moments

    def test_events_without_the_field_are_counted_and_a_link_away(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        extra = {"event.id": "x", "@timestamp": iso(NOW), "soc.agency": "xa-mau-01", "odd name": "a"}
        house.store.append([Event({**extra, "@timestamp": "2026-11-22T03:41:30Z"})])
        analyst = visitor("ts.01")
        shown = figures(analyst.get("/search?range=24h&field=user.name").text)
        path = re.search(r'<a href="([^"]+)">không có trường</a>', shown)
        assert path is not None
        assert total(analyst.get(unescape(path[1])).text) == 1
        odd = figures(analyst.get("/search?range=24h&field=odd%20name").text)
        assert total(analyst.get(links(odd, "Chỉ giá trị này")[0]).text) == 1

    def test_a_field_of_running_text_has_none_and_the_page_stands(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        answer = visitor("ts.01").get("/search?range=24h&field=event.original")
        assert answer.status_code == 200
        assert "Không có số liệu của trường này:" in answer.text
        assert total(answer.text) == 120

    def test_an_officer_gets_figures_of_the_own_commune(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        shown = figures(visitor("cb.01").get("/search?range=24h&field=soc.agency").text)
        assert "60 trên 60" in shown
        assert "xa-mau-02" not in shown


class TestLayout:
    def test_a_bar_and_its_row_lead_to_the_events_of_their_time(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        analyst = visitor("ts.01")
        page = analyst.get("/search?range=24h").text
        rows = links(page, "Chỉ khoảng này")
        bars = [unescape(path) for path in re.findall(r'<a href="([^"]+)" tabindex="-1"', page)]
        assert bars == rows
        start = page.index("Bảng số liệu</summary>")
        counts = re.findall(r'class="num">(\d+)<', page[start : page.index("</details>", start)])
        for path, count in zip(rows, counts, strict=True):
            assert total(analyst.get(path).text) == int(count)

    def test_the_time_is_widened_by_a_link(self, house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
        analyst = visitor("ts.01")
        page = analyst.get("/search?since=22/11/2026 10:00&until=22/11/2026 10:30").text
        path = re.search(r'<a href="([^"]+)">nới khoảng gấp ba</a>', page)
        assert path is not None
        assert "từ 22/11/2026 09:30 đến 22/11/2026 11:00" in analyst.get(unescape(path[1])).text

    def test_columns_and_order_are_chosen(self, house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
        analyst = visitor("ts.01")
        page = analyst.get("/search?range=24h&cols=soc.seq, url.path,soc.seq&sort=soc.seq").text
        assert re.findall(r'<th scope="col" class="code"[^>]*>(?:<a[^>]*>)?([^<]+)<', page) == ["soc.seq", "url.path"]
        assert 'aria-sort="ascending"' in page
        column = re.findall(r'<td class="code" translate="no">(\d+)</td>', page)
        assert column == sorted(column, key=int)
        other = re.search(r'<a href="([^"]+)">soc\.seq</a>', page)
        assert other is not None
        falling = analyst.get(unescape(other[1])).text
        assert 'aria-sort="descending"' in falling
        assert re.findall(r'<td class="code" translate="no">(\d+)</td>', falling)[0] == "59"

    def test_too_many_columns_and_an_order_that_cannot_be_are_told(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        analyst = visitor("ts.01")
        many = analyst.get("/search?range=24h&cols=" + ",".join(f"f{n}" for n in range(20))).text
        assert "chỉ hiện 12 cột đầu trong 20 cột" in many
        answer = analyst.get("/search?sort=message")
        assert answer.status_code == 400
        assert "không sắp xếp hay thống kê được" in answer.text

    @pytest.mark.parametrize("length", [20, 1400])
    def test_the_page_stays_small_with_long_values_and_a_long_query(
        self, house: House, visitor: Visitor, length: int
    ) -> None:
        names = ("user.name", "event.action", "host.name", "url.path")
        house.store.append(
            [
                Event(
                    {
                        "event.id": f"e{n}",
                        "@timestamp": f"2026-11-22T0{n % 3}:{n % 60:02d}:00Z",
                        "soc.agency": "xa-mau-01",
                        **dict.fromkeys(names, f"{n}" + "x" * 3000),
                    }
                )
                for n in range(200)
            ]
        )
        query = "NOT user.name:" + "y" * length
        answer = visitor("ts.01").get(f"/search?range=24h&field=host.name&q={query}")
        assert total(answer.text) == 200
        assert len(gzip.compress(answer.content)) < MOST_BYTES / 4
        assert len(answer.content) < MOST_BYTES or length > 1000
        assert "…" in answer.text


class TestSaved:
    def saved(self, browser: Browser, **changes: str) -> str:
        answer = browser.post("/search/saved", {**FORM, **changes}, page="/search")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def test_a_search_is_saved_from_the_page_and_run_again(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        analyst = visitor("ts.01")
        page = analyst.get("/search?range=24h&q=event.outcome:failure&cols=user.name,soc.seq&sort=-soc.seq").text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        assert {name: hidden[name] for name in ("q", "range", "cols", "sort")} == {
            name: value for name, value in FORM.items() if name != "name"
        }
        path = self.saved(analyst)
        page = analyst.get(path).text
        assert "<h1>Đăng nhập sai</h1>" in page
        assert total(page) == 40
        assert 'aria-sort="descending"><a' in page
        assert path in analyst.get("/search").text
        assert house.trail("search.save")[0] == path.removeprefix("/")

    def test_pages_of_a_saved_search_neither_skip_nor_repeat(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        analyst, seen = visitor("ts.01"), []
        path = self.saved(analyst, q="")
        while path:
            page = analyst.get(path).text
            seen += re.findall(r'href="/events/([^"]+)"', page)
            onward = re.search(r'href="([^"]+)" rel="next"', page)
            path = unescape(onward[1]) if onward else ""
        assert len(seen) == len(set(seen)) == 120

    def test_everybody_runs_it_within_their_own_scope(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        path = self.saved(visitor("cb.01"), shared="1", q="")
        assert total(visitor("cb.01").get(path).text) == 60
        assert total(visitor("ts.01").get(path).text) == 120
        assert visitor("cb.02").get(path).status_code == 404

    def test_a_fixed_time_stays_and_a_relative_one_moves(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        analyst = visitor("ts.01")
        fixed = self.saved(analyst, name="cố định", since="22/11/2026 10:00", until="22/11/2026 10:42", range="")
        moving = self.saved(analyst, name="đi theo")
        for path, when in ((fixed, "từ 22/11/2026 10:00 đến 22/11/2026 10:42"), (moving, "từ 21/11/2026 10:42")):
            assert when in analyst.get(path).text

    def test_what_was_typed_is_kept_when_it_is_refused(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        analyst = visitor("ts.01")
        broken = analyst.post("/search/saved", {**FORM, "q": "user.name:(a", "name": "Hỏng"}, page="/search")
        assert broken.status_code == 400
        assert 'value="user.name:(a"' in broken.text
        assert 'value="Hỏng"' in broken.text
        assert "Chưa lưu được:" in broken.text
        self.saved(analyst)
        again = analyst.post("/search/saved", FORM, page="/search")
        assert again.status_code == 409
        assert "ghi đè phép tìm đó" in again.text
        assert self.saved(analyst, q="x", replace="1") == self.saved(analyst, q="y", replace="1")

    def test_the_list_renames_shares_and_deletes_ones_own_only(
        self, house: House, ids: dict[str, Ids], visitor: Visitor
    ) -> None:
        owner, colleague = visitor("ts.01"), visitor("tc.01")
        path = self.saved(owner)
        assert path not in colleague.get("/search/saved").text
        for act, then in (
            ({"act": "rename", "name": "Tên <b>mới</b>"}, "Tên &lt;b&gt;mới&lt;/b&gt;"),
            ({"act": "share"}, "Chia sẻ: Tỉnh Mẫu"),
        ):
            assert owner.post(path, act, page="/search/saved").status_code == 303
            assert then in owner.get("/search/saved").text
        assert path in colleague.get("/search/saved").text
        assert colleague.post(path, {"act": "delete"}, page="/search/saved").status_code == 403
        assert owner.post(path, {"act": "rename", "name": " "}, page="/search/saved").status_code == 400
        assert owner.post(path, {"act": "keep"}, page="/search/saved").status_code == 303
        assert colleague.get(path).status_code == 404
        assert owner.post(path, {"act": "delete"}, page="/search/saved").status_code == 303
        assert owner.get(path).status_code == 404

    def test_the_pages_are_in_english_too(self, house: House, ids: dict[str, Ids], visitor: Visitor) -> None:
        analyst = visitor("ts.01", lang="en")
        path = self.saved(analyst)
        assert "Saved search of ts.01" in analyst.get(path).text
        assert "Your own, and those shared" in analyst.get("/search/saved").text
        assert "Figures of the field" in analyst.get("/search?field=user.name").text
