"""YAML 1.2 for rule files: `no` is a text, `12:30:45` is no number, `010` is ten, keys are unique.

PyYAML reads YAML 1.1. Source: YAML 1.2.2 section 10.3 (core schema), to which the Sigma specification links. A file cannot
exhaust the machine either: depth and what anchors unfold to are bounded before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

MAX_DEPTH = 64
"""Levels of nesting; no rule needs ten, and the scanner's time grows with the square of the depth."""
MAX_UNFOLDED = 1_000_000
"""Nodes that aliases may stand for in one document, all repetitions counted."""
_MARGIN = re.compile(rb"^(?:[ \t]|[-?:](?=[ \t]))*", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """The safe C loader with the scalars of the core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol


class DuplicateKeyError(yaml.MarkedYAMLError):
    """The same key twice in one mapping: one of the two would be lost silently."""


class TooMuchError(yaml.MarkedYAMLError):
    """A document that would exhaust the machine: too deep, or anchors that unfold without end."""


def _mapping(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> dict[object, object]:
    found: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, (str, int, float, bool, type(None))):
            raise yaml.MarkedYAMLError(problem=f"key {key!r} is no scalar", problem_mark=key_node.start_mark)
        if key in found:
            raise DuplicateKeyError(problem=f"duplicate key {key!r}", problem_mark=key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _integer(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> int:
    digits = str(loader.construct_scalar(node))
    return int(digits, 8 if digits.startswith("0o") else 16 if digits.startswith("0x") else 10)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a file: its content, and the line (from 1) it begins at."""

    content: object
    line: int
    node: yaml.Node

    def place(self, path: Sequence[object] = ()) -> tuple[int, int]:
        """Line and column (from 1) of the key or item at `path`, as deep as the path exists."""
        node, mark = self.node, self.node.start_mark
        for step in path:
            found = _step(node, step)
            if found is None:
                break
            node, mark = found
        return mark.line + 1, mark.column + 1


def load_documents(data: bytes) -> Iterator[YamlDocument]:
    """The documents of a file, in order, empty ones left out.

    Raises:
        yaml.YAMLError: not YAML, a duplicate key, nested too deep, or anchors that unfold to too much; documents before
            the fault have been given.
    """
    if _may_be_deep(data):
        _check_depth(data)
    loader = _Loader(data)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and not _is_empty(node):
                if b"&" in data:
                    _Unfolding().measure(node)
                yield YamlDocument(loader.construct_document(node), node.start_mark.line + 1, node)
    finally:
        loader.dispose()


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""


def _may_be_deep(data: bytes) -> bool:
    """A quick bound from above on the depth: brackets, and the widest margin of a line."""
    brackets = data.count(b"[") + data.count(b"{")
    return brackets + max(map(len, _MARGIN.findall(data)), default=0) > MAX_DEPTH


def _check_depth(data: bytes) -> None:
    """Walk the events only, which stops at the first one that is too deep."""
    depth = 0
    for event in yaml.parse(data, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_much(event, f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Unfolding:
    """How large and deep a document is once each alias is replaced by what its anchor names."""

    def __init__(self) -> None:
        self._measured: dict[int, tuple[int, int] | None] = {}
        self._repeated = 0

    def measure(self, node: yaml.Node) -> tuple[int, int]:
        """Nodes and levels of `node`, everything inside counted as often as it is named.

        Raises:
            TooMuchError: an anchor inside itself, or too much in all.
        """
        if id(node) in self._measured:
            return self._again(node)
        self._measured[id(node)] = None
        inside = [self.measure(child) for child in _children(node)]
        size = 1 + sum(size for size, _ in inside)
        depth = 1 + max((depth for _, depth in inside), default=0)
        if depth > MAX_DEPTH:
            raise _too_much(node, f"aliases nest deeper than {MAX_DEPTH} levels")
        self._measured[id(node)] = size, depth
        return size, depth

    def _again(self, node: yaml.Node) -> tuple[int, int]:
        known = self._measured[id(node)]
        if known is None:
            raise _too_much(node, "an anchor contains itself")
        self._repeated += known[0]
        if self._repeated > MAX_UNFOLDED:
            raise _too_much(node, f"aliases unfold to more than {MAX_UNFOLDED} nodes")
        return known


def _too_much(at: yaml.Node | yaml.Event, problem: str) -> TooMuchError:
    return TooMuchError(problem=problem, problem_mark=at.start_mark)  # type: ignore[arg-type]  # the C parser's own mark


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _step(node: yaml.Node, step: object) -> tuple[yaml.Node, yaml.Mark] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark
    return None
