"""Lines as records of several lines: a stack trace, a statement with its DETAIL, the parts of an audit serial.

    input: {kind: file, paths: [/var/log/postgresql/*.log], multiline: {starts: '^\\d{4}-\\d{2}-\\d{2} '}}
    input: {kind: file, paths: [/opt/app/app.log], multiline: {continues: '^(\\s|Caused by:|\\.\\.\\. \\d+ more)'}}

A record ends where the next one starts, at `max_lines`, or when nothing was written for `wait_s` seconds. Until then its place stays the
place to go on from, so that after a stop its first line is read again with the others: nothing is lost, and nothing comes twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import Field, field_validator, model_validator

from collectors.definition import DefinitionProblem
from collectors.inputs.splitter import Line
from collectors.listeners.spec import Strict
from soc.core.i18n import msg

LOOKED_AT = 256
"""Letters of a line that a pattern sees: what a line begins with tells, and an unlucky pattern has little to try."""


class Multiline(Strict):
    """How the lines of a file form records.

    Attributes:
        starts: what the first line of a record looks like (regular expression, from the start of the line).
        continues: what the other lines look like, where those are easier to tell. One of the two is given.
        max_lines: a record of more lines is cut into several.
        wait_s: how long an unfinished record waits for its next line.
    """

    starts: str | None = None
    continues: str | None = None
    max_lines: int = Field(default=500, ge=2, le=100_000)
    wait_s: float = Field(default=5.0, ge=0, le=3600)

    @field_validator("starts", "continues")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as problem:
                raise DefinitionProblem(
                    msg("biểu thức '{text}' sai cú pháp: {problem}", text=value, problem=problem)
                ) from None
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Multiline:
        if (self.starts is None) == (self.continues is None):
            raise DefinitionProblem(msg("multiline cần đúng một trong starts, continues"))
        return self

    def begins(self) -> re.Pattern[str]:
        """What to ask a line."""
        return re.compile(self.starts if self.starts is not None else str(self.continues))


@dataclass
class LineJoiner:
    """Takes lines, gives records; the unfinished one is kept up to `limit` bytes, its rest only counted.

    `offset` and `number` are the place of the unfinished record; None when there is none.

    Args:
        rule: how records are told.
        charset: of the lines.
        limit: longest record in bytes.
    """

    rule: Multiline
    charset: str
    limit: int
    offset: int | None = None
    number: int | None = None
    _pattern: re.Pattern[str] = field(init=False, repr=False)
    _data: bytearray = field(default_factory=bytearray, repr=False)
    _size: int = 0
    _count: int = 0

    def __post_init__(self) -> None:
        self._pattern = self.rule.begins()

    def take(self, lines: Iterable[Line]) -> list[Line]:
        """The records that `lines` complete."""
        records: list[Line] = []
        for line in lines:
            if self._begins(line) or self._count >= self.rule.max_lines:
                records += self.flush()
            self._add(line)
        return records

    def flush(self) -> list[Line]:
        """The unfinished record, as it is."""
        if self.offset is None or self.number is None:
            return []
        record = Line(bytes(self._data), self.offset, self.number, self._size)
        self.offset = self.number = None
        self._data.clear()
        self._size = self._count = 0
        return [record]

    def _begins(self, line: Line) -> bool:
        text = line.data[: 4 * LOOKED_AT].decode(self.charset or "utf-8", "replace")[:LOOKED_AT]
        return (self._pattern.match(text) is not None) == (self.rule.starts is not None)

    def _add(self, line: Line) -> None:
        end = "\n".encode(self.charset) if self.charset else b"\n"
        if self.offset is None:
            self.offset, self.number, end = line.offset, line.number, b""
        piece = end + line.data
        self._data += piece[: max(0, self.limit - len(self._data))]
        self._size += len(end) + line.size
        self._count += 1
