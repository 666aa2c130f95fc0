"""Events out of a file for the commands that look at them one by one: JSON documents, EVTX, or raw lines of a platform."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from detectors.sigma.files import Fault, Tally, documents
from detectors.sigma.values import Document
from soc.cli.context import settings
from soc.core.errors import InputError


def events_of(file: Path, platform: str | None, parser: str | None) -> Iterator[tuple[int, Document]]:
    """Every readable event of a file, with its number from 0; what cannot be read is told on stderr.

    Raises:
        NotFoundError: no such platform or parser.
    """
    lang = settings().lang

    def tell(fault: InputError) -> None:
        sys.stderr.write(fault.render(lang) + "\n")

    if platform is None and parser is None:
        yield from documents(file, tell)
    else:
        yield from _raw_events(file, platform, parser, tell)


def _raw_events(
    file: Path, platform: str | None, parser: str | None, tell: Callable[[InputError], None]
) -> Iterator[tuple[int, Document]]:
    # The collectors cost half a second to import; documents that are JSON already don't need them.
    from soc.cli.raw_documents import raw_parts  # noqa: PLC0415

    for part in raw_parts(platform, parser)(file):
        tally = Tally()
        yield from ((index, document) for index, document, _, _ in part.read(tally))
        for fault in tally.faults:
            tell(fault.error(file, 0, 0) if isinstance(fault, Fault) else fault)
