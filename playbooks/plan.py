"""The plan: exactly what a run will do, made before anything happens, and the hash that an approval is bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic import ValidationError

from detectors.alert import Names
from playbooks.action import Action, Actions, Occasion, Payload
from playbooks.model import ActionStep, ApprovalStep, Playbook, Step
from playbooks.template import fill
from soc.core.clock import iso, parse_iso
from soc.core.errors import InputError
from soc.core.i18n import msg
from soc.core.ids import digest, sha256
from soc.incidents.model import Incident

LIFE = timedelta(hours=24)
"""How long a plan without an approval step may be started."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with everything filled in.

    Attributes:
        kind: action | approval | end.
        action, payload: of an action; "" and None for the others.
        key: idempotency key; "" for steps without an effect.
        reversible: whether undoing the run takes this step back.
        expires_hours: hours after which it takes itself back; None = never.
    """

    id: str
    kind: str
    title: Names
    action: str = ""
    payload: Payload | None = None
    key: str = ""
    reversible: bool = False
    expires_hours: int | None = None
    timeout_s: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is shown, approved and run.

    Attributes:
        author: who made it, and may therefore not approve it.
        expires: after this it is neither approved, started nor carried past its approval.
    """

    playbook: str
    version: int
    title: Names
    incident: str
    agency: str
    exercise: str | None
    author: str
    made: datetime
    expires: datetime
    steps: tuple[PlannedStep, ...]

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON: any other effect, order, time or author gives another one."""
        return sha256(self.canonical())

    @property
    def needs_approval(self) -> bool:
        """Whether a second person has to agree."""
        return any(step.kind == "approval" for step in self.steps)

    def canonical(self) -> bytes:
        """The plan as JSON with sorted keys: the stored and hashed form."""
        plain = asdict(self) | {"made": iso(self.made), "expires": iso(self.expires)}
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)

    def occasion(self, step: PlannedStep) -> Occasion:
        """What the action of a step is called with."""
        return Occasion(step.key, self.incident, self.exercise, self.made)


def make_plan(playbook: Playbook, incident: Incident, author: str, made: datetime, actions: Actions) -> Plan:
    """The plan of a playbook for an incident as both are now. Pure: the same arguments give the same hash.

    Raises:
        InputError: a parameter does not fit once the incident's values are filled in.
    """
    waits = [step.expires_hours for step in playbook.steps if isinstance(step, ApprovalStep)]
    return Plan(
        playbook=playbook.id,
        version=playbook.version,
        title=playbook.title.names(),
        incident=incident.code,
        agency=incident.agency,
        exercise=incident.exercise,
        author=author,
        made=made,
        expires=made + (timedelta(hours=min(waits)) if waits else LIFE),
        steps=tuple(_plan_step(step, playbook, incident, author, made, actions) for step in playbook.steps),
    )


def plan_from_json(body: str) -> Plan:
    """The inverse of `Plan.canonical`."""
    data: dict[str, Any] = orjson.loads(body)
    times = {"made": parse_iso(data["made"]), "expires": parse_iso(data["expires"])}
    return Plan(**data | times | {"steps": tuple(_step_from_json(step) for step in data["steps"])})


def _step_from_json(data: Mapping[str, Any]) -> PlannedStep:
    payload = None if data["payload"] is None else Payload(**data["payload"])
    return PlannedStep(**dict(data) | {"payload": payload})


def _plan_step(
    step: Step, playbook: Playbook, incident: Incident, author: str, made: datetime, actions: Actions
) -> PlannedStep:
    if not isinstance(step, ActionStep):
        return PlannedStep(step.id, step.type, step.title.names())
    action = actions[step.action]
    key = digest(playbook.id, playbook.version, incident.code, author, iso(made), step.id)
    return PlannedStep(
        id=step.id,
        kind=step.type,
        title=step.title.names(),
        action=step.action,
        payload=_payload(step, action, incident, Occasion(key, incident.code, incident.exercise, made)),
        key=key,
        reversible=action.reversible,
        expires_hours=step.expires_hours,
        timeout_s=step.timeout_s,
        retries=step.retries,
    )


def _payload(step: ActionStep, action: Action, incident: Incident, occasion: Occasion) -> Payload:
    try:
        params = action.params.model_validate(fill(step.params, incident))
    except ValidationError as problem:
        first = problem.errors()[0]
        raise InputError(
            msg("tham số của bước “{step}” không hợp với sự cố này", step=step.id),
            expected=msg("theo quy tắc: {rule}", rule=first["msg"]),
            where=".".join(map(str, first["loc"])),
        ) from problem
    return action.prepare(params, occasion)
