"""What the columns of the case database take, alike on both engines: SQLite alone would take anything, PostgreSQL alone would refuse late.

A text is as long as its column says at most, a number fits, and U+0000 becomes U+2400 (docs/decisions/postgresql.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapper, Session, object_mapper

from soc.core.errors import InputError
from soc.core.i18n import msg

NUL, SYMBOL_FOR_NUL = "\x00", "\u2400"


def without_nul(text: str) -> str:
    """The text as it is kept: PostgreSQL has no U+0000, so its picture stands in its place on every engine."""
    return text.replace(NUL, SYMBOL_FOR_NUL) if NUL in text else text


def clean_parameters(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
) -> tuple[str, Any]:
    """For `before_cursor_execute`: no statement is ever asked with U+0000, neither to keep it nor to find it."""
    return statement, _clean(parameters)


def check_session(session: Session, *_: object) -> None:
    """For `before_flush`: refuse a value that its column cannot hold, before anything is sent.

    Raises:
        InputError: names the column and its limit; never the value.
    """
    for row in (*session.new, *session.dirty):
        for limit in _limits(object_mapper(row)):
            limit.check(row)


@dataclass(frozen=True, slots=True)
class _Limit:
    """Of one column: characters of a text, or bits of a whole number with its sign."""

    attribute: str
    column: str
    characters: int = 0
    bits: int = 0

    def check(self, row: object) -> None:
        value = row.__dict__.get(self.attribute)  # what is not loaded has not changed
        if isinstance(value, str) and 0 < self.characters < len(value):
            raise InputError(
                msg("giá trị dài {found} ký tự", found=len(value)),
                expected=msg("nhiều nhất {limit} ký tự", limit=self.characters),
                where=self.column,
            )
        if isinstance(value, int) and self.bits and not -(1 << self.bits - 1) <= value < 1 << self.bits - 1:
            raise InputError(
                msg("số quá lớn hoặc quá nhỏ"),
                expected=msg("số nguyên {bits} bit", bits=self.bits),
                where=self.column,
            )


@cache
def _limits(mapper: Mapper[Any]) -> Sequence[_Limit]:
    found = []
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        name = str(column)
        if isinstance(column.type, String) and column.type.length:
            found.append(_Limit(attribute.key, name, characters=column.type.length))
        elif isinstance(column.type, Integer):
            found.append(_Limit(attribute.key, name, bits=64 if isinstance(column.type, BigInteger) else 32))
    return found


def _clean(parameters: Any) -> Any:
    """Of one statement (dict or tuple), or of many (list of these)."""
    if isinstance(parameters, Mapping):
        return (
            {name: _clean(value) for name, value in parameters.items()} if _dirty(parameters.values()) else parameters
        )
    if isinstance(parameters, (list, tuple)):
        return type(parameters)(map(_clean, parameters)) if _dirty(parameters) else parameters
    return without_nul(parameters) if isinstance(parameters, str) else parameters


def _dirty(values: Iterable[Any]) -> bool:
    return any(
        NUL in value
        if isinstance(value, str)
        else isinstance(value, (Mapping, list, tuple))
        and _dirty(value.values() if isinstance(value, Mapping) else value)
        for value in values
    )
