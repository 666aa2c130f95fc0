"""The decision table: from the values of an event to the rules that fire, learnt from the events themselves.

Two levels, filled lazily. A value memo per field says which class a value belongs to - the set of atoms that hold for it - and
costs one dictionary look-up when the value was seen before. A signature memo says which rules fire for the classes of all
fields together. Only an unseen signature evaluates rules, and of those only the ones an anchor atom calls for. So the cost
follows the novelty of the data, not the number of rules. Every memo draws on one budget of bytes and is thrown away when
that is spent: unique values, however many, cannot grow anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import ahocorasick_rs

from detectors.sigma.folding import fold
from detectors.sigma.predicates import Exists, Literal, Pattern, SameAs, needs_document, stands
from detectors.sigma.rules import Rule
from detectors.sigma.scanner import LiteralFilter, Normal, Scanner
from detectors.sigma.tree import FALSE, AtomTable, Node, anchors, atoms_of, holds, satisfying, simplified
from detectors.sigma.values import MISSING, Document, all_leaves, leaves, read, text

KEPT_TEXT = 64 << 10
"""Longer texts are looked at, but not remembered."""
_ENTRY = 120
"""Bytes a memo entry costs besides its text, roughly: slot, string header, class number."""

Signature = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A rule in the names of one kind of document."""

    index: int
    rule: Rule
    program: Node
    constant: tuple[int, ...]
    """Its atoms on fields that are constant for a kind of document."""
    fields: Mapping[str, str]
    """Name in the rule -> name in the document, where they differ."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired, and the atoms that made it."""

    member: Member
    atoms: tuple[int, ...]


class Budget:
    """Bytes that all memos together may take."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    def spend(self, size: int) -> None:
        self.spent += size

    @property
    def is_spent(self) -> bool:
        return self.spent > self.limit


class ValueMemo(dict[object, int]):
    """Value of one field -> class. A miss scans the value once."""

    def __init__(self, scanner: Scanner, group: Group) -> None:
        super().__init__()
        self._scanner, self._group = scanner, group

    def __missing__(self, value: object) -> int:
        # 1, 1.0 and True are one key to a dictionary, but not one value to a rule: only texts and null are keys themselves.
        key = value if type(value) is str or value is None else (type(value), value)
        if key is not value and key in self:
            return self[key]
        found = self._group.class_of(self._scanner.scan(value))
        size = len(value) if isinstance(value, str) else 8
        if size <= KEPT_TEXT:
            self[key] = found
            self._group.budget.spend(size + _ENTRY)
        return found


class Group:
    """The rules that meet one kind of document, with their memos.

    Args:
        members: the rules.
        scanners: what makes the matchers, shared between groups.
        fixed: the atoms on constant fields, each with its truth; they are folded into the rules.
        flat: whether every field is a key of the document itself.
        budget: what the memos draw on.
    """

    def __init__(
        self, members: Sequence[Member], scanners: Scanners, fixed: Mapping[int, bool], *, flat: bool, budget: Budget
    ) -> None:
        self.budget = budget
        self._atoms, self._flat = scanners.atoms, flat
        atoms = scanners.atoms
        self._true = frozenset(number for number, truth in fixed.items() if truth)
        self._members, programs = _reduced(members, fixed)
        by_field: dict[str | None, set[int]] = defaultdict(set)
        for number in {number for program in programs for number in atoms_of(program)}:
            by_field[atoms[number].field].add(number)
        self._keywords = Keywords(by_field.pop(None), atoms, scanners) if None in by_field else None
        whole = {number for numbers in by_field.values() for number in numbers if needs_document(atoms[number].test)}
        self._whole = sorted(whole)
        self._normal = scanners.normal
        self._fields = sorted(
            (str(name), frozenset(numbers - whole)) for name, numbers in by_field.items() if numbers - whole
        )
        self._memos = [(name, ValueMemo(scanners.of(numbers), self)) for name, numbers in self._fields]
        self._always: list[int] = []
        self._anchored: dict[int, list[int]] = defaultdict(list)
        self._index(programs)
        self._classes: dict[frozenset[int], int] = {}
        self._sets: list[frozenset[int]] = []
        self._verdicts: dict[Signature, tuple[Hit, ...]] = {}

    def _index(self, programs: Sequence[Node]) -> None:
        for position, program in enumerate(programs):
            found = anchors(program, self._atoms)
            if found is None:
                self._always.append(position)
            for number in found or ():
                self._anchored[number].append(position)
        self._programs = programs

    def __len__(self) -> int:
        return len(self._members)

    def class_of(self, atoms: frozenset[int]) -> int:
        """The number of a set of atoms that hold."""
        found = self._classes.get(atoms)
        if found is None:
            found = self._classes[atoms] = len(self._sets)
            self._sets.append(atoms)
            self.budget.spend(2 * _ENTRY + 60 * len(atoms))
        return found

    def forget(self) -> None:
        """Drop everything learnt; the rules stay."""
        for _, memo in self._memos:
            memo.clear()
        self._classes.clear()
        self._sets.clear()
        self._verdicts.clear()

    def run(self, document: Document) -> tuple[Hit, ...]:
        """The rules that fire, in order of loading."""
        if not self._members:
            return ()
        signature = self._signature(document)
        found = self._verdicts.get(signature)
        return found if found is not None else self._decide(signature)

    def _signature(self, document: Document) -> Signature:
        try:
            if self._flat:
                get = document.get
                signature = tuple([memo[get(name)] for name, memo in self._memos])
            else:
                signature = tuple([memo[_value(document, name)] for name, memo in self._memos])
        except TypeError:  # a list or an object cannot be a key
            signature = tuple([self._class_of_value(memo, document, name) for name, memo in self._memos])
        if self._whole:
            signature += (self.class_of(self._whole_truths(document)),)
        if self._keywords is not None:
            found = self._keywords.find(document)
            if found:
                signature += (self.class_of(found),)
        return signature

    def _class_of_value(self, memo: ValueMemo, document: Document, name: str) -> int:
        value = document.get(name) if self._flat else _value(document, name)
        if isinstance(value, (list, dict, tuple)):
            return self.class_of(memo._scanner.scan(value))
        return memo[value]

    def _whole_truths(self, document: Document) -> frozenset[int]:
        return frozenset(n for n in self._whole if holds_for(self._atoms, n, document, self._normal))

    def _decide(self, signature: Signature) -> tuple[Hit, ...]:
        true = self._true.union(*[self._sets[number] for number in signature])
        candidates = set(self._always)
        for number in true:
            candidates.update(self._anchored.get(number, ()))
        found = tuple(
            Hit(
                self._members[position],
                tuple(dict.fromkeys(satisfying(self._members[position].program, true.__contains__))),
            )
            for position in sorted(candidates)
            if holds(self._programs[position], true.__contains__)
        )
        self._verdicts[signature] = found
        self.budget.spend(2 * _ENTRY + 36 * len(signature) + 100 * len(found))
        return found


def _value(document: Document, name: str) -> object:
    found = read(document, name)
    return None if found is MISSING else found


def _reduced(members: Sequence[Member], fixed: Mapping[int, bool]) -> tuple[list[Member], list[Node]]:
    """The rules that can still fire once the constants are folded in, and what is left to test."""
    kept, programs = [], []
    for member in members:
        program = simplified(member.program, fixed.get) if member.constant else member.program
        if program != FALSE:
            kept.append(member)
            programs.append(program)
    return kept, programs


def as_written(value: str) -> str:
    """Texts of events as they are."""
    return value


def holds_for(atoms: AtomTable, number: int, document: Document, normal: Normal = as_written) -> bool:
    """Whether an atom holds for a document, by its plain meaning."""
    atom = atoms[number]
    if atom.field is None:
        return any(atom.test.holds(_normalised(leaf, normal)) for leaf in all_leaves(document))
    value = read(document, atom.field)
    if isinstance(atom.test, Exists):
        return (value is not MISSING) is atom.test.wanted
    if isinstance(atom.test, SameAs):
        return _same(atom.test, value, read(document, atom.test.other), normal)
    if value is MISSING:
        return atom.test.holds(None)
    return any(atom.test.holds(_normalised(leaf, normal)) for leaf in leaves(value))


def _normalised(leaf: object, normal: Normal) -> object:
    return normal(leaf) if isinstance(leaf, str) else leaf


def _same(test: SameAs, value: object, other: object, normal: Normal) -> bool:
    if value is MISSING or other is MISSING:
        return False
    return any(
        mine is not None
        and theirs is not None
        and stands(test.place, fold(normal(text(theirs))), fold(normal(text(mine))))
        for mine in leaves(value)
        for theirs in leaves(other)
    )


class Scanners:
    """Scanners by the atoms they look for; groups with the same atoms on a field share one."""

    def __init__(self, atoms: AtomTable, normal: Normal) -> None:
        self.atoms, self.normal = atoms, normal
        self._made: dict[frozenset[int], Scanner] = {}

    def of(self, numbers: frozenset[int]) -> Scanner:
        found = self._made.get(numbers)
        if found is None:
            found = self._made[numbers] = Scanner(((n, self.atoms[n].test) for n in sorted(numbers)), self.normal)
        return found

    def clear(self) -> None:
        self._made.clear()


class Keywords:
    """Keyword atoms: one pass over all values together says whether to look at each.

    The pass may only find too much: a keyword that runs over two values is thrown out by the second look.
    """

    def __init__(self, numbers: Iterable[int], atoms: AtomTable, scanners: Scanners) -> None:
        self._scanner = scanners.of(frozenset(numbers))
        self._normal = scanners.normal
        needed = sorted({_needed(atoms[number].test) for number in numbers})
        self._first = ahocorasick_rs.AhoCorasick(needed, store_patterns=False) if all(needed) else None
        self._ascii = LiteralFilter(needed) if all(needed) else None

    def find(self, document: Document) -> frozenset[int]:
        """Keyword atoms that hold for some value of the document."""
        written = _texts(document)
        if self._may_hold("\n".join(written)):
            return frozenset().union(*[self._scanner.scan(value) for value in written])
        return frozenset()

    def _may_hold(self, together: str) -> bool:
        if self._first is None or self._ascii is None:
            return True
        if together.isascii():
            return self._ascii.any_in(together)
        return bool(self._first.find_matches_as_indexes(fold(self._normal(together))))


def _texts(document: Document) -> list[str]:
    """Every value as text; null is none."""
    values = document.values()
    found = [value for value in values if type(value) is str]
    for value in [value for value in values if type(value) is not str]:
        if isinstance(value, (list, dict)):
            found.extend(text(leaf) for leaf in all_leaves(value) if leaf is not None)
        elif value is not None:
            found.append(text(value))
    return found


def _needed(test: object) -> str:
    if isinstance(test, Literal):
        return test.needle
    # a caseless expression may match letters that don't fold to its own (see scanner._needed_is_sure)
    if isinstance(test, Pattern) and (test.folded or not test.flags):
        return test.needed
    return ""
