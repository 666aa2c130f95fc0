"""Raw lines to events through the real parsers, mappings, redaction and enrichment, with the networks of the test cases declared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from collectors.enrich import default_enrichers
from collectors.enrich.networks import Networks
from collectors.normalise import Normaliser
from collectors.platform import load_platforms
from collectors.record import RawRecord
from collectors.redact import Redactor
from collectors.sources import Source
from detectors.testing import Normalise
from soc.core.clock import FixedClock
from soc.core.event import Event

RECEIVED = datetime(2026, 12, 1, tzinfo=UTC)
NETWORKS = Networks({"quantri": ["192.0.2.0/24"], "tslcd": ["198.51.100.0/24"]})


@pytest.fixture(scope="session")
def normalise() -> Normalise:
    """As `detectors.testing` wants it; every line is a new record of the source of its platform and agency."""
    normaliser = Normaliser(load_platforms(), default_enrichers(NETWORKS), FixedClock(RECEIVED))
    redactor = Redactor(b"k" * 32)
    counter = iter(range(1, 10**9))

    @cache
    def source(platform: str, agency: str) -> Source:
        return Source(id=f"{platform}.{agency}", platform=platform, agency=agency, trusted_proxies=["192.0.2.5"])

    def one(platform: str, line: str, agency: str) -> Event:
        data = redactor.redact(line).text.encode()
        record = RawRecord(source(platform, agency).id, next(counter), data, RECEIVED + timedelta(seconds=1), "case")
        return normaliser.normalise(record, source(platform, agency), record.ident)

    return one
