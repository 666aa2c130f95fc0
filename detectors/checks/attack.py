"""MITRE ATT&CK tactics and techniques, to tell whether a tag names one.

The table `data/attack.tsv` holds ids and names of the Enterprise matrix, with those that the last version retired; its head names
version, source and terms of use. `data/ics_atlas.tsv` holds those of the matrices for control systems (ICS) and AI (ATLAS) that the
platforms of the province call for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        others: techniques of ATT&CK for ICS ("T0886") and of ATLAS ("AML.T0051") -> name; not of the Enterprise matrix.
    """

    tactics: Mapping[str, str]
    techniques: Mapping[str, str]
    retired: Mapping[str, str]
    tactics_of: Mapping[str, tuple[str, ...]]
    others: Mapping[str, str]


@cache
def attack_table() -> AttackTable:
    """The table that comes with the suite."""
    tactics: dict[str, str] = {}
    techniques: dict[str, str] = {}
    retired = {"defense-evasion": "Defense Evasion"}
    tactics_of: dict[str, tuple[str, ...]] = {}
    for kind, ident, name, of in _lines("attack.tsv"):
        if kind == "tactic":
            tactics[of] = name
        elif kind == "technique":
            techniques[ident], tactics_of[ident] = name, tuple(of.split())
        else:
            retired[ident] = name
    others = {ident: name for _, ident, name in _lines("ics_atlas.tsv")}
    return AttackTable(tactics, techniques, retired, tactics_of, others)


def _lines(name: str) -> Iterator[list[str]]:
    for line in (files("detectors.checks") / "data" / name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")
