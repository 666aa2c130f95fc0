"""Events against the book: exact, in any spelling, for every kind of field, whatever the batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.alert import Alert
from detectors.indicators.book import Book
from detectors.indicators.detector import IndicatorDetector
from detectors.indicators.hunting import FEW, candidates_for
from detectors.indicators.matcher import Matcher
from detectors.indicators.model import Indicator, Kind, Named, Sought, State
from detectors.indicators.table import Table, digest_of, write_table
from detectors.indicators.warninglists import TOO_WIDE, WarningLists, shipped_lists
from soc.core.clock import Window
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from soc.storage.memory import MemoryEventStore
from tests.detectors.indicators.conftest import LISTS, NOW, indicator

Fill = Callable[..., Book]
MakeEvent = Callable[..., Event]
SHA = "ab" * 32


def matched(book: Book, event: Event) -> list[str]:
    matcher = Matcher(book)
    matcher.refresh()
    return sorted(hit.named.value for hit in matcher.hits(event.fields, event.timestamp))


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"destination__ip": "203.0.113.9"}, ["203.0.113.0/24", "203.0.113.9"]),
        ({"source__ip": "203.0.113.10"}, ["203.0.113.0/24"]),
        ({"related__ip": ["192.0.2.1", "203.0.113.10"]}, ["203.0.113.0/24"]),
        ({"DestinationIp": "::ffff:203.0.113.10"}, ["203.0.113.0/24"]),
        ({"dns__question__name": "a.b.EVIL.example."}, ["evil.example"]),
        ({"dns__question__name": "notevil.example"}, []),
        ({"url__domain": "evil.example", "url__original": "/a/b?c=1"}, ["evil.example"]),
        ({"url__domain": "web.example", "url__original": "/drop/x.exe"}, ["web.example/drop/x.exe"]),
        ({"url__full": "https://WEB.example:443/drop/x.exe#1"}, ["web.example/drop/x.exe"]),
        ({"url__full": "https://web.example/drop/X.exe"}, []),
        ({"url__full": "http://203.0.113.77/x"}, ["203.0.113.0/24"]),
        ({"file__hash__sha256": SHA.upper()}, [SHA]),
        ({"Hashes": f"MD5={'0' * 32},SHA256={SHA.upper()}"}, [SHA]),
        ({"destination__ip": "2001:db8:0:7::1"}, ["2001:db8:0:7::/64"]),
        ({"user__name": "203.0.113.9"}, []),
    ],
)
def test_an_event_is_matched_wherever_it_names_an_indicator(
    fill: Fill, event: MakeEvent, fields: dict[str, object], found: list[str]
) -> None:
    book = fill(
        "203.0.113.9", "203.0.113.0/24", "2001:db8:0:7::/64", "evil.example", "hxxp://web.example/drop/x.exe", SHA
    )
    assert matched(book, event(**fields)) == found


def test_an_indicator_counts_only_while_it_is_valid(fill: Fill, event: MakeEvent) -> None:
    book = fill("evil.example", valid_until=NOW + timedelta(hours=1), valid_from=NOW)
    hits = [matched(book, event(after, url__domain="evil.example")) for after in (-1, 0, 3599, 3600)]
    assert [len(hit) for hit in hits] == [0, 1, 1, 0]


def test_two_sources_of_one_indicator_are_one_hit_as_sure_as_the_surer(fill: Fill, event: MakeEvent) -> None:
    fill("evil.example", source="a", confidence=30)
    book = fill("evil.example", source="b", confidence=90)
    (alert,) = IndicatorDetector(Matcher(book)).observe([event(url__domain="evil.example", host__name="ws-1")])
    assert alert.matched["threat.indicator.provider"] == "a, b"
    assert alert.severity is Severity.HIGH
    assert alert.explanation is not None
    assert "source a: confidence 30/100" in alert.explanation.children[0].text["en"]


def test_a_flood_is_few_alerts_with_a_counter_and_entities_stay_apart(fill: Fill, event: MakeEvent) -> None:
    detector = IndicatorDetector(Matcher(fill("evil.example")))
    events = [event(n, url__domain="evil.example", host__name=f"ws-{n % 2}") for n in range(240)]
    alerts = detector.observe(events) + detector.flush()
    assert len(alerts) == 2 * 4
    assert sum(int(alert.matched.get("soc.alert.events", 1)) for alert in alerts) == 240  # type: ignore[call-overload]
    assert {alert.entities["host.name"] for alert in alerts} == {"ws-0", "ws-1"}
    assert len({alert.id for alert in alerts}) == len(alerts)


def test_the_one_concerned_is_not_the_indicator_itself(fill: Fill, event: MakeEvent) -> None:
    detector = IndicatorDetector(Matcher(fill("203.0.113.9")))
    (alert,) = detector.observe([event(source__ip="203.0.113.9")])
    assert alert.entities == {
        "source.ip": "203.0.113.9",
        "soc.source": "tuong-lua",
        "threat.indicator.ip": "203.0.113.9",
    }


def test_agencies_and_exercises_stay_apart(fill: Fill, event: MakeEvent) -> None:
    detector = IndicatorDetector(Matcher(fill("evil.example")))
    told = detector.observe(
        [
            event(0, url__domain="evil.example", user__name="u"),
            event(1, url__domain="evil.example", user__name="u", agency="xa-mau-02"),
            event(2, url__domain="evil.example", user__name="u", exercise="DT-1"),
        ]
    )
    assert [(alert.agency, alert.exercise) for alert in told] == [
        ("xa-mau-01", None),
        ("xa-mau-02", None),
        ("xa-mau-01", "DT-1"),
    ]
    assert sum(run.matches for run in detector.ran()) == 2


def test_a_running_detector_takes_up_what_is_imported(fill: Fill, event: MakeEvent) -> None:
    detector = IndicatorDetector(Matcher(fill("other.example")))
    asked = event(url__domain="evil.example")
    assert not detector.observe([asked])
    fill("evil.example")
    assert len(detector.observe([asked])) == 1


def test_a_broken_table_is_written_anew(fill: Fill, event: MakeEvent) -> None:
    book = fill("evil.example")
    book.table_path.write_bytes(b"nonsense")
    assert matched(book, event(url__domain="evil.example")) == ["evil.example"]


def test_without_a_book_nothing_is_matched(tmp_path: Path, event: MakeEvent) -> None:
    detector = IndicatorDetector(Matcher(Book(tmp_path / "none")))
    assert not detector.observe([event(url__domain="evil.example")])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10.1.2.3", "reserved-networks"),
        ("::1", "reserved-networks"),
        ("203.0.113.9", "documentation-networks"),
        ("8.8.8.8", "public-resolvers"),
        ("8.8.8.0/24", "public-resolvers"),
        ("11.0.0.0/8", TOO_WIDE),
        ("gov.vn", "state-domains"),
        ("com.vn", "shared-suffixes"),
        ("www.google.com", "everyday-services"),
        ("https://google.com/", "everyday-services"),
        ("d41d8cd98f00b204e9800998ecf8427e", "empty-files"),
    ],
)
def test_what_would_fire_on_everything_is_refused(text: str, reason: str) -> None:
    verdict = WarningLists(shipped_lists()).judge(indicator(text).named)
    assert (verdict.state, verdict.reason) == (State.REFUSED, reason)


@pytest.mark.parametrize(
    "text", ["evil.blogspot.example", "https://google.com/evil", "cdn.evil.com.vn", "11.22.33.0/24"]
)
def test_what_lies_below_is_no_reason_to_refuse(text: str) -> None:
    assert WarningLists(shipped_lists()).judge(indicator(text).named).state is State.ACTIVE


def test_a_site_of_the_state_is_matched_with_a_mark(fill: Fill, event: MakeEvent) -> None:
    book = fill("xa-mau.gov.vn", confidence=100)
    (alert,) = IndicatorDetector(Matcher(book)).observe([event(url__domain="www.xa-mau.gov.vn")])
    assert alert.severity is Severity.LOW
    assert alert.matched["soc.indicator.marked"] == "state-domains"


def test_refusals_are_counted_listed_and_never_matched(tmp_path: Path, event: MakeEvent) -> None:
    book = Book(tmp_path / "indicators")
    result = book.add(map(indicator, ["10.1.2.3", "evil.example", "gov.vn"]), WarningLists(LISTS), NOW)
    assert (result.read, result.created, result.total) == (3, 3, 1)
    assert result.refused == {"reserved-networks": 1, "state-domains": 1}
    assert [entry.reason for entry in book.listing(State.REFUSED)] == ["state-domains", "reserved-networks"]
    assert matched(book, event(source__ip="10.1.2.3")) == []
    book.judge_again(WarningLists([]))
    assert matched(book, event(source__ip="10.1.2.3")) == ["10.1.2.3"]


def test_importing_again_renews_and_adds_nothing(fill: Fill) -> None:
    book = fill("evil.example", confidence=20)
    result = book.add([indicator("evil.example", confidence=70)], WarningLists([]), NOW)
    assert result.created == 0
    assert [entry.indicator.confidence for entry in book.listing()] == [70]
    assert book.forget(NOW) == 0


def test_a_failed_import_leaves_the_book_as_it_was(fill: Fill) -> None:
    book = fill("evil.example")

    def broken() -> object:
        yield indicator("worse.example")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        book.add(broken(), WarningLists([]), NOW)  # type: ignore[arg-type]
    assert [entry.indicator.named.value for entry in book.listing()] == ["evil.example"]


def store_of(events: Sequence[Event]) -> MemoryEventStore:
    store = MemoryEventStore()
    store.append(events)
    return store


def sought(**days: int) -> Sought:
    """What came in with `fill`."""
    return Sought(NOW, NOW + timedelta(seconds=1), NOW + timedelta(days=days.get("asked", 0)))


def looked_back(book: Book, store: MemoryEventStore, what: Sought) -> list[Alert]:
    """Alerts about the candidates of a look back."""
    detector = IndicatorDetector(Matcher(book, what))
    few, total, _ = book.sought(what, FEW)
    events = list(store.scan(candidates_for(few, total), PROVINCE)) if total else []
    return [*detector.observe(events), *detector.flush()]


def test_a_new_indicator_is_found_in_the_past_once(fill: Fill, event: MakeEvent) -> None:
    """Whatever `valid_from` says; marked as hunted it is nothing new any more, but the hunt that marked it stays what it was."""
    past = [event(-86_400 * n, url__domain="evil.example", host__name="ws-1") for n in (20, 5, 5.01, 40)]
    store = store_of([*past, event(-3600, url__domain="fine.example")])
    book = fill("evil.example", valid_from=NOW)
    found = looked_back(book, store, sought())
    assert sorted(alert.first for alert in found) == sorted(one.timestamp for one in past)
    imported, fresh = book.unhunted()
    assert (imported, fresh) == (Window(NOW, NOW + timedelta(seconds=1)), 1)
    book.mark_hunted(sought(), NOW)
    assert book.unhunted() == (None, 0)
    assert looked_back(book, store, sought()) == found
    assert looked_back(book, store, sought(asked=1)) == []


def test_what_is_sought_is_counted_and_named_by_a_hash(fill: Fill) -> None:
    book = fill("203.0.113.7", "evil.example", "203.0.113.16/28")
    few, total, digest = book.sought(sought(), 2)
    assert (len(few), total) == (2, 3)
    assert book.sought(sought(), 0) == ([], 3, digest)
    assert fill("other.example").sought(sought(), 0)[1:] != (3, digest)


def test_a_look_back_leaves_exercises_alone(fill: Fill, event: MakeEvent) -> None:
    store = store_of([event(-60, url__domain="evil.example", exercise="DT-1")])
    assert looked_back(fill("evil.example"), store, sought()) == []


WRITTEN = (
    ("destination__ip", "203.0.113.7"),
    ("destination__ip", "::ffff:203.0.113.7"),
    ("SourceIp", "::ffff:cb00:7107"),
    ("IpAddress", "[203.0.113.20]"),
    ("dns__question__name", "203.0.113.7"),
    ("url__full", "http://203.0.113.7/x"),
    ("url__full", "http://%32%30%33.0.113.7/x"),
    ("destination__ip", "2001:DB8:0::1"),
    ("source__ip", "2001:db8:5::9"),
    ("dns__question__name", "A.Evil.Example."),
    ("http__request__referrer", "https://evil.example/a"),
    ("dns__question__name", "xn--bcher-kva.example"),
    ("dns__question__name", "b\u00fccher.example"),
    ("Hashes", f"MD5=00,SHA256={SHA.upper()}"),
    ("file__hash__sha256", SHA),
    ("md5", f" {SHA}"),
    ("destination__ip", "192.0.2.1"),
    ("url__full", "https://fine.example/"),
    ("user__name", "203.0.113.7"),
)


@pytest.mark.parametrize(
    "texts",
    [
        ("203.0.113.7", "203.0.113.16/28"),
        ("2001:db8::1", "2001:db8:5::/48"),
        ("203.0.112.0/22",),
        ("evil.example", "bücher.example"),
        (SHA,),
        ("203.0.113.7", "evil.example", SHA),
        (*(f"198.51.100.{n}" for n in range(FEW + 1)), "203.0.113.7"),
    ],
)
def test_the_candidates_are_all_that_reading_everything_finds(
    fill: Fill, event: MakeEvent, texts: tuple[str, ...]
) -> None:
    """However the log writes a value: what the query leaves out cannot match."""
    events = [event(-n, **{name: value}) for n, (name, value) in enumerate(WRITTEN, 1)]
    book = fill(*texts)
    few, total, _ = book.sought(sought(), FEW)
    candidates = {e.id for e in store_of(events).scan(candidates_for(few, total), PROVINCE)}
    found = {e.id for e in events if matched(book, e)}
    assert found
    assert found <= candidates
    assert len(candidates) < len(events)


POOL = ["203.0.113.9", "203.0.113.0/28", "198.51.100.0/24", "evil.example", "x.evil.example", "other.example", SHA]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["destination.ip", "dns.question.name", "file.hash.sha256"]),
        st.sampled_from(
            [
                "203.0.113.9",
                "203.0.113.14",
                "203.0.113.99",
                "198.51.100.4",
                "evil.example",
                "a.x.evil.example",
                SHA,
                "good.example",
            ]
        ),
        st.sampled_from(["ws-1", "ws-2"]),
        st.sampled_from(["xa-mau-01", "xa-mau-02"]),
    ),
    max_size=25,
)


def brute(texts: Sequence[str], name: str, value: str) -> set[str]:
    """What is matched, by trying every indicator in turn; a field of hosts may hold an address and the other way round."""
    if name == "file.hash.sha256":
        return {text for text in texts if text == value}
    return {text for text in texts if _lies_in(value, text) or _is_below(value, text)}


def _lies_in(value: str, text: str) -> bool:
    try:
        return ip_address(value) in ip_network(text)
    except ValueError:
        return False


def _is_below(value: str, text: str) -> bool:
    return f".{value}".endswith(f".{text}") and "example" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(POOL)), EVENTS, st.lists(st.integers(0, 25), max_size=3))
def test_matching_agrees_with_trying_every_indicator_whatever_the_batches(
    tmp_path_factory: pytest.TempPathFactory, texts: set[str], rows: list[tuple[str, str, str, str]], cuts: list[int]
) -> None:
    book = Book(tmp_path_factory.mktemp("book"))
    book.add([indicator(text) for text in sorted(texts)], WarningLists([]), NOW)
    events = [
        Event(
            {
                "@timestamp": f"2026-11-23T01:00:{place:02}Z",
                "event.id": f"e{place:02}",
                "soc.platform": "p",
                "soc.source": "s",
                "soc.agency": agency,
                "host.name": host,
                name: value,
            }
        )
        for place, (name, value, host, agency) in enumerate(rows)
    ]
    for made, (name, value, _, _) in zip(events, rows, strict=True):
        assert set(matched(book, made)) == brute(sorted(texts), name, value)
    whole = IndicatorDetector(Matcher(book))
    expected = whole.observe(events) + whole.flush()
    detector, alerts, before = IndicatorDetector(Matcher(book)), list[Alert](), 0
    for cut in (*sorted(cuts), len(events)):
        alerts += detector.observe(events[before:cut])
        before = max(before, cut)
        state, detector = detector.snapshot(), IndicatorDetector(Matcher(book))
        detector.restore(state)
    assert alerts + detector.flush() == expected


def test_a_chance_collision_in_the_table_is_no_hit(fill: Fill, event: MakeEvent) -> None:
    book = fill("evil.example")
    write_table(book.table_path, [Named(Kind.DOMAIN, "fine.example"), Named(Kind.DOMAIN, "evil.example")], 2)
    assert matched(book, event(url__domain="fine.example")) == []


def test_a_table_holds_what_was_put_in_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table"
    write_table(path, (Named(Kind.DOMAIN, f"x{n}.example") for n in range(5000)), 5000)
    table = Table(path)
    assert table.count == 5000
    assert all(digest_of(Kind.DOMAIN, f"x{n}.example") in table for n in range(5000))
    assert not any(digest_of(Kind.DOMAIN, f"y{n}.example") in table for n in range(5000))
    table.close()
    table.close()


def test_an_indicator_without_times_is_always_valid() -> None:
    assert Indicator(Named(Kind.IP, "203.0.113.9"), "feed").is_valid_at(NOW)
