"""Country and network operator of an address, from files that the operator brings: `SOC_HOME/geo/*.mmdb`.

No data is shipped: what packages carry is a copy of GeoLite2, whose licence wants it renewed within 30 days, and an old copy blames the
wrong country. A damaged file is told as a fault, nothing else stops.

Source: MaxMind DB file format 2.0; ECS 8.17 `geo.*`, `as.*`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from collectors.enrich.facts import Facts
from soc.core.errors import SetupError
from soc.core.event import Value
from soc.core.i18n import msg

REMEMBERED = 16_384


class GeoLookup(Protocol):
    """Knows where addresses are."""

    def find(self, address: str) -> Mapping[str, Value]:
        """ECS fields below `source.` (`geo.country_iso_code`, `as.number` ...); nothing for an address nobody knows."""
        ...


class Atlas:
    """Places in memory; what tests use. `places`: address -> fields."""

    def __init__(self, places: Mapping[str, Mapping[str, Value]]) -> None:
        self._places = places

    def find(self, address: str) -> Mapping[str, Value]:
        return self._places.get(address, {})


class MmdbFiles:
    """Files in the MaxMind format, asked in the order given; a later file adds what the earlier do not know."""

    def __init__(self, readers: Sequence[Callable[[str], object]]) -> None:
        self._readers = tuple(readers)
        self.find = lru_cache(maxsize=REMEMBERED)(self._find)

    def _find(self, address: str) -> Mapping[str, Value]:
        found: dict[str, Value] = {}
        for read in self._readers:
            try:
                record = read(address)
            except ValueError:
                return {}
            if isinstance(record, dict):
                found = _fields(record) | found
        return found


def open_geo(folder: Path) -> GeoLookup | None:
    """The files of `folder`; None when there is none.

    Raises:
        SetupError: a file is damaged or cannot be read.
    """
    files = sorted(folder.glob("*.mmdb"))
    if not files:
        return None
    import maxminddb  # noqa: PLC0415 - only where there are files

    try:
        return MmdbFiles([maxminddb.open_database(path).get for path in files])
    except (OSError, maxminddb.InvalidDatabaseError) as problem:
        raise SetupError(
            msg("không đọc được tệp địa lý trong {folder}", folder=str(folder)),
            expected=msg("tệp .mmdb trọn vẹn, đọc được"),
            advice=msg("lấy lại tệp từ nhà cung cấp, hoặc bỏ tệp ra khỏi thư mục"),
        ) from problem


def _fields(record: Mapping[str, Any]) -> dict[str, Value]:
    country, city, place = (record.get(name) or {} for name in ("country", "city", "location"))
    named = {
        "geo.country_iso_code": country.get("iso_code"),
        "geo.country_name": (country.get("names") or {}).get("en"),
        "geo.city_name": (city.get("names") or {}).get("en"),
        "geo.location.lat": place.get("latitude"),
        "geo.location.lon": place.get("longitude"),
        "as.number": record.get("autonomous_system_number"),
        "as.organization.name": record.get("autonomous_system_organization"),
    }
    return {name: value for name, value in named.items() if value is not None}


class GeoOfSource:
    """`source.geo.*` and `source.as.*` of `source.ip`."""

    def __init__(self, geo: GeoLookup) -> None:
        self._geo = geo

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Mapping[str, Value]:
        address = fields.get("source.ip")
        if not isinstance(address, str):
            return {}
        return {f"source.{name}": value for name, value in self._geo.find(address).items()}
