"""Enrichers over what is declared: unit, asset, batch, change ticket, meeting, document, station, lists and pairs.

Each adds nothing where the register says nothing, so that "not declared" and "declared otherwise" stay apart: a flag is false only where
the register knows the thing asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collectors.calendar import DAYS
from collectors.enrich.book import Declared
from collectors.enrich.facts import Facts
from collectors.enrich.lookups import Asset, Batch, Listed
from soc.core.clock import LOCAL_ZONE
from soc.core.event import Scalar, Value

ACCOUNTS = ("user.name", "soc.api.consumer", "client.user.name")
"""Fields that say under which account something was done."""

HOSTS = ("host.name", "host.hostname", "observer.name", "device.id", "soc.station.id")
"""Fields that name the machine, device or station something was done to."""

Added = Mapping[str, Value]
_NOTHING: dict[str, Value] = {}


class _OverRegisters:
    def __init__(self, declared: Declared) -> None:
        self._declared = declared


class UnitsOfNetwork(_OverRegisters):
    """`soc.net.src_unit`, `soc.net.dst_unit`; `soc.net.cross_unit` when both are known."""

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        units = self._declared.current.units
        if not units:
            return _NOTHING
        source, target = fields.get("source.ip"), fields.get("destination.ip")
        src = units.label(source) if isinstance(source, str) else None
        dst = units.label(target) if isinstance(target, str) else None
        added: dict[str, Value] = {}
        if src is not None:
            added["soc.net.src_unit"] = src
        if dst is not None:
            added["soc.net.dst_unit"] = dst
            if src is not None:
                added["soc.net.cross_unit"] = src != dst
        return added


class UnitToday(_OverRegisters):
    """`soc.unit_now`, `soc.unit_renamed` for a unit that the log calls by a name from before a reform; today's names add nothing.

    `soc.unit_now` is the agency that follows; it is absent where the unit was dissolved without a single successor.
    """

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        unit = fields.get("soc.unit")
        found = self._declared.current.names.successor(unit) if isinstance(unit, str) else None
        if found is None or facts.moment.astimezone(LOCAL_ZONE).date() < found.since:
            return _NOTHING
        return {"soc.unit_renamed": True, **({"soc.unit_now": found.new} if found.new else {})}


class AssetOfHost(_OverRegisters):
    """`soc.site`, `soc.asset.system`, `soc.asset.owner` of the machine that the event is about: `host.*`, else `destination.ip`."""

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        known = self._declared.current
        if not known.assets:
            return _NOTHING
        for name in ("host.name", "host.hostname", "observer.name"):
            asset = known.assets.get(str(fields.get(name, "")).casefold())
            if asset is not None:
                return _of_asset(asset)
        for name in ("host.ip", "destination.ip"):
            for address in _each(fields.get(name)):
                number = known.asset_networks.label(str(address))
                if number is not None:
                    return _of_asset(known.assets[number])
        return _NOTHING


def _of_asset(asset: Asset) -> Added:
    named = {"soc.site": asset.site, "soc.asset.system": asset.system, "soc.asset.owner": asset.owner}
    return {name: value for name, value in named.items() if value}


class DeclaredBatch(_OverRegisters):
    """`soc.batch.declared`: whether the account has a declared batch at this time; only for accounts that have any on the platform."""

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        batches = self._declared.current.batches.get(facts.platform.id)
        if not batches:
            return _NOTHING
        accounts = {str(fields[name]) for name in ACCOUNTS if name in fields}
        own = [batch for batch in batches if accounts.intersection(batch.accounts)]
        return {"soc.batch.declared": any(_runs(batch, facts) for batch in own)} if own else _NOTHING


def _runs(batch: Batch, facts: Facts) -> bool:
    """Whether the moment lies in the batch; what begins before midnight belongs to the day it began on."""
    local = facts.moment.astimezone(LOCAL_ZONE)
    clock, weekday = local.time(), local.weekday()
    if batch.since <= batch.until:
        return batch.since <= clock < batch.until and DAYS[weekday] in batch.days
    began = weekday if clock >= batch.since else weekday - 1
    return (clock >= batch.since or clock < batch.until) and DAYS[began] in batch.days


class ChangeTicket(_OverRegisters):
    """`soc.change.ticket`: the ticket of an approved change under way on this platform, host and account. A ticket in the log stays."""

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        known = self._declared.current.changes
        changes = [*known.get(facts.platform.id, ()), *known.get("*", ())] if known else ()
        if not changes or "soc.change.ticket" in fields:
            return _NOTHING
        hosts = {str(fields[name]) for name in HOSTS if name in fields}
        accounts = {str(fields[name]) for name in ACCOUNTS if name in fields}
        for change in changes:
            if (
                change.holds(facts.moment)
                and (not change.hosts or hosts.intersection(change.hosts))
                and (not change.accounts or accounts.intersection(change.accounts))
            ):
                return {"soc.change.ticket": change.ticket}
        return _NOTHING


class ScheduledMeeting(_OverRegisters):
    """`soc.meeting.scheduled`: whether the room is on the schedule now; nothing without any schedule."""

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        room = fields.get("soc.meeting.room")
        meetings = self._declared.current.meetings
        if not meetings or not isinstance(room, str):
            return _NOTHING
        return {"soc.meeting.scheduled": any(one.holds(facts.moment) for one in meetings.get(room.casefold(), ()))}


class DocumentOwner(_OverRegisters):
    """`soc.doc.owner_unit` and `soc.doc.shared` of a registered document; `soc.doc.cross_owner` where the log names the unit at work."""

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        document = fields.get("soc.doc.id")
        known = self._declared.current.documents.get(document) if isinstance(document, str) else None
        added: dict[str, Value] = {"soc.doc.owner_unit": known.owner, "soc.doc.shared": known.shared} if known else {}
        owner = known.owner if known else fields.get("soc.doc.owner_unit")
        units = {str(fields[name]).casefold() for name in ("soc.unit", "soc.unit_now") if name in fields}
        if owner is not None and units:
            added["soc.doc.cross_owner"] = str(owner).casefold() not in units
        return added


class StationLimit(_OverRegisters):
    """`soc.station.limit` of the parameter, and `soc.station.exceeded`; of the station itself, else of all.

    Where readings do not name their station, each station is a source of its own, and `soc.station.id` is the source.
    """

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        parameter, station = fields.get("soc.station.parameter"), fields.get("soc.station.id")
        if not isinstance(parameter, str):
            return _NOTHING
        named: dict[str, Value] = {} if station is not None else {"soc.station.id": fields["soc.source"]}
        return {**named, **self._judged(fields, parameter, station)}

    def _judged(self, fields: Mapping[str, Value], parameter: str, station: Value | None) -> Added:
        limits = self._declared.current.limits
        limit = limits.get(str(station), {}).get(parameter, limits.get("*", {}).get(parameter))
        if limit is None:
            return _NOTHING
        value = _number(fields.get("soc.station.value"))
        exceeded: dict[str, Value] = {} if value is None else {"soc.station.exceeded": value > limit}
        return {"soc.station.limit": limit, **exceeded}


class Flags(_OverRegisters):
    """`soc.lookup.<name>`: whether a value is on a list of the province or of the event's agency; whether a pair may go together."""

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Added:
        known = self._declared.current
        if not known.lists and not known.pairs:
            return _NOTHING
        added: dict[str, Value] = {}
        agency = str(fields.get("soc.agency", ""))
        dataset = fields.get("event.dataset")
        for name, listed in known.lists.items():
            if listed.field in fields and (not listed.datasets or dataset in listed.datasets):
                added[f"soc.lookup.{name}"] = _is_listed(listed, agency, fields[listed.field])
        for name, pairs in known.pairs.items():
            first, second = pairs.fields
            if first in fields and second in fields:
                allowed = [pairs.has(one, two) for one in _each(fields[first]) for two in _each(fields[second])]
                if any(one is not None for one in allowed):
                    added[f"soc.lookup.{name}"] = any(allowed)
        return added


def _is_listed(listed: Listed, agency: str, value: Value) -> bool:
    return any(listed.has(agency, one) for one in _each(value))


def _each(value: Value | None) -> Iterable[Scalar]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _number(value: Value | None) -> float | None:
    try:
        return None if value is None or isinstance(value, list) else float(value)
    except ValueError:
        return None
