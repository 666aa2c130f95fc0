"""Places where rsigma fires: `rsigma engine eval -r RULES --include-event < EVENTS | python rsigma.py > FOUND`."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import IO

import orjson


def found(matches: IO[bytes]) -> dict[str, list[int]]:
    """Rule id -> places of the events it fires on, from the matches that rsigma writes."""
    places = defaultdict[str, list[int]](list)
    for line in matches:
        match = orjson.loads(line)
        places[match["rule_id"]].append(match["event"]["_place"])
    return places


if __name__ == "__main__":
    for rule, places in found(sys.stdin.buffer).items():
        sys.stdout.buffer.write(orjson.dumps({"rule": rule, "places": places}) + b"\n")
