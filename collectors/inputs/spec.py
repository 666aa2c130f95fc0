"""How inputs that are read, not sent, are written down in `sources.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from collectors.definition import DefinitionProblem
from collectors.input import Input
from collectors.inputs.joiner import Multiline
from collectors.listeners.spec import Strict
from soc.core.i18n import msg


class PullSpec(Strict):
    """The `input` of a source that the collecting process looks at again and again."""

    kind: Any

    def inputs(self, home: Path) -> Sequence[Input]:
        """What to read; relative paths are meant from `home`."""
        raise NotImplementedError


class FileSpec(PullSpec):
    """Files that grow. `paths` may hold `*`, `?`, `[...]`. EVTX files are whole when they come: `soc ingest`, or a drop folder."""

    kind: Literal["file", "ndjson", "evtx"] = "file"
    paths: list[str] = Field(default=[])
    multiline: Multiline | None = None

    @model_validator(mode="after")
    def _lines_are_of_text(self) -> FileSpec:
        if self.multiline is not None and self.kind != "file":
            raise DefinitionProblem(msg("multiline chỉ dùng cho kind: file"), place=("multiline",))
        return self

    def inputs(self, home: Path) -> Sequence[Input]:
        from collectors.inputs.documents import NdjsonInput  # noqa: PLC0415 - of who only reads the file
        from collectors.inputs.file import FileInput  # noqa: PLC0415

        if self.kind == "evtx":
            return []
        if self.kind == "ndjson":
            return [NdjsonInput(Path(path), True) for path in self.paths]
        return [FileInput(Path(path), True, self.multiline) for path in self.paths]
