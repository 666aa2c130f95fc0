"""The time of a document, for correlation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from detectors.sigma.values import MISSING, Document, read

TIME_FIELDS = ("@timestamp", "UtcTime", "TimeCreated", "eventTime", "EventTime", "timestamp")
"""Where a document says when it happened; the first readable one counts."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**11
"""From here on (year 5138 as seconds) an epoch number is taken for milliseconds."""


def moment_us(document: Document) -> int | None:
    """Microseconds since 1970 in UTC; None for a document without a readable time. A time without a zone is UTC."""
    stamp = document.get("@timestamp")
    if type(stamp) is str:  # nearly always; anything odd about it is sorted out below
        try:
            passed = datetime.fromisoformat(stamp) - _EPOCH
            return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
        except (ValueError, TypeError):
            pass
    for name in TIME_FIELDS:
        value = read(document, name)
        found = None if value is MISSING else _parse(value)
        if found is not None:
            return found
    return None


def _parse(value: object) -> int | None:
    if isinstance(value, str):
        try:
            return to_us(datetime.fromisoformat(value))
        except ValueError:
            return None
    if isinstance(value, datetime):
        return to_us(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
        return int(seconds * 1_000_000) if seconds < _MILLISECONDS_FROM else None
    return None


def to_us(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    passed = aware - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def from_us(us: int) -> datetime:
    """The inverse of `to_us`."""
    return _EPOCH + timedelta(microseconds=us)
