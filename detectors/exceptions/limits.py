"""Bounds of what people may write; apart, so that a form knows them without the Sigma engine."""

MAX_CHARACTERS = 20_000
"""Of a filter."""
MAX_REASON = 2000
"""Characters of a reason."""
