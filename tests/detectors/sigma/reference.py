"""A naive reading of the Sigma specification, shared with no code of the engine: one rule, one event, no tables, no caches.

Knows what `strategies.py` writes: values with wildcards, the generic modifiers, numbers, null, lists, keywords, and conditions.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

ABSENT = object()


def rule_holds(rule: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether a rule document holds for an event."""
    detection = rule["detection"]
    named = {name: _search(value, event) for name, value in detection.items() if name != "condition"}
    return bool(eval(_as_python(detection["condition"], named), {"__builtins__": {}}, {}))  # noqa: S307 - our own words


def _as_python(condition: str, named: Mapping[str, bool]) -> str:
    """Sigma's and, or, not bind as Python's do."""
    for quantifier, pattern in re.findall(r"(1|all) of ([^\s()]+)", condition):
        names = [name for name in named if pattern == "them" or name.startswith(pattern.rstrip("*"))]
        joined = (" and " if quantifier == "all" else " or ").join(names)
        condition = condition.replace(f"{quantifier} of {pattern}", f"({joined})")
    words = re.findall(r"[()]|[^\s()]+", condition)
    return " ".join(str(named[word]) if word in named else word for word in words)


def _search(value: Any, event: Mapping[str, Any]) -> bool:
    if isinstance(value, Mapping):
        return all(_line(key, wanted, event) for key, wanted in value.items())
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return any(_search(item, event) for item in value)
    return _line("", value, event)


def _line(key: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    field, *modifiers = key.split("|")
    values = wanted if isinstance(wanted, list) else [wanted]
    join = all if "all" in modifiers else any
    held = join(_one(field, modifiers, value, event) for value in values)
    return not held if "neq" in modifiers else held


def _one(field: str, modifiers: list[str], wanted: Any, event: Mapping[str, Any]) -> bool:
    if not field:
        return any(
            _matches(text_of(leaf), f"*{wanted}*", cased=False) for leaf in _everything(event) if leaf is not None
        )
    found = event.get(field, ABSENT)
    if "exists" in modifiers:
        return (found is not ABSENT) is wanted
    if "fieldref" in modifiers:
        return _same(found, event.get(wanted, ABSENT))
    leaves = [None] if found is ABSENT else list(_flat(found))
    return any(_leaf_matches(leaf, modifiers, wanted) for leaf in leaves)


def _same(one: Any, other: Any) -> bool:
    if one is ABSENT or other is ABSENT:
        return False
    return any(
        a is not None and b is not None and folded(text_of(a)) == folded(text_of(b))
        for a in _flat(one)
        for b in _flat(other)
    )


def _leaf_matches(leaf: Any, modifiers: list[str], wanted: Any) -> bool:  # noqa: PLR0911
    if wanted is None or leaf is None:
        return wanted is None and leaf is None
    for op in ("lt", "lte", "gt", "gte"):
        if op in modifiers:
            return _compares(op, leaf, wanted)
    if "re" in modifiers:
        return re.search(wanted, text_of(leaf), re.IGNORECASE if "i" in modifiers else 0) is not None
    if "cidr" in modifiers:
        return _in_network(text_of(leaf), wanted)
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        if isinstance(leaf, (int, float)) and not isinstance(leaf, bool):
            return leaf == wanted
        return isinstance(leaf, str) and folded(leaf) == str(wanted)
    if isinstance(wanted, bool):
        return folded(text_of(leaf)) == str(wanted).lower()
    before = "*" if "contains" in modifiers or "endswith" in modifiers else ""
    after = "*" if "contains" in modifiers or "startswith" in modifiers else ""
    # a backslash at the end of the value must not escape the star behind it
    closed = wanted + "\\" if after and _ends_open(wanted) else wanted
    return _matches(text_of(leaf), before + closed + after, cased="cased" in modifiers)


def _ends_open(pattern: str) -> bool:
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1


def _compares(op: str, leaf: Any, bound: float) -> bool:
    if isinstance(leaf, bool):
        return False
    if isinstance(leaf, str):
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", leaf, re.ASCII):
            return False
        leaf = float(leaf)
    return {"lt": leaf < bound, "lte": leaf <= bound, "gt": leaf > bound, "gte": leaf >= bound}[op]


def _in_network(text: str, cidr: str) -> bool:
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(cidr)
    except ValueError:
        return False


def text_of(scalar: Any) -> str:
    """All values are text."""
    return ("true" if scalar else "false") if isinstance(scalar, bool) else str(scalar)


def folded(text: str) -> str:
    """Simple case folding, letter by letter."""
    return "".join(_fold(char) for char in text)


def _fold(char: str) -> str:
    if len(char.casefold()) == 1:
        return char.casefold()
    return char.lower() if len(char.lower()) == 1 else char


def _matches(value: str, pattern: str, *, cased: bool) -> bool:
    tokens = list(_tokens(pattern))
    chars = list(value) if cased else [_fold(char) for char in value]
    if not cased:
        tokens = [(kind, _fold(char)) for kind, char in tokens]
    # reachable: numbers of tokens that can be used up by the characters so far
    reachable = _skip_stars({0}, tokens)
    for char in chars:
        following = set()
        for at in reachable:
            if at == len(tokens):
                continue
            kind, wanted = tokens[at]
            if kind == "*":
                following.add(at)
            elif kind == "?" or wanted == char:
                following.add(at + 1)
        reachable = _skip_stars(following, tokens)
    return len(tokens) in reachable


def _skip_stars(states: set[int], tokens: list[tuple[str, str]]) -> set[int]:
    found = set(states)
    for at in sorted(states):
        while at < len(tokens) and tokens[at][0] == "*":
            at += 1  # noqa: PLW2901
            found.add(at)
    return found


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and pattern[at + 1 : at + 2] in ("*", "?", "\\") and at + 1 < len(pattern):
            yield "char", pattern[at + 1]
            at += 2
            continue
        yield (char, "") if char in "*?" else ("char", char)
        at += 1


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif not isinstance(value, Mapping):
        yield value


def _everything(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _everything(item)
    elif isinstance(value, list):
        for item in value:
            yield from _everything(item)
    else:
        yield value
