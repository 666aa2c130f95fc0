"""Law 3 at its heart: every event that a Sigma rule matches is among the candidates that a store gives for the rule, on every store.

Rules and events are drawn so that they often meet in values that make trouble: letters that fold to others or to several, marks apart from
their letters, NUL, values longer than a keyword is searched, numbers as text, lists, signs that are wildcards elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st

from detectors.sigma import Engine, Rule, RuleSet
from detectors.sigma.candidates import Anchor, CandidateFinder
from soc.core.clock import iso
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.storage.events import AppendStatus, EventStore
from soc.storage.memory import matches
from tests.detectors.sigma import strategies as plain

START = datetime(2026, 11, 17, 22, 0, tzinfo=UTC)
SYSMON, SECURITY = "Microsoft-Windows-Sysmon/Operational", "Security"

TEXTS = [
    "C:\\Windows\\System32\\cmd.exe",
    'powershell -enc "a*b?c"',
    "admin\u0131strator invoke",
    "İnvoke-ADMİN",
    "ſecure Straße ẞ",
    "\u212aelvin \u212b",
    "Tra\u0302\u0301n Biên",
    "Trấn Biên, ĐỒNG NAI",
    "Đường đi",
    "e\u0301\u0323 q\u0303 x\u0338y",
    "a\0b\0",
    "ﬁle ﬃ ŉ ΐ",
    "Σίσυφος ΣΑΣ",
    "x" * 4090 + "tail of 4096",
    "đ" * 4095 + "\u0301ab",
    "y" * 300 + " long word",
    "foo-bar_baz/qux.php?id=1",
    "",
    " ",
    "5",
    "5.0",
    "+7",
    "1e3",
    "true",
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "2001:DB8::0:1",
    "가\u0300\u11a8 \u0b95\u0bcd",
    "a\u037eb\u1fefc",
    "😀 \U0001e900",
    "%20;#1~^${}[]()",
    "sshd/session",
]
texts = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(TEXTS),
    st.tuples(st.sampled_from(TEXTS), st.sampled_from(TEXTS)).map("".join),
    plain.texts,
)
numbers = st.sampled_from([0, 5, -3, 443, 5.0, -0.0, 2.5, 1e22, 2**62, True, False])


def one_or_many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, values, st.lists(values, max_size=3))


keywords = one_or_many(st.one_of(texts, texts, texts, numbers))
HELD: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("F", "G", "Image", "CommandLine", "process.command_line", "url.original"), keywords),
    "message": one_or_many(texts),
    "event.original": texts,
    "source.ip": one_or_many(st.sampled_from(["10.0.0.1", "::ffff:10.0.0.1", "2001:DB8::0:1", "192.0.2.7"])),
    "source.port": one_or_many(st.sampled_from([0, 5, 443, 443.0, -(2**63), 2**63 - 1])),
    "event.risk_score": one_or_many(st.sampled_from([0.0, -0.0, 2.5, 5, 1e300])),
    "soc.time.in_hours": st.booleans(),
    "event.created": st.sampled_from(["2026-11-17T08:10:11Z", "2026-11-17T08:10:11+07:00"]),
}
FIELDS = tuple(HELD)

MARKS: list[dict[str, Any]] = [
    {},
    {"soc.platform": "test", "ecs.version": "8.17.0"},
    {"soc.platform": "Linux", "ecs.version": "8.17.0", "process.name": "sshd/session"},
    {"Channel": SYSMON, "EventID": 1},
    {"Channel": SECURITY, "EventID": "4688", "ecs.version": "8.17.0", "SourceName": "cmd.exe"},
    {"Channel": [SYSMON], "EventID": 1},
    {"winlog.channel": SYSMON, "winlog.event_id": "1", "ecs.version": "8.17.0"},
    {"winlog.channel": SYSMON, "event.code": 1},
    {"winlog": "text", "ecs.version": "8.17.0"},
    {"http.request.method": "GET", "ecs.version": "8.17.0", "soc.platform": "portal"},
    {"http.request.method": [], "ecs.version": "8.17.0"},
    {"event.dataset": "nginx.access", "ecs.version": "8.17.0"},
    {"soc.logsource.category": "webserver", "ecs.version": "8.17.0", "soc.platform": "portal"},
]
RENAMED = {"CommandLine": "winlog.event_data.CommandLine", "Image": "process.executable"}
SOURCES: list[dict[str, str]] = [
    {"product": "test"},
    {"product": "test"},
    {},
    {"product": "linux", "service": "sshd"},
    {"product": "linux"},
    {"product": "windows", "category": "process_creation"},
    {"product": "windows", "category": "process_creation"},
    {"product": "windows", "service": "sysmon"},
    {"product": "windows"},
    {"category": "process_creation"},
    {"category": "webserver"},
    {"service": "nginx"},
]


@st.composite
def drawn_fields(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of an event but its marks of ours; some under the names that Winlogbeat has for them."""
    names = draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4, unique=True))
    marks = draw(st.sampled_from(MARKS))
    moved = any(name.startswith("winlog") for name in marks) and draw(st.booleans())
    return {**{(RENAMED.get(name, name) if moved else name): draw(HELD[name]) for name in names}, **marks}


@st.composite
def needles(draw: st.DrawFn) -> str:
    """A piece of a text that events hold, as Sigma writes it; sometimes with a wildcard inside."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.sampled_from([0, 0, max(0, len(text) - 12), len(text) // 2]))
    piece = text[start : start + draw(st.sampled_from([1, 3, 8, 5000]))]
    if draw(st.booleans()):
        piece = draw(st.sampled_from([str.upper, str.lower, str.casefold, str.swapcase]))(piece)
    written = piece.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    cut = draw(st.integers(0, len(piece)))
    wild = draw(st.sampled_from(["", "", "", "*", "?"]))
    return written if not wild else written[:cut].rstrip("\\") + wild + written[cut + 1 :]


regexes = st.sampled_from(
    ["invoke", "(?i)admini", "C:\\\\Win", "[xy]{3,}tail", "Bi.n", "ab$", "^a", "\\d+", "long word", "foo-bar_baz/"]
)
LINES = [
    *(st.tuples(st.just(place), needles()) for place in ("", "|contains", "|startswith", "|endswith", "|cased")),
    *(st.tuples(st.just(flags), regexes) for flags in ("|re", "|re|i")),
    st.tuples(st.just("|contains|all"), st.lists(needles(), min_size=2, max_size=3)),
    st.tuples(st.just("|contains|windash"), needles()),
    st.tuples(st.sampled_from(["", "|lt", "|gte", "|gt", "|lte"]), st.sampled_from([0, 5, 2.5, -3, 443, 2**62])),
    st.tuples(st.just("|cidr"), st.sampled_from(["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "2001:db8::/32"])),
    st.tuples(st.just("|exists"), st.booleans()),
    st.tuples(st.just("|fieldref"), st.sampled_from(FIELDS)),
    st.tuples(st.just(""), st.none()),
    st.tuples(st.just("|neq"), needles()),
]


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, Any]:
    suffix, value = draw(st.one_of(*LINES))
    return draw(st.sampled_from((*FIELDS, "Provider_Name"))) + suffix, value


searches = st.one_of(
    st.lists(lines(), min_size=1, max_size=2).map(dict),
    st.lists(lines(), min_size=1, max_size=2).map(dict),
    st.lists(st.lists(lines(), min_size=1, max_size=2).map(dict), min_size=1, max_size=2),
    st.lists(needles(), min_size=1, max_size=2),
)
CONDITIONS = ["a", "a", "a and b", "a or b", "a and not b", "not a", "not (a or b)", "1 of them", "a and not (b and a)"]


@st.composite
def drawn_rules(draw: st.DrawFn) -> dict[str, Any]:
    detection = {"a": draw(searches), "b": draw(searches), "condition": draw(st.sampled_from(CONDITIONS))}
    return {"logsource": draw(st.sampled_from(SOURCES)), "detection": detection}


def stored(fields: Sequence[dict[str, Any]]) -> list[Event]:
    """Events as a store admits them."""
    return [
        Event(
            {
                **{name: value for name, value in held.items() if value is not None},
                "event.id": f"e-{number:05d}",
                "@timestamp": iso(START + timedelta(minutes=number)),
                "soc.agency": "xa-01",
            }
        )
        for number, held in enumerate(fields)
    ]


def legal(fields: dict[str, Any]) -> dict[str, Any]:
    """What an event can hold of the values drawn for the engine's own law."""
    kept = {
        name: [one for one in value if one is not None and not isinstance(one, (list, dict))]
        if isinstance(value, list)
        else value
        for name, value in fields.items()
        if not isinstance(value, dict)
    }
    return kept | {"soc.platform": "test", "ecs.version": "8.17.0"}


def loaded(folder: Path, documents: Sequence[dict[str, Any]], pipeline: str) -> RuleSet:
    """The rules of the documents; one that is no good rule, as a drawn one may be, is left out."""
    file = folder / "rules.yml"
    titled = [{"title": f"rule {number}", **document} for number, document in enumerate(documents)]
    file.write_text(yaml.dump_all(titled, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8")
    ruleset = RuleSet.load([file], pipeline, plain.PLACEHOLDERS)
    assert len(ruleset.rules) > len(documents) * 0.9, ruleset.refusals[0].as_message().text
    return ruleset


def kept(store: EventStore, events: Sequence[Event]) -> None:
    results = store.append(events)
    assert {result.status for result in results} == {AppendStatus.CREATED}, next(
        result.reason for result in results if result.reason
    )


def assert_none_is_missed(store: EventStore, ruleset: RuleSet, events: Sequence[Event]) -> Counter[str]:
    """Per rule: what the engine matches are candidates, and the store gives those that the reference evaluator does."""
    engine = Engine(ruleset)
    matched: dict[Rule, set[str]] = {rule: set() for rule in ruleset.rules}
    for event in events:
        for match in engine.match(event.fields):
            matched[match.rule].add(event.id)
    found: Counter[str] = Counter()
    finder = CandidateFinder(ruleset)
    for rule in ruleset.rules:
        candidates = finder.of_rule(rule)
        given = {event.id for event in store.scan(candidates.condition, PROVINCE)}
        missed = matched[rule] - given
        assert not missed, (rule, [event for event in events if event.id in missed][:1], candidates.condition)
        assert given == {event.id for event in events if matches(candidates.condition, event.fields)}
        found += Counter(matches=len(matched[rule]), candidates=len(given), anchored=candidates.anchor is Anchor.VALUES)
    return found


@dataclass(frozen=True)
class Meeting:
    """Rules, and the events they meet."""

    ruleset: RuleSet
    events: list[Event]


@pytest.fixture(scope="module", params=["auto", "none", "the engine's own"])
def meeting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, full: bool) -> Meeting:
    """The same for every store; the last with all modifiers and conditions, over values that are seldom more than a few letters."""
    number, folder = (2_000 if full else 100), tmp_path_factory.mktemp("rules")
    if request.param == "the engine's own":
        fields = [legal(one) for one in plain.drawn(plain.events, number, derandomize=not full)]
        rules = plain.drawn(plain.rules(), number, derandomize=not full)
        return Meeting(loaded(folder, rules, "auto"), stored(fields))
    fields = plain.drawn(drawn_fields(), number, derandomize=not full)
    rules = plain.drawn(drawn_rules(), number, derandomize=not full)
    return Meeting(loaded(folder, rules, request.param), stored(fields))


def test_every_match_is_a_candidate(store: EventStore, meeting: Meeting) -> None:
    kept(store, meeting.events)
    found = assert_none_is_missed(store, meeting.ruleset, meeting.events)
    assert found["matches"] > len(meeting.events)  # else it would compare nothing
    assert found["candidates"] < len(meeting.events) * len(meeting.ruleset.rules) * 0.9
    assert found["anchored"] > 10


MARK = "Invoke-Đoạn*Cuối"


def rule_for(field: str, value: str, **source: str) -> dict[str, Any]:
    detection = {"a": {f"{field}|contains": value}, "condition": "a"}
    return {"logsource": source or {"product": "test"}, "detection": detection}


def found_by(store: EventStore, folder: Path, document: dict[str, Any]) -> tuple[list[str], int]:
    """Ids of the events that a rule matches among its candidates, and how many candidates there are."""
    ruleset = loaded(folder, [document], "auto")
    engine, candidates = Engine(ruleset), CandidateFinder(ruleset).of_rule(ruleset.rules[0])
    given = list(store.scan(candidates.condition, PROVINCE))
    assert candidates.anchor is Anchor.VALUES
    return [event.id for event in given if engine.match(event.fields)], len(given)


def test_a_match_at_the_end_of_a_script_of_100_kb_is_found(store: EventStore, tmp_path: Path) -> None:
    script = {"Channel": "Microsoft-Windows-PowerShell/Operational", "EventID": 4104}
    texts = ["$x = 1\n" * 15_000 + tail for tail in ("invoke-đoạn*cuối", "")]
    kept(store, stored([*(script | {"ScriptBlockText": text} for text in texts), script | {"ScriptBlockText": "$y"}]))
    rule = rule_for("ScriptBlockText", MARK.replace("*", "\\*"), product="windows", category="ps_script")
    assert found_by(store, tmp_path, rule) == (["e-00000"], 2)


def test_fields_of_5000_different_unknown_names_are_no_reason_to_miss_or_to_read_more(
    store: EventStore, tmp_path: Path
) -> None:
    marks = {"soc.platform": "test", "ecs.version": "8.17.0"}
    held = [marks | {f"x.{n}.y": f"value {n}" for n in range(first, first + 100)} for first in range(0, 5000, 100)]
    kept(store, stored(held))
    assert found_by(store, tmp_path, rule_for("x.4321.y", "LUE 4321")) == (["e-00043"], 1)
    assert found_by(store, tmp_path, rule_for("x.5000.y", "value")) == ([], 0)
