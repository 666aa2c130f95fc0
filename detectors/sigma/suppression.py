"""`vonggac: {suppress: 4h}`: how long a rule bundles what it says about the same thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from detectors.sigma.faults import RuleFault
from soc.core.i18n import msg

DEFAULT = timedelta(hours=1)
LONGEST = timedelta(days=7)
"""Beyond this a thing would be quiet for longer than anybody looks back."""
_SPAN = re.compile(r"([0-9]{1,6})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def suppression_of(custom: Mapping[str, object]) -> timedelta:
    """The period of a rule, DEFAULT where it names none.

    Args:
        custom: keys of the rule that Sigma does not define.

    Raises:
        RuleFault: not a span of minutes, hours or days, or one that is too long.
    """
    ours = custom.get("vonggac")
    found = ours.get("suppress") if isinstance(ours, Mapping) else None
    if found is None:
        return DEFAULT
    matched = _SPAN.fullmatch(found) if isinstance(found, str) else None
    span = timedelta() if matched is None else int(matched[1]) * _UNITS[matched[2]]
    if not timedelta() < span <= LONGEST:
        raise RuleFault(
            msg("suppress sai: {found}", found=str(found)),
            ("vonggac", "suppress"),
            expected=msg("số lớn hơn 0 và một chữ m, h hoặc d, nhiều nhất 7d, như 4h"),
        )
    return span
