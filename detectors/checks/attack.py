"""MITRE ATT&CK tactics and techniques, to tell whether a tag names one.

The table `data/attack.tsv` holds ids and names of the Enterprise matrix, with those that the last version retired; its head names
version, source and terms of use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

VERSION = "19"
"""Of the table; a newer technique is unknown to it."""


@dataclass(frozen=True, slots=True)
class AttackTable:
    """Names by id.

    Attributes:
        tactics: short name as in tags ("credential-access") -> name.
        techniques: "T1110.003" -> name.
        retired: ids of techniques and short names of tactics that version 18 had -> name.
        tactics_of: technique -> short names of its tactics.
    """

    tactics: Mapping[str, str]
    techniques: Mapping[str, str]
    retired: Mapping[str, str]
    tactics_of: Mapping[str, tuple[str, ...]]


@cache
def attack_table() -> AttackTable:
    """The table that comes with the suite."""
    tactics: dict[str, str] = {}
    techniques: dict[str, str] = {}
    retired = {"defense-evasion": "Defense Evasion"}
    tactics_of: dict[str, tuple[str, ...]] = {}
    for line in (files("detectors.checks") / "data" / "attack.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        kind, ident, name, of = line.split("\t")
        if kind == "tactic":
            tactics[of] = name
        elif kind == "technique":
            techniques[ident], tactics_of[ident] = name, tuple(of.split())
        else:
            retired[ident] = name
    return AttackTable(tactics, techniques, retired, tactics_of)
