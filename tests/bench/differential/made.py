"""Write events made from the rules themselves: `python made.py RULES > EVENTS`, seeded, the same every time.

Few rules fire on recordings. Here every rule gets a dozen events that have some of the values it looks for, in the places it looks
for them, in varied case and with other dashes, some fields left out, null, empty or of another type. No engine is known to be
right about them; where two disagree somebody has to look.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from random import Random
from typing import Any

import orjson
import yaml

EACH = 12
_DASHES = "-/–—―"
_ODD: tuple[object, ...] = (None, "", 0, "Đường dẫn/ĐỎ", ["a", "b"])


def made(detection: Mapping[str, Any], chance: Random) -> dict[str, object]:
    """One event with values of most searches of a rule."""
    event: dict[str, object] = {}
    for name, search in detection.items():
        wanted = 0.25 if name.startswith("filter") else 0.85
        if name != "condition" and chance.random() < wanted:
            event.update(_fields(search, chance))
    if event and chance.random() < 0.1:
        event[chance.choice(sorted(event))] = chance.choice(_ODD)
    return event


def _fields(search: object, chance: Random) -> Iterator[tuple[str, object]]:
    if isinstance(search, list):
        chosen = chance.choice(search)
        yield from _fields(chosen, chance) if isinstance(chosen, dict) else [("Message", f"… {chosen} …")]
    elif isinstance(search, dict):
        for key, value in search.items():
            field, *modifiers = key.split("|")
            yield field or "Message", _value(value, modifiers, chance)


def _value(value: object, modifiers: list[str], chance: Random) -> object:
    if isinstance(value, list):
        parts = value if "all" in modifiers else [chance.choice(value)]
        return (
            " ".join(map(str, (_one(part, modifiers, chance) for part in parts)))
            if len(parts) > 1
            else _one(parts[0], modifiers, chance)
        )
    return _one(value, modifiers, chance)


def _one(value: object, modifiers: list[str], chance: Random) -> object:
    if not isinstance(value, str):
        return str(value) if isinstance(value, int) and chance.random() < 0.3 else value
    if "cidr" in modifiers:
        return _address(ip_network(value), chance)
    text = "".join(_written(value, chance))
    if "windash" in modifiers:
        text = "".join(chance.choice(_DASHES) if each in _DASHES else each for each in text)
    if "wide" in modifiers or "utf16le" in modifiers:
        text = text.encode("utf-16-le").decode("latin-1")
    if "base64offset" in modifiers or "base64" in modifiers:
        return "=" + base64.b64encode(b"." * chance.randrange(3) + text.encode("latin-1", "replace")).decode()
    if "cased" not in modifiers and chance.random() < 0.3:
        text = text.swapcase()
    return _placed(text, modifiers, chance)


def _address(network: IPv4Network | IPv6Network, chance: Random) -> str:
    """An address of the network or the one behind its last, IPv6 also spelled out."""
    last = int(network.broadcast_address)
    found = type(network.network_address)(
        chance.choice((int(network[0]), last, min(last + 1, 2**network.max_prefixlen - 1)))
    )
    return chance.choice((found.compressed, found.exploded, found.compressed.upper()))


def _written(value: str, chance: Random) -> Iterator[str]:
    """The text with its escapes undone and something in place of each wildcard."""
    at = 0
    while at < len(value):
        if value[at] == "\\" and value[at + 1 : at + 2] in ("\\", "*", "?"):
            at += 1
            yield value[at]
        elif value[at] == "*":
            yield chance.choice(("", "x", " y\nz "))
        elif value[at] == "?":
            yield chance.choice(("q", "Đ", "%", "_"))
        else:
            yield value[at]
        at += 1


def _placed(text: str, modifiers: list[str], chance: Random) -> str:
    before = "" if "startswith" in modifiers else chance.choice(("", "C:\\a_b", "lề "))
    after = "" if "endswith" in modifiers else chance.choice(("", "%z", " đuôi"))
    loose = {"contains", "startswith", "endswith"} & set(modifiers)
    return before + text + after if loose else text


def main(rules: Path) -> None:
    chance, place = Random(20261123), 0  # noqa: S311 - a load, no secret
    for file in sorted(rules.rglob("*.yml")):
        rule = yaml.safe_load(file.read_text("utf-8"))
        for _ in range(EACH):
            event = made(rule["detection"], chance)
            sys.stdout.buffer.write(orjson.dumps({"_place": place} | event) + b"\n")
            place += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
