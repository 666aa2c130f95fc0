"""Regular expressions whose search time can grow exponentially with the text: `(a+)+$` on thirty letters a.

Python's `re` tries one way through an expression after the other. Inside a repetition that can read the same text in two
ways the number of ways doubles with each turn. Whether there is such a text is decided exactly on the automaton of the
repetition: two different runs over one text that leave one state and meet there again (exponential degree of ambiguity;
Weber and Seidl, On the degree of ambiguity of finite automata, 1991). Counts above two are read as two, and look-arounds and
back references as empty.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, TypeVar

from detectors.sigma.folding import fold

_Node = TypeVar("_Node", bound=Hashable)

_MANY = 10
"""A repetition of a repetition that may turn so often is as bad as one without bound."""
_MAX_STATES = 300
"""Larger repetitions are taken for exponential: nobody can tell what they do."""
_PROBES = "".join(map(chr, range(9, 127))) + "\x00\x1c\xa0\u0110\u0111\u2028\u4e00"
"""What stands for all letters, besides those the expression names."""

_READERS = frozenset({sre.ANY, sre.LITERAL, sre.NOT_LITERAL, sre.IN})
_REPEATS = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT})


def is_exponential(regex: str, flags: int = 0) -> bool:
    """Whether some text makes a search for the expression take exponential time.

    Raises:
        ValueError: (re.error) not a regular expression.
    """
    parsed = _parser.parse(regex, flags)
    letters = "".join(dict.fromkeys(_PROBES + "".join(_named_letters(parsed))))
    matcher = _Letters(letters, parsed.state.flags | _scoped_flags(parsed))
    return any(_Automaton.of_loop(body, matcher).is_ambiguous() for body in _nested_loops(parsed))


def _nested_loops(parsed: Any) -> Iterator[Any]:
    """Bodies of the outermost repetitions without bound that leave a choice inside."""
    for op, argument in parsed:
        if op in _REPEATS and argument[1] >= _MANY and _has_choice(argument[2]):
            yield argument[2]
        else:
            for inner in _inside(op, argument):
                yield from _nested_loops(inner)


def _has_choice(parsed: Any) -> bool:
    return any(
        op is sre.BRANCH
        or (op in _REPEATS and argument[0] != argument[1])
        or any(map(_has_choice, _inside(op, argument)))
        for op, argument in parsed
    )


def _inside(op: Any, argument: Any) -> list[Any]:
    """The expressions inside of one. What cannot be entered twice (atomic, possessive) is left out."""
    if op in _REPEATS:
        return [argument[2]]
    if op is sre.SUBPATTERN:
        return [argument[3]]
    if op is sre.BRANCH:
        return list(argument[1])
    return [argument[1]] if op in (sre.ASSERT, sre.ASSERT_NOT) else []


def _scoped_flags(parsed: Any) -> int:
    """Flags set for a part, such as (?i:...): taken for those of the whole, which can only find more ambiguity."""
    found = 0
    for op, argument in parsed:
        found |= argument[1] if op is sre.SUBPATTERN else 0
        for inner in _inside(op, argument):
            found |= _scoped_flags(inner)
    return found


def _named_letters(parsed: Any) -> Iterator[str]:
    """Letters the expression names, the ends of its ranges, and their neighbours."""
    for op, argument in parsed:
        if op in (sre.LITERAL, sre.NOT_LITERAL):
            yield chr(argument)
        elif op is sre.RANGE:
            yield from (chr(code) for end in argument for code in (end - 1, end, end + 1) if 0 <= code < 0x110000)
        elif op is sre.IN:
            yield from _named_letters(argument)
        else:
            for inner in _inside(op, argument):
                yield from _named_letters(inner)


class _Letters:
    """Which letters of the sample one element of the expression reads, as bits."""

    def __init__(self, letters: str, flags: int) -> None:
        self._letters, self._flags = letters, flags
        self._caseless = bool(flags & sre.SRE_FLAG_IGNORECASE)

    def read_by(self, op: Any, argument: Any) -> int:
        return sum(1 << index for index, letter in enumerate(self._letters) if self._reads(op, argument, letter))

    def _reads(self, op: Any, argument: Any, letter: str) -> bool:
        if op is sre.ANY:
            return letter != "\n" or bool(self._flags & sre.SRE_FLAG_DOTALL)
        if op is sre.LITERAL:
            return self._same(letter, chr(argument))
        if op is sre.NOT_LITERAL:
            return not self._same(letter, chr(argument))
        negated = any(inner is sre.NEGATE for inner, _ in argument)
        return negated is not any(self._in_class(inner, what, letter) for inner, what in argument)

    def _in_class(self, op: Any, argument: Any, letter: str) -> bool:
        if op is sre.LITERAL:
            return self._same(letter, chr(argument))
        if op is sre.RANGE:
            forms = (letter, letter.lower(), letter.upper()) if self._caseless else (letter,)
            return any(argument[0] <= ord(form) <= argument[1] for form in forms if len(form) == 1)
        return op is sre.CATEGORY and _in_category(argument, letter)

    def _same(self, letter: str, wanted: str) -> bool:
        return letter == wanted or (self._caseless and fold(letter) == fold(wanted))


def _in_category(category: Any, letter: str) -> bool:
    kinds = {
        sre.CATEGORY_DIGIT: letter.isdigit(),
        sre.CATEGORY_SPACE: letter.isspace(),
        sre.CATEGORY_WORD: letter.isalnum() or letter == "_",
        sre.CATEGORY_NOT_DIGIT: not letter.isdigit(),
        sre.CATEGORY_NOT_SPACE: not letter.isspace(),
        sre.CATEGORY_NOT_WORD: not (letter.isalnum() or letter == "_"),
    }
    return kinds[category]


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the automaton: states it can begin and end with, each as often as there are ways; ways through it empty."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empty: int = 1


@dataclass
class _Automaton:
    """States are the places of the expression that read a letter (Glushkov); steps are counted, as two make a choice."""

    letters: _Letters
    reads: list[int] = field(default_factory=list)
    steps: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of_loop(cls, body: Any, letters: _Letters) -> _Automaton:
        """The automaton of `(body)*`."""
        found = cls(letters)
        found._looped(found._sequence(body))
        return found

    def _sequence(self, parsed: Iterable[Any]) -> _Part:
        whole = _Part()
        for op, argument in parsed:
            whole = self._joined(whole, self._element(op, argument))
        return whole

    def _element(self, op: Any, argument: Any) -> _Part:
        if op in _REPEATS or op is sre.POSSESSIVE_REPEAT:
            return self._repeat(*argument)
        if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
            return self._sequence(argument[3] if op is sre.SUBPATTERN else argument)
        if op is sre.BRANCH:
            return self._either([self._sequence(part) for part in argument[1]])
        return self._state(op, argument) if op in _READERS else _Part()

    def _state(self, op: Any, argument: Any) -> _Part:
        self.reads.append(self.letters.read_by(op, argument))
        number = (len(self.reads) - 1,)
        return _Part(number, number, 0)

    def _repeat(self, least: int, most: int, body: Any) -> _Part:
        whole = _Part()
        for _ in range(min(least, 2)):
            whole = self._joined(whole, self._sequence(body))
        if most >= _MANY:
            return self._joined(whole, self._optional(self._looped(self._sequence(body))))
        if most > least:
            whole = self._joined(whole, self._optional(self._sequence(body)))
        return whole

    def _looped(self, part: _Part) -> _Part:
        self._link(part.last, part.first)
        return part

    @staticmethod
    def _optional(part: _Part) -> _Part:
        """One way around, whatever there was: `re` leaves a turn that reads nothing at once."""
        return _Part(part.first, part.last, 1)

    @staticmethod
    def _either(parts: list[_Part]) -> _Part:
        first = tuple(state for part in parts for state in part.first)
        last = tuple(state for part in parts for state in part.last)
        return _Part(first, last, min(sum(part.empty for part in parts), 2))

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._link(one.last, other.first)
        first = one.first + other.first * one.empty
        last = other.last + one.last * other.empty
        return _Part(first, last, min(one.empty * other.empty, 2))

    def _link(self, sources: Iterable[int], targets: tuple[int, ...]) -> None:
        for source in sources:
            self.steps[source].extend(targets)

    def is_ambiguous(self) -> bool:
        """Whether two different runs over one text leave a state and meet there again."""
        if len(self.reads) > _MAX_STATES:
            return True
        steps = {source: [t for t in targets if self.reads[t]] for source, targets in self.steps.items()}
        return _doubled_on_circle(steps) or self._parted_on_circle(steps)

    def _parted_on_circle(self, steps: Mapping[int, Sequence[int]]) -> bool:
        """Whether a pair of different states lies on a circle with a pair of equal ones."""
        pairs: dict[tuple[int, int], list[tuple[int, int]]] = {}
        waiting = [(state, state) for state in steps]
        while waiting:
            pair = waiting.pop()
            if pair not in pairs:
                pairs[pair] = [
                    (one, other)
                    for one in steps.get(pair[0], ())
                    for other in steps.get(pair[1], ())
                    if self.reads[one] & self.reads[other]
                ]
                waiting.extend(pairs[pair])
        components = _components(pairs)
        whole = {components[pair] for pair in pairs if pair[0] == pair[1]}
        return any(one != other and components[one, other] in whole for one, other in pairs)


def _doubled_on_circle(steps: Mapping[int, Sequence[int]]) -> bool:
    """Whether there are two ways for one step that can be taken again and again."""
    components = _components(steps)
    return any(
        count > 1 and components[source] == components.get(target)
        for source, targets in steps.items()
        for target, count in Counter(targets).items()
    )


def _components(graph: Mapping[_Node, Sequence[_Node]]) -> dict[_Node, _Node]:
    """For each node one that stands for all it can go to and come back from (Kosaraju)."""
    back: dict[_Node, list[_Node]] = defaultdict(list)
    for source, targets in graph.items():
        for target in targets:
            back[target].append(source)
    order: list[_Node] = []
    seen: set[_Node] = set()
    for node in graph:
        order.extend(_finished(node, graph, seen))
    found: dict[_Node, _Node] = {}
    seen = set()
    for root in reversed(order):
        found.update(dict.fromkeys(_finished(root, back, seen), root))
    return found


def _finished(start: _Node, graph: Mapping[_Node, Sequence[_Node]], seen: set[_Node]) -> list[_Node]:
    """Nodes reached from `start` and not seen before, each after those it leads to."""
    if start in seen:
        return []
    seen.add(start)
    order, open_ = [], [(start, iter(graph.get(start, ())))]
    while open_:
        node, targets = open_[-1]
        following = next((target for target in targets if target not in seen), None)
        if following is None:
            order.append(node)
            open_.pop()
        else:
            seen.add(following)
            open_.append((following, iter(graph.get(following, ()))))
    return order
