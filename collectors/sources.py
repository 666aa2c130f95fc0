"""Registered sources: which machine's records belong to which platform and agency. `SOC_HOME/sources.yaml`.

    sources:
      - id: portal-web-01
        platform: public_service_portal
        agency: so-mau-01
        input: {kind: file, paths: [/var/log/nginx/access.log*]}
      - id: fw-01
        platform: commune_network
        agency: so-mau-01
        format: fortigate_kv
        input: {kind: syslog, listener: syslog, senders: [192.0.2.10]}
    listeners:
      - {id: syslog, kind: syslog_udp, host: 0.0.0.0, port: 5514}

The agency of a source decides who may see its events; a log line cannot change it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from collectors.definition import Definition, DefinitionProblem, Place, advice_for, read_definition, validated
from collectors.inputs.drop import DropSpec
from collectors.inputs.journald import JournaldSpec
from collectors.inputs.poll_spec import PollSpec, SqlSpec
from collectors.inputs.spec import FileSpec
from collectors.listeners import AnyFeed, AnyListener
from collectors.listeners.spec import FeedSpec, LimitsSpec, ListenerSpec, SourceId
from collectors.options import check_options
from collectors.parsers import PARSERS
from collectors.platform import Charset, NetworkText, Platform
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import msg


def _zone_name(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DefinitionProblem(
            msg("không có múi giờ '{name}'", name=text), msg("tên IANA, ví dụ Asia/Ho_Chi_Minh hoặc UTC")
        ) from None
    return text


AnyInput: TypeAlias = FileSpec | JournaldSpec | DropSpec | PollSpec | SqlSpec | AnyFeed
"""An `input`: what is read, or what a listener feeds."""

_KINDS = frozenset(kind for spec in get_args(AnyInput) for kind in get_args(spec.model_fields["kind"].annotation))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One registered source.

    Attributes:
        id: goes into `soc.source`, and into `event.id` of every record.
        platform: id of a platform.
        agency: id of the owning agency, `soc.agency`.
        format: one of the platform's formats; left out, the first that the platform lists.
        parser: overrides the parser of the format; for a source whose records another parser reads.
        options: of the parser that overrides; a source that keeps the format's parser keeps its options too.
        zone: zone of times without an offset.
        charset: in which its records are written, where that cannot be told from them; empty = as the format says, or find out.
        trusted_proxies: added to those of the platform.
        limits: what it may send.
    """

    id: SourceId
    platform: str
    agency: SourceId
    format: str | None = None
    parser: str | None = None
    options: dict[str, Any] = {}
    zone: Annotated[str, AfterValidator(_zone_name)] = "Asia/Ho_Chi_Minh"
    charset: Charset = ""
    input: Annotated[AnyInput, Field(discriminator="kind")] = FileSpec()
    trusted_proxies: list[NetworkText] = []
    limits: LimitsSpec = LimitsSpec()

    @field_validator("input", mode="before")
    @classmethod
    def _of_a_known_kind(cls, value: Any) -> Any:
        """The kind chooses the model; files are what is meant where none is given."""
        if not isinstance(value, dict):
            return value
        kind = value.get("kind", "file")
        if kind not in _KINDS:
            raise DefinitionProblem(
                msg("không có loại input '{kind}'", kind=str(kind)), advice=advice_for(str(kind), sorted(_KINDS))
            )
        return value | {"kind": kind}

    @field_validator("parser")
    @classmethod
    def _parser_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in PARSERS:
            raise DefinitionProblem(
                msg("không có bộ đọc '{name}'", name=value), advice=advice_for(value, sorted(PARSERS))
            )
        return value

    @model_validator(mode="after")
    def _options_fit(self) -> Source:
        if self.parser is not None:
            check_options(self.parser, self.options)
        elif self.options:
            raise DefinitionProblem(
                msg("có options mà không có parser"), advice=msg("thêm parser, hoặc đặt options ở khuôn của nền tảng")
            )
        return self


class SourceFile(_Strict):
    """The file of all sources, and of what listens for them."""

    sources: list[Source] = []
    listeners: list[AnyListener] = []

    def feeds_of(self, listener: ListenerSpec) -> dict[str, Any]:
        """Source id -> `input` of the sources that a listener feeds."""
        return {
            source.id: source.input
            for source in self.sources
            if isinstance(source.input, FeedSpec) and source.input.listener == listener.id
        }


def load_sources(
    file: Path, platforms: Mapping[str, Platform], at_fault: Collection[str] = frozenset()
) -> dict[str, Source]:
    """The sources of `file` by id, in its order; none when there is no file yet. Arguments and errors are those of `load_source_file`."""
    return {source.id: source for source in load_source_file(file, platforms, at_fault).sources}


def load_source_file(
    file: Path, platforms: Mapping[str, Platform], at_fault: Collection[str] = frozenset()
) -> SourceFile:
    """The sources and listeners of `file`; none when there is no file yet.

    Args:
        platforms: whose files are sound.
        at_fault: ids of platforms whose files are not (`collectors.platform.at_fault`). A source of one stays: its records wait in
            quarantine until the file is mended, and no other source stops for it.

    Raises:
        FaultsError: all faults, each with file:line: shape, ids given twice, unknown platforms, formats and listeners, ports and
            senders claimed twice.
    """
    if not file.is_file():
        return SourceFile()
    definition = read_definition(file)
    found = validated(definition, SourceFile)
    faults = [
        fault
        for place, source in enumerate(found.sources)
        for fault in _faults(definition, place, source, found.sources, platforms, at_fault)
    ]
    faults += _listening_faults(definition, found)
    if faults:
        raise FaultsError(faults)
    return found


def _listening_faults(definition: Definition, found: SourceFile) -> Iterator[DefinitionError]:
    ids = {source.id for source in found.sources}
    addresses: dict[tuple[str, str, int], str] = {}
    for place, listener in enumerate(found.listeners):
        at: Place = ("listeners", place)
        if listener.id in ids:
            yield definition.fault((*at, "id"), msg("mã '{id}' đã dùng", id=listener.id), advice=msg("đặt mã khác"))
        ids.add(listener.id)
        for address in listener.addresses:
            owner = addresses.setdefault(address, listener.id)
            if owner != listener.id:
                problem = msg("cổng {port} đã thuộc {id}", port=address[2], id=owner)
                yield definition.fault((*at, "port"), problem, advice=msg("chọn cổng khác"))
    listeners = {listener.id: listener for listener in found.listeners}
    for place, source in enumerate(found.sources):
        if isinstance(source.input, FeedSpec):
            yield from _feed_faults(definition, ("sources", place, "input"), source.input, listeners)
    places = {source.id: place for place, source in enumerate(found.sources)}
    for listener in listeners.values():
        feeds = {name: feed for name, feed in found.feeds_of(listener).items() if feed.kind == listener.feeds}
        for source_id, told in listener.check(feeds):
            at = ("sources", places[source_id], "input", *told.place)
            yield definition.fault(at, told.found, told.expected, told.advice)


def _feed_faults(
    definition: Definition, at: Place, feed: FeedSpec, listeners: Mapping[str, ListenerSpec]
) -> Iterator[DefinitionError]:
    listener = listeners.get(feed.listener)
    if listener is None:
        problem = msg("không có listener '{id}'", id=feed.listener)
        yield definition.fault((*at, "listener"), problem, advice=advice_for(feed.listener, sorted(listeners)))
    elif listener.feeds != feed.kind:
        problem = msg(
            "listener {id} là loại {kind}, không cấp cho input {input}",
            id=listener.id,
            kind=listener.kind,
            input=feed.kind,
        )
        expected = msg("input kind: {kind}", kind=listener.feeds)
        yield definition.fault((*at, "listener"), problem, expected)


def _faults(
    definition: Definition,
    place: int,
    source: Source,
    listed: list[Source],
    platforms: Mapping[str, Platform],
    at_fault: Collection[str],
) -> list[DefinitionError]:
    at = ("sources", place)
    faults = []
    if source.id in {other.id for other in listed[:place]}:
        faults.append(
            definition.fault((*at, "id"), msg("mã nguồn '{id}' lặp lại", id=source.id), advice=msg("đặt mã khác"))
        )
    if source.platform in at_fault:
        return faults
    platform = platforms.get(source.platform)
    if platform is None:
        advice = advice_for(source.platform, sorted(platforms))
        faults.append(
            definition.fault((*at, "platform"), msg("không có nền tảng '{id}'", id=source.platform), advice=advice)
        )
        return faults
    known = [one.id for one in platform.formats]
    if source.format is not None and source.format not in known:
        found = msg("nền tảng {platform} không có khuôn '{name}'", platform=platform.id, name=source.format)
        faults.append(definition.fault((*at, "format"), found, advice=advice_for(source.format, known)))
    return faults
