"""Severity of rules, alerts and incidents ("mức"): the five levels of Sigma.

Not to be mixed with the legal security level of a system ("cấp độ" 1-5) or the grade of an incident ("mức độ" M1-M4).
"""

from __future__ import annotations

from enum import StrEnum

from soc.core.i18n import Message, msg


class Severity(StrEnum):
    """Sigma levels, in rising order of urgency. Source: Sigma rules specification 2.1, `level`."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for informational to 4 for critical."""
        return tuple(Severity).index(self)

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


_LABELS = {
    Severity.INFORMATIONAL: msg("thông tin"),
    Severity.LOW: msg("thấp"),
    Severity.MEDIUM: msg("trung bình"),
    Severity.HIGH: msg("cao"),
    Severity.CRITICAL: msg("rất cao"),
}
