"""YAML 1.2 for rule files: `no` is a text, `12:30:45` is no number, `010` is ten, keys are unique.

PyYAML reads YAML 1.1. Source: YAML 1.2.2 section 10.3 (core schema), to which the Sigma specification links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml


class _Loader(yaml.CSafeLoader):
    """The safe C loader with the scalars of the core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol


class DuplicateKeyError(yaml.MarkedYAMLError):
    """The same key twice in one mapping: one of the two would be lost silently."""


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


def load_documents(data: bytes) -> Iterator[YamlDocument]:
    """The documents of a file, in order, empty ones left out.

    Raises:
        yaml.YAMLError: not YAML, or a duplicate key; documents before the fault have been given.
    """
    loader = _Loader(data)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and not _is_empty(node):
                yield YamlDocument(loader.construct_document(node), node.start_mark.line + 1)
    finally:
        loader.dispose()


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""


def line_of(data: bytes, document_line: int, path: Sequence[object]) -> int:
    """The line of the key or item at `path` in the document that begins at `document_line`; as deep as the path exists."""
    node = next((n for n in yaml.compose_all(data, _Loader) if n.start_mark.line + 1 == document_line), None)
    line = document_line
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        node, line = found
    return line


def _step(node: object, step: object) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None
