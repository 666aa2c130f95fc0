"""The contract of a parser: one record's text in, flat dotted field names out.

A parser is a pure function of its text and the context: no clock, no file, no look-up, work linear in the length of the text.
On any text at all it returns fields or raises ParseError, nothing else. Implementations: `collectors/parsers/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import ClassVar, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

from soc.core.clock import LOCAL_ZONE
from soc.core.errors import ParseError
from soc.core.i18n import Message, msg

Record: TypeAlias = dict[str, object]
"""Flat dotted name -> str, int, float, bool, aware datetime, or a list of these. Not yet of ECS types: `soc.core.event.typed` does that."""


class Trace(Protocol):
    """Who is told how a record is read; see `collectors.explain`."""

    def enveloped(self, fields: Record) -> None:
        """A syslog header was taken off."""

    def mapped(self, table: object, record: Mapping[str, object], zone: tzinfo) -> None:
        """A field table was applied to the raw fields `record`."""


@dataclass(frozen=True, slots=True)
class ParseContext:
    """What a record does not say itself.

    Attributes:
        received: when the record reached us, aware UTC; gives the year to formats without one.
        zone: zone of the times that carry no offset.
        trace: told of each step where a person asked for an explanation.
    """

    received: datetime
    zone: tzinfo = LOCAL_ZONE
    trace: Trace | None = field(default=None, compare=False)

    def in_zone(self, zone: tzinfo) -> ParseContext:
        """The same, for a record that says the zone of its times."""
        return ParseContext(self.received, zone, self.trace)


class ParserOptions(BaseModel):
    """What a parser wants to know besides; one that does has a subclass as `Options` and is made with it (`collectors.options`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Parser(Protocol):
    """Reads one format. The docstring of an implementation names the source of its truth.

    Attributes:
        id: name in `collectors.parsers.PARSERS`.
        version: goes up with every change of the output; kept in each event as `soc.parser` = `id@version`.
        raw: True when the names returned are the record's own, so that a field table must map them to ECS.
    """

    id: ClassVar[str]
    version: ClassVar[int]
    raw: ClassVar[bool]

    def parse(self, text: str, context: ParseContext) -> Record:
        """The fields of one record, without its line end.

        Returns:
            Fields as `Record` describes; `@timestamp` as an aware datetime when the record has a time.

        Raises:
            ParseError: the text is not of this format; carries the column.
        """
        ...


def unreadable(expected: Message, *, column: int = 1, where: str = "") -> ParseError:
    """The refusal of a record that does not have the shape of its format.

    The text itself stays out of the message, as it may hold personal data; the record waits in the quarantine.
    """
    return ParseError(
        msg("bản ghi không đúng khuôn tại cột {column}", column=column),
        expected=expected,
        where=where,
        advice=msg("xem bản ghi trong khu cách ly, rồi kiểm tra bộ đọc đã chọn cho nguồn"),
        column=column,
    )
