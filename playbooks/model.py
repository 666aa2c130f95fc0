"""A playbook: what to do about a kind of incident, step by step.

The shape follows OASIS CACAO Security Playbooks 2.0 where the two meet (typed steps, one after another, start to end); the file
is plain YAML without its references by UUID. Unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from collectors.definition import DefinitionProblem
from soc.core.i18n import msg
from soc.core.severity import Severity
from soc.incidents.model import Incident

Ident: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Strict):
    """One text in both languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def names(self) -> dict[str, str]:
        """Language -> text."""
        return {"vi": self.vi, "en": self.en}


class ActionStep(_Strict):
    """Does one thing.

    Attributes:
        action: id of an action in `playbooks.actions`.
        params: its parameters; `{incident.code}` and the other names of `playbooks.template` are filled in.
        timeout_s: seconds an attempt may take.
        retries: further attempts after a first one that failed for a reason that may pass.
        expires_hours: hours after which the step is taken back by itself; only where the action has an inverse.
    """

    type: Literal["action"]
    id: Ident
    title: Text
    action: str
    params: dict[str, Any]
    timeout_s: int = Field(default=30, ge=1, le=600)
    retries: int = Field(default=2, ge=0, le=10)
    expires_hours: int | None = Field(default=None, ge=1, le=24 * 90)


class ApprovalStep(_Strict):
    """Waits until somebody other than the author has approved the plan; past `expires_hours` the plan is void."""

    type: Literal["approval"]
    id: Ident
    title: Text
    expires_hours: int = Field(default=24, ge=1, le=24 * 14)


class EndStep(_Strict):
    """Ends the run; the last step of every playbook."""

    type: Literal["end"]
    id: Ident
    title: Text


def _branch(step: Any) -> str:
    """The tag of a step's kind. Not the bare `type`: an action step also has a key `action`, and faults go by place."""
    return "step:" + str(step.get("type") if isinstance(step, dict) else step.type)


Step: TypeAlias = Annotated[
    Annotated[ActionStep, Tag("step:action")]
    | Annotated[ApprovalStep, Tag("step:approval")]
    | Annotated[EndStep, Tag("step:end")],
    Discriminator(_branch, custom_error_type="step_type", custom_error_message="'type': action | approval | end"),
]


class Applies(_Strict):
    """For which incidents a playbook is proposed: all that is given has to hold.

    Attributes:
        rules: patterns over rule ids (`web_shell*`); one alert of the incident has to match one of them.
        platforms: ids of platforms.
        severity: at least this.
    """

    rules: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    severity: Severity = Severity.INFORMATIONAL

    def to(self, incident: Incident) -> bool:
        """Whether the playbook is proposed for the incident."""
        fired = {alert.rule for alert in incident.alerts}
        return (
            incident.severity.rank >= self.severity.rank
            and (not self.platforms or incident.platform in self.platforms)
            and (not self.rules or any(fnmatchcase(rule, pattern) for rule in fired for pattern in self.rules))
        )


class Playbook(_Strict):
    """A playbook as read from its file; `id` is the name of the file."""

    id: Ident
    version: int = Field(ge=1)
    title: Text
    purpose: Text
    applies: Applies = Applies()
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _well_formed(self) -> Self:
        for position, step in enumerate(self.steps):
            last = position == len(self.steps) - 1
            if (step.type == "end") is not last:
                raise DefinitionProblem(
                    msg("bước “{step}” đứng sai chỗ", step=step.id),
                    expected=msg("đúng một bước “end”, ở cuối"),
                    place=("steps", position),
                )
            if step.id in {earlier.id for earlier in self.steps[:position]}:
                raise DefinitionProblem(msg("mã bước “{step}” bị lặp", step=step.id), place=("steps", position, "id"))
        return self

    def actions(self) -> Iterator[tuple[int, ActionStep]]:
        """(position from 0, step) of the steps that do something."""
        return ((at, step) for at, step in enumerate(self.steps) if isinstance(step, ActionStep))

    def approval_before(self, position: int) -> bool:
        """Whether a person has approved before the step at `position`."""
        return any(isinstance(step, ApprovalStep) for step in self.steps[:position])


Library: TypeAlias = Mapping[str, Playbook]
"""Id -> playbook."""
