"""How inputs that are read, not sent, are written down in `sources.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from collectors.input import Input
from collectors.listeners.spec import Strict


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

    def inputs(self, home: Path) -> Sequence[Input]:
        from collectors.inputs.documents import NdjsonInput  # noqa: PLC0415 - of who only reads the file
        from collectors.inputs.file import FileInput  # noqa: PLC0415

        if self.kind == "evtx":
            return []
        followed = NdjsonInput if self.kind == "ndjson" else FileInput
        return [followed(Path(path), True) for path in self.paths]
