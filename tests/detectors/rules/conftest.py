"""Raw lines to events through the real parsers, mappings and enrichment."""

from __future__ import annotations

import pytest

from detectors.testing import Normalise
from soc.cli.rule_cases import case_normaliser


@pytest.fixture(scope="session")
def normalise() -> Normalise:
    """As `soc rules test` does it."""
    return case_normaliser()
