"""Each indexed store answers every question as the reference evaluator does, whatever the events and the query."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soc.core.clock import Window, iso
from soc.core.errors import QueryError
from soc.core.event import Event
from soc.core.scope import PROVINCE, Scope
from soc.storage.events import EventStore, Search
from soc.storage.memory import MemoryEventStore
from soc.storage.tantivy_store import TantivyEventStore
from tests.storage.elastic import emptied

START = datetime(2026, 11, 16, 22, 0, tzinfo=UTC)

WORDS = [
    "Trấn Biên",
    "TRAN BIEN",
    "Đồng Nai",
    "straße",
    "Σίσυφος",
    "web shell.php",
    "a*b",
    "x?y",
    "C:\\Win\\a.exe",
    "(a|b)+[c]",
    "ab",
    "abc",
]
ODD = [
    "",
    " ",
    "a b",
    "a\tb",
    "n\0ul",
    "u\x1fs",
    "\u00a0",
    "-",
    '"',
    "é",
    "e\u0301",
    "ǅ",
    "İ",
    "%20;",
    "#1",
    "~^$&{}",
    "😀",
]
NUMBERS = ["5", "05", "5.0", "-3", "12", "1e3", 5, 5.0, 5.5, -3, 0, -0.0, 12, 2**62, 10**15, 1e300, True, False]
keyword = st.sampled_from([*WORDS, *ODD, *NUMBERS]) | st.text(alphabet="aAbBđĐ .*?\\", max_size=4)
address = st.sampled_from(
    ["203.0.113.7", "203.0.113.200", "198.51.100.1", "2001:db8::1", "::ffff:203.0.113.7", "192.0.2.255"]
)
moment = st.integers(0, 200_000).map(lambda second: iso(START + timedelta(seconds=second - second % 700)))
text = st.lists(st.sampled_from([*WORDS, *ODD[1:], "/login", "số 5"]), min_size=1, max_size=4).map(" ".join)


def one_or_many(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return values | st.lists(values, min_size=1, max_size=3)


fields = st.fixed_dictionaries(
    {"soc.agency": st.sampled_from(["xa-01", "xa-02"]), "@timestamp": moment},
    optional={
        "soc.exercise": st.sampled_from(["real", "dien-tap-1"]),
        "user.name": one_or_many(keyword),
        "odd name": one_or_many(keyword),
        "#n": one_or_many(keyword),
        "source.ip": one_or_many(address),
        "source.port": one_or_many(st.sampled_from([0, 5, 12, 443, 444, -(2**63), 2**63 - 1])),
        "event.risk_score": one_or_many(st.sampled_from([0.0, -0.0, 1.5, 5, -2.25, 1e300])),
        "soc.time.in_hours": st.booleans(),
        "event.created": one_or_many(moment),
        "message": one_or_many(text),
        "event.original": text,
    },
)
events = st.lists(fields, min_size=1, max_size=14).map(
    lambda made: [Event({"event.id": f"id-{number * 7 % 13}-{number}", **held}) for number, held in enumerate(made)]
)

name = st.sampled_from(
    ["user.name", "odd\\ name", "\\#n", "source.ip", "source.port", "event.risk_score", "event.created", "@timestamp"]
)


def quoted(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def escaped(value: object) -> str:
    return "".join(f"\\{one}" if not one.isalnum() else one for one in str(value))


def span(literal: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    ends = literal | st.just("*")
    closed = st.builds("{0}{1} TO {2}{3}".format, st.sampled_from("[{"), ends, ends, st.sampled_from("]}"))
    return closed | st.builds("{0}{1}".format, st.sampled_from([">", ">=", "<", "<="]), literal)


def pattern(value: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    parts = value.map(escaped) | value.map(lambda whole: escaped(str(whole)[:2])) | st.sampled_from("***?ab")
    return st.lists(parts, min_size=1, max_size=3).map("".join)


def asked_of(field: str, value: st.SearchStrategy[object], *, ranges: bool = True) -> st.SearchStrategy[str]:
    literal = value.map(quoted)
    kinds = [literal, pattern(value), st.just("*"), *([span(literal), span(literal)] if ranges else [])]
    return st.one_of(kinds).map(lambda asked: f"{field}:{asked}")


instant = moment | st.sampled_from(["2026-11-17", "2026-11", "2026-11-17T08", "2026-11-17T08:10:00+07:00"])
network = address | st.sampled_from(["203.0.113.0/24", "203.0.113.0/29", "::/0", "2001:db8::/32"])
leaf = st.one_of(
    asked_of("user.name", keyword),
    asked_of("odd\\ name", keyword),
    asked_of("\\#n", keyword),
    asked_of("source.ip", network),
    asked_of("source.port", st.sampled_from([0, 5, 12, 443, 444, 4.5, -(2**63), 2**70])),
    asked_of("event.risk_score", st.sampled_from([0.0, -0.0, 1.5, 5, -2.25, "1e300"])),
    asked_of("event.created", instant),
    asked_of("@timestamp", instant),
    asked_of("soc.time.in_hours", st.sampled_from(["true", "false"]), ranges=False),
    asked_of("message", text, ranges=False),
    asked_of("event.original", text, ranges=False),
    st.sampled_from(["absent.field:*", "_exists_:message", "absent.field:x"]),
    text.map(quoted),
    pattern(st.sampled_from(WORDS) | address),
)
query = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds("NOT ({0})".format, inner),
        st.builds("({0}) AND ({1})".format, inner, inner),
        st.builds("({0}) OR ({1})".format, inner, inner),
        st.builds("-({0}) ({1})".format, inner, inner),
    ),
    max_leaves=3,
)
scope = st.sampled_from(
    [PROVINCE, PROVINCE, Scope(frozenset({"xa-01"})), Scope(None, "real"), Scope(frozenset(), None)]
)
window = (
    st.none()
    | st.none()
    | st.builds(
        lambda first, length: Window(START + timedelta(seconds=first), START + timedelta(seconds=first + length)),
        st.integers(-10, 200_000),
        st.integers(0, 150_000),
    )
)


def understood(text: str) -> bool:
    try:
        MemoryEventStore().count(text, PROVINCE)
    except QueryError:
        return False
    return True


question = st.tuples(query.filter(understood), scope, window)
steady = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


Engines = Callable[[], AbstractContextManager[EventStore]]


@pytest.fixture(scope="session", params=["tantivy", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def engines(request: pytest.FixtureRequest) -> Engines:
    """Opens an empty store of an engine, for each generated set of events anew."""
    if request.param == "tantivy":
        return tantivy
    cluster, names = request.getfixturevalue("elasticsearch"), request.getfixturevalue("elastic_indices")
    return lambda: emptied(cluster, names.prefix)


@contextmanager
def tantivy() -> Iterator[EventStore]:
    with tempfile.TemporaryDirectory() as folder:
        store = TantivyEventStore(Path(folder), writable=True)
        yield store
        store.close()


@contextmanager
def both(held: list[Event], engines: Engines) -> Iterator[tuple[MemoryEventStore, EventStore]]:
    memory = MemoryEventStore()
    with engines() as engine:
        assert engine.append(held) == memory.append(held)
        yield memory, engine


@given(held=events, questions=st.lists(question, min_size=20, max_size=24))
@steady
def test_every_query_finds_the_same_events_in_the_same_order(
    engines: Engines, held: list[Event], questions: list[tuple[str, Scope, Window | None]]
) -> None:
    with both(held, engines) as (memory, engine):
        for text, scope, window in questions:
            expected = list(memory.scan(text, scope, window))
            assert list(engine.scan(text, scope, window)) == expected, text
            assert engine.count(text, scope, window) == len(expected), text


@given(
    held=events, questions=st.lists(st.tuples(question, name | st.just("soc.time.in_hours")), min_size=3, max_size=5)
)
@steady
def test_every_figure_is_the_same(
    engines: Engines, held: list[Event], questions: list[tuple[tuple[str, Scope, Window | None], str]]
) -> None:
    with both(held, engines) as (memory, engine):
        for (text, scope, window), field in questions:
            of = field.replace("\\", "")
            for size in (1, 3):
                expected = memory.terms(text, scope, of, size, window)
                assert engine.terms(text, scope, of, size, window) == expected, (text, of)
            assert engine.cardinality(text, scope, of, window) == memory.cardinality(text, scope, of, window)
            assert statistics(engine, text, scope, of, window) == statistics(memory, text, scope, of, window)
            bars = window or Window(START, START + timedelta(days=3))
            step = timedelta(minutes=77)
            assert engine.histogram(text, scope, bars, step) == memory.histogram(text, scope, bars, step)


def statistics(store: EventStore, text: str, scope: Scope, field: str, window: Window | None) -> object:
    try:
        return store.stats(text, scope, field, window)
    except QueryError as refused:
        return str(refused)


paging = st.tuples(question, name, st.booleans(), st.integers(1, 5))


@given(held=events, questions=st.lists(paging, min_size=2, max_size=4))
@steady
def test_paging_gives_the_same_pages_without_gap_or_repeat(
    engines: Engines, held: list[Event], questions: list[tuple[tuple[str, Scope, Window | None], str, bool, int]]
) -> None:
    with both(held, engines) as (memory, engine):
        for (text, scope, window), field, ascending, size in questions:
            asked = Search(text, scope, window, field.replace("\\", ""), ascending, size)
            seen = pages(engine, asked)
            assert seen == pages(memory, asked), asked
            assert sorted(seen) == sorted(event.id for event in memory.scan(text, scope, window))


def pages(store: EventStore, asked: Search) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = store.search(
            Search(asked.query, asked.scope, asked.window, asked.sort, asked.ascending, asked.size, after)
        )
        found.extend(event.id for event in page.events)
        after = page.next
        if after is None:
            assert page.total == len(found)
            return found


@pytest.mark.parametrize("asked", ["user* val*", "message:user*\\ val1*", "message:user\\ ?????????????????????????"])
def test_a_pattern_beyond_the_limits_of_the_engine_is_still_answered_exactly(asked: str, engines: Engines) -> None:
    held = [
        Event({"event.id": f"{n}", "@timestamp": iso(START), "soc.agency": "xa-01", "message": f"user{n} val{n}"})
        for n in range(14_000)
    ]
    with both(held, engines) as (memory, engine):
        assert engine.count(asked, PROVINCE) == memory.count(asked, PROVINCE)
