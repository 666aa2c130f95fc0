"""Definition files of this package: YAML read safely into a model, every fault with its file and line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import Message, msg

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """Base of what is read from files: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """One text in both languages."""

    vi: str
    en: str

    def names(self) -> dict[str, str]:
        return {"vi": self.vi, "en": self.en}


def load(path: Path, model: type[Model]) -> Model:
    """The file as `model`.

    Raises:
        FaultsError: all faults of the file, each with `file:line`.
    """
    root = _compose(path)
    try:
        return model.model_validate(_construct(root))
    except ValidationError as problem:
        faults = [
            DefinitionError(
                _sentence(str(error["type"]), error["loc"], str(error["msg"])),
                where=f"{path}:{line_of(root, error['loc'])}",
            )
            for error in problem.errors()
        ]
        raise FaultsError(faults) from problem


def _compose(path: Path) -> yaml.Node:
    try:
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.MarkedYAMLError, UnicodeDecodeError) as problem:
        mark = getattr(problem, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        found = msg("không đọc được YAML: {problem}", problem=getattr(problem, "problem", None) or str(problem))
        raise FaultsError([DefinitionError(found, where=f"{path}:{line}")]) from problem
    if root is None:
        raise FaultsError([DefinitionError(msg("tệp rỗng"), where=f"{path}:1")])
    return root


def _construct(root: yaml.Node) -> object:
    loader = yaml.CSafeLoader("")
    try:
        return loader.construct_document(root)
    finally:
        loader.dispose()


def line_of(root: yaml.Node, place: Sequence[str | int]) -> int:
    """Line (from 1) of the deepest node on the way to `place` that exists in the file."""
    node, line = root, root.start_mark.line + 1
    for step in place:
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def _sentence(kind: str, place: Sequence[str | int], detail: str) -> Message:
    name = ".".join(str(step) for step in place)
    if kind == "extra_forbidden":
        return msg("khóa lạ '{name}'", name=name)
    if kind == "missing":
        return msg("thiếu khóa '{name}'", name=name)
    return msg("giá trị của '{name}' không hợp lệ: {detail}", name=name, detail=detail)
