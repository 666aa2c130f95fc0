"""The decision table: from the values of an event to the rules that fire, learnt from the events themselves.

Two levels, filled lazily. A value memo per field says which class a value belongs to - the set of atoms that hold for it - and
costs one dictionary look-up when the value was seen before. A signature memo says which rules fire for the classes of all
fields together. Only an unseen signature evaluates rules, and of those only the ones an anchor atom calls for. So the cost
follows the novelty of the data, not the number of rules. Every memo draws on one budget of bytes and is thrown away when
that is spent: unique values, however many, cannot grow anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from operator import getitem

from detectors.sigma.databases import Databases
from detectors.sigma.folding import fold
from detectors.sigma.keywords import Keywords, Screened, Text
from detectors.sigma.normal import Normal, verbatim
from detectors.sigma.predicates import Exists, SameAs, Test, needs_document, stands
from detectors.sigma.rule import Rule
from detectors.sigma.scanner import Scanner
from detectors.sigma.tree import FALSE, AtomTable, Node, anchors, atoms_of, holds, satisfying, simplified
from detectors.sigma.values import MISSING, Document, all_leaves, leaves, read, text

KEPT_TEXT = 64 << 10
"""Longer texts are looked at, but not remembered."""
_ENTRY = 120
"""Bytes a memo entry costs besides its text, roughly: slot, string header, class number."""

Signature = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A condition, with what a group wants to know of it."""

    node: Node
    atoms: frozenset[int]
    anchors: frozenset[int] | None

    @classmethod
    def of(cls, node: Node, table: AtomTable) -> Program:
        """Looked into once."""
        return cls(node, frozenset(atoms_of(node)), anchors(node, table))


@dataclass(frozen=True, slots=True)
class Member:
    """A rule in the names of one kind of document.

    Attributes:
        constant: its atoms on fields that are constant for a kind of document.
        fields: name in the rule -> name in the document, where they differ.
    """

    index: int
    rule: Rule
    program: Program
    constant: tuple[int, ...]
    fields: Mapping[str, str]


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


class ValueMemo(dict[object, int]):
    """Value of one field -> class. A miss scans the value once."""

    def __init__(self, make: Callable[[], Scanner], group: Group) -> None:
        super().__init__()
        self._make, self._group = make, group

    @cached_property
    def scanner(self) -> Scanner:
        """What looks at a new value; made for the first one, since many a field never comes."""
        return self._make()

    def __missing__(self, value: object) -> int:
        # 1, 1.0 and True are one key to a dictionary, but not one value to a rule: only texts and null are keys themselves.
        key = value if type(value) is str or value is None else (type(value), value)
        if key is not value and key in self:
            return self[key]
        found = self._group.class_of(self.scanner.scan(value))
        size = len(value) if isinstance(value, str) else 8
        if size <= KEPT_TEXT:
            self[key] = found
            self._group.budget.spend(size + _ENTRY)
        return found


class PairMemo(dict[tuple[object, object], int]):
    """Values of two fields -> class of one atom that compares them."""

    def __init__(self, number: int, test: SameAs, group: Group, normal: Normal) -> None:
        super().__init__()
        self._number, self._test, self._group, self._normal = number, test, group, normal

    def __missing__(self, pair: tuple[object, object]) -> int:
        found = self._group.class_of(frozenset((self._number,) if _same(self._test, *pair, self._normal) else ()))
        if type(pair[0]) is str and type(pair[1]) is str and len(pair[0]) + len(pair[1]) <= KEPT_TEXT:
            self[pair] = found
            self._group.budget.spend(len(pair[0]) + len(pair[1]) + _ENTRY)
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
        self._true = frozenset(number for number, truth in fixed.items() if truth)
        self._members, self._programs = _reduced(members, fixed, self._atoms)
        self._lay_out(scanners)
        self._always: list[int] = []
        self._anchored: dict[int, list[int]] = defaultdict(list)
        self._index()
        self._classes: dict[frozenset[int], int] = {}
        self._sets: list[frozenset[int]] = []
        self._verdicts: dict[Signature, tuple[Hit, ...]] = {}

    def _lay_out(self, scanners: Scanners) -> None:
        """Which fields there are to look at, and how."""
        by_field: dict[str | None, set[int]] = defaultdict(set)
        for number in frozenset[int]().union(*[program.atoms for program in self._programs]):
            by_field[self._atoms[number].field].add(number)
        self._keywords = scanners.keywords(by_field.pop(None)) if None in by_field else None
        named = [(str(name), numbers) for name, numbers in sorted(by_field.items(), key=str)]
        whole = {n for _, numbers in named for n in numbers if needs_document(self._atoms[n].test)}
        tested = [(name, frozenset(numbers - whole)) for name, numbers in named if numbers - whole]
        self._names = [name for name, _ in tested]
        self._memos = [ValueMemo(partial(scanners.of, numbers), self) for _, numbers in tested]
        self._presence = [n for n in sorted(whole) if isinstance(self._atoms[n].test, Exists)]
        self._pairs = [
            (str(self._atoms[n].field), test.other, PairMemo(n, test, self, scanners.normal))
            for n in sorted(whole)
            if isinstance(test := self._atoms[n].test, SameAs)
        ]
        self._crosses = bool(self._presence or self._pairs)
        self._clean: Screened | None = None  # the block that is known to hold none of the keywords

    def _index(self) -> None:
        for position, program in enumerate(self._programs):
            if program.anchors is None:
                self._always.append(position)
            for number in program.anchors or ():
                self._anchored[number].append(position)

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
        for memo in self._memos:
            memo.clear()
        for _, _, pairs in self._pairs:
            pairs.clear()
        self._classes.clear()
        self._sets.clear()
        self._verdicts.clear()

    def run(self, document: Document, raw: Text | None, block: Screened | None) -> tuple[Hit, ...]:
        """The rules that fire, in order of loading; `raw` and `block` are those of `Engine.match`."""
        if not self._members:
            return ()
        try:
            if self._flat:
                signature = tuple(map(getitem, self._memos, map(document.get, self._names)))
            else:
                signature = tuple(map(getitem, self._memos, [_value(document, name) for name in self._names]))
        except TypeError:  # a list or an object cannot be a key
            signature = tuple(self._class_of_value(memo, self._read(document, name)) for name, memo in self._fields())
        if self._crosses or (self._keywords is not None and (block is None or block is not self._clean)):
            signature = self._completed(signature, document, raw, block)
        found = self._verdicts.get(signature)
        return self._decide(signature) if found is None else found

    def _fields(self) -> Iterator[tuple[str, ValueMemo]]:
        return zip(self._names, self._memos, strict=True)

    def _completed(
        self, signature: Signature, document: Document, raw: Text | None, block: Screened | None
    ) -> Signature:
        """With what more than one value decides."""
        if self._presence:
            present = (n for n in self._presence if holds_for(self._atoms, n, document))
            signature += (self.class_of(frozenset(present)),)
        for name, other, memo in self._pairs:
            pair = (read(document, name), read(document, other))
            signature += (memo[pair] if _are_keys(pair) else memo.__missing__(pair),)
        if self._keywords is None:
            return signature
        if block is not None and raw is not None and self._keywords.are_excluded_by(block):
            self._clean = block
            return signature
        found = self._keywords.find(document, raw)
        return (*signature, self.class_of(found)) if found else signature

    def _read(self, document: Document, name: str) -> object:
        return document.get(name) if self._flat else _value(document, name)

    def _class_of_value(self, memo: ValueMemo, value: object) -> int:
        if isinstance(value, (list, dict, tuple)):
            return self.class_of(memo.scanner.scan(value))
        return memo[value]

    def _decide(self, signature: Signature) -> tuple[Hit, ...]:
        true = self._true.union(*[self._sets[number] for number in signature])
        candidates = set(self._always)
        for number in true:
            candidates.update(self._anchored.get(number, ()))
        found = tuple(
            Hit(
                self._members[place],
                tuple(dict.fromkeys(satisfying(self._members[place].program.node, true.__contains__))),
            )
            for place in sorted(candidates)
            if holds(self._programs[place].node, true.__contains__)
        )
        self._verdicts[signature] = found
        self.budget.spend(2 * _ENTRY + 36 * len(signature) + 100 * len(found))
        return found


def _are_keys(pair: tuple[object, object]) -> bool:
    return type(pair[0]) is str and type(pair[1]) is str


def _value(document: Document, name: str) -> object:
    found = read(document, name)
    return None if found is MISSING else found


def _reduced(
    members: Sequence[Member], fixed: Mapping[int, bool], table: AtomTable
) -> tuple[list[Member], list[Program]]:
    """The rules that can still fire once the constants are folded in, and what is left to test."""
    kept, programs = [], []
    for member in members:
        program = member.program
        if member.constant:
            node = simplified(program.node, fixed.get)
            if node == FALSE:
                continue
            program = Program.of(node, table)
        kept.append(member)
        programs.append(program)
    return kept, programs


def holds_for(atoms: AtomTable, number: int, document: Document, normal: Normal = verbatim) -> bool:
    """Whether an atom holds for a document, by its plain meaning."""
    atom = atoms[number]
    if atom.field is None:
        return holds_inside(atom.test, document, normal)
    value = read(document, atom.field)
    if isinstance(atom.test, Exists):
        return (value is not MISSING) is atom.test.wanted
    if isinstance(atom.test, SameAs):
        return _same(atom.test, value, read(document, atom.test.other), normal)
    if value is MISSING:
        return atom.test.holds(None)
    return any(atom.test.holds(_normalised(leaf, normal)) for leaf in leaves(value))


def holds_inside(test: Test, value: object, normal: Normal) -> bool:
    """Whether a keyword test holds for any scalar inside a value."""
    return any(test.holds(_normalised(leaf, normal)) for leaf in all_leaves(value))


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

    def __init__(self, atoms: AtomTable, normal: Normal, databases: Databases) -> None:
        self.atoms, self.normal, self._databases = atoms, normal, databases
        self._made: dict[frozenset[int], Scanner] = {}
        self._keywords: dict[frozenset[int], Keywords] = {}

    def of(self, numbers: frozenset[int]) -> Scanner:
        """The scanner of some atoms, all on one field or all keywords."""
        found = self._made.get(numbers)
        if found is None:
            tests = ((n, self.atoms[n].test) for n in sorted(numbers))
            found = self._made[numbers] = Scanner(tests, self.normal, self._databases)
        return found

    def keywords(self, numbers: Iterable[int]) -> Keywords:
        """The search for some keyword atoms."""
        key = frozenset(numbers)
        found = self._keywords.get(key)
        if found is None:
            tests = [self.atoms[n].test for n in sorted(key)]
            found = self._keywords[key] = Keywords(tests, self.of(key), self.normal, self._databases)
        return found

    def clear(self) -> None:
        self._made.clear()
        self._keywords.clear()
