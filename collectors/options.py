"""Options of parsers: what a format leaves open - a separator, the names of columns, a pattern - checked when it is declared.

A parser that takes some has a pydantic model as `Options` and is made with one; the others are made without arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from collectors.definition import Definition, NestedFaults, advice_for, validated
from collectors.parsers import PARSERS
from collectors.parsing import Parser
from soc.core.errors import NotFoundError
from soc.core.i18n import msg

_NONE: Mapping[str, object] = {}


class _NoOptions(BaseModel):
    """Of a parser that takes none."""

    model_config = ConfigDict(extra="forbid")


def parser_of(id: str, options: Mapping[str, object] = _NONE) -> Parser:  # noqa: A002 - the word of the glossary
    """A parser by its id, ready to read.

    Raises:
        NotFoundError: no such parser; with a close match.
        FaultsError: options that it does not take, or lacks.
    """
    if id not in PARSERS:
        raise NotFoundError(msg("không có bộ đọc '{name}'", name=id), advice=advice_for(id, sorted(PARSERS)))
    made, model = PARSERS[id], options_model(id)
    checked = validated(Definition(Path(id), dict(options), {}), model)
    return made() if model is _NoOptions else made(checked)  # type: ignore[call-arg]


def options_model(id: str) -> type[BaseModel]:  # noqa: A002
    """What options the parser takes."""
    model: type[BaseModel] = getattr(PARSERS[id], "Options", _NoOptions)
    return model


def check_options(parser: str, options: Mapping[str, object]) -> None:
    """Refuse options that `parser` does not take, or lacks. Raises NestedFaults, for a validator of a definition file."""
    model = options_model(parser)
    try:
        model.model_validate(options)
    except ValidationError as problem:
        raise NestedFaults(model, problem, ("options",)) from problem
