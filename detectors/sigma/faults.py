"""A fault inside one rule, before it is known in which file and line it stands."""

from __future__ import annotations

from soc.core.errors import DefinitionError
from soc.core.i18n import Message


class RuleFault(Exception):  # noqa: N818 - a fault of the rule, reported as a DefinitionError
    """What is wrong at `path` (keys and indexes inside the document)."""

    def __init__(
        self,
        found: Message,
        path: tuple[object, ...] = (),
        *,
        expected: Message | None = None,
        advice: Message | None = None,
    ) -> None:
        super().__init__(found)
        self.found, self.path, self.expected, self.advice = found, path, expected, advice

    def at(self, *prefix: object) -> RuleFault:
        """The same fault, seen from further outside."""
        return RuleFault(self.found, (*prefix, *self.path), expected=self.expected, advice=self.advice)

    def placed(self, where: str) -> DefinitionError:
        """The error that is reported, with its file:line."""
        return DefinitionError(self.found, expected=self.expected, where=where, advice=self.advice)
