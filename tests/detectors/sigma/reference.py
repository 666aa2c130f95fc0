"""A naive reading of the Sigma specification, shared with no code of the engine: one rule, one event, no tables, no caches.

Knows what `strategies.py` writes: values with wildcards, the generic modifiers, numbers, null, lists, keywords, and conditions.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

ABSENT = object()
DASHES = "-/\u2013\u2014\u2015"
PARTS: Mapping[str, Callable[[datetime], int]] = {
    "minute": lambda moment: moment.minute,
    "hour": lambda moment: moment.hour,
    "day": lambda moment: moment.day,
    "week": lambda moment: moment.isocalendar().week,
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}
ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "wide": lambda text: text.encode("utf-16-le"),
    "utf16le": lambda text: text.encode("utf-16-le"),
    "utf16be": lambda text: text.encode("utf-16-be"),
    "utf16": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
}


def rule_holds(
    rule: Mapping[str, Any], event: Mapping[str, Any], placeholders: Mapping[str, Sequence[str]] | None = None
) -> bool:
    """Whether a rule document holds for an event; `placeholders` is what `expand` puts in."""
    detection = _filled(rule["detection"], placeholders or {})
    named = {name: _search(value, event) for name, value in detection.items() if name != "condition"}
    return bool(eval(_as_python(detection["condition"], named), {"__builtins__": {}}, {}))  # noqa: S307 - our own words


def _filled(found: Any, placeholders: Mapping[str, Sequence[str]]) -> Any:
    """The searches with a list of values for each that has a placeholder; one stands alone in a value here."""
    if isinstance(found, list):
        return [_filled(item, placeholders) for item in found]
    if not isinstance(found, Mapping):
        return found
    filled = {key: _filled(value, placeholders) for key, value in found.items()}
    for key in [key for key in filled if key.endswith("|expand")]:
        before, name, after = filled.pop(key).split("%")
        filled[key.removesuffix("|expand")] = [f"{before}{value}{after}" for value in placeholders[name]]
    return filled


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
        texts = [text_of(leaf) for leaf in _everything(event) if leaf is not None]
        if "re" in modifiers:
            return any(re.search(wanted, text) for text in texts)
        return any(_matches(text, f"*{wanted}*", cased="cased" in modifiers) for text in texts)
    found = event.get(field, ABSENT)
    if "exists" in modifiers:
        return (found is not ABSENT) is wanted
    if "fieldref" in modifiers:
        return _same(found, event.get(wanted, ABSENT), modifiers)
    leaves = [None] if found is ABSENT else list(_flat(found))
    return any(_leaf_matches(leaf, modifiers, wanted) for leaf in leaves)


def _same(one: Any, other: Any, modifiers: list[str]) -> bool:
    if one is ABSENT or other is ABSENT:
        return False
    return any(
        a is not None and b is not None and _stands(folded(text_of(b)), folded(text_of(a)), modifiers)
        for a in _flat(one)
        for b in _flat(other)
    )


def _stands(needle: str, text: str, modifiers: list[str]) -> bool:
    if "contains" in modifiers:
        return needle in text
    if "startswith" in modifiers:
        return text.startswith(needle)
    return text.endswith(needle) if "endswith" in modifiers else text == needle


def _leaf_matches(leaf: Any, modifiers: list[str], wanted: Any) -> bool:  # noqa: PLR0911
    if wanted is None or leaf is None:
        return wanted is None and leaf is None
    part = next((name for name in PARTS if name in modifiers), None)
    if part is not None:
        return _time_matches(leaf, PARTS[part], modifiers, wanted)
    for op in ("lt", "lte", "gt", "gte"):
        if op in modifiers:
            return _compares(op, leaf, wanted)
    if "re" in modifiers:
        flags = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
        return re.search(wanted, text_of(leaf), sum(flags[m] for m in modifiers if m in flags)) is not None
    if "cidr" in modifiers:
        return _in_network(text_of(leaf), wanted)
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        if isinstance(leaf, (int, float)) and not isinstance(leaf, bool):
            return leaf == wanted
        return isinstance(leaf, str) and folded(leaf) == str(wanted)
    if isinstance(wanted, bool):
        return folded(text_of(leaf)) == str(wanted).lower()
    if {"base64", "base64offset"} & set(modifiers):
        return any(_placed(found, text_of(leaf), modifiers) for found in _encoded(wanted, modifiers))
    return _placed(wanted, text_of(leaf), modifiers)


def _encoded(wanted: str, modifiers: list[str]) -> list[str]:
    """The Base64 forms; for offsets, what is sure whatever stands before and behind."""
    encode = next((ENCODINGS[name] for name in modifiers if name in ENCODINGS), str.encode)
    data = encode(wanted)
    if "base64" in modifiers:
        return [b64encode(data).decode()]
    forms = []
    for shift, cut in ((0, 0), (1, 2), (2, 3)):
        text = b64encode(b"\0" * shift + data).decode().rstrip("=")
        forms.append(text[cut : len(text) - ((shift + len(data)) % 3 != 0)])
    return forms


def _time_matches(leaf: Any, part: Callable[[datetime], int], modifiers: list[str], bound: int) -> bool:
    try:
        found = part(datetime.fromisoformat(leaf))
    except (TypeError, ValueError):
        return False
    op = next((name for name in modifiers if name in ("lt", "lte", "gt", "gte")), None)
    return found == bound if op is None else _compares(op, found, bound)


def _placed(wanted: str, text: str, modifiers: list[str]) -> bool:
    before = "*" if "contains" in modifiers or "endswith" in modifiers else ""
    after = "*" if "contains" in modifiers or "startswith" in modifiers else ""
    # a backslash at the end of the value must not escape the star behind it
    closed = wanted + "\\" if after and _ends_open(wanted) else wanted
    return _matches(text, before + closed + after, cased="cased" in modifiers, dashes="windash" in modifiers)


def _ends_open(pattern: str) -> bool:
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1


def _compares(op: str, leaf: Any, bound: float) -> bool:
    if isinstance(leaf, bool):
        return False
    if isinstance(leaf, str):
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", leaf, re.ASCII):
            return False
        leaf = float(leaf) if "." in leaf else int(leaf)  # whole numbers stay exact, as those of JSON do
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


def _matches(value: str, pattern: str, *, cased: bool, dashes: bool = False) -> bool:
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
            elif kind == "?" or wanted == char or (dashes and wanted in DASHES and char in DASHES and kind == "char"):
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


# Correlations. An event is {"t": microseconds, "k": the rule that it matches, or a list of them, ...fields}; a correlation is its
# YAML section with `name`. Everything is looked at again for every moment.

Happening = dict[str, Any]
"""`t`, `rule` (name), `of` (which event), and the fields."""
Standing = set[tuple[str, tuple[Any, ...], int]]
"""(correlation, values of its group, moment)."""


def correlations_hold(correlations: list[Mapping[str, Any]], events: list[Mapping[str, Any]]) -> Standing:
    """When and for whom each correlation holds; inner ones are listed before those that look at them."""
    happenings: list[Happening] = [
        {**event, "rule": rule, "of": f"event {index}"}
        for index, event in enumerate(events)
        for rule in (event["k"] if isinstance(event["k"], list) else [event["k"]])
    ]
    standing: Standing = set()
    for correlation in correlations:
        for group, moment, last in _holdings(correlation, happenings):
            standing.add((correlation["name"], group, moment))
            named = dict(zip(correlation.get("group-by", ()), group, strict=True))
            of = f"{correlation['name']} at {last['of']}"
            happenings.append({**last, **named, "t": moment, "rule": correlation["name"], "of": of})
    return standing


def _holdings(
    correlation: Mapping[str, Any], happenings: list[Happening]
) -> Iterator[tuple[tuple[Any, ...], int, Happening]]:
    groups: dict[tuple[Any, ...], list[Happening]] = {}
    for happening in happenings:
        if happening["rule"] in correlation["rules"]:
            group = tuple(_field(correlation, name, happening) for name in correlation.get("group-by", ()))
            if None not in group:
                groups.setdefault(group, []).append(happening)
    for group, members in groups.items():
        for moment in sorted({member["t"] for member in members}):
            window = [m for m in members if moment - correlation["span_us"] <= m["t"] <= moment]
            at_the_moment = [m for m in members if m["t"] == moment]
            if _window_holds(correlation, window) and (last := _standing_for(correlation, at_the_moment)):
                yield group, moment, last


def _standing_for(correlation: Mapping[str, Any], candidates: list[Happening]) -> Happening | None:
    """The first event of a moment that the correlation could read."""
    return next((c for c in candidates if _measured(correlation, c) is not None), None)


def _field(correlation: Mapping[str, Any], name: str, happening: Happening) -> Any:
    alias = correlation.get("aliases", {}).get(name, {}).get(happening["rule"], name)
    return happening.get(alias, happening.get(name))


def _measured(correlation: Mapping[str, Any], happening: Happening) -> Any:
    if not correlation["type"].startswith("value_"):
        return True
    fields = correlation["condition"]["field"]
    found = [_field(correlation, f, happening) for f in (fields if isinstance(fields, list) else [fields])]
    return None if None in found else tuple(found)


def _window_holds(correlation: Mapping[str, Any], window: list[Happening]) -> bool:
    kind, condition = correlation["type"], correlation.get("condition")
    if isinstance(condition, str):
        if kind == "temporal":
            return _expression_holds(condition, {m["rule"] for m in window})
        return _ordered_expression_holds(condition, correlation["rules"], window)
    if kind == "temporal_ordered":
        measured: Any = _longest_in_order(correlation["rules"], window)
    elif kind == "temporal":
        measured = len({m["rule"] for m in window})
    else:
        measured = _number(correlation, window)
    bounds = condition or {"gte": len(correlation["rules"])}
    return measured is not None and all(
        _ordered(op, measured, bound) for op, bound in bounds.items() if op not in ("field", "percentile")
    )


def _number(correlation: Mapping[str, Any], window: list[Happening]) -> Any:
    kind = correlation["type"]
    per_event: dict[str, Any] = {}
    for rule in correlation["rules"]:  # one event is one event, though two rules match it; the rule listed first counts
        for member in window:
            value = _measured(correlation, member)
            if member["rule"] == rule and value is not None:
                per_event.setdefault(member["of"], value)
    if not per_event:
        return None
    if kind == "event_count":
        return len(per_event)
    if kind == "value_count":
        return len({tuple(map(str, value)) for value in per_event.values()})
    numbers = [Fraction(value[0]) for value in per_event.values()]
    total = float(sum(numbers))  # exact, then rounded once
    if kind == "value_sum":
        return total
    if kind == "value_avg":
        return total / len(numbers)
    return _quantile(numbers, 50 if kind == "value_median" else correlation["condition"].get("percentile", 50))


def _quantile(numbers: list[Fraction], percent: int) -> Fraction:
    ordered = sorted(numbers)
    place = Fraction(percent, 100) * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _ordered(op: str, measured: Any, bound: Any) -> bool:
    return {
        "lt": measured < bound,
        "lte": measured <= bound,
        "gt": measured > bound,
        "gte": measured >= bound,
        "eq": measured == bound,
        "neq": measured != bound,
    }[op]


def _expression_holds(expression: str, seen: set[str]) -> bool:
    words = re.findall(r"[()]|[^\s()]+", expression)
    python = " ".join(w if w in ("and", "or", "not", "(", ")") else str(w in seen) for w in words)
    return bool(eval(python, {"__builtins__": {}}, {}))  # noqa: S307 - our own words


def _steps(rules: list[str], window: list[Happening]) -> list[set[int]]:
    """The events in order, each as the places of the rules that it matches; those of one instant by their lowest, then highest rule."""
    by_event: dict[tuple[int, str], set[int]] = {}
    for member in window:
        places = {place for place, rule in enumerate(rules) if rule == member["rule"]}
        by_event.setdefault((member["t"], member["of"]), set()).update(places)
    ordered = sorted(by_event.items(), key=lambda item: (item[0][0], min(item[1]), max(item[1]), sorted(item[1])))
    return [places for _, places in ordered]


def _walks(steps: list[set[int]]) -> set[tuple[int, ...]]:
    """Every way of taking at most one step per event, always upwards."""
    found: set[tuple[int, ...]] = {()}
    for places in steps:
        found |= {(*walk, place) for walk in found for place in places if not walk or place > walk[-1]}
    return found


def _longest_in_order(rules: list[str], window: list[Happening]) -> int:
    return max(len(walk) for walk in _walks(_steps(rules, window)))


def _ordered_expression_holds(expression: str, rules: list[str], window: list[Happening]) -> bool:
    """Some choice of rules satisfies the expression, was walked in order, and what else was seen does not spoil it.

    A rule that was seen but not chosen may be taken for unseen only where that makes nothing true.
    """
    seen = {member["rule"] for member in window}
    for walk in _walks(_steps(rules, window)):
        chosen = {rules[place] for place in walk}
        if _polar_holds(expression, chosen, seen):
            return True
    return False


def _polar_holds(expression: str, chosen: set[str], seen: set[str]) -> bool:
    """The expression with a plain word true when chosen, and a negated one true when it was not seen at all."""
    words = re.findall(r"[()]|[^\s()]+", expression)
    python = []
    for index, word in enumerate(words):
        if word in ("and", "or", "not", "(", ")"):
            python.append(word)
        else:
            negated = index > 0 and words[index - 1] == "not"
            python.append(str(word in (seen if negated else chosen)))
    return bool(eval(" ".join(python), {"__builtins__": {}}, {}))  # noqa: S307 - our own words
