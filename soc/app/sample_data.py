"""The shipped sample as values: agencies, systems, accounts and what the officers did. Read from `sample/sample.yaml`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict

from collectors.input import Chunk, Reading
from collectors.record import RawRecord
from soc.access.principal import Role
from soc.incidents.model import Grade

SAMPLE = Path(__file__).resolve().parent / "sample"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SampleAgency(_Part):
    """An agency of the sample."""

    id: str
    kind: str
    name_vi: str
    name_en: str
    parent: str | None = None


class SampleSystem(_Part):
    """An information system of the sample."""

    id: str
    agency: str
    platform: str
    level: int
    name_vi: str
    name_en: str


class SampleAccount(_Part):
    """An account to look at the sample with; its password is made when the demo runs."""

    name: str
    role: Role
    agency: str
    display: str
    expires_days: int | None = None


class SampleAct(_Part):
    """Something an officer did about the incident that `rule` (its file name) opened."""

    at: AwareDatetime
    by: str
    do: Literal["acknowledge", "grade", "contain", "notice"]
    rule: str
    text: str = ""
    grade: Grade | None = None


class SampleReview(_Part):
    """What the province decided about a piece of evidence."""

    by: str
    at: AwareDatetime
    verdict: Literal["accept", "return"]
    reason: str = ""


class SampleEvidence(_Part):
    """A piece of evidence that an officer handed in."""

    by: str
    at: AwareDatetime
    criterion: str
    file: str
    observed: tuple[date, date]
    made: date
    valid_until: date
    review: SampleReview


class SamplePlaybook(_Part):
    """The playbook run shown in dry run, about the incident that `rule` opened."""

    rule: str
    playbook: str
    at: AwareDatetime
    by: str


class SampleExercise(_Part):
    """The exercise of the sample."""

    scenario: str
    agency: str
    start: AwareDatetime


class Sample(_Part):
    """Everything of the sample but its logs; `cuts` are moments at which the replayed collectors hand over between the hours."""

    period: str
    begins: AwareDatetime
    ends: AwareDatetime
    cuts: tuple[AwareDatetime, ...]
    agencies: tuple[SampleAgency, ...]
    systems: tuple[SampleSystem, ...]
    accounts: tuple[SampleAccount, ...]
    acts: tuple[SampleAct, ...]
    evidence: tuple[SampleEvidence, ...]
    playbook: SamplePlaybook
    exercise: SampleExercise


def load_sample() -> Sample:
    """The shipped sample."""
    return Sample.model_validate(yaml.load((SAMPLE / "sample.yaml").read_bytes(), yaml.CSafeLoader))


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One raw line of a sample log: its source, its offset in the file, and the moment it speaks of."""

    source: str
    seq: int
    data: bytes
    moment: datetime


def sample_lines(source: str) -> Iterator[tuple[int, bytes]]:
    """(offset, line) of the log of a source."""
    offset = 0
    with gzip.open(SAMPLE / "logs" / f"{source}.log.gz") as stream:
        for line in stream:
            yield offset, line.rstrip(b"\n")
            offset += len(line)


@dataclass(frozen=True)
class ReplayInput:
    """Lines as they arrived at the time: each was received a few seconds after the moment it speaks of."""

    id: ClassVar[str] = "replay"

    lines: Mapping[str, list[SampleLine]]
    source: str

    @property
    def key(self) -> str:
        return self.source

    @property
    def follow(self) -> bool:
        return False

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """The lines of the source in one chunk."""
        yield Chunk(
            [
                RawRecord(
                    reading.source, line.seq, line.data, reading.received, f"{self.source}.log:{line.seq}", "utf-8"
                )
                for line in self.lines[self.source]
            ]
        )
