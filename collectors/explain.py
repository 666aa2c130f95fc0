"""How one record is read, step by step: for whoever adapts a source, and for `soc normalise --explain`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from collectors.mapping import FieldTable, Told
from collectors.normalise import normalise_line
from collectors.parsing import ParseContext, Parser, Record
from soc.core.errors import InputError
from soc.core.event import flatten


@dataclass(frozen=True, slots=True)
class RawField:
    """A raw field, its value, and what the field table made of it."""

    value: object
    told: Told


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reading of one record.

    Attributes:
        parser: `id@version`.
        envelope: fields of the syslog header that was taken off; None where there was none.
        raw: the raw fields that went through a field table.
        written: ECS fields of the document that neither the header nor a raw field wrote: the parser's own and constants.
        left_out: names that the parser gave but no log line may set.
        document: the flat fields; empty when the record is refused.
        refusal: why the record is refused.
    """

    parser: str
    envelope: Record | None
    raw: tuple[RawField, ...]
    written: Mapping[str, object]
    left_out: tuple[str, ...]
    document: Mapping[str, object]
    refusal: InputError | None


@dataclass
class _Tracer:
    """Notes what it is told while a record is read."""

    envelope: Record | None = None
    raw: list[RawField] = field(default_factory=list)

    def enveloped(self, fields: Record) -> None:
        self.envelope = dict(fields)

    def mapped(self, table: object, record: Mapping[str, object], zone: tzinfo) -> None:
        if isinstance(table, FieldTable):
            self.raw += [RawField(record[told.name], told) for told in table.told(record, zone)]


def explain_line(parser: Parser, text: str, context: ParseContext) -> Explanation:
    """How `parser` reads `text`. Never raises InputError: a refusal is part of the explanation."""
    tracer = _Tracer()
    traced = replace(context, trace=tracer)
    named = f"{parser.id}@{parser.version}"
    try:
        given = parser.parse(text, traced)
        document = flatten(normalise_line(parser, text, context))
    except InputError as problem:
        return Explanation(named, tracer.envelope, tuple(tracer.raw), {}, (), {}, problem)
    mapped = {target for one in tracer.raw for target in one.told.targets} | set(tracer.envelope or {})
    ours = ("event.original", "soc.parser", "ecs.version")
    written = {name: value for name, value in document.items() if name not in mapped and name not in ours}
    left_out = tuple(name for name in given if parser.raw and name not in document)
    return Explanation(named, tracer.envelope, tuple(tracer.raw), written, left_out, document, None)
