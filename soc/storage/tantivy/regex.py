"""Patterns and ranges as the regular expressions that run over the sorted terms of an index.

The syntax is that of the Rust crate regex-syntax 0.6 and later without anchors; a term must match as a whole.
"""

from __future__ import annotations

from soc.storage.conditions import Pattern, Wild

_META = frozenset("\\.+*?()|[]{}^$#&-~")
_CHARACTER = "[^\\x00]"
REST = f"{_CHARACTER}*"
_DIGITS = "0123456789abcdef"


def literal(text: str) -> str:
    """`text` as itself."""
    return "".join(f"\\{one}" if one in _META else "\\x00" if one == "\0" else one for one in text)


def wildcards(pattern: Pattern) -> str:
    """A pattern of a whole keyword or word; a wildcard never runs over NUL, which parts the terms."""
    parts = {Wild.ANY: REST, Wild.ONE: _CHARACTER}
    return "".join(parts[part] if isinstance(part, Wild) else literal(part) for part in pattern)


def digits_between(low: str, high: str) -> str:
    """Hexadecimal texts of one width from `low` to `high`, both included; `low` is not above `high`."""
    if not low:
        return ""
    if low[0] == high[0]:
        return low[0] + digits_between(low[1:], high[1:])
    middle = _digits(_DIGITS.index(low[0]) + 1, _DIGITS.index(high[0]) - 1)
    parts = [low[0] + _at_least(low[1:]), high[0] + _at_most(high[1:])]
    if middle:
        parts.append(middle + REST)
    return f"({'|'.join(parts)})"


def _at_least(low: str) -> str:
    if not low.strip("0"):
        return REST
    higher = _digits(_DIGITS.index(low[0]) + 1, 15)
    return f"({low[0]}{_at_least(low[1:])}{f'|{higher}{REST}' if higher else ''})"


def _at_most(high: str) -> str:
    if not high.strip("f"):
        return REST
    lower = _digits(0, _DIGITS.index(high[0]) - 1)
    return f"({high[0]}{_at_most(high[1:])}{f'|{lower}{REST}' if lower else ''})"


def _digits(first: int, last: int) -> str:
    return f"[{_DIGITS[first : last + 1]}]" if first <= last else ""
