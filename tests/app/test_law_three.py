"""Law 3: the live stream, `soc detect` over a file and a retro run over the store say the same of the same events.

A case is a few rules, perhaps a correlation over them, and a few events. Many cases share one store: the rules of a case are for a
platform of its own, so no case sees the events of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson
import yaml
from hypothesis import strategies as st

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.sigma import RuleSet
from detectors.sigma.files import parts
from soc.app.retro import Retro, batches
from soc.cli.detect import Job, run_detect
from soc.core.clock import ALL_TIME, iso
from soc.core.event import Event
from soc.storage.tantivy_store import TantivyEventStore
from tests.detectors.sigma.strategies import PLACEHOLDERS, drawn, events, rules

START = datetime(2026, 11, 16, 23, 59, tzinfo=UTC)
CASES_PER_STORE = 200
MEETINGS = 4
BATCH = 37
PROVINCE = "province"


@dataclass(frozen=True)
class Case:
    """Rule documents without names, an optional correlation over them, and (seconds, fields) of the events in order."""

    rules: list[dict[str, Any]]
    correlation: dict[str, Any] | None
    happenings: list[tuple[float, dict[str, Any]]]


@st.composite
def correlations(draw: st.DrawFn, rules: int) -> dict[str, Any]:
    """A correlation over the rules by number; low bounds, so that it often holds."""
    kind = draw(st.sampled_from(["event_count", "value_count", "temporal", "temporal_ordered"]))
    condition: dict[str, Any] = {"gte": draw(st.integers(1, 3))}
    if kind == "value_count":
        condition["field"] = draw(st.sampled_from(["F", "H", "event.id"]))
    return {
        "type": kind,
        "rules": draw(st.lists(st.integers(0, rules - 1), min_size=1, max_size=rules, unique=True)),
        "group-by": draw(st.sampled_from([["G"], ["user.name"], ["G", "user.name"]])),
        "timespan": draw(st.sampled_from(["3s", "20s", "2m"])),
        **({} if kind.startswith("temporal") else {"condition": condition}),
        "generate": draw(st.booleans()),
    }


@st.composite
def cases(draw: st.DrawFn) -> Case:
    simple = st.sampled_from(
        [
            {"logsource": {}, "detection": {"s": {"F|exists": True}, "condition": "s"}},
            {"logsource": {}, "detection": {"s": {"user.name|startswith": "cb"}, "condition": "s"}},
        ]
    )
    some = draw(st.lists(st.one_of(rules(), rules(), simple), min_size=1, max_size=3))
    correlation = draw(st.none() | correlations(len(some)))
    steps = draw(st.lists(st.sampled_from([0, 0.25, 1, 2, 5, 30, 200]), min_size=1, max_size=8))
    moments = [sum(steps[: n + 1]) for n in range(len(steps))]
    users = st.sampled_from(["cb.1", "cb.2", "x"])
    return Case(some, correlation, [(at, {**draw(events), "user.name": draw(users)}) for at in moments])


def generated(number: int) -> list[Case]:
    """So many different cases: every drawn set of rules meets the events drawn with it, and those drawn with three others."""
    found = drawn(cases(), number // MEETINGS)
    return [
        replace(case, happenings=found[(index + shift) % len(found)].happenings)
        for shift in range(MEETINGS)
        for index, case in enumerate(found)
    ]


def rule_documents(number: int, case: Case) -> Iterator[dict[str, Any]]:
    """The rules of a case, for the platform of that case."""
    names = [f"c{number}_r{index}" for index in range(len(case.rules))]
    for name, rule in zip(names, case.rules, strict=True):
        yield {"title": name, "name": name, "id": ident(name), **rule, "logsource": {"product": platform(number)}}
    if case.correlation is not None:
        name = f"c{number}_correlation"
        section = {key: value for key, value in case.correlation.items() if key != "generate"}
        section["rules"] = [names[index] for index in section["rules"]]
        yield {
            "title": name,
            "name": name,
            "id": ident(name),
            "correlation": section | {"generate": case.correlation["generate"]},
        }


def ident(name: str) -> str:
    return str(uuid5(NAMESPACE_OID, name))


def platform(number: int) -> str:
    return f"p{number}"


def events_of(number: int, case: Case) -> Iterator[Event]:
    """The events of a case with their marks; what no event can hold (nothing, nested lists) is left out."""
    for index, (seconds, fields) in enumerate(case.happenings):
        marks = {
            "@timestamp": iso(START + timedelta(seconds=seconds)),
            "event.id": f"{number:05d}-{index:03d}",
            "soc.platform": platform(number),
            "soc.agency": f"xa-{number % 3}",
            "soc.source": f"s{number}",
            "ecs.version": "8.17.0",
        }
        yield Event({**{name: kept for name, value in fields.items() if (kept := legal(value)) is not None}, **marks})


def legal(value: Any) -> Any:
    """A value as an event may hold it; None for nothing."""
    if isinstance(value, list):
        return [one for one in value if one is not None] or None
    return value


def loaded(folder: Path, some: Sequence[Case]) -> RuleSet:
    file = folder / "rules.yml"
    found = [document for number, case in enumerate(some) for document in rule_documents(number, case)]
    file.write_text(yaml.dump_all(found, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8")
    ruleset = RuleSet.load([file], placeholders=PLACEHOLDERS)
    assert not ruleset.refusals, ruleset.refusals[0].as_message().text
    return ruleset


def streamed(ruleset: RuleSet, stream: Sequence[Event]) -> list[Alert]:
    """The live way: batch after batch, with a restart in the middle."""
    detector = SigmaDetector(ruleset, PROVINCE)
    alerts = []
    for index, batch in enumerate(batches(iter(stream), BATCH)):
        if index == len(stream) // BATCH // 2:
            state = detector.snapshot()
            detector = SigmaDetector(ruleset, PROVINCE)
            detector.restore(state)
        alerts += detector.observe(batch)
    return alerts + detector.flush()


def stored(folder: Path, ruleset: RuleSet, stream: Sequence[Event]) -> list[Alert]:
    """The retro way, over an index on disk."""
    store = TantivyEventStore(folder / "events", writable=True)
    store.append(stream)
    try:
        return list(Retro(store, ruleset, lambda rules: SigmaDetector(rules, PROVINCE)).alerts(ALL_TIME))
    finally:
        store.close()


def over_a_file(folder: Path, stream: Sequence[Event]) -> list[dict[str, Any]]:
    """The rows of `soc detect` over the events in a file, some flat and some nested."""
    file = folder / "events.ndjson"
    forms = [event.fields if index % 2 else event.document() for index, event in enumerate(stream)]
    file.write_bytes(b"".join(orjson.dumps(form) + b"\n" for form in forms))
    out, err = BytesIO(), StringIO()
    run_detect(Job([file], parts, [folder / "rules.yml"], placeholders=PLACEHOLDERS), out, err)
    assert not err.getvalue()
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def compare(folder: Path, some: Sequence[Case]) -> Counter[str]:
    """Assert law 3 for these cases; how often anything matched, by kind."""
    folder.mkdir()
    ruleset = loaded(folder, some)
    stateless = {rule.id for rule in ruleset.rules if rule.reported}
    arrived = [event for number, case in enumerate(some) for event in events_of(number, case)]
    arrived.sort(key=lambda event: (event.timestamp, event.id))
    live, past, rows = streamed(ruleset, arrived), stored(folder, ruleset, arrived), over_a_file(folder, arrived)

    for mine, other in zip(live, past, strict=True):
        assert mine == other, some[int(mine.event_ids[0][:5])]
    matched = sorted({(a.rule_id, event) for a in live if a.rule_id in stateless for event in a.event_ids})
    found = sorted((row["rule_id"], row["event_id"]) for row in rows if "group" not in row)
    assert matched == found, [some[int(event[:5])] for _, event in set(matched) ^ set(found)][:1]
    fired = sorted((a.rule_id, a.event_ids[-1]) for a in live if a.rule_id not in stateless and is_new(a))
    completed = sorted((row["rule_id"], row["event_id"]) for row in rows if "group" in row)
    assert fired == completed, [some[int(event[:5])] for _, event in set(fired) ^ set(completed)][:1]
    return Counter(matches=len(matched), firings=len(fired), alerts=len(live))


def is_new(alert: Alert) -> bool:
    """Whether a correlation held anew, rather than going on to hold."""
    return alert.explanation is not None and bool(alert.explanation.operator or alert.explanation.kind == "sequence")


def test_stream_file_and_store_say_the_same(tmp_path: Path, full: bool) -> None:
    """Every match of every stateless rule, and every correlation alert with its id, events, entities and explanation."""
    some = generated(10_000 if full else 200)
    seen: Counter[str] = Counter()
    for index, batch in enumerate(chunked(some, CASES_PER_STORE)):
        seen += compare(tmp_path / str(index), batch)
    assert len(some) >= (10_000 if full else 200)
    assert seen["matches"] > len(some) / 2
    assert seen["firings"] > len(some) / 100  # the drawn rules seldom correlate; none at all would compare nothing


def chunked(some: Sequence[Case], size: int) -> Iterator[Sequence[Case]]:
    return (some[start : start + size] for start in range(0, len(some), size))
