"""Count matches rule by rule and name the cause of every difference: `python compare.py RULES STREAM EVENTS FOUND-FOLDER`.

FOUND-FOLDER holds `STREAM.none`, `STREAM.auto` (ours), `STREAM.rsigma` and `STREAM.sqlite`, all but the first as far as there are
any. Writes `counts/STREAM.json`; the exit code is 1 when a difference has no cause. What separates `none` from `auto` is worked out
from the tables of routing; what separates an engine from ours is named by hand in causes.json, after looking at the events.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from detectors.sigma import Rule, RuleSet
from detectors.sigma.routing import fields_for, origin_of

HERE = Path(__file__).parent
RUNS = ("none", "auto", "rsigma", "sqlite")
Found = Mapping[str, frozenset[int]]
Named = Mapping[str, Mapping[str, list[str]]]
"""Engine -> cause -> ids of the rules it makes different."""


@dataclass(frozen=True)
class Difference:
    """A rule that another run finds at other places than `none` does; `at` is the first of them."""

    rule: str
    run: str
    only_none: int
    only_run: int
    at: int
    causes: tuple[str, ...]


def read_found(file: Path) -> Found:
    return {line["rule"]: frozenset(line["places"]) for line in map(orjson.loads, file.read_bytes().splitlines())}


def differences(runs: Mapping[str, Found], causes: Causes) -> Iterator[Difference]:
    """Every rule and run whose places are not those of `none`."""
    none = runs["none"]
    for run in list(runs)[1:]:
        for rule in sorted(none.keys() | runs[run].keys()):
            ours, theirs = none.get(rule, frozenset()), runs[run].get(rule, frozenset())
            if ours != theirs:
                found = causes.of(run, rule, ours ^ theirs)
                yield Difference(rule, run, len(ours - theirs), len(theirs - ours), min(ours ^ theirs), found)


class Causes:
    """Why a rule has other matches in another run.

    Args:
        rules: the loaded rules by id.
        events: the lines of the stream.
        named: what was worked out by hand.
    """

    def __init__(self, rules: Mapping[str, Rule], events: list[bytes], named: Named) -> None:
        self._rules, self._events, self._named = rules, events, named

    def of(self, run: str, rule: str, places: frozenset[int]) -> tuple[str, ...]:
        """The causes, the most frequent first; () when there is none."""
        if run != "auto":
            return tuple(cause for cause, ids in self._named[run].items() if rule in ids)
        found = Counter(self._routed(self._rules[rule], place) for place in places)
        return () if "" in found else tuple(cause for cause, _ in found.most_common())

    def _routed(self, rule: Rule, place: int) -> str:
        event = orjson.loads(self._events[place])
        fields = fields_for(rule.logsource, origin_of(event))
        if fields is None:
            return "of another log source"
        if fields:
            return "fields renamed"
        return "provider by its other name" if "Provider_Name" not in event and "SourceName" in event else ""


def totals(runs: Mapping[str, Found]) -> dict[str, list[int]]:
    """Run -> matches, rules that fire."""
    return {run: [sum(map(len, found.values())), len(found)] for run, found in runs.items()}


def write_counts(file: Path, events: int, runs: Mapping[str, Found], found: list[Difference]) -> None:
    """One rule a line, so that a later run shows as a readable diff."""
    rules = sorted(set[str]().union(*runs.values()))
    counts = {rule: [len(places.get(rule, ())) for places in runs.values()] for rule in rules}
    head = orjson.dumps({"events": events, "runs": list(runs), "totals": totals(runs)}).decode()[:-1]
    lines = ",\n".join(f'"{rule}":{orjson.dumps(row).decode()}' for rule, row in counts.items())
    different = ",\n".join(orjson.dumps(asdict(each)).decode() for each in found)
    file.write_text(f'{head},\n"rules":{{\n{lines}\n}},\n"differences":[\n{different}\n]}}\n', "utf-8")


def main(rules: Path, stream: str, events_file: Path, folder: Path) -> int:
    files = {run: folder / f"{stream}.{run}" for run in RUNS}
    runs = {run: read_found(file) for run, file in files.items() if file.exists()}
    events = events_file.read_bytes().splitlines()
    named = orjson.loads((HERE / "causes.json").read_bytes())
    loaded = {rule.id: rule for rule in RuleSet.load([rules], "none").rules}
    found = list(differences(runs, Causes(loaded, events, named)))
    write_counts(HERE / "counts" / f"{stream}.json", len(events), runs, found)
    tally = defaultdict[tuple[str, tuple[str, ...]], list[Difference]](list)
    for each in found:
        tally[each.run, each.causes].append(each)
    print(stream, len(events), totals(runs))
    for (run, causes), of_cause in tally.items():
        lost, gained = sum(each.only_none for each in of_cause), sum(each.only_run for each in of_cause)
        print(f"{run}: {', '.join(causes) or 'NO CAUSE'}: {len(of_cause)} rules, only none {lost}, only {run} {gained}")
    return int(any(not each.causes for each in found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
