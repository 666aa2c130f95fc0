"""The platforms, and a normaliser that stands still in time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.enrich import default_enrichers
from collectors.enrich.networks import Networks
from collectors.normalise import Normaliser
from collectors.personal import Pseudonyms
from collectors.platform import Platform, load_platforms
from collectors.record import RawRecord
from collectors.sources import Source
from soc.core.clock import FixedClock

RECEIVED = datetime(2026, 11, 18, 0, 0, tzinfo=UTC)
NETWORKS = Networks({"tslcd": ["192.0.2.0/24", "198.51.100.0/24"]})


@pytest.fixture(scope="session")
def platforms() -> dict[str, Platform]:
    """The platforms shipped with the suite."""
    return load_platforms()


@pytest.fixture
def normaliser(platforms: dict[str, Platform]) -> Normaliser:
    """All enrichers but the baseline, which would make the order of the tests matter; hashes under a key that stays."""
    pseudonyms = Pseudonyms(b"tests hold no real person at all")
    return Normaliser(platforms, default_enrichers(NETWORKS), FixedClock(RECEIVED), pseudonyms)


def source(platform: str, format: str | None = None, **more: object) -> Source:  # noqa: A002
    """A registered source of `platform`."""
    return Source.model_validate(
        {"id": "nguon-01", "platform": platform, "agency": "xa-mau-01", "format": format, **more}
    )


def record(text: str | bytes, seq: int = 0, received: datetime = RECEIVED) -> RawRecord:
    """`text` as a record of the source above."""
    data = text if isinstance(text, bytes) else text.encode()
    return RawRecord("nguon-01", seq, data, received, f"mau.log:{seq + 1}")
