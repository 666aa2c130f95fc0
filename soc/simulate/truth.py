"""The ground truth of a simulation: what was done, by whom, when, and in which lines it shows. `truth.ndjson`, one `Deed` per line.

    {"id": 7, "threat": "mail-imap-brute", "family": "eoffice", "variant": "pop3", "platforms": ["document_management"],
     "agency": "xa-037", "start": "2026-11-17T19:10:40Z", "end": "2026-11-17T19:31:02Z",
     "lines": [["document_management.zimbra_audit.tinh", 8121], ["document_management.zimbra_audit.tinh", 8123]],
     "absent": [], "entities": {"source.ip": ["203.0.113.31"], "user.name": ["vt.xa037"]}}

- `lines`: [source, line number from 1] of every line that belongs to the deed. The source is both the stem of its file (`<source>.log`) and
  the id under which `world/sources.yaml` registers it, so `soc.source` in an event is the same text. It reads
  `<platform>.<format>.<agency or site>`: platform and format ids of the platform files, joined by full stops.
- `absent`: sources from which lines are missing between `start` and `end`, for what shows as silence (a batch that did not run, a station
  that fell silent). Such a deed may have no lines at all; an alert counts when it comes after `start` and names one of `entities`, or an
  entity or source of `absent`.
- `agency`: the agency on whose systems it is seen; `province` for systems of the whole province.
- `entities`: ECS field -> values by which an alert can be told to be about this deed.
- Times are UTC. `start` and `end` are those of the first and last line, or of the silence.
- A lawful look-alike is no deed and is not written: an alert on it is a false one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

TRUTH_FILE = "truth.ndjson"
"""Its name in the folder of a simulation."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done to the province. Shape and meaning of the fields: the docstring of this module."""

    id: int
    threat: str
    family: str
    variant: str
    platforms: tuple[str, ...]
    agency: str
    start: str
    end: str
    lines: tuple[tuple[str, int], ...] = ()
    absent: tuple[str, ...] = ()
    entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """One line of the truth file, without its line break."""
        return orjson.dumps(asdict(self))


def read_truth(file: Path) -> Iterator[Deed]:
    """The deeds of `file` in its order. Raises OSError when it cannot be read, ValueError when it is no truth file."""
    with file.open("rb") as stream:
        for line in stream:
            if line.strip():
                yield _deed(orjson.loads(line))


def _deed(data: dict[str, Any]) -> Deed:
    try:
        return Deed(
            **data
            | {
                "platforms": tuple(data["platforms"]),
                "lines": tuple((str(source), int(number)) for source, number in data["lines"]),
                "absent": tuple(data["absent"]),
                "entities": {name: tuple(values) for name, values in data["entities"].items()},
            }
        )
    except (KeyError, TypeError) as problem:
        raise ValueError(f"not a deed: {problem}") from problem
