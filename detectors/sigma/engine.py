"""The engine: documents in, matches out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from detectors.alert import Explanation
from detectors.sigma.adapt import adapt
from detectors.sigma.databases import Databases
from detectors.sigma.explain import explain_program, explain_rule, labelled
from detectors.sigma.kept import Kept
from detectors.sigma.keywords import JsonScreen, Screened, Text, needed_text
from detectors.sigma.normal import Normal
from detectors.sigma.predicates import SameAs, Test
from detectors.sigma.routing import CONSTANT_FIELDS, SAME, Fields, Origin, origin_of, select
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import AUTO, RuleSet, normal_of
from detectors.sigma.table import Budget, Group, Hit, Member, Program, Scanners, holds_for, holds_inside
from detectors.sigma.tree import Atom, AtomTable, renamed
from detectors.sigma.values import MISSING, Document, read

_EVERYWHERE = Origin()
_MAX_ROUTES = 4096
_MAX_GROUPS = 512


@dataclass(frozen=True)
class Match:
    """A rule that holds for a document.

    Attributes:
        rule: the rule.
        document: the document as the rule read it (EVTX and Winlogbeat made flat).
    """

    rule: Rule
    document: Document
    _hit: Hit
    _atoms: AtomTable
    _normal: Normal

    @cached_property
    def matched(self) -> Mapping[str, object]:
        """Field -> value that satisfied the rule; empty for a rule that holds by what is absent."""
        found: dict[str, object] = {}
        for number in self._hit.atoms:
            atom = self._atoms[number]
            if atom.field is None:
                found.update(_keyword_place(atom.test, self.document, self._normal))
            elif atom.field not in found:
                value = read(self.document, atom.field)
                found[atom.field] = None if value is MISSING else value
        return found

    @property
    def place(self) -> int:
        """Place of the rule in the rule set."""
        return self._hit.member.index

    def value_of(self, name: str) -> object:
        """The value of a field under the name the rule has for it; MISSING where there is none."""
        return read(self.document, self._hit.member.fields.get(name, name))

    def explain(self) -> Explanation:
        """The condition tree of the rule with what held, in the names under which the rule has read the document."""
        program = self._hit.member.program.node
        return labelled(explain_program(program, self._atoms, self.document, self._normal), self.rule.labels)


def _keyword_place(test: Test, document: Document, normal: Normal) -> Iterator[tuple[str, object]]:
    """The first field, by name, whose value holds the keyword: a store keeps no other order of fields."""
    for name, value in sorted(document.items()):
        if holds_inside(test, value, normal):
            yield name, value
            return


class Engine:
    """Matches documents against a rule set.

    Args:
        ruleset: the rules.
        cache_bytes: about how much the decision table may remember; beyond it everything learnt is dropped at once.
        kept: where matchers of earlier runs lie; None makes them all anew.
    """

    def __init__(self, ruleset: RuleSet, cache_bytes: int = 160 << 20, kept: Kept | None = None) -> None:
        self.ruleset = ruleset
        self._routed = ruleset.pipeline == AUTO
        self._by_source: dict[LogSource, list[int]] = defaultdict(list)
        for index, rule in enumerate(ruleset.rules):
            self._by_source[rule.logsource].append(index)
        self._budget = Budget(cache_bytes)
        self._databases = Databases(kept)
        self._scanners = Scanners(ruleset.atoms, normal_of(ruleset.pipeline), self._databases)
        self._windows: dict[tuple[object, ...], Group] = {}
        self._routes: dict[Origin, Group] = {}
        self._groups: dict[tuple[object, ...], Group] = {}
        self._members: dict[tuple[int, int], Member] = {}

    def match(self, document: Document, raw: Text | None = None, block: Screened | None = None) -> list[Match]:
        """The rules that hold, in order of loading; those that only feed correlations as well (`rule.reported` False).

        Args:
            document: the event, in any of the shapes that `adapt` knows.
            raw: its JSON text, where there is one: keywords are looked for in it first.
            block: what `screen` found in a longer text of which `raw` is a part.
        """
        if self._budget.spent > self._budget.limit:
            self._forget()
        if not self._routed:
            hits = self._group_at(_EVERYWHERE).run(document, raw, block)
        elif "Channel" in document:
            hits = self._windows_group(document).run(document, raw, block)
        else:
            document = adapt(document)
            group = self._windows_group(document) if "Channel" in document else self._group_at(origin_of(document))
            hits = group.run(document, raw, block)
        return self._matches(hits, document) if hits else []

    def _windows_group(self, document: Document) -> Group:
        """The group of a Windows event: by one look-up, since they are the most numerous by far."""
        get = document.get
        number, provider = get("EventID"), get("Provider_Name")
        if (
            type(number) is not int and type(number) is not str
        ):  # 1.0 and True are the same key as 1, and no event number
            return self._group_at(origin_of(document))
        if provider is None:
            provider = get("SourceName")
        key = (get("Channel"), number, provider, get("soc.platform"), get("event.dataset"))
        try:
            return self._windows[key]
        except (KeyError, TypeError):
            found = self._group_at(origin_of(document))
            if all(part is None or type(part) is str for part in (key[0], *key[2:])):
                self._windows[key] = found
            return found

    def _group_at(self, origin: Origin) -> Group:
        found = self._routes.get(origin)
        return self._open(origin) if found is None else found

    def _matches(self, hits: tuple[Hit, ...], document: Document) -> list[Match]:
        if self._routed and "Channel" in document and "SourceName" in document and "Provider_Name" not in document:
            document = {**document, "Provider_Name": document["SourceName"]}
        return [Match(hit.member.rule, document, hit, self.ruleset.atoms, self._scanners.normal) for hit in hits]

    def screen(self, raw: Text) -> Screened:
        """Which keywords of all the rules may stand in a JSON text of many documents, for `match`."""
        return self._screen.screen(raw)

    @cached_property
    def _screen(self) -> JsonScreen:
        tests = (atom.test for atom in self.ruleset.atoms if atom.field is None)
        return JsonScreen(sorted({needed_text(test) for test in tests} - {""}), self._databases)

    def explain(self, rule: Rule, document: Document) -> Explanation:
        """Why a rule does or doesn't hold for a document, whatever its log source."""
        if self._routed:
            return explain_rule(rule, self.ruleset.atoms, adapt(document), self._scanners.normal)
        program = explain_program(rule.program, self.ruleset.atoms, document, self._scanners.normal)
        return labelled(program, rule.labels)

    def _forget(self) -> None:
        for group in self._groups.values():
            group.forget()
        self._budget.spent = 0

    def _open(self, origin: Origin) -> Group:
        """The group of an origin not met before; origins with the same rules and constants share one."""
        if len(self._routes) >= _MAX_ROUTES or len(self._groups) >= _MAX_GROUPS:
            self._windows.clear()
            self._routes.clear()
            self._groups.clear()
            self._scanners.clear()
            self._budget.spent = 0
        members = [self._member(index, fields) for index, fields in self._selected(origin)]
        fixed = self._fixed(members, origin.constants)
        key = (tuple(map(id, members)), frozenset(fixed.items()), origin.is_known)
        group = self._groups.get(key)
        if group is None:
            flat = self._routed and origin.is_known
            group = self._groups[key] = Group(members, self._scanners, fixed, flat=flat, budget=self._budget)
        self._routes[origin] = group
        return group

    def _fixed(self, members: list[Member], constants: Mapping[str, object]) -> dict[int, bool]:
        """The truth of the atoms on fields that are the same for every document of an origin."""
        atoms = self.ruleset.atoms
        numbers = {n for member in members for n in member.constant if atoms[n].field in constants}
        return {n: holds_for(atoms, n, constants, self._scanners.normal) for n in numbers}

    def _selected(self, origin: Origin) -> list[tuple[int, Fields]]:
        """Places of the rules that read documents of an origin, in order, with the names their fields have there."""
        if not self._routed:
            return [(index, SAME) for index in range(len(self.ruleset.rules))]
        found = select(self._by_source, origin)
        places = ((index, fields) for source, fields in found.items() for index in self._by_source[source])
        return sorted(places, key=itemgetter(0))

    def _member(self, index: int, fields: Fields) -> Member:
        """The rule in the names of a kind of document; kept, so that a group is recognised by its members."""
        found = self._members.get((index, id(fields)))
        if found is None:
            atoms, rule = self.ruleset.atoms, self.ruleset.rules[index]
            node = renamed(rule.program, lambda n: self._in_names(n, fields)) if fields else rule.program
            program = Program.of(node, atoms)
            constant = tuple(n for n in program.atoms if self._is_constant(atoms[n])) if self._routed else ()
            found = self._members[index, id(fields)] = Member(index, rule, program, constant, fields)
        return found

    @staticmethod
    def _is_constant(atom: Atom) -> bool:
        return atom.field in CONSTANT_FIELDS and not isinstance(atom.test, SameAs)

    def _in_names(self, number: int, fields: Fields) -> int:
        atom = self.ruleset.atoms[number]
        if atom.field is None or atom.field not in fields:
            return number
        return self.ruleset.atoms.number(Atom(fields[atom.field], atom.test))
