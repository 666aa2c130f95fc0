"""What a check of a part comes to."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """How a part is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
