"""From an activation to the files that are loaded: in the order of precedence, each rule once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from detectors.rulesets.describe import Described, describe
from detectors.rulesets.importing import hash_of_hashes
from detectors.rulesets.model import Activation, Plan, RuleEntry
from detectors.rulesets.tree import SUFFIXES
from soc.core.errors import ConflictError
from soc.core.i18n import msg
from soc.core.ids import sha256

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One member with the files it has on this machine: (path inside it, SHA-256), and the rules in them."""

    name: str
    root: Path
    files: tuple[tuple[str, str], ...]
    entries: tuple[RuleEntry, ...]


@dataclass(frozen=True, slots=True)
class Collision:
    """Two rules of different members that others may know by the same id or name."""

    key: str
    first: str
    second: str


def part_of(name: str, root: Path, entries: tuple[RuleEntry, ...] | None = None) -> Part:
    """A member as it lies on disk; its rules are read from the files unless they are known already."""
    found = [(path.relative_to(root).as_posix(), path.read_bytes()) for path in _rule_files(root)]
    hashes = tuple((file, sha256(data)) for file, data in found)
    if entries is None:
        digests = dict(hashes)
        entries = tuple(RuleEntry(file, digests[file], rule) for file, data in found for rule in _described(data))
    return Part(name, root, hashes, entries)


def make_plan(activation: Activation, parts: Sequence[Part]) -> Plan:
    """The files to load, preferred members first. Where a rule is claimed twice the earlier claim holds."""
    ordered = _by_precedence(activation, parts)
    left_out, _ = _settle(activation, ordered)
    files = [
        (part.name, part.root, file, digest)
        for part in ordered
        for file, digest in part.files
        if (part.name, file) not in left_out
    ]
    return Plan(
        activation,
        tuple(root / file for _, root, file, _ in files),
        hash_of_hashes((f"{name}/{file}", digest) for name, _, file, digest in files),
        tuple(entry for part in ordered for entry in part.entries if (part.name, entry.file) not in left_out),
        tuple(f"{name}: {file}" for name, file in sorted(left_out)),
    )


def require_settled(activation: Activation, parts: Sequence[Part]) -> None:
    """Raise ConflictError when members claim the same rule and none of the two is preferred."""
    _, open_ones = _settle(activation, _by_precedence(activation, parts))
    if open_ones:
        shown = "; ".join(f"{c.key}: {c.first}, {c.second}" for c in open_ones[:_SHOWN])
        raise ConflictError(
            msg("{count} luật có ở hai bộ với nội dung khác nhau: {shown}", count=len(open_ones), shown=shown),
            expected=msg("mỗi id và mỗi name thuộc một bộ"),
            advice=msg("chọn bộ được ưu tiên bằng --prefer, hoặc bỏ bớt một bộ"),
        )


def _by_precedence(activation: Activation, parts: Sequence[Part]) -> list[Part]:
    rank = {name: number for number, name in enumerate(activation.preferred)}
    return sorted(parts, key=lambda part: rank.get(part.name, len(rank)))


def _settle(activation: Activation, ordered: Sequence[Part]) -> tuple[set[tuple[str, str]], list[Collision]]:
    """Files all of whose rules an earlier member has by choice, and the claims nobody decided: the loader refuses those."""
    owners: dict[str, tuple[str, RuleEntry]] = {}
    taken: dict[tuple[str, str], bool] = {}
    collisions: list[Collision] = []
    for part in ordered:
        for entry in part.entries:
            place = (part.name, entry.file)
            key = next((k for k in entry.rule.keys if k in owners and owners[k][0] != part.name), None)
            if key is None:
                taken[place] = False
                owners.update((k, (part.name, entry)) for k in entry.rule.keys if k not in owners)
                continue
            owner, theirs = owners[key]
            decided = owner in activation.preferred or theirs.sha256 == entry.sha256
            taken[place] = taken.get(place, True) and decided
            if not decided:
                collisions.append(Collision(key, f"{owner}/{theirs.file}", f"{part.name}/{entry.file}"))
    return {place for place, whole in taken.items() if whole}, collisions


def _rule_files(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    wanted = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in wanted if not path.stem.endswith(".test"))


def _described(data: bytes) -> Sequence[Described]:
    try:
        return describe(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()  # the loader refuses the file and says where
