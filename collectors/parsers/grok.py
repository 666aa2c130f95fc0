"""Records read by grok patterns that the platform declares."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field, model_validator

from collectors.definition import DefinitionProblem
from collectors.parsers.grok_patterns import Grok, compile_grok
from collectors.parsing import ParseContext, ParserOptions, Record, unreadable
from soc.core.i18n import msg


class GrokOptions(ParserOptions):
    """What the records look like.

    Attributes:
        patterns: tried in their order; the first that matches the whole record reads it.
        definitions: names of one's own for parts of patterns.
    """

    patterns: list[str] = Field(min_length=1, max_length=50)
    definitions: dict[str, str] = Field(default={})

    @model_validator(mode="after")
    def _patterns_compile(self) -> GrokOptions:
        for place, pattern in enumerate(self.patterns):
            try:
                compile_grok(pattern, self.definitions)
            except DefinitionProblem as problem:
                raise DefinitionProblem(
                    problem.found, problem.expected, problem.advice, place=("patterns", place)
                ) from problem
        return self


class GrokParser:
    """Any text of one of the declared shapes. The names are those of the patterns; the field table of the platform maps them.

    Of two pieces with one name the first that holds something wins. `collectors.parsers.grok_patterns` tells the language.

    Source: the grok pattern syntax as Logstash's documentation describes it; the pieces are our own.
    """

    id: ClassVar[str] = "grok"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = True
    Options: ClassVar[type[GrokOptions]] = GrokOptions

    def __init__(self, options: GrokOptions) -> None:
        self._options = options
        self._patterns: tuple[Grok, ...] | None = None

    def parse(self, text: str, context: ParseContext) -> Record:
        if self._patterns is None:
            self._patterns = tuple(compile_grok(one, self._options.definitions) for one in self._options.patterns)
        line = text.strip()
        for pattern in self._patterns:
            found = pattern.expression.fullmatch(line) if line else None
            if found is not None:
                return _fields(pattern, found)
        raise unreadable(msg("bản ghi theo một trong {count} mẫu grok", count=len(self._patterns)))


def _fields(pattern: Grok, found: re.Match[str]) -> Record:
    fields: Record = {}
    for group, name, kind in pattern.fields:
        value = found[group]
        if value and name not in fields:
            fields[name] = _typed(value, kind)
    return fields


def _typed(value: str, kind: str) -> object:
    """`value` as the number that the pattern says; as text when it is none."""
    if not kind or len(value) > 19:
        return value
    try:
        return int(value) if kind == "int" else float(value)
    except ValueError:
        return value
