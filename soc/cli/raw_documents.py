"""Raw records of a platform as the documents they are in the store: parsed, mapped, enriched; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from collectors.enrich import default_enrichers
from collectors.input import Reading
from collectors.inputs import open_input
from collectors.normalise import Normaliser
from collectors.platform import load_platforms, platform_of
from collectors.sources import Source
from detectors.sigma.files import Documents, OnFault
from detectors.sigma.values import Document
from soc.core.errors import InputError
from soc.core.i18n import msg

_LONGEST_RECORD = 10 << 20


def raw_documents(platform: str | None, parser: str | None) -> Documents:
    """Documents out of the raw records of a platform: parsed, mapped and enriched as on their way into the store.

    Args:
        platform: id; the records of a bare parser belong to no platform and meet rules without one.
        parser: overrides the platform's.

    Raises:
        NotFoundError: no such platform.
    """
    if platform is None:
        raise InputError(
            msg("--parser cần --platform"),
            advice=msg("hoặc chuyển sang ECS trước bằng 'soc normalise', rồi đọc NDJSON"),
        )
    platforms = load_platforms()
    platform_of(platforms, platform)
    source = Source(id="detect", platform=platform, agency="detect", parser=parser)
    normaliser = Normaliser(platforms, default_enrichers())

    def read_file(path: Path, on_fault: OnFault) -> Iterator[tuple[int, Document]]:
        reading = Reading(source.id, datetime.now(UTC), _LONGEST_RECORD)
        index = 0
        for chunk in open_input(path).read(reading):
            for fault in chunk.faults:
                on_fault(fault)
            for rejected in chunk.rejected:
                on_fault(InputError(rejected.reason, where=rejected.record.where))
            for record in chunk.records:
                try:
                    yield index, normaliser.normalise(record, source, record.ident).fields
                except InputError as problem:
                    on_fault(_placed(problem, record.where))
                index += 1

    return read_file


def _placed(problem: InputError, where: str) -> InputError:
    """The fault with the place of its record in front of the field or column it names."""
    place = f"{where} {problem.where}".strip()
    return InputError(problem.found, expected=problem.expected, where=place, advice=problem.advice)
