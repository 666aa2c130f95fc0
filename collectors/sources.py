"""Registered sources: which machine's records belong to which platform and agency. `SOC_HOME/sources.yaml`.

    sources:
      - id: portal-web-01
        platform: public_service_portal
        agency: so-mau-01
        input: {kind: file, paths: [/var/log/nginx/access.log*]}

The agency of a source decides who may see its events; a log line cannot change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from collectors.definition import Definition, DefinitionProblem, advice_for, read_definition, validated
from collectors.parsers import PARSERS
from collectors.platform import NetworkText, Platform
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


SourceId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Strict):
    """Where the records of a source come from. `paths` may hold `*`, `?`, `[...]`."""

    kind: Literal["file", "ndjson", "evtx"] = "file"
    paths: list[str] = []


class Source(_Strict):
    """One registered source.

    Attributes:
        id: goes into `soc.source`, and into `event.id` of every record.
        platform: id of a platform.
        agency: id of the owning agency, `soc.agency`.
        format: one of the platform's formats; may be left out when it has one.
        parser: overrides the parser of the format; for a source whose records another parser reads.
        zone: zone of times without an offset.
        trusted_proxies: added to those of the platform.
    """

    id: SourceId
    platform: str
    agency: SourceId
    format: str | None = None
    parser: str | None = None
    zone: Annotated[str, AfterValidator(_zone_name)] = "Asia/Ho_Chi_Minh"
    input: InputSpec = InputSpec()
    trusted_proxies: list[NetworkText] = []

    @field_validator("parser")
    @classmethod
    def _parser_exists(cls, value: str | None) -> str | None:
        if value is not None and value not in PARSERS:
            raise DefinitionProblem(
                msg("không có bộ đọc '{name}'", name=value), advice=advice_for(value, sorted(PARSERS))
            )
        return value


class SourceFile(_Strict):
    """The file of all sources."""

    sources: list[Source] = []


def load_sources(file: Path, platforms: Mapping[str, Platform]) -> dict[str, Source]:
    """The sources of `file` by id, in its order; none when there is no file yet.

    Raises:
        FaultsError: all faults, each with file:line: shape, ids given twice, unknown platforms and formats.
    """
    if not file.is_file():
        return {}
    definition = read_definition(file)
    listed = validated(definition, SourceFile).sources
    faults = [
        fault for place, source in enumerate(listed) for fault in _faults(definition, place, source, listed, platforms)
    ]
    if faults:
        raise FaultsError(faults)
    return {source.id: source for source in listed}


def _faults(
    definition: Definition, place: int, source: Source, listed: list[Source], platforms: Mapping[str, Platform]
) -> list[DefinitionError]:
    at = ("sources", place)
    faults = []
    if source.id in {other.id for other in listed[:place]}:
        faults.append(
            definition.fault((*at, "id"), msg("mã nguồn '{id}' lặp lại", id=source.id), advice=msg("đặt mã khác"))
        )
    platform = platforms.get(source.platform)
    if platform is None:
        advice = advice_for(source.platform, sorted(platforms))
        faults.append(
            definition.fault((*at, "platform"), msg("không có nền tảng '{id}'", id=source.platform), advice=advice)
        )
        return faults
    known = [one.id for one in platform.formats]
    if source.format is None and len(known) > 1:
        found = msg("nền tảng {platform} có nhiều khuôn, nguồn phải chọn một", platform=platform.id)
        faults.append(definition.fault(at, found, advice=msg("thêm format: một trong {names}", names=", ".join(known))))
    elif source.format is not None and source.format not in known:
        found = msg("nền tảng {platform} không có khuôn '{name}'", platform=platform.id, name=source.format)
        faults.append(definition.fault((*at, "format"), found, advice=advice_for(source.format, known)))
    return faults
