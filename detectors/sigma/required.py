"""The longest plain text that every match of a regular expression contains: what makes a cheap test before the dear one."""

from __future__ import annotations

from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from detectors.sigma.folding import fold


def required_text(regex: str, flags: int = 0) -> str:
    """Such a text, folded and ASCII; "" when none is sure, e.g. for an alternation.

    Raises:
        ValueError: (re.error) not a regular expression.
    """
    parsed = _parser.parse(regex, flags)
    runs = _runs(parsed)
    return max(runs, key=len, default="")


def _runs(parsed: Any) -> list[str]:
    runs, run = [], ""
    for op, argument in parsed:
        if op is sre.LITERAL and argument < 128:
            run += fold(chr(argument))
            continue
        if op is sre.AT:
            continue
        runs.append(run)
        run = ""
        if op is sre.SUBPATTERN:
            runs.extend(_runs(argument[3]))
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[0] >= 1:
            runs.extend(_runs(argument[2]))
    runs.append(run)
    return runs
