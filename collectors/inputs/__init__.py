"""The inputs: where raw records come from. A new one is a class here and a line in `INPUTS`."""

from __future__ import annotations

from pathlib import Path

import orjson

from collectors.input import Input
from collectors.inputs.documents import JsonInput, NdjsonInput
from collectors.inputs.evtx import MAGIC, EvtxInput
from collectors.inputs.file import FileInput
from collectors.inputs.logfile import open_log

INPUTS: dict[str, type[Input]] = {
    "file": FileInput,
    "evtx": EvtxInput,
    "json": JsonInput,
    "ndjson": NdjsonInput,
}
"""Id -> class, as a platform's YAML names them."""


def open_input(path: Path, *, follow: bool = False) -> Input:
    """The input that suits a file, told by its content; what cannot be opened becomes a fault when it is read.

    Args:
        path: a file, or a glob of text files.
        follow: go on reading what is added; only for text files and NDJSON.
    """
    sample = _sample(path)
    if sample.startswith(MAGIC):
        return EvtxInput(path)
    text = sample.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"["):
        return JsonInput(path) if _is_json_name(path) else FileInput(path, follow)
    if text.startswith(b"{"):
        first_line = text.partition(b"\n")[0]
        return NdjsonInput(path, follow) if not _is_json_name(path) or _is_object(first_line) else JsonInput(path)
    return FileInput(path, follow)


def files_under(path: Path) -> list[Path]:
    """`path` itself, or every file below it when it is a folder, in the order of their names."""
    return sorted(p for p in path.rglob("*") if not p.is_dir()) if path.is_dir() else [path]


def _sample(path: Path) -> bytes:
    try:
        with open_log(path) as log:
            return log.sample
    except OSError:
        return b""


def _is_json_name(path: Path) -> bool:
    return ".json" in path.suffixes


def _is_object(line: bytes) -> bool:
    """Whether the line is an object of its own; a line longer than the sample counts as one."""
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return len(line) > 4000
