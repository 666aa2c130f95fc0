"""What every event store does at the edges, engine by engine: ties, many hits, odd values, odd names, empty and huge figures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from soc.core.clock import Window, iso
from soc.core.event import Event
from soc.core.scope import PROVINCE, Scope
from soc.storage.events import AppendStatus, Bucket, EventStore, Page, Search, Stats, TermCount, Terms
from soc.storage.query import term

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))
MANY = 10_050
MakeEvent = Callable[..., Event]


def numbers(events: Iterable[Event]) -> list[int]:
    return [int(event.id.removeprefix("id-")) for event in events]


def found(store: EventStore, query: str, window: Window | None = None) -> list[int]:
    """Numbers of the events that match."""
    return numbers(store.scan(query, PROVINCE, window))


def holds(store: EventStore, expected: dict[str, list[int]]) -> None:
    """Every query finds its events, and counts them."""
    for query, events in expected.items():
        assert found(store, query) == events, query
        assert store.count(query, PROVINCE) == len(events), query


def pages(store: EventStore, size: int, sort: str = "@timestamp", *, ascending: bool = False) -> list[Page]:
    """All pages of everything."""
    seen: list[Page] = []
    after: str | None = None
    while not seen or after is not None:
        seen.append(store.search(Search("", PROVINCE, None, sort, ascending, size, after)))
        after = seen[-1].next
    return seen


class TestOrder:
    def test_events_of_one_moment_stand_by_id_whatever_the_order_they_came_in(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        at = iso(START)
        for batch in ([7, 3, 9], [1, 8, 2]):
            store.append([make_event(n, **{"@timestamp": at}) for n in batch])
        assert found(store, "") == [1, 2, 3, 7, 8, 9]
        assert numbers(store.search(Search("", PROVINCE)).events) == [1, 2, 3, 7, 8, 9]
        assert [numbers(page.events) for page in pages(store, 4)] == [[1, 2, 3, 7], [8, 9]]
        assert [numbers(page.events) for page in pages(store, 4, ascending=True)] == [[1, 2, 3, 7], [8, 9]]

    def test_moments_are_told_apart_to_the_microsecond(self, store: EventStore, make_event: MakeEvent) -> None:
        moments = [
            "2026-11-17T01:00:00.000001Z",
            "2026-11-17T01:00:00Z",
            "2026-11-17T08:00:00.000002+07:00",
            "2026-11-16T23:59:59.999999Z",
            "1969-12-31T23:59:59.999999Z",
        ]
        store.append([make_event(n, **{"@timestamp": moment}) for n, moment in enumerate(moments)])
        assert found(store, "") == [4, 3, 1, 0, 2]
        step = timedelta(microseconds=1)
        assert found(store, "", Window(START, START + step)) == [1]
        assert found(store, "", Window(START - step, START + 2 * step)) == [1, 0]
        assert found(store, "", Window(START + step, START + 2 * step)) == [0]
        holds(store, {'@timestamp:"2026-11-17T01:00:00.000001Z"': [0], '@timestamp:<"1970-01-01T00:00:00Z"': [4]})
        bars = store.histogram("", PROVINCE, Window(START, START + 3 * step), step)
        assert [bar.count for bar in bars] == [1, 1, 1]
        assert store.stats("", PROVINCE, "@timestamp").minimum == pytest.approx(-1e-06)

    def test_a_sort_goes_by_the_type_of_the_field_with_ties_by_id(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        ports, names = [443, 80, 8080, 80, None], ["b", "A", "a", "é", None]
        addresses = ["203.0.113.10", "203.0.113.9", "2001:db8::1", "::ffff:203.0.113.9", None]
        store.append(
            [
                make_event(n, source__port=ports[n], user__name=names[n], source__ip=addresses[n])
                for n in range(len(ports))
            ]
        )
        for sort, rising, falling in (
            ("source.port", [1, 3, 0, 2, 4], [2, 0, 1, 3, 4]),
            ("user.name", [1, 2, 0, 3, 4], [3, 0, 1, 2, 4]),
            ("source.ip", [1, 3, 0, 2, 4], [2, 0, 1, 3, 4]),
            ("absent", [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        ):
            assert [n for page in pages(store, 2, sort, ascending=True) for n in numbers(page.events)] == rising, sort
            assert [n for page in pages(store, 2, sort) for n in numbers(page.events)] == falling, sort


class TestMany:
    def test_ten_thousand_events_are_kept_at_once_and_paged_whole(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        """More than any page holds, appended in one call, some twice in it; then all again."""
        moments = [iso(START + timedelta(seconds=n // 7)) for n in range(MANY)]
        events = [make_event(n, **{"@timestamp": moments[n], "source.bytes": n}) for n in range(MANY)]
        results = store.append([*events, *events[:50]])
        assert [result.status for result in results].count(AppendStatus.CREATED) == MANY
        assert {result.status for result in results[MANY:]} == {AppendStatus.DUPLICATE}

        ids = sorted((event.id for event in events), key=lambda ident: (moments[int(ident[3:])], ident))
        seen = pages(store, 10_000, ascending=True)
        assert [page.total for page in seen] == [MANY, MANY]
        assert [event.id for page in seen for event in page.events] == ids
        assert [event.id for event in store.scan("", PROVINCE)] == ids
        assert store.cardinality("", PROVINCE, "event.id") == MANY
        every = store.terms("", PROVINCE, "source.bytes", MANY)
        assert (every.other, every.missing, len(every.values)) == (0, 0, MANY)
        assert every.values[:2] == (TermCount(0, 1), TermCount(1, 1))
        assert store.terms("", PROVINCE, "event.id", 3).other == MANY - 3
        assert store.existing([event.id for event in events] + ["other"]) == set(ids)

        again = store.append([*events[-500:], make_event(MANY)])
        assert {result.status for result in again[:-1]} == {AppendStatus.DUPLICATE}
        assert again[-1].status is AppendStatus.CREATED
        assert store.health().events == MANY + 1

    def test_readers_beside_a_writer_see_only_whole_events_and_never_fewer(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        store.append([make_event(0, user__name="an")])
        done, faults = threading.Event(), []

        def read() -> None:
            try:
                before = 0
                while not done.is_set():
                    events = list(store.scan("user.name:an", PROVINCE))
                    assert all(event.fields["user.name"] == "an" for event in events)
                    page = store.search(Search("", PROVINCE, size=3))
                    assert page.total >= len(events) >= before
                    before = len(events)
            except Exception as fault:
                faults.append(fault)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for batch in range(1, 5):
            store.append([make_event(batch * 10 + n, user__name="an") for n in range(10)])
            assert store.count("", PROVINCE) == batch * 10 + 1
        done.set()
        for reader in readers:
            reader.join()
        assert faults == []


class TestValues:
    def test_any_of_several_values_answers_and_each_counts_once(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append(
            [
                make_event(1, user__name=["an", "bình", "AN"], source__port=[1, 100], message=["mở cổng", "đóng cửa"]),
                make_event(2, user__name=["bình"], source__port=50, message="cổng đóng"),
                make_event(3, user__name=[], source__port=[]),
            ]
        )
        holds(
            store,
            {
                "user.name:an AND user.name:bình": [1],
                "NOT user.name:an": [2, 3],
                "user.name:*": [1, 2],
                "NOT _exists_:user.name": [3],
                "source.port:[40 TO 60]": [2],
                "source.port:>60 AND source.port:<10": [1],
                '"cổng đóng"': [2],
                "cong dong": [1, 2],
            },
        )
        assert store.terms("", PROVINCE, "user.name") == Terms((TermCount("bình", 2), TermCount("AN", 1)), 0, 1)
        assert store.terms("", PROVINCE, "user.name", 1) == Terms((TermCount("bình", 2),), 0, 1)
        assert store.cardinality("", PROVINCE, "source.port") == 3
        assert store.stats("", PROVINCE, "source.port") == Stats(3, 1.0, 100.0, 151.0)

    def test_numbers_in_a_keyword_field_are_text_with_a_number_beside(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        values = [5, "5", 5.0, "05", -3, "1e3", True, 2**62, "12.50", "số 5"]
        store.append([make_event(n, tries=value) for n, value in enumerate(values)])
        holds(
            store,
            {
                "tries:5": [0, 1],
                "tries:5.0": [2],
                "tries:05": [3],
                "tries:true": [6],
                "tries:\\-3": [4],
                "tries:-3": [4],
                "tries:[5 TO 5]": [0, 1, 2, 3],
                "tries:<0": [4],
                "tries:[12 TO 13]": [8],
                "tries:>1000000": [7],
                "tries:1e3": [5],
                'tries:"số 5"': [9],
                "tries:5*": [0, 1, 2],
            },
        )
        assert store.stats("tries:<=20", PROVINCE, "tries") == Stats(6, -3.0, 12.5, 29.5)
        counted = {str(one.value): one.count for one in store.terms("", PROVINCE, "tries").values}
        assert counted == {
            "5": 2,
            "-3": 1,
            "05": 1,
            "1e3": 1,
            "12.50": 1,
            "5.0": 1,
            "true": 1,
            str(2**62): 1,
            "số 5": 1,
        }

    def test_an_address_is_one_whatever_its_spelling(self, store: EventStore, make_event: MakeEvent) -> None:
        addresses = [
            "203.0.113.7",
            "::ffff:203.0.113.7",
            "2001:db8::7",
            "2001:0DB8:0::0007",
            "::1",
            "192.0.2.1",
            "ff02::1",
        ]
        store.append([make_event(n, source__ip=address) for n, address in enumerate(addresses)])
        holds(
            store,
            {
                "source.ip:203.0.113.7": [0, 1],
                'source.ip:"::ffff:203.0.113.7"': [0, 1],
                'source.ip:"2001:db8::7"': [2, 3],
                'source.ip:"2001:db8::/32"': [2, 3],
                "source.ip:0.0.0.0/0": [0, 1, 5],
                'source.ip:"::/0"': [0, 1, 2, 3, 4, 5, 6],
                "source.ip:203.0.113.7/32": [0, 1],
                'source.ip:["2001:db8::" TO "ff02::1"]': [2, 3, 6],
                'source.ip:{"2001:db8::7" TO "ff02::1"}': [],
                "NOT source.ip:203.0.113.0/24": [2, 3, 4, 5, 6],
            },
        )
        assert store.cardinality("", PROVINCE, "source.ip") == 5
        top = store.terms("", PROVINCE, "source.ip", 2)
        assert [one.count for one in top.values] == [2, 2]
        assert (top.other, top.missing) == (3, 0)

    def test_the_end_of_a_long_text_and_the_beginning_of_a_long_keyword_are_found(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        script, path = "Write-Host x; " * 7_000 + "Invoke-Mimikatz", "C:\\" + "a" * 5_000 + ".exe"
        store.append(
            [
                make_event(1, message=script, event__original=script.upper()),
                make_event(2, process__command_line=path, note="đ" * 40_000),
                make_event(3, process__command_line=path[:4096] + "khác"),
                make_event(4, message="x" * 300 + " sau"),
            ]
        )
        holds(
            store,
            {
                'message:"invoke mimikatz"': [1],
                "event.original:mimi*": [1],
                "mimikatz": [1],
                "process.command_line:c\\:\\\\aaa*": [2, 3],
                f'process.command_line:"{path[:4096].replace(chr(92), chr(92) * 2)}"': [2, 3],
                "note:*": [2],
                "message:sau": [4],
            },
        )
        event = store.get("id-0001", PROVINCE)
        assert event is not None
        assert event.fields["message"] == script
        assert store.terms("", PROVINCE, "process.command_line").values == (TermCount(path[:4096], 2),)

    def test_letters_fold_and_marks_count_where_they_should(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append(
            [
                make_event(1, user__name="ĐỖ THỊ ÁNH", message="Đăng nhập thất bại"),
                make_event(2, user__name="Do Thi Anh", message="dang nhap that bai"),
                make_event(3, user__name="đo\u0302\u0303 thị ánh", message="ĐANG NHẬP"),
            ]
        )
        holds(
            store,
            {
                'user.name:"đỗ thị ánh"': [1, 3],
                'user.name:"do thi anh"': [2],
                'message:"dang nhap"': [1, 2, 3],
                'message:"ĐĂNG NHẬP"': [1, 2, 3],
                "thi anh": [1, 2, 3],
            },
        )

    @pytest.mark.parametrize(
        "ident",
        ["a b", "a/b?c#d%20", 'quo"te', "\\", "*", "đ" * 512, "x" * 512, "_id", "A", " a ", "\u200b", "😀", "NULL"],
    )
    def test_an_id_is_any_text(self, store: EventStore, make_event: MakeEvent, ident: str) -> None:
        odd, plain = make_event(1, event__id=ident), make_event(2, event__id="a")
        assert [result.status for result in store.append([odd, plain])] == [AppendStatus.CREATED] * 2
        assert store.append([odd])[0].status is AppendStatus.DUPLICATE
        assert store.existing([ident, "b"]) == {ident}
        assert store.get(ident, PROVINCE) == odd
        assert store.get(ident, Scope(frozenset({"xa-02"}))) is None
        assert [event.id for event in store.scan("", PROVINCE)] == [ident, "a"]

    def test_a_field_may_have_any_name(self, store: EventStore, make_event: MakeEvent) -> None:
        names = [
            "odd name",
            "a.b.c",
            "tên trường",
            "#n",
            "a:b",
            'quo"te',
            "x" * 512,
            "_source",
            "vonggac.key",
            "%20",
            "a*",
        ]
        store.append([make_event(n, **{name: "giá trị"}) for n, name in enumerate(names)])
        for n, name in enumerate(names):
            assert store.terms("", PROVINCE, name) == Terms((TermCount("giá trị", 1),), 0, len(names) - 1), name
            assert numbers(store.search(Search("", PROVINCE, sort=name, size=1)).events) == [n], name
            assert found(store, term(name, "giá trị")) == [n], name

    def test_hundreds_of_new_names_are_fields_like_others(self, store: EventStore, make_event: MakeEvent) -> None:
        held = {f"vendor.field_{n}": f"value {n % 3}" for n in range(400)}
        store.append([make_event(1, **held), make_event(2, **{"vendor.field_7": ["value 1", "x"]})])
        holds(store, {'vendor.field_399:"value 0"': [1], "vendor.field_7:*": [1, 2], "vendor.field_400:*": []})
        assert store.cardinality("", PROVINCE, "vendor.field_7") == 2

    @pytest.mark.parametrize("agency", ["Xã Mẫu 01", "a b", 'a"b', "*", "xa-01 OR xa-02"])
    def test_an_agency_is_any_text_and_compared_letter_by_letter(
        self, store: EventStore, make_event: MakeEvent, agency: str
    ) -> None:
        store.append([make_event(1, soc__agency=agency), make_event(2, soc__exercise=agency), make_event(3)])
        assert numbers(store.scan("", Scope(frozenset({agency})))) == [1]
        assert numbers(store.scan("", Scope(frozenset({agency.upper() + "x"})))) == []
        assert numbers(store.scan("", PROVINCE.during(agency))) == [2]
        assert numbers(store.scan("", Scope(frozenset({"xa-01"})))) == [3]


class TestEmpty:
    @pytest.mark.parametrize("filled", [False, True])
    def test_every_question_has_an_empty_answer(self, store: EventStore, make_event: MakeEvent, filled: bool) -> None:
        """In an empty store, and where nothing matches."""
        if filled:
            store.append([make_event(1, user__name="an")])
        query = "user.name:nobody"
        assert list(store.scan(query, PROVINCE)) == []
        assert store.search(Search(query, PROVINCE, sort="user.name")) == Page((), 0, None)
        assert store.count(query, PROVINCE) == store.cardinality(query, PROVINCE, "user.name") == 0
        assert store.terms(query, PROVINCE, "user.name") == Terms((), 0, 0)
        assert store.stats(query, PROVINCE, "source.port") == Stats(0, None, None, None)
        assert [bar.count for bar in store.histogram(query, PROVINCE, HOUR, timedelta(minutes=20))] == [0, 0, 0]
        assert store.get("id-0002", PROVINCE) is None
        assert store.existing(["id-0002"]) == set()
        assert store.delete_before(datetime(2100, 1, 1, tzinfo=UTC), query) == 0

    def test_a_window_without_extent_holds_nothing(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(0)])
        for window in (Window(START, START), Window(START + timedelta(hours=1), START)):
            assert found(store, "", window) == []
            assert store.histogram("", PROVINCE, window, timedelta(minutes=1)) == []


class TestFigures:
    def test_bars_of_an_odd_length_hold_each_event_of_the_window_once(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        """The last bar may reach beyond the window; what lies there is not counted."""
        store.append([make_event(n) for n in range(0, 60, 4)])
        since = START + timedelta(seconds=1)
        window = Window(since, START + timedelta(minutes=30, seconds=1))
        step = timedelta(minutes=7, seconds=13, microseconds=7)
        bars = store.histogram("", PROVINCE, window, step)
        assert [bar.start for bar in bars] == [since + n * step for n in range(5)]
        assert [bar.count for bar in bars] == [1, 2, 2, 2, 0]
        inside = [n for n in range(0, 60, 4) if START + timedelta(minutes=n) in window]
        assert sum(bar.count for bar in bars) == len(inside)
        assert store.histogram("", PROVINCE, window, timedelta(days=400)) == [Bucket(since, len(inside))]

    def test_bars_reach_over_days_years_and_the_epoch(self, store: EventStore, make_event: MakeEvent) -> None:
        moments = ["1969-12-31T23:00:00Z", "1970-01-01T00:30:00Z", "2026-11-17T01:00:00Z"]
        store.append([make_event(n, **{"@timestamp": moment}) for n, moment in enumerate(moments)])
        old = Window(datetime(1969, 12, 31, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))
        assert [bar.count for bar in store.histogram("", PROVINCE, old, timedelta(hours=12))] == [0, 1, 1, 0]
        century = Window(datetime(1960, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
        assert sum(bar.count for bar in store.histogram("", PROVINCE, century, timedelta(days=365))) == 3

    def test_ties_among_values_go_by_value_and_size_cuts_after_them(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        names = ["d", "b", "C", "a", "b", "10", "9", None]
        ports = [10, 9, 100, 10, 9, 100, 5, None]
        store.append([make_event(n, user__name=names[n], source__port=ports[n]) for n in range(len(names))])
        assert [one.value for one in store.terms("", PROVINCE, "user.name", 6).values] == [
            "b",
            "10",
            "9",
            "a",
            "C",
            "d",
        ]
        assert [one.value for one in store.terms("", PROVINCE, "source.port", 3).values] == [9, 10, 100]
        assert store.terms("", PROVINCE, "user.name", 2) == Terms((TermCount("b", 2), TermCount("10", 1)), 4, 1)

    @pytest.mark.parametrize(
        ("field", "values", "expected"),
        [
            ("source.bytes", [-5, 3, 0], Stats(3, -5.0, 3.0, -2.0)),
            ("source.bytes", [-(2**63), 2**63 - 1], Stats(2, -(2.0**63), 2.0**63, -1.0)),
            ("source.bytes", [2**53, 1, -(2**53)], Stats(3, -(2.0**53), 2.0**53, 1.0)),
            ("event.risk_score", [1e308, -1e308, 1.5], Stats(3, -1e308, 1e308, 1.5)),
            ("event.risk_score", [0.1] * 10, Stats(10, 0.1, 0.1, 1.0)),
            ("event.risk_score", [1.7e308, 1.7e308], Stats(2, 1.7e308, 1.7e308, float("inf"))),
            ("event.risk_score", [-1.7e308, -1.7e308], Stats(2, -1.7e308, -1.7e308, float("-inf"))),
            ("tries", ["7", "x", "-0.5", True], Stats(2, -0.5, 7.0, 6.5)),
        ],
    )
    def test_sums_are_exact_of_negative_and_huge_numbers_too(
        self, store: EventStore, make_event: MakeEvent, field: str, values: list[object], expected: Stats
    ) -> None:
        store.append([make_event(n, **{field: value}) for n, value in enumerate(values)])
        assert store.stats("", PROVINCE, field) == expected
