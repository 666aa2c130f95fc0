"""The port of an action: what a playbook step does to the world. Implementations are in `playbooks.actions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeAlias

from pydantic import BaseModel

from soc.core.i18n import Message


@dataclass(frozen=True, slots=True)
class Occasion:
    """For what a step is prepared.

    Attributes:
        key: idempotency key of the step, 32 hexadecimal digits: the same work always carries the same key.
        incident: code of the incident.
        exercise: run id when the incident belongs to an exercise.
        made: time of the plan.
    """

    key: str
    incident: str
    exercise: str | None
    made: datetime


@dataclass(frozen=True, slots=True)
class Payload:
    """Exactly what a step will do: shown before, hashed into the plan, stored, and then done.

    Attributes:
        target: who or what is touched: addresses, a URL, an incident.
        body: the bytes that leave, as text; or the arguments as JSON.
    """

    target: str
    body: str


class Action(Protocol):
    """One kind of step.

    Attributes:
        id: name in a playbook file.
        params: the parameters, as a strict pydantic model.
        harmless: whether it may run before an approval.
        reversible: whether `undo` does something.
    """

    id: ClassVar[str]
    params: ClassVar[type[BaseModel]]
    harmless: ClassVar[bool]
    reversible: ClassVar[bool]

    def prepare(self, params: Any, occasion: Occasion) -> Payload:
        """What would be done. Pure: the same arguments always give the same payload."""
        ...

    def obstacle(self, payload: Payload) -> Message | None:
        """Why it could not be done as things stand, None when it could; touches nothing."""
        ...

    def perform(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
        """Do it, and give a receipt. May be called again with the same key: the second time must do no more harm.

        Raises:
            EngineError: it may work later; the step is tried again.
            SocError: any other; the step has failed.
        """
        ...

    def undo(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
        """Take back what `perform` did under this key, if it did; errors as there."""
        ...


Actions: TypeAlias = Mapping[str, Action]
"""Id -> action, as the object graph made them."""
