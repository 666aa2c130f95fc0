"""Write recordings as flat NDJSON, each event with its place: `python events.py OUT PATH...`.

Engines without a decoder of EVTX read the same events as ours this way, and every match can be told by its place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from detectors.sigma.adapt import adapt
from detectors.sigma.files import Fault, document_files, documents
from soc.core.errors import InputError

PLACE = "_place"
"""Field with the number of the event, from 0; no rule names it."""


def flat_events(paths: Iterable[Path]) -> Iterator[dict[str, object]]:
    """All events below the paths, in the order of the files, as rules read them."""
    for path in paths:
        for file in document_files(path):
            for _, document in documents(file, _tell):
                yield dict(adapt(document))


def _tell(fault: Fault | InputError) -> None:
    print("left out:", fault, file=sys.stderr)


def main(out: Path, paths: Iterable[Path]) -> None:
    with out.open("wb") as stream:
        for place, event in enumerate(flat_events(paths)):
            stream.write(orjson.dumps({PLACE: place} | event) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
