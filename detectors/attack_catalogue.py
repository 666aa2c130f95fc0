"""The ATT&CK matrix that tags of rules refer to: tactics, techniques, and which belongs to which. Facts: data/attack.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from detectors.alert import Names


@dataclass(frozen=True, slots=True)
class Tactic:
    """A column of the matrix: what an attacker wants to reach. `id` as in tags and layers ("lateral-movement")."""

    id: str
    name: Names


@dataclass(frozen=True, slots=True)
class Technique:
    """A way to reach it; names are ATT&CK's own and English. `T1110.003` is a sub-technique of `T1110`."""

    id: str
    name: str
    tactics: tuple[str, ...]

    @property
    def parent(self) -> str:
        """The technique that this one is a part of, or itself."""
        return self.id.partition(".")[0]

    @property
    def is_part(self) -> bool:
        """Whether it is a sub-technique."""
        return "." in self.id


@dataclass(frozen=True, slots=True)
class AttackCatalogue:
    """One version of ATT&CK Enterprise; tactics in the order of the matrix, techniques in force only."""

    version: str
    tactics: tuple[Tactic, ...]
    techniques: Mapping[str, Technique]


@cache
def attack_catalogue() -> AttackCatalogue:
    """The version that the suite is pinned to."""
    text = (files("detectors") / "data" / "attack.yaml").read_text("utf-8")
    content: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return AttackCatalogue(
        version=content["version"],
        tactics=tuple(Tactic(ident, names) for ident, names in content["tactics"].items()),
        techniques={
            ident: Technique(ident, found["name"], tuple(found["tactics"]))
            for ident, found in content["techniques"].items()
        },
    )
