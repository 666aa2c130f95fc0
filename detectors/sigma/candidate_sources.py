"""Which stored events a log source may mean, and by which names their fields go: `routing` turned around, as conditions of a store.

Each condition holds for every event that the routing sends to a rule under those names, and for few others. Winlogbeat's form of a Windows
event has several places for one field (`adapt`); only where a store holds such events must they all be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from detectors.sigma.adapt import winlogbeat_places
from detectors.sigma.candidate_terms import bounds, present
from detectors.sigma.kinds import Condition as Marker
from detectors.sigma.kinds import Kind, kinds
from detectors.sigma.predicates import Literal, Place
from detectors.sigma.routing import SAME, Fields, WindowsLog, facts
from detectors.sigma.rule import LogSource
from soc.storage.conditions import Condition, Equals, Exists, Like, Wild, all_of, any_of, none_of
from soc.storage.values import fold

WINLOGBEAT = "winlog.channel"
"""Every event of Winlogbeat has it."""
_DATASET = "event.dataset"

Places: TypeAlias = Callable[[str], tuple[str, ...]]
"""Every place in an event that a rule may read a field from, the field's own name first."""


@dataclass(frozen=True, slots=True)
class Route:
    """Events that a rule may meet.

    Attributes:
        events: holds for all of them.
        fields: name in the rule -> name in the event, where they differ.
    """

    events: Condition
    fields: Fields


def as_written(field: str) -> tuple[str, ...]:
    """The place of a field where nothing is routed or adapted."""
    return (field,)


def in_plain_form(field: str) -> tuple[str, ...]:
    """The places of a field in any form but Winlogbeat's."""
    return (field, "SourceName") if field == "Provider_Name" else (field,)  # what NXLog calls it


def in_any_form(field: str) -> tuple[str, ...]:
    """The places of a field, Winlogbeat's among them."""
    return tuple(dict.fromkeys(place for name in in_plain_form(field) for place in winlogbeat_places(name)))


def routes(source: LogSource, places: Places) -> list[Route]:
    """The ways from events to a rule for `source`; those with the same names of fields made one."""
    found: dict[tuple[tuple[str, str], ...], list[Condition]] = {}
    for route in _routes(source, places):
        found.setdefault(tuple(sorted(route.fields.items())), []).append(route.events)
    return [Route(any_of(events), dict(fields)) for fields, events in found.items()]


def _routes(source: LogSource, places: Places) -> Iterator[Route]:
    if source.product != "windows":
        yield Route(none_of(Exists("ecs.version")), SAME)  # events that name nothing; ours have a version
    if source.product:
        yield Route(_of_product(source), SAME)
    elif source.service:
        yield Route(_either(source.service, "event.dataset", "soc.logsource.service"), SAME)
    yield from _windows(source, places)
    yield from _kinds(source)


def _of_product(source: LogSource) -> Condition:
    parts = [_either(source.product, "soc.platform", "soc.logsource.product")]
    if source.service:
        parts.append(_either(source.service, "event.dataset", "soc.logsource.service"))
    return all_of(parts)


def _having(places: Places, field: str, values: Iterable[str]) -> Condition:
    """Events with one of the folded values in a field."""
    return any_of(Equals(name, value) for value in values for name in places(field))


def _held(places: Places, field: str) -> Condition:
    return any_of(present(name) for name in places(field))


def _either(value: str, *fields: str) -> Condition:
    return any_of(Equals(field, fold(value)) for field in fields)


def _windows(source: LogSource, places: Places) -> Iterator[Route]:
    if source.product not in ("windows", "linux", ""):
        return
    if source.category:
        for log in _logs(source):
            yield Route(_in_log(log, places), log.fields)
    elif source.service:
        if source.product != "linux":
            yield from (Route(_in_log(log, places), SAME) for log in facts().services.get(source.service, ()))
    elif source.product == "linux":
        prefix = ("linux-", Wild.ANY)
        yield Route(any_of(Like(name, prefix) for name in places("Channel")), SAME)
    else:
        yield Route(_held(places, "Channel"), SAME)


def _logs(source: LogSource) -> Iterator[WindowsLog]:
    if source.product != "linux":
        yield from facts().categories.get(source.category, ())
    if source.product != "windows":
        yield from facts().linux.get(source.category, ())


def _in_log(log: WindowsLog, places: Places) -> Condition:
    in_channel = _having(places, "Channel", [log.channel])
    return all_of((in_channel, _having(places, "EventID", sorted(log.events)))) if log.events else in_channel


def _kinds(source: LogSource) -> Iterator[Route]:
    for name in kinds():
        kind = kinds()[name]
        fields = kind.fields_for(source) if kind is not None else None
        if kind is not None and fields is not None:
            yield Route(_of_kind(kind), fields)
    if not source.product and not source.service:
        kind = kinds()[source.category]
        yield Route(
            Equals("soc.logsource.category", fold(source.category)),
            (kind.fields_for(source) if kind is not None else None) or SAME,
        )


def _of_kind(kind: Kind) -> Condition:
    marked = (all_of(map(_marked, markers)) for markers in kind.when)
    named = (any_of((Equals(_DATASET, one), Like(_DATASET, (f"{one}.", Wild.ANY)))) for one in sorted(kind.datasets))
    return any_of((*marked, *named))


def _marked(marker: Marker) -> Condition:
    """A field with one of the values, whole or before a slash."""
    if not marker.values:
        return present(marker.field)
    forms = (
        Literal(place, value + end)
        for value in sorted(marker.values)
        for place, end in ((Place.EQUALS, ""), (Place.STARTSWITH, "/"))
    )
    return any_of(bounds(marker.field, form).most for form in forms)
