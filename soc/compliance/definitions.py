"""What the definition files of this package share: strict values and texts in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from collectors.definition import read_definition, validated

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """Base of what is read from files: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """One text in both languages."""

    vi: str
    en: str

    def names(self) -> dict[str, str]:
        return {"vi": self.vi, "en": self.en}


def load(path: Path, model: type[Model]) -> Model:
    """The file as `model`. Raises FaultsError with all faults of the file, each with `file:line`."""
    return validated(read_definition(path), model)
