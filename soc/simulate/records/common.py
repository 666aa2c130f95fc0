"""JSON as log writers give it."""

from __future__ import annotations

from collections.abc import Mapping

import orjson


def compact(record: Mapping[str, object]) -> str:
    """`record` on one line, without spaces, keys in their order."""
    return orjson.dumps(record).decode()
