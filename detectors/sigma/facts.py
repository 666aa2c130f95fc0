"""The tables of facts in data/."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml


def facts_of(name: str) -> dict[str, Any]:
    """The content of data/<name>.yaml."""
    text = (files("detectors.sigma") / "data" / f"{name}.yaml").read_text("utf-8")
    # the safe loader in C: every start reads these tables
    found: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found
