"""Threats by id, each with the injector that does it."""

from __future__ import annotations

from soc.simulate.deeds import Threat

THREATS: dict[str, Threat] = {}
"""Id -> threat, in the order of the families."""
