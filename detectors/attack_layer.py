"""Coverage of ATT&CK by rules: the matrix, and its export as a layer of the ATT&CK Navigator.

A cell is solid when a rule with that technique was seen to fire (`detectors.attack_proof`), hollow when rules only claim it. A
technique takes over what its sub-techniques have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.attack_catalogue import AttackCatalogue, Tactic, Technique
from detectors.attack_proof import RuleProof
from soc.core.i18n import Lang, Message, msg

LAYER_VERSION = "4.5"
NAVIGATOR_VERSION = "5.1.0"
"""The layer format asks for the Navigator it was made for, at least 4.9.0."""
SOLID, HOLLOW = "#2f6fa8", "#c9ddf0"
"""The two ends of the console's heat scale; they differ in brightness and not in hue alone."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A technique with the rules that name it.

    Attributes:
        rules: those that name this technique itself.
        parts: cells of its sub-techniques that some rule names.
    """

    technique: Technique
    rules: tuple[RuleProof, ...]
    parts: tuple[Cell, ...] = ()

    @property
    def all_rules(self) -> tuple[RuleProof, ...]:
        """Rules of the technique and of its parts, each once."""
        every = (*self.rules, *(rule for part in self.parts for rule in part.rules))
        return tuple({rule.id: rule for rule in every}.values())

    @property
    def fired(self) -> tuple[RuleProof, ...]:
        return tuple(rule for rule in self.all_rules if rule.fired)

    @property
    def claimed(self) -> tuple[RuleProof, ...]:
        """Rules that were not seen to fire."""
        return tuple(rule for rule in self.all_rules if not rule.fired)

    @property
    def is_solid(self) -> bool:
        return bool(self.fired)


@dataclass(frozen=True, slots=True)
class AttackMatrix:
    """What rules cover.

    Attributes:
        cells: technique id -> cell, techniques only; sub-techniques are in `parts`.
        others: techniques of ATT&CK for ICS and of ATLAS that rules name, by id.
        unknown: technique ids of tags that this version of ATT&CK does not have.
        outside: rules without any technique.
    """

    catalogue: AttackCatalogue
    cells: Mapping[str, Cell]
    others: tuple[Cell, ...]
    unknown: tuple[str, ...]
    outside: tuple[RuleProof, ...]

    @property
    def solid(self) -> int:
        """Number of techniques proven."""
        return sum(cell.is_solid for cell in self.cells.values())

    @property
    def hollow(self) -> int:
        """Number of techniques that are only claimed."""
        return len(self.cells) - self.solid

    @property
    def total(self) -> int:
        """Number of techniques of the catalogue, sub-techniques not counted."""
        return sum(not technique.is_part for technique in self.catalogue.techniques.values())

    def columns(self) -> Iterator[tuple[Tactic, Sequence[Cell], int]]:
        """Each tactic with its cells by name, and how many techniques it has altogether."""
        for tactic in self.catalogue.tactics:
            mine = [cell for cell in self.cells.values() if tactic.id in cell.technique.tactics]
            of_tactic = (t for t in self.catalogue.techniques.values() if not t.is_part and tactic.id in t.tactics)
            yield tactic, sorted(mine, key=lambda cell: cell.technique.name), sum(1 for _ in of_tactic)


def matrix_of(proofs: Iterable[RuleProof], catalogue: AttackCatalogue) -> AttackMatrix:
    """The matrix that these rules fill."""
    by_technique: dict[str, list[RuleProof]] = defaultdict(list)
    outside = []
    for proof in proofs:
        for ident in proof.attack:
            by_technique[ident].append(proof)
        if not proof.attack:
            outside.append(proof)
    known = {ident: tuple(rules) for ident, rules in by_technique.items() if ident in catalogue.techniques}
    others = {ident: by_technique[ident] for ident in sorted(by_technique) if ident in catalogue.others}
    parents = sorted({catalogue.techniques[ident].parent for ident in known})
    return AttackMatrix(
        catalogue,
        {ident: _cell(ident, known, catalogue) for ident in parents},
        tuple(Cell(catalogue.others[ident], tuple(rules)) for ident, rules in others.items()),
        tuple(sorted(by_technique.keys() - known.keys() - others.keys())),
        tuple(outside),
    )


def _cell(ident: str, known: Mapping[str, tuple[RuleProof, ...]], catalogue: AttackCatalogue) -> Cell:
    parts = tuple(
        Cell(catalogue.techniques[part], rules)
        for part, rules in sorted(known.items())
        if part != ident and catalogue.techniques[part].parent == ident
    )
    return Cell(catalogue.techniques[ident], known.get(ident, ()), parts)


def navigator_layer(matrix: AttackMatrix, lang: Lang) -> dict[str, Any]:
    """A layer as JSON values. The score of a technique is the number of rules seen to fire, 0 for one that is only claimed.

    Source: ATT&CK Navigator, layer file format definition, version 4.5.
    """
    most = max((len(cell.fired) for cell in matrix.cells.values()), default=0)
    return {
        "name": msg("Vọng Gác: độ phủ của luật phát hiện").render(lang),
        "versions": {
            "attack": matrix.catalogue.version.partition(".")[0],
            "navigator": NAVIGATOR_VERSION,
            "layer": LAYER_VERSION,
        },
        "domain": "enterprise-attack",
        "description": _summary(matrix).render(lang),
        "sorting": 0,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "hideDisabled": False,
        "techniques": [entry for cell in matrix.cells.values() for entry in _entries(cell, lang)],
        "gradient": {"colors": [HOLLOW, SOLID], "minValue": 0, "maxValue": max(most, 1)},
        "legendItems": [
            {"label": msg("đã chứng minh: luật khớp trong ca thử").render(lang), "color": SOLID},
            {"label": msg("mới khai: chỉ có trong nhãn của luật").render(lang), "color": HOLLOW},
        ],
    }


def _summary(matrix: AttackMatrix) -> Message:
    return msg(
        "{solid} kỹ thuật đã chứng minh, {hollow} mới khai, trên {total} kỹ thuật của ATT&CK {version}",
        solid=matrix.solid,
        hollow=matrix.hollow,
        total=matrix.total,
        version=matrix.catalogue.version,
    )


def _entries(cell: Cell, lang: Lang) -> Iterator[dict[str, Any]]:
    """The technique, then those of its sub-techniques that rules name."""
    entry = _entry(cell, lang)
    yield {**entry, "showSubtechniques": True} if cell.parts else entry
    for part in cell.parts:
        yield _entry(part, lang)


def _entry(cell: Cell, lang: Lang) -> dict[str, Any]:
    lines = [*(f"■ {_line(rule, lang)}" for rule in cell.fired), *(f"□ {_line(rule, lang)}" for rule in cell.claimed)]
    return {
        "techniqueID": cell.technique.id,
        "score": len(cell.fired),
        "color": SOLID if cell.is_solid else HOLLOW,
        "comment": "\n".join(lines),
        "enabled": True,
    }


def _line(rule: RuleProof, lang: Lang) -> str:
    return f"{rule.name or rule.id}: {rule.title[lang.value]}"
