"""Places where our engine fires: `python ours.py RULES PIPELINE < EVENTS > FOUND`, PIPELINE being `none` or `auto`."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import IO

import orjson

from detectors.sigma import Engine, RuleSet


def found(ruleset: RuleSet, events: IO[bytes]) -> dict[str, list[int]]:
    """Rule id -> places of the events it fires on."""
    engine, places = Engine(ruleset), defaultdict[str, list[int]](list)
    for place, line in enumerate(events):
        for match in engine.match(orjson.loads(line), line):
            places[match.rule.id].append(place)
    return places


def main(rules: Path, pipeline: str) -> None:
    ruleset = RuleSet.load([rules], pipeline)
    for refusal in ruleset.refusals:
        print(refusal, file=sys.stderr)
    for rule, places in found(ruleset, sys.stdin.buffer).items():
        sys.stdout.buffer.write(orjson.dumps({"rule": rule, "places": places}) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
