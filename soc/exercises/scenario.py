"""A scenario: what is injected, when, and what is expected to be seen. YAML, frozen by its hash when a run is planned.

Raw lines are written in the true format of their platform, with `${name}` where time, place or counter goes:

    ${iso}  2026-11-17T02:13:44+07:00     ${clf}  17/Nov/2026:02:13:44 +0700     ${epoch_ms}, ${epoch_ns}
    ${date} 2026-11-17   ${time} 02:13:44 (local)                                ${n}  1, 2, 3 ... of a repeated line
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Template
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soc.core.clock import LOCAL_ZONE
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import msg
from soc.core.ids import sha256


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Names(_Part):
    """A text in both languages."""

    vi: str
    en: str


class Expectation(_Part):
    """The detection that an inject should bring about.

    Attributes:
        rule: id of the detection rule.
        within_minutes: from the last line of the inject to the alert.
    """

    rule: str
    within_minutes: Annotated[int, Field(ge=1, le=1440)]


class Inject(_Part):
    """One thing the attackers do, as the log lines it leaves behind.

    Attributes:
        at_minutes: after the start of the run.
        platform: whose log it is written to.
        lines: raw lines; all of them are repeated `repeat` times, `every_seconds` apart.
        expect: None for a step that is not expected to be seen by itself, or for harmless noise.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: Names
    at_minutes: Annotated[int, Field(ge=0)]
    platform: str
    lines: Annotated[tuple[str, ...], Field(min_length=1)]
    repeat: Annotated[int, Field(ge=1, le=10_000)] = 1
    every_seconds: Annotated[float, Field(ge=0)] = 1.0
    attack: tuple[str, ...] = ()
    expect: Expectation | None = None

    def render(self, start: datetime) -> Iterator[RenderedLine]:
        """The lines of the inject for a run that started at `start`, in order of time."""
        begin = start + timedelta(minutes=self.at_minutes)
        for n in range(self.repeat):
            moment = begin + timedelta(seconds=n * self.every_seconds)
            for line in self.lines:
                yield RenderedLine(moment, Template(line).substitute(_stamps(moment), n=n + 1))

    def ends(self, start: datetime) -> datetime:
        """Time of its last line."""
        return start + timedelta(minutes=self.at_minutes, seconds=(self.repeat - 1) * self.every_seconds)


@dataclass(frozen=True, slots=True)
class RenderedLine:
    """A raw line and the moment it speaks of."""

    moment: datetime
    text: str


class Scenario(_Part):
    """A live-fire exercise as a file."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    version: Annotated[int, Field(ge=1)]
    title: Names
    goal: Names
    injects: Annotated[tuple[Inject, ...], Field(min_length=1)]

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical form: what a run is bound to."""
        return sha256(self.model_dump_json().encode())


def _stamps(moment: datetime) -> dict[str, str]:
    local = moment.astimezone(LOCAL_ZONE)
    return {
        "iso": local.isoformat(timespec="seconds"),
        "clf": local.strftime("%d/%b/%Y:%H:%M:%S %z"),
        "date": local.strftime("%Y-%m-%d"),
        "time": local.strftime("%H:%M:%S"),
        "epoch_ms": str(int(moment.timestamp() * 1000)),
        "epoch_ns": str(int(moment.timestamp()) * 10**9),
    }


def load_scenarios(folder: Path) -> dict[str, Scenario]:
    """Every `*.yaml` of `folder` by scenario id.

    Raises:
        FaultsError: all faults of all files, each with its file and the path inside it.
    """
    found: dict[str, Scenario] = {}
    faults: list[DefinitionError] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            scenario = Scenario.model_validate(yaml.load(path.read_bytes(), yaml.CSafeLoader))
            _check_templates(scenario)
        except yaml.YAMLError as problem:
            faults.append(_fault(path.name, str(problem).replace("\n", " ")))
        except ValidationError as problem:
            faults += [_fault(f"{path.name}:{'.'.join(map(str, e['loc']))}", e["msg"]) for e in problem.errors()]
        except (KeyError, ValueError) as problem:
            faults.append(_fault(path.name, str(problem)))
        else:
            found[scenario.id] = scenario
    if faults:
        raise FaultsError(faults)
    return found


def _check_templates(scenario: Scenario) -> None:
    """Render every line once, so that a misspelt `${name}` shows at load and not in the middle of an exercise."""
    start = datetime.fromtimestamp(0, LOCAL_ZONE)
    for inject in scenario.injects:
        for line in inject.lines:
            Template(line).substitute(_stamps(start), n=1)


def _fault(where: str, reason: str) -> DefinitionError:
    return DefinitionError(
        msg("kịch bản diễn tập không hợp lệ: {reason}", reason=reason),
        where=where,
        advice=msg("so với kịch bản mẫu trong soc/exercises/scenarios"),
    )
