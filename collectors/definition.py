"""YAML definition files whose faults name their line: what platforms, sources and field tables are read with.

`yaml.CSafeLoader` composes the nodes, so only plain data is ever built; the line of every key is kept beside the data, and the faults
that pydantic finds are laid on those lines, each with a close match where a name is misspelt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import Message, msg

Place: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the root to a value."""
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Definition:
    """A YAML file as plain data.

    Attributes:
        path: the file, as the faults name it.
        data: dicts, lists and scalars.
        lines: place -> line from 1, for every key and list item.
    """

    path: Path
    data: object
    lines: Mapping[Place, int]

    def fault(
        self, place: Place, found: Message, expected: Message | None = None, advice: Message | None = None
    ) -> DefinitionError:
        """A fault at `place`, or at the nearest enclosing place that has a line."""
        line = next((self.lines[place[:size]] for size in range(len(place), -1, -1) if place[:size] in self.lines), 1)
        return DefinitionError(found, expected=expected, where=f"{self.path}:{line}", advice=advice)


def read_definition(path: Path) -> Definition:
    """The file at `path`. Raises FaultsError when it is unreadable or not YAML, names a key twice, or uses aliases."""
    reader = _Reader(path)
    try:
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        data = reader.build(root, ()) if root is not None else {}
    except (OSError, UnicodeDecodeError) as problem:
        fault = DefinitionError(
            msg("không đọc được tệp"),
            expected=msg("tệp YAML mã UTF-8 đọc được"),
            where=str(path),
            advice=msg("kiểm tra quyền và bảng mã"),
        )
        raise FaultsError([fault]) from problem
    except yaml.YAMLError as problem:
        raise FaultsError([_syntax_fault(path, problem)]) from problem
    except RecursionError as problem:
        fault = DefinitionError(msg("YAML lồng quá sâu"), where=str(path), advice=msg("sửa cú pháp YAML"))
        raise FaultsError([fault]) from problem
    if reader.faults:
        raise FaultsError(reader.faults)
    return Definition(path, data, reader.lines)


def _syntax_fault(path: Path, problem: yaml.YAMLError) -> DefinitionError:
    marked = problem if isinstance(problem, yaml.MarkedYAMLError) else None
    mark = marked and (marked.problem_mark or marked.context_mark)
    where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
    found = (marked and marked.problem) or getattr(problem, "reason", "")
    return DefinitionError(
        msg("YAML sai cú pháp: {problem}", problem=found), where=where, advice=msg("sửa cú pháp YAML")
    )


class _Reader:
    """Turns composed nodes into plain data and notes the lines.

    Aliases are refused: a file of a few lines can stand for gigabytes, or for itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Place, int] = {}
        self.faults: list[DefinitionError] = []
        self._scalars = yaml.CSafeLoader("")
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, place: Place) -> object:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._refuse(node, msg("bí danh YAML (*tên) không được dùng"), msg("viết lại giá trị tại đây"))
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        try:
            return self._scalars.construct_object(node)
        except (ValueError, yaml.YAMLError):
            self._refuse(
                node, msg("giá trị '{value}' không đọc được", value=str(node.value)[:40]), msg("đặt chữ trong dấu nháy")
            )
            return None

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        built: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in built:
                self._refuse(key_node, msg("khóa '{key}' lặp lại", key=key), msg("giữ một khóa"))
            self.lines[(*place, key)] = key_node.start_mark.line + 1
            built[key] = self.build(value_node, (*place, key))
        return built

    def _refuse(self, node: yaml.Node, found: Message, advice: Message) -> None:
        where = f"{self.path}:{node.start_mark.line + 1}"
        self.faults.append(DefinitionError(found, where=where, advice=advice))


def validated(definition: Definition, model: type[Model]) -> Model:
    """The data of `definition` as `model`. Raises FaultsError with every fault, each at its line."""
    try:
        return model.model_validate(definition.data)
    except ValidationError as problem:
        raise FaultsError(list(_faults(definition, model, problem, ()))) from problem


def _faults(
    definition: Definition, model: type[BaseModel], problem: ValidationError, below: Place
) -> Iterator[DefinitionError]:
    """The faults of `model` and of the models that its validators ask."""
    for error in problem.errors():
        nested = error.get("ctx", {}).get("error")
        if isinstance(nested, NestedFaults):
            yield from _faults(definition, nested.model, nested.problem, (*below, *error["loc"], *nested.place))
        else:
            yield _fault(definition, model, error["loc"], error, below)


def _fault(
    definition: Definition, model: type[BaseModel], place: Place, error: Mapping[str, Any], below: Place
) -> DefinitionError:
    known = _known_place(definition, (*below, *place))
    if error["type"] == "extra_forbidden":
        name, names = str(place[-1]), _names_at(model, place[:-1])
        advice = advice_for(name, names) if names else msg("bỏ khóa này")
        return definition.fault(known, msg("khóa lạ '{key}'", key=name), advice=advice)
    if error["type"] == "missing":
        return definition.fault(known, msg("thiếu khóa '{key}'", key=str(place[-1])), advice=msg("thêm khóa này"))
    given = error.get("ctx", {}).get("error")
    if isinstance(given, DefinitionProblem):
        return definition.fault((*known, *given.place), given.found, given.expected, given.advice)
    return definition.fault(
        known,
        msg("giá trị không hợp lệ tại '{place}'", place=_dotted(place)),
        expected=msg("theo quy tắc: {rule}", rule=error["msg"]),
    )


def _known_place(definition: Definition, place: Place) -> Place:
    """`place` without the names of union branches that pydantic puts into it."""
    known: Place = ()
    for part in place:
        if (*known, part) in definition.lines:
            known = (*known, part)
    return known


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)


def _names_at(model: type[BaseModel], place: Place) -> Sequence[str]:
    """The keys that `model` knows at `place`; where a `kind` chooses among models, pydantic puts it into the place."""
    options = [model]
    for part in place:
        chosen = [one for one in options if part in _kinds_of(one)]
        fields = [one.model_fields[str(part)] for one in options if str(part) in one.model_fields]
        options = chosen or [found for field in fields for found in _models_in(field.annotation)] or options
    return [field.alias or name for name, field in options[0].model_fields.items()]


def _kinds_of(model: type[BaseModel]) -> Sequence[object]:
    """The values of `kind` that stand for a model of a union."""
    kind = model.model_fields.get("kind")
    return () if kind is None else get_args(kind.annotation)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def advice_for(name: str, known: Sequence[str]) -> Message:
    """What to write in place of `name`: the closest of `known`, or all of them."""
    close = get_close_matches(name, known, n=1)
    if close:
        return msg("có phải '{name}'?", name=close[0])
    return msg("dùng một trong: {names}", names=", ".join(known))


class DefinitionProblem(ValueError):  # noqa: N818 - travels inside pydantic and becomes a DefinitionError
    """A fault that a validator of ours finds, in both languages, with the place below the validated value."""

    def __init__(
        self, found: Message, expected: Message | None = None, advice: Message | None = None, place: Place = ()
    ) -> None:
        super().__init__(str(found))
        self.found, self.expected, self.advice, self.place = found, expected, advice, place


class NestedFaults(ValueError):  # noqa: N818 - travels inside pydantic and becomes DefinitionErrors
    """The faults of another model, which a validator found in a part of its value, with the place of that part."""

    def __init__(self, model: type[BaseModel], problem: ValidationError, place: Place) -> None:
        super().__init__(str(problem))
        self.model, self.problem, self.place = model, problem, place
