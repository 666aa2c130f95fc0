"""The process that scans: started as `python -P -m detectors.yara.child`, speaks JSON lines on stdin and stdout.

It stands apart because YARA is C code fed with hostile files: a crash, a hang or a flood of memory here ends this process alone. The first
line holds sources, limits and externals; then each line names a file, and one line answers it.
"""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import yara  # type: ignore[import-not-found]  # a C module without stubs

MAX_INSTANCES = 10
"""Places shown for each rule; a rule may hit millions of times."""
MAX_SHOWN = 80
"""Bytes shown of each place."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every request until the parent closes the pipe."""
    start = orjson.loads(requests.readline())
    resource.setrlimit(resource.RLIMIT_AS, (start["memory_bytes"], start["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    rules = yara.compile(sources=start["sources"], includes=False, externals=start["externals"])
    _send(answers, {"ready": True})
    for line in requests:
        _send(answers, scan(rules, Path(os.fsdecode(bytes.fromhex(orjson.loads(line)["path"]))), start))


def scan(rules: yara.Rules, path: Path, limits: Mapping[str, Any]) -> dict[str, object]:
    """What the rules say of one file, or `problem` with a name for it."""
    try:
        data = read_regular(path, limits["max_bytes"])
        # Names that are not UTF-8 keep their bytes; YARA wants text without surrogates.
        shown = os.fsencode(path).decode("utf-8", "replace")
        names = {"filename": Path(shown).name, "filepath": shown, "extension": Path(shown).suffix}
        found = rules.match(data=data, timeout=limits["timeout_s"], externals=names)
        matches = [_match(one) for one in found]
    except yara.TimeoutError:
        return {"problem": "timeout"}
    except MemoryError:
        return {"problem": "memory"}
    except OSError as problem:
        return {"problem": "unreadable", "detail": problem.strerror or type(problem).__name__}
    except yara.Error as problem:
        return {"problem": "engine", "detail": str(problem)}
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "matches": matches}


def read_regular(path: Path, max_bytes: int) -> bytes:
    """The content, read once, so that hash and verdict speak of the same bytes. A link or a device put there meanwhile is refused."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(None, "not a regular file")
        return stream.read(
            min(state.st_size, max_bytes)
        )  # read(n) takes n bytes of memory at once, however short the file


def _match(match: yara.Match) -> dict[str, object]:
    places = [
        (s.identifier, i.offset, i.matched_data[:MAX_SHOWN]) for s in match.strings for i in s.instances[:MAX_INSTANCES]
    ]
    return {
        "namespace": match.namespace,
        "rule": match.rule,
        "strings": [[name, offset, ascii_of(data)] for name, offset, data in places[:MAX_INSTANCES]],
    }


def ascii_of(data: bytes) -> str:
    """Printable form of matched bytes: text as it is, everything else escaped."""
    return (
        data.decode("utf-8", "backslashreplace").encode("unicode_escape").decode("ascii")
        if b"\0" in data
        else _text_of(data)
    )


def _text_of(data: bytes) -> str:
    text = data.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _send(answers: BinaryIO, message: Mapping[str, object]) -> None:
    answers.write(orjson.dumps(message) + b"\n")
    answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
