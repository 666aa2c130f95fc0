"""The error tree. Every error says what was found, what was expected, where, and what to do.

SocError
├── InputError            something given to us is wrong; it is refused or quarantined, nothing else stops
│   ├── ParseError        a record that its parser cannot read
│   ├── TypeConflictError a field value that its ECS type cannot hold
│   ├── QueryError        a search that cannot be understood
│   └── DefinitionError   a rule, platform, playbook, scenario or catalogue file; one fault of possibly many
├── FaultsError           several DefinitionErrors found in one pass
├── NotFoundError         does not exist, or belongs to somebody else (the two are never told apart)
├── ForbiddenError        one may know of it but not use it
├── ConflictError         somebody else changed it first, or the state does not allow it
├── EngineError           a store, broker or other engine does not answer or refuses
│   ├── DatabaseError     the case database
│   └── SpoolError        a file of the spool or the quarantine
└── SetupError            the machine or the settings do not allow to start
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from soc.core.i18n import Lang, Message, msg


class SocError(Exception):
    """Root of the tree.

    Args:
        found: what is the case.
        expected: what should have been.
        where: file:line:column, record, field, or address; empty where there is no place.
        advice: what the reader can do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, found: Message, *, expected: Message | None = None, where: str = "", advice: Message | None = None
    ) -> None:
        super().__init__(found, expected, where, advice)
        self.found, self.expected, self.where, self.advice = found, expected, where, advice

    def as_message(self) -> Message:
        """The whole account as a message that can be kept and shown in both languages: `where: found; expected … → advice`."""
        text = "{found}" if not self.where else "{where}: {found}"
        values: dict[str, object] = {"where": self.where, "found": self.found}
        if self.expected is not None:
            text += "; {expected}"
            values["expected"] = msg("cần {expected}", expected=self.expected)
        if self.advice is not None:
            text += " → {advice}"
            values["advice"] = self.advice
        return Message(text, values)

    def render(self, lang: Lang = Lang.VI) -> str:
        """The account as one line."""
        return self.as_message().render(lang)

    def __str__(self) -> str:
        return self.render()


class InputError(SocError):
    """Something given to us is wrong."""

    exit_code = 2


class ParseError(InputError):
    """A record that its parser cannot read. `column` counts from 1; 0 where it is unknown."""

    def __init__(
        self,
        found: Message,
        *,
        expected: Message | None = None,
        where: str = "",
        advice: Message | None = None,
        column: int = 0,
    ) -> None:
        super().__init__(found, expected=expected, where=where, advice=advice)
        self.column = column


class TypeConflictError(InputError):
    """A value that the ECS type of its field cannot hold; `where` is the field."""


class QueryError(InputError):
    """A search text that cannot be understood; `where` is the column."""


class DefinitionError(InputError):
    """One fault of a rule, platform, playbook, scenario or catalogue file; `where` is file:line."""


class FaultsError(SocError):
    """All the faults of one pass over definition files, in the order of the files."""

    exit_code = 2

    def __init__(self, faults: Sequence[DefinitionError]) -> None:
        super().__init__(msg("{count} lỗi", count=len(faults)))
        self.faults = tuple(faults)

    def render(self, lang: Lang = Lang.VI) -> str:
        """A line for each fault."""
        return "\n".join(fault.render(lang) for fault in self.faults)


class NotFoundError(SocError):
    """Does not exist or belongs to somebody else."""


class ForbiddenError(SocError):
    """One may know of it but not use it; `advice` says who can grant it."""


class ConflictError(SocError):
    """Somebody else changed it first, or its state does not allow the step."""


class EngineError(SocError):
    """A store, broker or other engine does not answer or refuses.

    Attributes:
        engine: which one it is: store, database, broker or spool; "" for whatever else the suite works with.
        kind: what an operator has to do something about: unreachable, refused, red, read_only, disk, overload; other where none is known.
    """

    exit_code = 4
    engine: str = ""
    kind: str = "other"


class DatabaseError(EngineError):
    """The case database does not answer."""

    engine = "database"
    kind = "unreachable"


class BrokerError(EngineError):
    """The broker does not take a message for the workers."""

    engine = "broker"
    kind = "unreachable"


class SpoolError(EngineError):
    """A file of the spool or the quarantine cannot be written or read."""

    engine = "spool"


class SetupError(SocError):
    """The machine or the settings do not allow to start."""

    exit_code = 5
