"""The declarations in force, read anew when a file of their folder changes: no restart, and a broken file takes nothing away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from collectors.definition import read_definition, validated
from collectors.enrich.lookups import AnyFile, LookupFile, Lookups, lookups_of
from soc.core.errors import DefinitionError, FaultsError


class Declared(Protocol):
    """Where enrichers ask; `current` may be another object at the next record, never a half-read one."""

    @property
    def current(self) -> Lookups: ...


class FixedLookups:
    """Declarations that never change: of a test, and of a command that reads files; what is shipped when none are given."""

    def __init__(self, lookups: Lookups | None = None) -> None:
        self.current = lookups_of({}) if lookups is None else lookups


class LookupBook:
    """The declarations in a folder.

    Args:
        folder: `SOC_HOME/lookups`; may be missing.

    Attributes:
        current: what is in force.
        faults: what is wrong with the files as they are now.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: Mapping[Path, tuple[int, int]] | None = None
        self._sound: dict[str, AnyFile] = {}
        self.current = lookups_of({})
        self.faults: tuple[DefinitionError, ...] = ()

    def refresh(self) -> bool:
        """Take up what changed since the last call; whether the lists that rules are compiled with are others now."""
        seen = {path: _state(path) for path in sorted(self._folder.glob("*.yaml"))}
        if seen == self._seen:
            return False
        changed = [path for path, state in seen.items() if (self._seen or {}).get(path) != state]
        faults = [fault for fault in self.faults if not any(fault.where.startswith(f"{path}:") for path in changed)]
        for path in changed:
            try:
                self._sound[path.stem] = validated(read_definition(path), LookupFile).root
            except FaultsError as problem:
                faults += problem.faults
        there = {path.stem for path in seen}
        self._sound = {name: one for name, one in self._sound.items() if name in there}
        self.faults = tuple(fault for fault in faults if any(fault.where.startswith(str(path)) for path in seen))
        before, self._seen = self.current.placeholders, seen
        self.current = lookups_of(self._sound)
        return before != self.current.placeholders


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
