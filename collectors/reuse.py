"""Formats taken over from another platform: `formats: [{reuse: lgsp/kong_file_log}]`.

One platform keeps a format, with its parser, field table and golden pair; its siblings name it. Files are put together as they were
written, before anything is checked: the order of the files does not matter, and a keeper with a fault elsewhere lends its formats still.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from collectors.definition import Definition, DefinitionProblem, advice_for
from soc.core.errors import DefinitionError
from soc.core.i18n import msg

OVERRIDES = ("reuse", "id", "log_type", "logsource")
"""What may stand beside `reuse`; everything else is the keeper's."""

Written: TypeAlias = dict[str, Any]
"""A format as the file has it."""
IsSound: TypeAlias = Callable[[Written], bool]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A platform file whose formats are all written out.

    Attributes:
        definition: the file with the reused formats in place; those that cannot be had are left out.
        faults: of `reuse` itself: unknown, cyclic, with keys of its own. The platform is refused.
        missing: formats whose keeper has a fault in them. The platform works on without them.
    """

    definition: Definition
    faults: tuple[DefinitionError, ...] = ()
    missing: tuple[DefinitionError, ...] = ()


class _Missing(DefinitionProblem):
    """The keeper's part is broken; its own file says how."""


class _Cycle(DefinitionProblem):
    """Formats that take each other over."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(
            msg("khuôn dùng lại thành vòng: {path}", path=" → ".join(path)),
            msg("một nền tảng giữ bản gốc của khuôn"),
            msg("viết khuôn đầy đủ ở một nền tảng, các nền tảng khác reuse nó"),
            place=("reuse",),
        )
        self.path = path


class Reuses:
    """The formats of a folder of platform files.

    Args:
        definitions: platform id (the name of its file) -> file, of the files that are YAML.
        unreadable: ids of the files that are not.
        is_sound: whether a format, written out, is one.
    """

    def __init__(self, definitions: Mapping[str, Definition], unreadable: frozenset[str], is_sound: IsSound) -> None:
        self._definitions, self._unreadable, self._is_sound = definitions, unreadable, is_sound
        self._sound: dict[str, bool] = {}

    @property
    def platforms(self) -> Collection[str]:
        """Ids of the files that are YAML."""
        return self._definitions.keys()

    def resolved(self, platform: str) -> Resolved:
        """The file of `platform` with its formats written out."""
        definition = self._definitions[platform]
        data = definition.data
        formats = data.get("formats") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not any(_reuses(one) for one in _entries(formats)):
            return Resolved(definition)
        return self._put_together(platform, definition, data, _entries(formats))

    def _put_together(self, platform: str, definition: Definition, data: Written, entries: list[Any]) -> Resolved:
        built: list[Any] = []
        lines = {place: line for place, line in definition.lines.items() if place[:1] != ("formats",) or len(place) < 2}
        refused: list[DefinitionError] = []
        missing: list[DefinitionError] = []
        for place, entry in enumerate(entries):
            try:
                taken = self._taken(platform, entry, ()) if _reuses(entry) else entry
            except DefinitionProblem as problem:
                where = ("formats", place, *problem.place)
                fault = definition.fault(where, problem.found, problem.expected, problem.advice)
                (missing if isinstance(problem, _Missing) else refused).append(fault)
                continue
            lines |= _moved(definition, place, len(built))
            built.append(taken)
        resolved = replace(definition, data={**data, "formats": built}, lines=lines)
        return Resolved(resolved, tuple(refused), tuple(missing))

    def _taken(self, platform: str, entry: Written, seen: tuple[str, ...]) -> Written:
        """`entry` with what its keeper says of it. Raises DefinitionProblem."""
        _only_overrides(entry)
        path = (*seen, f"{platform}/{_id_of(entry)}")
        wanted = entry["reuse"]
        if wanted in path:
            raise _Cycle((*path[path.index(wanted) :], wanted))
        keeper, _, name = wanted.partition("/")
        original = self._original(keeper, name)
        if _reuses(original):
            original = self._taken_by_keeper(keeper, original, path)
        if wanted not in self._sound:
            self._sound[wanted] = self._is_sound(original)
        if not self._sound[wanted]:
            raise _broken(wanted, keeper)
        return _lent(original, keeper, platform, entry)

    def _taken_by_keeper(self, keeper: str, entry: Written, path: tuple[str, ...]) -> Written:
        """A fault of the keeper's own `reuse` is told at the keeper; a cycle at each of its members."""
        try:
            return self._taken(keeper, entry, path)
        except DefinitionProblem as problem:
            if isinstance(problem, _Cycle) and path[0] in problem.path:
                raise
            raise _broken(f"{keeper}/{_id_of(entry)}", keeper) from problem

    def _original(self, keeper: str, name: str) -> Written:
        wanted = f"{keeper}/{name}"
        if keeper in self._unreadable:
            raise _broken(wanted, keeper)
        owners = [keeper] if keeper in self._definitions else list(self._definitions)
        known = {f"{owner}/{own}": entry for owner in owners for own, entry in self._formats_of(owner).items()}
        if wanted not in known:
            raise DefinitionProblem(
                msg("không có khuôn '{name}' để dùng lại", name=wanted),
                msg("<nền tảng>/<khuôn> của một tệp khác"),
                advice_for(wanted, sorted(known)) if known else None,
                place=("reuse",),
            )
        return known[wanted]

    def _formats_of(self, platform: str) -> dict[str, Written]:
        data = self._definitions[platform].data
        entries = _entries(data.get("formats")) if isinstance(data, dict) else []
        return {_id_of(entry): entry for entry in entries if isinstance(entry, dict)}


def _entries(formats: object) -> list[Any]:
    return formats if isinstance(formats, list) else []


def _reuses(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("reuse"), str)


def _id_of(entry: Written) -> str:
    """The id of a format; a reused one has its keeper's unless it says otherwise."""
    return str(entry.get("id") or str(entry.get("reuse", "")).partition("/")[2])


def _only_overrides(entry: Written) -> None:
    for key in entry:
        if key not in OVERRIDES:
            raise DefinitionProblem(
                msg("'{key}' không đi cùng reuse", key=key),
                msg("chỉ {names}", names=", ".join(OVERRIDES)),
                msg("sửa ở nền tảng giữ khuôn, hoặc bỏ reuse và viết khuôn đầy đủ"),
                place=(key,),
            )


def _broken(wanted: str, keeper: str) -> _Missing:
    return _Missing(
        msg("khuôn '{name}' chưa dùng lại được vì tệp giữ nó có lỗi", name=wanted),
        advice=msg("sửa {keeper}.yaml", keeper=keeper),
        place=("reuse",),
    )


def _lent(original: Written, keeper: str, platform: str, entry: Written) -> Written:
    """The original under the name of the platform that takes it; a product that is no platform (windows) stays what it is."""
    logsource = original.get("logsource")
    if isinstance(logsource, dict) and logsource.get("product") == keeper:
        logsource = {**logsource, "product": platform}
    return {**original, "logsource": logsource, **entry, "id": _id_of(entry)}


def _moved(definition: Definition, old: int, new: int) -> dict[tuple[str | int, ...], int]:
    """The lines of one format under the place that it has now."""
    return {
        ("formats", new, *place[2:]): line for place, line in definition.lines.items() if place[:2] == ("formats", old)
    }
