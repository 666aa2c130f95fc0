"""Raw records of a platform as the documents they are in the store: parsed, mapped, enriched; nothing is stored."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from collectors.enrich import default_enrichers
from collectors.input import Reading
from collectors.inputs import open_input
from collectors.normalise import Normaliser, normalise_line
from collectors.options import parser_of
from collectors.parsing import ParseContext
from collectors.platform import load_platforms, platform_of
from collectors.record import RawRecord
from collectors.redact import Redactor
from collectors.sources import Source
from collectors.text import UTF8, decode
from detectors.sigma.files import Parts, Record, Screen, Tally
from detectors.sigma.values import Document
from soc.core.clock import LOCAL_ZONE
from soc.core.errors import InputError

_LONGEST_RECORD = 10 << 20
_SOURCE = "detect"


def raw_parts(platform: str | None, parser: str | None) -> Parts:
    """Files of raw records as parts whose documents are masked, parsed, mapped and enriched as on their way into the store.

    Citizen numbers become hashes under a key of this call: the same number stays recognisable within it, and nowhere else.

    Args:
        platform: id of the platform that wrote the records; without one they are only parsed, and meet the rules that
            aren't tied to a platform or to Windows.
        parser: overrides the platform's.

    Raises:
        NotFoundError: no such platform or parser.
    """
    redactor = Redactor(secrets.token_bytes(32))
    document_of = _parsed(parser) if platform is None and parser is not None else _normalised(str(platform), parser)

    def whole_file(path: Path) -> Iterator[RawPart]:
        yield RawPart(path, lambda record: document_of(_masked(record, redactor), record.ident))

    return whole_file


@dataclass(frozen=True, slots=True)
class RawPart:
    """A whole file of raw records."""

    path: Path
    document_of: Callable[[RawRecord], Document]

    def read(self, tally: Tally, _screen: Screen | None = None) -> Iterator[Record]:
        """A document for each record that can be parsed."""
        for chunk in open_input(self.path).read(Reading(_SOURCE, datetime.now(UTC), _LONGEST_RECORD)):
            for fault in chunk.faults:
                tally.fault(fault)
            for rejected in chunk.rejected:
                tally.fault(InputError(rejected.reason, where=rejected.record.where))
            for record in chunk.records:
                try:
                    yield tally.records, self.document_of(record), None, None
                except InputError as problem:
                    tally.fault(_placed(problem, record.where))
                tally.records += 1


def _masked(record: RawRecord, redactor: Redactor) -> RawRecord:
    text = redactor.redact(decode(record.data, record.charset).text).text
    return replace(record, data=text.encode("utf-8", "surrogatepass"), charset=UTF8)


def _normalised(platform: str, parser: str | None) -> Callable[[RawRecord, str], Document]:
    platforms, _ = load_platforms(strict=False)
    platform_of(platforms, platform)
    source = Source(id=_SOURCE, platform=platform, agency=_SOURCE, parser=parser)
    normaliser = Normaliser(platforms, default_enrichers())
    return lambda record, ident: normaliser.normalise(record, source, ident).fields


def _parsed(parser: str) -> Callable[[RawRecord, str], Document]:
    reader = parser_of(parser)

    def document_of(record: RawRecord, _ident: str) -> Document:
        return normalise_line(
            reader, record.data.decode("utf-8", "surrogatepass"), ParseContext(record.received, LOCAL_ZONE)
        )

    return document_of


def _placed(problem: InputError, where: str) -> InputError:
    """The fault with the place of its record in front of the field or column it names."""
    place = f"{where} {problem.where}".strip()
    return InputError(problem.found, expected=problem.expected, where=place, advice=problem.advice)
