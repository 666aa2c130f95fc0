"""Every line of the simulated province is read by its platform: nothing of it would go into quarantine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from collectors.normalise import Normaliser
from collectors.platform import Platform, load_platforms
from collectors.record import RawRecord
from collectors.sources import Source
from soc.core.clock import FixedClock
from soc.core.errors import SocError
from soc.simulate.engine import Simulation, Spec
from soc.simulate.spec import Line
from soc.simulate.threats import THREATS

SPEC = Spec(seed=5, start=date(2026, 11, 16), days=2, lines=9_000, threats=tuple(THREATS))
LAWFUL, UNLAWFUL = 30, 2
"""Lines tried of each platform's format for lawful life, and of each deed and source."""


def chosen() -> Iterator[Line]:
    """Some of every source and of every deed; per platform and format only so many, as communes are alike."""
    seen: Counter[tuple[str, int]] = Counter()
    for line in Simulation(SPEC).lines():
        key = (".".join(line.source.split(".")[:2]) if line.deed == 0 else line.source, line.deed)
        seen[key] += 1
        if seen[key] <= (UNLAWFUL if line.deed else LAWFUL):
            yield line


@pytest.fixture(scope="module")
def platforms() -> dict[str, Platform]:
    """Those that load; one that is broken is told by its own tests."""
    return load_platforms(strict=False)[0]


def test_every_line_is_read_by_its_platform(platforms: dict[str, Platform]) -> None:
    """Formats that no platform file has yet are named in the failure too."""
    normaliser = Normaliser(platforms, clock=FixedClock(datetime(2026, 12, 1, tzinfo=UTC)))
    missing: set[str] = set()
    refused: dict[str, list[str]] = defaultdict(list)
    for number, line in enumerate(chosen()):
        platform, form, _ = line.source.split(".", 2)
        if platform not in platforms or form not in {one.id for one in platforms[platform].formats}:
            missing.add(f"{platform}.{form}")
            continue
        source = Source.model_validate({"id": line.source, "platform": platform, "agency": "province", "format": form})
        record = RawRecord(line.source, number, line.text.encode(), datetime.fromtimestamp(line.at, UTC), line.source)
        try:
            event = normaliser.normalise(record, source, str(number))
        except SocError as problem:
            refused[f"{platform}.{form}"].append(f"{problem} <- {line.text}")
            continue
        written = datetime.fromisoformat(str(event.fields["@timestamp"]))
        if abs(written.timestamp() - line.at) > 5:
            refused[f"{platform}.{form}"].append(f"{written.isoformat()} is not {record.received} <- {line.text}")
    told = [f"{name}: {len(texts)} lines, such as {texts[0]}" for name, texts in sorted(refused.items())]
    assert (sorted(missing), told) == ([], [])
