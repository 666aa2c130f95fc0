"""What texts of rules and of events pass before they are compared: NFC, or nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Normal = Callable[[str], str]


def nfc(value: str) -> str:
    """Composed form, in which the events of ours are kept."""
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def verbatim(value: str) -> str:
    """The text as written: without a pipeline nothing is normalised."""
    return value
