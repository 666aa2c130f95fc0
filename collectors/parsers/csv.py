"""Rows of delimited values, whose columns the source names."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

from collectors.definition import DefinitionProblem
from collectors.parsers.cells import split_cells
from collectors.parsing import ParseContext, ParserOptions, Record, unreadable
from soc.core.i18n import msg


class CsvOptions(ParserOptions):
    """How a row is laid out.

    Attributes:
        columns: a name for each column; an empty one leaves its column out.
        delimiter: one character; a tab is written "\\t".
        quote: one character that encloses a cell holding the delimiter.
        optional: how many of the last columns a row may lack.
    """

    columns: list[str] = Field(min_length=1, max_length=500)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    optional: int = Field(default=0, ge=0)

    @field_validator("columns")
    @classmethod
    def _columns_differ(cls, value: list[str]) -> list[str]:
        for place, name in enumerate(value):
            if name and name in value[:place]:
                raise DefinitionProblem(msg("cột '{name}' lặp lại", name=name), place=(place,))
        return value


class CsvParser:
    """One row a record. The names are those of `columns`; the field table of the platform maps them.

    A row with more or fewer cells than there are columns is refused, and so is the row that holds the names themselves.

    Source: RFC 4180.
    """

    id: ClassVar[str] = "csv"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = True
    Options: ClassVar[type[CsvOptions]] = CsvOptions

    def __init__(self, options: CsvOptions) -> None:
        self._options = options

    def parse(self, text: str, context: ParseContext) -> Record:
        options = self._options
        cells = [cell.strip() for cell in split_cells(text, options.delimiter, options.quote)] if text.strip() else []
        wanted = len(options.columns)
        if not wanted - options.optional <= len(cells) <= wanted or not any(cells):
            raise unreadable(msg("hàng có {count} cột", count=wanted))
        if cells == options.columns:
            raise unreadable(msg("hàng giá trị, không phải hàng tên cột"))
        return {name: cell for name, cell in zip(options.columns, cells, strict=False) if name}
