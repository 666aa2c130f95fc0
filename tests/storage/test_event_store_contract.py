"""What every event store does, engine by engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from soc.core.clock import Window
from soc.core.errors import QueryError
from soc.core.event import Event
from soc.core.i18n import Lang
from soc.core.scope import PROVINCE, Scope
from soc.storage.conditions import (
    AllOf,
    Altered,
    AnyOf,
    Between,
    Condition,
    Equals,
    Everything,
    Exists,
    Like,
    Not,
    Wild,
)
from soc.storage.events import AppendStatus, Bucket, EventStore, Search, Stats, TermCount, Terms

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
MakeEvent = Callable[..., Event]


def found(
    store: EventStore, query: str | Condition, scope: Scope = PROVINCE, window: Window | None = None
) -> list[int]:
    """Numbers of the events that match."""
    return [int(event.id.removeprefix("id-")) for event in store.scan(query, scope, window)]


def statuses(store: EventStore, *events: Event) -> list[AppendStatus]:
    return [result.status for result in store.append(events)]


class TestAppend:
    def test_a_new_event_is_created_and_visible_at_once(self, store: EventStore, make_event: MakeEvent) -> None:
        event = make_event(1, **{"event.original": "dòng gốc", "process.args": ["a", "b"], "n": 1.5})
        assert statuses(store, event) == [AppendStatus.CREATED]
        assert store.get("id-0001", PROVINCE) == event
        assert list(store.scan("", PROVINCE)) == [event]

    def test_an_id_is_kept_once_over_calls_and_within_one(self, store: EventStore, make_event: MakeEvent) -> None:
        assert statuses(store, make_event(1), make_event(2), make_event(1, user__name="khác")) == [
            AppendStatus.CREATED,
            AppendStatus.CREATED,
            AppendStatus.DUPLICATE,
        ]
        assert statuses(store, make_event(2), make_event(3)) == [AppendStatus.DUPLICATE, AppendStatus.CREATED]
        assert store.count("", PROVINCE) == 3
        assert store.count("user.name:*", PROVINCE) == 0

    def test_the_same_id_on_another_day_is_a_duplicate(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(1)])
        moved = make_event(1, **{"@timestamp": "2026-12-24T00:00:00Z"})
        assert statuses(store, moved) == [AppendStatus.DUPLICATE]
        assert store.count("", PROVINCE) == 1

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("@timestamp", None, "@timestamp"),
            ("@timestamp", "hôm qua", "@timestamp"),
            ("@timestamp", "2026-11-17T01:00:00", "@timestamp"),
            ("event.id", None, "event.id"),
            ("event.id", "x" * 513, "event.id"),
            ("soc.agency", None, "soc.agency"),
            ("source.ip", "not an address", "source.ip"),
            ("source.port", "443", "source.port"),
            ("source.port", 2**63, "source.port"),
            ("user.name", float("nan"), "user.name"),
            ("user.name", {"nested": 1}, "user.name"),
            ("user.name", "\ud800", "UTF-8"),
            ("f" * 513, "x", "512"),
        ],
    )
    def test_what_cannot_be_kept_is_rejected_with_its_reason_and_stops_nothing(
        self, store: EventStore, make_event: MakeEvent, field: str, value: object, reason: str
    ) -> None:
        rejected, created = store.append([make_event(1, **{field: value}), make_event(2)])
        assert (rejected.status, created.status) == (AppendStatus.REJECTED, AppendStatus.CREATED)
        assert rejected.reason is not None
        assert reason in rejected.reason.render(Lang.EN)
        assert created.reason is None
        assert found(store, "") == [2]

    def test_existing_tells_kept_ids_whatever_their_agency(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(1), make_event(2, soc__agency="xa-02", soc__exercise="run-1")])
        assert store.existing(["id-0001", "id-0002", "id-0003"]) == {"id-0001", "id-0002"}
        assert store.existing([]) == set()

    def test_an_empty_append_does_nothing(self, store: EventStore) -> None:
        assert store.append([]) == []
        assert store.health().events == 0


class TestScope:
    @pytest.fixture(autouse=True)
    def _held(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append(
            [
                make_event(1, user__name="an"),
                make_event(2, soc__agency="xa-02", user__name="an"),
                make_event(3, soc__exercise="run-1", user__name="an"),
                make_event(4, soc__agency="xa-02", soc__exercise="run-2", user__name="an"),
                make_event(5, soc__agency="XA-01", user__name="an"),
            ]
        )

    @pytest.mark.parametrize(
        ("scope", "visible"),
        [
            (PROVINCE, [1, 2, 5]),
            (Scope(frozenset({"xa-01"})), [1]),
            (Scope(frozenset({"xa-01", "xa-02"})), [1, 2]),
            (Scope(frozenset()), []),
            (PROVINCE.during("run-1"), [3]),
            (Scope(frozenset({"xa-02"}), "run-1"), []),
            (Scope(frozenset({"xa-02"}), "run-2"), [4]),
            (PROVINCE.during("real"), []),
        ],
    )
    @pytest.mark.parametrize(
        "query", ["", "user.name:an", "NOT user.name:x", "soc.agency:* OR soc.exercise:*", "an", "*:*"]
    )
    def test_every_question_stays_within_agencies_and_exercise(
        self, store: EventStore, scope: Scope, visible: list[int], query: str
    ) -> None:
        """Laws 7 and 10 at the store: whatever the query says, the scope holds."""
        window = Window(START, START + timedelta(hours=1))
        assert found(store, query, scope) == visible
        assert store.count(query, scope) == len(visible)
        assert store.search(Search(query, scope)).total == len(visible)
        assert sum(bar.count for bar in store.histogram(query, scope, window, timedelta(minutes=7))) == len(visible)
        terms = store.terms(query, scope, "user.name")
        assert sum(term.count for term in terms.values) == len(visible)
        assert store.cardinality(query, scope, "event.id") == len(visible)
        assert store.stats(query, scope, "@timestamp").count == len(visible)
        assert [n for n in range(1, 6) if store.get(f"id-{n:04d}", scope)] == visible

    def test_only_the_ports_own_bookkeeping_sees_all(self, store: EventStore) -> None:
        assert store.health().events == 5
        assert len(store.existing([f"id-{n:04d}" for n in range(9)])) == 5


class TestQueries:
    @pytest.fixture(autouse=True)
    def _held(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append(
            [
                make_event(
                    1, user__name="Trấn Biên", source__ip="203.0.113.7", source__port=443, message="Tải tệp shell.php"
                ),
                make_event(2, user__name=["ADMIN", "an"], source__ip="198.51.100.9", source__port=8080, tries=5),
                make_event(
                    3, source__ip="2001:db8::7", tries="12", url__path="/wp-admin/x.php", message="Trấn Biên, Đồng Nai"
                ),
                make_event(4, file__name="a*b", tries=[3, 40], soc__time__in_hours=True, event__risk_score=2.5),
                make_event(
                    5,
                    file__name="aXb",
                    event__created="2026-11-17T08:10:11Z",
                    event__original="GET /Đăng-nhập HTTP/1.1",
                ),
            ]
        )

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", [1, 2, 3, 4, 5]),
            ("*:*", [1, 2, 3, 4, 5]),
            ("user.name:admin", [2]),
            ('user.name:"trấn biên"', [1]),
            ('user.name:"tran bien"', []),
            ("tran bien", [1, 3]),
            ('"tran bien"', [1, 3]),
            ('"bien tran"', []),
            ("message:(tran AND nai)", [3]),
            ('message:"dong nai"', [3]),
            ("event.original:dang\\-nhap", [5]),
            ("shell.p*", [1]),
            ("*dmin", [2, 3]),
            ("source.ip:203.0.113.0/24", [1]),
            ('source.ip:"203.0.113.0/24"', [1]),
            ('source.ip:"2001:db8::/32"', [3]),
            ("source.ip:[198.51.100.0 TO 203.0.113.7]", [1, 2]),
            ("source.ip:203.0.*", [1]),
            ("203.0.113.7", [1]),
            ("source.port:>=1024", [2]),
            ("source.port:[443 TO 8080}", [1]),
            ("source.port:44?", [1]),
            ("tries:>4", [2, 3, 4]),
            ("tries:[1 TO 5]", [2, 4]),
            ("tries:5", [2]),
            ("tries:[a TO *]", []),
            ("file.name:a*b", [4, 5]),
            ("file.name:a\\*b", [4]),
            ('file.name:"A*B"', [4]),
            ("file.name:a?b", [4, 5]),
            ("url.path:/wp-*", [3]),
            ("soc.time.in_hours:true", [4]),
            ("soc.time.in_hours:false", []),
            ("event.risk_score:>=2.5", [4]),
            ("event.created:2026-11-17", [5]),
            ('event.created:"2026-11-17T15:10"', [5]),
            ("@timestamp:[2026-11-17T08:02 TO 2026-11-17T08:03]", [2, 3]),
            ('@timestamp:>="2026-11-17T01:04:00Z"', [4, 5]),
            ("user.name:*", [1, 2]),
            ("_exists_:tries", [2, 3, 4]),
            ("NOT user.name:*", [3, 4, 5]),
            ("-tries:* -user.name:*", [5]),
            ("user.name:(an OR nobody)", [2]),
            ("user.name:an OR tries:12", [2, 3]),
            ("tries:* AND NOT user.name:an", [3, 4]),
            ("+tries:* +file.name:*", [4]),
        ],
    )
    def test_a_query_finds_its_events(self, store: EventStore, query: str, expected: list[int]) -> None:
        assert found(store, query) == expected

    def test_a_window_includes_its_start_and_not_its_end(self, store: EventStore) -> None:
        window = Window(START + timedelta(minutes=2), START + timedelta(minutes=4))
        assert found(store, "", PROVINCE, window) == [2, 3]
        assert store.count("", PROVINCE, window) == 2

    @pytest.mark.parametrize(
        "query", ["user.name:(a", "source.port:abc", "message:[a TO b]", "user.name:/re.*x/", "a && b"]
    )
    def test_a_query_that_cannot_be_understood_is_refused_by_every_question(
        self, store: EventStore, query: str
    ) -> None:
        window = Window(START, START + timedelta(hours=1))
        for ask in (
            lambda: store.count(query, PROVINCE),
            lambda: store.search(Search(query, PROVINCE)),
            lambda: store.scan(query, PROVINCE),
            lambda: store.terms(query, PROVINCE, "user.name"),
            lambda: store.cardinality(query, PROVINCE, "user.name"),
            lambda: store.stats(query, PROVINCE, "source.port"),
            lambda: store.histogram(query, PROVINCE, window, timedelta(minutes=1)),
        ):
            with pytest.raises(QueryError) as refused:
                ask()
            assert refused.value.advice is not None
            assert refused.value.where.isdigit()


class TestConditions:
    def test_every_question_takes_a_condition_as_well_as_text(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(n, user__name=["an", "bình"][n % 2], source__bytes=n) for n in range(5)])
        asked = AllOf((Equals("user.name", "an"), Not(Equals("source.bytes", 0))))
        window = Window(START, START + timedelta(hours=1))
        assert found(store, asked) == [2, 4]
        assert store.count(asked, PROVINCE) == store.search(Search(asked, PROVINCE)).total == 2
        assert sum(bar.count for bar in store.histogram(asked, PROVINCE, window, timedelta(hours=1))) == 2
        assert store.terms(asked, PROVINCE, "user.name").values == (TermCount("an", 2),)
        assert store.cardinality(asked, PROVINCE, "event.id") == 2
        assert store.stats(asked, PROVINCE, "source.bytes").total == 6

    def test_pages_go_on_with_a_condition(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(n) for n in range(5)])
        first = store.search(Search(Everything(), PROVINCE, size=3))
        rest = store.search(Search(Everything(), PROVINCE, size=3, after=first.next))
        assert [event.id[-1] for event in (*first.events, *rest.events)] == list("43210")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("user.name", "x" * 4097),
            ("user.name", ["an", "đ" * 4097]),
            ("process.command_line", "a\0b"),
            ("user.name", "Trâ\u0301n"),
            ("user.name", "straße"),
            ("user.name", "İ"),
            ("user.name", "\u212a"),
            ("odd name", "\ufb03"),
            ("message", "x" * 256),
            ("message", "ngắn " + "ả" * 256),
            ("event.original", ["a b", "ß" * 128]),
            ("user.name", []),
        ],
    )
    def test_a_value_that_searches_see_otherwise_than_it_is_marks_its_event(
        self, store: EventStore, make_event: MakeEvent, field: str, value: object
    ) -> None:
        store.append([make_event(1, **{field: value}), make_event(2, user__name="an")])
        assert found(store, Altered()) == found(store, Altered(field)) == [1]
        assert found(store, Not(Altered())) == [2]
        assert found(store, Altered("event.action")) == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("user.name", "x" * 4096),
            ("user.name", "Trấn Biên, ĐỒNG NAI"),
            ("user.name", ["ſ", "Σίσυφος", "😀", "ǅ"]),
            ("n", [1, -0.5, True, 2**62]),
            ("message", "dài " * 5000),
            ("message", "ả" * 255 + " " + "x" * 255),
            ("event.original", "Tra\u0301n straße a\0b"),
            ("source.ip", "2001:db8::1"),
            ("user.name", ""),
        ],
    )
    def test_what_is_not_marked_is_found_by_any_part_of_it(
        self, store: EventStore, make_event: MakeEvent, field: str, value: object
    ) -> None:
        store.append([make_event(1, **{field: value})])
        assert found(store, Altered()) == []
        assert found(store, Exists(field)) == [1]

    def test_a_pattern_is_looked_for_in_the_whole_folded_value(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(1, path="C:\\Windows\\" + "x" * 4000 + "\\CỔNG*.exe"), make_event(2, path="x?")])
        for part in ("c:\\win", "\\cổng*", "*.exe", "x" * 4000):
            assert found(store, Like("path", (Wild.ANY, part, Wild.ANY))) == [1]
        assert found(store, Like("path", (Wild.ONE, "?"))) == [2]


class TestPaging:
    def test_pages_go_through_ties_and_days_without_gap_or_repeat(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        moments = ["2026-11-17T10:00:00Z", "2026-11-18T10:00:00Z"]
        store.append([make_event(n, **{"@timestamp": moments[n % 2]}) for n in range(23)])
        seen: list[str] = []
        after: str | None = None
        while True:
            page = store.search(Search("", PROVINCE, size=4, after=after))
            assert page.total == 23
            seen += [event.id for event in page.events]
            if page.next is None:
                break
            after = page.next
        odd, even = ([f"id-{n:04d}" for n in range(23) if n % 2 == rest] for rest in (1, 0))
        assert seen == odd + even

    def test_an_event_that_arrives_between_pages_repeats_none(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(n) for n in range(4)])
        first = store.search(Search("", PROVINCE, size=2))
        store.append([make_event(9)])
        second = store.search(Search("", PROVINCE, size=2, after=first.next))
        assert [event.id for event in (*first.events, *second.events)] == ["id-0003", "id-0002", "id-0001", "id-0000"]

    def test_any_field_sorts_with_events_that_lack_it_last(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(n, source__bytes=[n % 3 * 100, 150] if n else None) for n in range(5)])
        assert [event.id[-1] for event in store.search(Search("", PROVINCE, sort="source.bytes")).events] == list(
            "21340"
        )
        rising = Search("", PROVINCE, sort="source.bytes", ascending=True, size=2)
        first = store.search(rising)
        rest = store.search(Search("", PROVINCE, sort="source.bytes", ascending=True, after=first.next))
        assert [event.id[-1] for event in (*first.events, *rest.events)] == list("31420")

    @pytest.mark.parametrize("after", ["???", "bm90IGpzb24=", "WyJ1c2VyLm5hbWUiLGZhbHNlLCJ4IiwiaWQiXQ=="])
    def test_a_cursor_of_another_search_is_refused(self, store: EventStore, after: str) -> None:
        with pytest.raises(QueryError, match="next"):
            store.search(Search("", PROVINCE, after=after))

    @pytest.mark.parametrize(("size", "sort"), [(0, "@timestamp"), (10_001, "@timestamp"), (5, "message")])
    def test_a_size_or_order_that_no_page_can_have_is_refused(self, store: EventStore, size: int, sort: str) -> None:
        with pytest.raises(QueryError):
            store.search(Search("", PROVINCE, size=size, sort=sort))


class TestFigures:
    @pytest.fixture(autouse=True)
    def _held(self, store: EventStore, make_event: MakeEvent) -> None:
        days = [timedelta(days=n % 3) for n in range(9)]
        names = ["An", "an", "bình", "chi", "chi", "chi", None, ["an", "chi"], ["An", "AN"]]
        store.append(
            [
                make_event(n, user__name=name, source__bytes=2**53 + n, **{"@timestamp": (START + day).isoformat()})
                for n, (name, day) in enumerate(zip(names, days, strict=True))
            ]
        )

    def test_terms_count_events_by_folded_value_with_the_rest_and_the_missing(self, store: EventStore) -> None:
        assert store.terms("", PROVINCE, "user.name", 2) == Terms((TermCount("AN", 4), TermCount("chi", 4)), 1, 1)
        assert store.terms("", PROVINCE, "user.name", 1) == Terms((TermCount("AN", 4),), 4, 1)
        assert store.terms("user.name:bình", PROVINCE, "user.name") == Terms((TermCount("bình", 1),), 0, 0)
        assert store.terms("", PROVINCE, "absent") == Terms((), 0, 9)

    def test_a_term_is_found_again_by_searching_for_it(self, store: EventStore) -> None:
        for term in store.terms("", PROVINCE, "user.name").values:
            assert store.count(f'user.name:"{term.value}"', PROVINCE) == term.count

    def test_cardinality_is_exact_over_days(self, store: EventStore) -> None:
        assert store.cardinality("", PROVINCE, "user.name") == 3
        assert store.cardinality("", PROVINCE, "absent") == 0

    def test_sums_are_exact_before_they_are_rounded_once(self, store: EventStore) -> None:
        total = float(sum(2**53 + n for n in range(9)))
        assert store.stats("", PROVINCE, "source.bytes") == Stats(9, float(2**53), float(2**53 + 8), total)
        assert store.stats("", PROVINCE, "absent") == Stats(0, None, None, None)

    def test_statistics_of_dates_are_in_seconds(self, store: EventStore) -> None:
        first = START.timestamp()
        seen = store.stats("", PROVINCE, "@timestamp")
        assert (seen.count, seen.minimum, seen.maximum) == (9, first, first + 2 * 86400)

    @pytest.mark.parametrize("field", ["message", "source.ip", "soc.time.in_hours"])
    def test_fields_without_numbers_have_no_statistics(self, store: EventStore, field: str) -> None:
        with pytest.raises(QueryError):
            store.stats("", PROVINCE, field)

    def test_a_text_field_has_no_terms(self, store: EventStore) -> None:
        for ask in (store.terms, store.cardinality):
            with pytest.raises(QueryError, match="message"):
                ask("", PROVINCE, "message")

    def test_a_histogram_covers_the_window_with_empty_bars_from_its_start(self, store: EventStore) -> None:
        since = START - timedelta(hours=5)
        bars = store.histogram("", PROVINCE, Window(since, since + timedelta(days=3, hours=1)), timedelta(days=1))
        assert bars == [Bucket(since + timedelta(days=n), count) for n, count in enumerate([3, 3, 3, 0])]

    @pytest.mark.parametrize("interval", [timedelta(0), timedelta(seconds=-1), timedelta(microseconds=1)])
    def test_a_histogram_of_no_or_too_many_bars_is_refused(self, store: EventStore, interval: timedelta) -> None:
        with pytest.raises(QueryError):
            store.histogram("", PROVINCE, Window(START, START + timedelta(days=1)), interval)


def test_retention_drops_whole_days_and_their_ids(store: EventStore, make_event: MakeEvent) -> None:
    store.append([make_event(n, **{"@timestamp": f"2026-11-{n:02d}T23:59:59.999999Z"}) for n in (10, 11, 12)])
    assert store.delete_before(datetime(2026, 11, 12, 5, tzinfo=UTC)) == 2
    assert found(store, "") == [12]
    assert store.existing(["id-0010", "id-0012"]) == {"id-0012"}
    assert store.delete_before(datetime(2026, 11, 12, 5, tzinfo=UTC)) == 0
    assert statuses(store, make_event(10, **{"@timestamp": "2026-11-10T23:59:59Z"})) == [AppendStatus.CREATED]


DAY = 86_400 * 10**6
MIDNIGHT = int(datetime(2026, 11, 11, tzinfo=UTC).timestamp()) * 10**6


class TestRetentionOfSome:
    """`delete_before` with a query: what one security level may lose while another may not."""

    EDGE = datetime(2026, 11, 12, 5, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def _held(self, store: EventStore, make_event: MakeEvent) -> None:
        """Days 10 to 13, one event of each of three platforms a day: number = day * 10 + platform."""
        platforms = ["one_stop", "portal", "Portal"]
        store.append(
            [
                make_event(
                    day * 10 + n,
                    soc__platform=platform,
                    soc__exercise="run-1" if day == 11 and platform == "portal" else None,
                    message=f"ngày {day}",
                    source__bytes=day,
                    **{"@timestamp": f"2026-11-{day}T12:00:00.{n}Z"},
                )
                for day in (10, 11, 12, 13)
                for n, platform in enumerate(platforms)
            ]
        )

    @pytest.mark.parametrize(
        ("query", "gone"),
        [
            ("soc.platform:one_stop", [100, 110]),
            (Equals("soc.platform", "one_stop"), [100, 110]),
            (Not(Equals("soc.platform", "one_stop")), [101, 102, 111, 112]),
            ("soc.platform:portal", [101, 102, 111, 112]),
            ("source.bytes:11", [110, 111, 112]),
            ("soc.platform:portal AND NOT message:10", [111, 112]),
            ("soc.exercise:*", [111]),
            (Not(Everything()), []),
            (
                AllOf(
                    (
                        AnyOf((Equals("soc.platform", "portal"), Not(Everything()))),
                        Not(AllOf((Equals("soc.agency", "xa-01"), Between("@timestamp", MIDNIGHT, MIDNIGHT + DAY)))),
                    )
                ),
                [101, 102],
            ),
            ("soc.platform:absent", []),
            ("", [100, 101, 102, 110, 111, 112]),
        ],
    )
    def test_only_what_matches_of_past_days_goes_whatever_its_scope(
        self, store: EventStore, query: str | Condition, gone: list[int]
    ) -> None:
        every = [day * 10 + n for day in (10, 11, 12, 13) for n in range(3)]
        assert store.delete_before(self.EDGE, query) == len(gone)
        staying = {f"id-{n:04d}" for n in every if n not in gone}
        assert store.existing([f"id-{n:04d}" for n in every]) == staying
        assert store.health().events == len(staying)
        assert store.delete_before(self.EDGE, query) == 0

    def test_what_stays_answers_every_question_as_before(self, store: EventStore) -> None:
        assert store.delete_before(self.EDGE, "soc.platform:one_stop") == 2
        left = [101, 102, 112, 120, 121, 122, 130, 131, 132]
        assert found(store, "") == left
        assert found(store, "", PROVINCE.during("run-1")) == [111]
        assert found(store, "message:10") == [101, 102]
        assert store.get("id-0100", PROVINCE) is None
        assert store.get("id-0101", PROVINCE) is not None
        assert store.terms("", PROVINCE, "soc.platform").values == (TermCount("Portal", 7), TermCount("one_stop", 2))
        assert store.cardinality("source.bytes:<12", PROVINCE, "event.id") == 3
        assert store.stats("", PROVINCE, "source.bytes") == Stats(9, 10.0, 13.0, 10.0 * 2 + 11 + 12 * 3 + 13 * 3)
        day = datetime(2026, 11, 10, tzinfo=UTC)
        bars = store.histogram("", PROVINCE, Window(day, day + timedelta(days=4)), timedelta(days=1))
        assert [bar.count for bar in bars] == [2, 1, 3, 3]
        first = store.search(Search("", PROVINCE, size=5, ascending=True))
        rest = store.search(Search("", PROVINCE, size=5, ascending=True, after=first.next))
        assert [event.id for event in (*first.events, *rest.events)] == [f"id-{n:04d}" for n in left]

    def test_an_event_that_went_may_come_again_and_one_that_stayed_may_not(
        self, store: EventStore, make_event: MakeEvent
    ) -> None:
        store.delete_before(self.EDGE, "soc.platform:one_stop")
        again = [make_event(n, **{"@timestamp": f"2026-11-10T12:00:00.{n - 100}Z"}) for n in (100, 101)]
        assert statuses(store, *again) == [AppendStatus.CREATED, AppendStatus.DUPLICATE]
        assert found(store, "", window=Window(START - timedelta(days=30), START - timedelta(days=6))) == [100, 101, 102]

    def test_a_day_goes_in_parts_until_nothing_is_left(self, store: EventStore) -> None:
        for platform, gone in (("one_stop", 2), ("portal", 4), ("portal", 0)):
            assert store.delete_before(self.EDGE, f"soc.platform:{platform}") == gone
        oldest = store.health().oldest
        assert oldest is not None
        assert oldest.day == 12

    def test_a_query_that_cannot_be_understood_drops_nothing(self, store: EventStore) -> None:
        with pytest.raises(QueryError):
            store.delete_before(self.EDGE, "soc.platform:(")
        assert store.health().events == 12


def test_health_tells_what_is_held(store: EventStore, make_event: MakeEvent) -> None:
    assert (store.health().ok, store.health().events, store.health().oldest) == (True, 0, None)
    store.append([make_event(0), make_event(60 * 24, soc__exercise="run-1")])
    health = store.health()
    assert (health.ok, health.events) == (True, 2)
    assert (health.oldest, health.newest) == (START, START + timedelta(days=1))
    assert health.detail.render(Lang.EN) != health.detail.render(Lang.VI)


def test_closing_twice_is_harmless(store: EventStore) -> None:
    store.close()
    store.close()


class TestRewrite:
    def test_a_newer_reading_takes_the_place_of_the_older_one(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(n, user__name="cũ", n=n) for n in range(3)])
        again = make_event(1, user__name="mới", source__ip="192.0.2.1")
        assert store.rewrite([again]) == {"id-0001"}
        assert store.get("id-0001", PROVINCE) == again
        assert found(store, "user.name:mới") == [1]
        assert found(store, "user.name:cũ") == [0, 2]
        assert found(store, "n:1") == []
        assert found(store, "") == [0, 1, 2]

    def test_an_event_may_move_to_another_day(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(n) for n in range(3)])
        moved = make_event(1, **{"@timestamp": "2026-11-16T18:00:00Z"})
        assert store.rewrite([moved, make_event(2, user__name="x")]) == {"id-0001", "id-0002"}
        assert found(store, "") == [1, 0, 2]
        assert store.existing(["id-0000", "id-0001", "id-0002"]) == {"id-0000", "id-0001", "id-0002"}
        assert statuses(store, moved, make_event(1)) == [AppendStatus.DUPLICATE, AppendStatus.DUPLICATE]
        assert store.count("", PROVINCE, Window(START, START + timedelta(days=1))) == 2

    def test_what_is_not_kept_or_could_not_be_stays_away(self, store: EventStore, make_event: MakeEvent) -> None:
        store.append([make_event(1, user__name="cũ")])
        unfit = make_event(1, **{"source.ip": "not an address"})
        assert store.rewrite([unfit, make_event(9)]) == set()
        assert found(store, "") == [1]
        assert found(store, "user.name:cũ") == [1]
