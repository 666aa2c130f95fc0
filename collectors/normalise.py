"""From a raw record to an event: decode, parse, map, type, mark, enrich.

Times: a record that carries none happened when it was received. A time more than a day ahead of `received` is refused, since such an
event would sit in front of every search and window until its day comes; the record waits in the quarantine for its source's clock to be
mended. A time in the past is accepted however old: histories are imported, and what was logged late still happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from collectors.enrich import STATELESS, Enricher, versions
from collectors.enrich.facts import Facts
from collectors.enrich.networks import Networks
from collectors.field_masks import FieldMasks
from collectors.listeners.spec import FeedSpec
from collectors.mapping import FieldTable, is_reserved
from collectors.options import parser_of
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Parser, Record
from collectors.personal import Pseudonyms
from collectors.platform import Format, Platform, platform_of
from collectors.record import RawRecord
from collectors.sources import Source
from collectors.targets import OBJECTS
from collectors.text import decode
from collectors.times import any_time
from soc.core.clock import Clock, SystemClock, iso
from soc.core.errors import NotFoundError, ParseError
from soc.core.event import MARKS, Event, Fields, nest, typed
from soc.core.i18n import msg

ECS_VERSION = "8.17.0"
MAX_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the records of one source are read; worked out once."""

    platform: Platform
    parser: Parser
    table: FieldTable | None
    envelope: bool
    zone: tzinfo
    proxies: Networks
    constants: Fields
    masks: FieldMasks

    def fields(self, text: str, context: ParseContext) -> Record:
        """The fields of one record, in the names of ECS and of ours."""
        outer: Record = {}
        if self.envelope and (envelope := open_envelope(text, context)) is not None:
            outer, text = envelope.fields, envelope.message
        return outer | _mapped(self.parser, self.table, text, context)


class Normaliser:
    """Makes events of raw records.

    Args:
        platforms: by id.
        enrichers: in their order; see `collectors.enrich.default_enrichers`.
        clock: for `event.ingested`.
        pseudonyms: for what is masked by the name of its field; without them under a key of this process.
    """

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        enrichers: Sequence[Enricher] = STATELESS,
        clock: Clock | None = None,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        self._platforms = platforms
        self._adders = tuple(one.add for one in enrichers)
        self._enriched = versions(enrichers)
        self._clock = clock or SystemClock()
        self._pseudonyms = pseudonyms or Pseudonyms(secrets.token_bytes(32))
        self._readings: dict[str, tuple[Source, _Reading]] = {}

    def normalise(
        self, record: RawRecord, source: Source, ident: str, redacted: int = 0, exercise: str | None = None
    ) -> Event:
        """The event that `record` is.

        Args:
            record: after redaction: its text is kept as `event.original`.
            source: the registered source; gives the marks.
            ident: `event.id`, taken before redaction.
            redacted: how many secrets were masked.
            exercise: run id; None for a real record.

        Raises:
            ParseError: the parser or the table cannot read it, its time lies more than a day ahead, or its source names a platform or
                format that is not loaded.
            TypeConflictError: a value that its ECS type cannot hold; `where` is the field.
        """
        reading = self._reading(source)
        decoded = decode(record.data, record.charset)
        text, masked = reading.masks.mask_text(decoded.text)
        context = ParseContext(record.received, reading.zone)
        parsed = reading.fields(text, context)
        moment = _moment(parsed, context)
        parsed.pop("@timestamp", None)
        fields = typed(parsed)
        fields["@timestamp"] = iso(moment)
        for mark in MARKS:
            fields.pop(mark, None)
        fields.update(reading.constants)
        fields |= {
            "event.id": ident,
            "event.original": text,
            "event.ingested": iso(self._clock.now()),
            "soc.seq": record.seq,
            "soc.received": iso(record.received),
        }
        redacted += masked + reading.masks.apply(fields)
        if redacted:
            fields["soc.redacted"] = redacted
        if exercise is not None:
            fields["soc.exercise"] = exercise
        if decoded.assumed:
            fields["soc.charset"] = decoded.charset
        self._enrich(fields, Facts(reading.platform, moment, reading.proxies, exercise))
        return Event(fields)

    def reader_of(self, source: Source) -> str:
        """`id@version` of the parser that reads the records of a source now. Raises ParseError as `normalise` does."""
        return str(self._reading(source).constants["soc.parser"])

    def _enrich(self, fields: Fields, facts: Facts) -> None:
        for add in self._adders:
            if added := add(fields, facts):
                fields.update(added)
        fields["soc.enrich"] = self._enriched

    def _reading(self, source: Source) -> _Reading:
        known = self._readings.get(source.id)
        if known is None or (known[0] is not source and known[0] != source):
            known = source, self._made(source)
            self._readings[source.id] = known
        return known[1]

    def _made(self, source: Source) -> _Reading:
        try:
            return _reading_of(platform_of(self._platforms, source.platform), source, self._pseudonyms)
        except NotFoundError as problem:
            # The records of a platform whose YAML is broken wait in the quarantine; those of all others go on.
            raise ParseError(problem.found, where=source.id, advice=problem.advice) from problem


def _reading_of(platform: Platform, source: Source, pseudonyms: Pseudonyms) -> _Reading:
    chosen = platform.format(source.format)
    parser = parser_of(source.parser, source.options) if source.parser else parser_of(chosen.parser, chosen.options)
    own = source.parser is None or source.parser == chosen.parser
    table = FieldTable(chosen.fields) if own and chosen.fields.model_fields_set else None
    proxies = Networks({"proxy": [*platform.trusted_proxies, *source.trusted_proxies]})
    zone = ZoneInfo(source.zone)
    return _Reading(
        platform,
        parser,
        table,
        chosen.envelope == "syslog" or (isinstance(source.input, FeedSpec) and source.input.envelope),
        zone,
        proxies,
        _constants(platform, chosen, source, parser),
        FieldMasks.of(platform.redact, pseudonyms),
    )


def _constants(platform: Platform, chosen: Format, source: Source, parser: Parser) -> Fields:
    """The marks that are the same for every record of a source, and what its format says of them."""
    fields: Fields = {
        "ecs.version": ECS_VERSION,
        "soc.platform": platform.id,
        "soc.agency": source.agency,
        "soc.source": source.id,
        "soc.parser": f"{parser.id}@{parser.version}",
        "soc.log_type": chosen.log_type,
    }
    named = chosen.logsource.model_dump(exclude_none=True)
    return fields | {f"soc.logsource.{name}": value for name, value in named.items()}


def _mapped(parser: Parser, table: FieldTable | None, text: str, context: ParseContext) -> Record:
    record = parser.parse(text, context)
    if table is None:
        return _as_ecs(record, parser.id) if parser.raw else record
    return table.apply(record, context) if parser.raw else table.refine(record, context)


def _as_ecs(record: Record, parser: str) -> Record:
    """A raw record without a table is taken to be ECS already, less everything that is ours to say (`soc.*`, `event.id` ...).

    A plain value named like an object of ECS (`event`, `host`) would stand in the way of its fields: it goes under `json.event`.
    """
    said = ((name, value) for name, value in record.items() if not name.startswith("soc.") and not is_reserved(name))
    return {f"{parser}.{name}" if name in OBJECTS else name: value for name, value in said}


def _moment(parsed: Record, context: ParseContext) -> datetime:
    value = parsed.get("@timestamp")
    if value is None or value == "":
        return context.received.astimezone(UTC)
    try:
        moment = any_time(value, context.zone)
    except (ValueError, OverflowError) as problem:
        raise ParseError(
            msg("không đọc được thời gian của bản ghi"), expected=msg("thời gian ISO 8601"), where="@timestamp"
        ) from problem
    if moment > context.received + MAX_AHEAD:
        raise ParseError(
            msg("thời gian {moment} muộn hơn lúc nhận {received}", moment=iso(moment), received=iso(context.received)),
            expected=msg("không muộn hơn lúc nhận quá một ngày"),
            where="@timestamp",
            advice=msg("chỉnh đồng hồ hoặc múi giờ của nguồn, rồi đọc lại từ khu cách ly"),
        )
    return moment


def normalise_line(parser: Parser, text: str, context: ParseContext) -> dict[str, object]:
    """One ECS document of one line, without platform, marks and enrichment: what `soc normalise` prints.

    Args:
        parser: see `parser_of`.
        text: one record, decoded, without its line end.

    Raises:
        ParseError, TypeConflictError: as `Normaliser.normalise`.
    """
    parsed = _mapped(parser, None, text, context)
    if parsed.get("@timestamp"):
        parsed["@timestamp"] = _moment(parsed, context)
    fields = typed(parsed)
    fields |= {"ecs.version": ECS_VERSION, "event.original": text, "soc.parser": f"{parser.id}@{parser.version}"}
    return nest(fields)
