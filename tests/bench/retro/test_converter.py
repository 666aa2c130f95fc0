"""The published converter beside candidates and engine: its query on our language, for every published rule, over recorded events.

`pytest -m bench tests/bench/retro -s` prints what docs/decisions/retro-hunt.md tells: rules that convert, that a store can be asked, and
whose hits differ from the matches of the engine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sigma.backends.elasticsearch.elasticsearch_lucene import LuceneBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError

from detectors.sigma import Engine, RuleSet
from detectors.sigma.files import document_files
from detectors.sigma.ruleset import rule_files
from soc.core.errors import QueryError
from soc.storage.memory import matches
from soc.storage.query import parse
from tests.app.test_retro_published import recorded_events

pytestmark = [pytest.mark.bench, pytest.mark.external]
EVERY_RULE, EVERY_FILE = 4, 6
OTHER_LOGS = "finds events of other logs"


def converted(text: str) -> str:
    """The Lucene query of a rule, its log source as the converter leaves it: unsaid. Raises SigmaError or NotImplementedError."""
    return str(LuceneBackend().convert(SigmaCollection.from_yaml(text))[0])


def compared(files: list[Path], events_of: list[Path]) -> tuple[Counter[str], dict[str, list[str]]]:
    """How many rules went which way, and the titles of some of them."""
    ruleset = RuleSet.load(files)
    events = list(recorded_events(events_of))
    by_id = {event.id: event for event in events}
    engine = Engine(ruleset)
    streamed: dict[str, set[str]] = defaultdict(set)
    for event in events:
        for match in engine.match(event.fields):
            streamed[match.rule.id].add(event.id)
    seen: Counter[str] = Counter()
    named: dict[str, list[str]] = defaultdict(list)
    for file, rule in zip(files, ruleset.rules, strict=True):
        try:
            condition = parse(converted(file.read_text("utf-8")))
        except (SigmaError, NotImplementedError):
            verdict = "does not convert"
        except QueryError:
            verdict = "cannot be asked"
        else:
            hits = {event.id for event in events if matches(condition, event.fields)}
            more, fewer = hits - streamed[rule.id], streamed[rule.id] - hits
            elsewhere = all(engine.explain(rule, by_id[one].fields).held for one in more)
            verdict = (
                "misses matches" if fewer else "same" if not more else OTHER_LOGS if elsewhere else "finds too much"
            )
        seen[verdict] += 1
        named[verdict].append(rule.title)
    return seen, named


def test_how_far_the_converted_query_alone_would_go(shared: Path) -> None:
    published = sorted(path for path in (shared / "data" / "sigma").iterdir() if path.name.startswith("rules"))
    files = [file for path in published for file in rule_files(path)][::EVERY_RULE]
    seen, named = compared(files, document_files(shared / "data" / "evtx")[::EVERY_FILE])
    print(dict(seen))
    for verdict in ("does not convert", "misses matches", "finds too much", OTHER_LOGS, "cannot be asked"):
        print(verdict, *named[verdict][:12], sep="\n  ")
    assert seen["same"] > len(files) / 2
