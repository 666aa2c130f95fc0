"""Scan files and folders with YARA in a child process that may time out, run out of memory or crash without stopping the scan."""

from __future__ import annotations

import os
import selectors
import stat
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

import detectors
from detectors.yara.rules import EXTERNALS, YaraRule, YaraRules
from soc.core.errors import EngineError
from soc.core.i18n import Message, msg

_GRACE_S = 5.0
"""On top of YARA's own time limit, which it only looks at between blocks."""
_START_S = 120.0
"""Compiling a whole published collection takes its time."""


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """What one file may cost.

    Attributes:
        timeout_s: whole seconds of matching; a file that needs more is reported and left.
        max_bytes: larger files are reported and not scanned.
        memory_bytes: address space of the child process.
    """

    timeout_s: int = 30
    max_bytes: int = 64 << 20
    memory_bytes: int = 1 << 30


@dataclass(frozen=True, slots=True)
class YaraMatch:
    """A rule that holds for a file; `strings` are (identifier, offset, shown bytes), at most ten of them."""

    rule: YaraRule
    strings: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """What came of one file: matches (perhaps none), or the problem that kept it from being scanned.

    Attributes:
        sha256, size: of the content that was scanned; empty and 0 with a problem.
        scanned: whether the rules have seen it.
    """

    path: Path
    sha256: str = ""
    size: int = 0
    matches: tuple[YaraMatch, ...] = ()
    problem: Message | None = None

    @property
    def scanned(self) -> bool:
        return self.problem is None

    @property
    def name(self) -> str:
        """The path as text that any document can hold: bytes that are no UTF-8 are written as escapes."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


class _ChildLostError(Exception):
    """The child did not answer in time, or is gone."""

    def __init__(self, late: bool) -> None:
        super().__init__(late)
        self.late = late


class YaraScanner:
    """Scans with one child process, started at the first file and again after it was lost.

    Use it as a context manager; the child ends with it.
    """

    def __init__(self, rules: YaraRules, limits: ScanLimits | None = None) -> None:
        self._rules = rules
        self._limits = limits or ScanLimits()
        self._child: _Child | None = None

    def __enter__(self) -> YaraScanner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def scan(self, paths: Iterable[Path]) -> Iterator[ScannedFile]:
        """One result for every file in `paths`, folders walked in the order of names; links are not followed.

        Raises:
            EngineError: the child process does not start.
        """
        for path in paths:
            for found in _walk(path):
                yield found if isinstance(found, ScannedFile) else self._scan_file(found)

    def _scan_file(self, path: Path) -> ScannedFile:
        try:
            size = path.lstat().st_size
        except OSError as problem:  # gone since the folder was read
            return _unreadable(path, problem)
        if size > self._limits.max_bytes:
            return ScannedFile(path, problem=_too_big(size, self._limits.max_bytes))
        try:
            answer = self._ready().ask({"path": os.fsencode(path).hex()}, self._limits.timeout_s + _GRACE_S)
        except _ChildLostError as lost:
            self._drop()
            return ScannedFile(path, problem=self._problem("timeout" if lost.late else "crash", ""))
        if "problem" in answer:
            return ScannedFile(path, problem=self._problem(answer["problem"], answer.get("detail", "")))
        return ScannedFile(path, answer["sha256"], answer["size"], tuple(self._match(one) for one in answer["matches"]))

    def _match(self, found: Mapping[str, Any]) -> YaraMatch:
        rule = self._rules.rules[(found["namespace"], found["rule"])]
        return YaraMatch(rule, tuple((name, offset, shown) for name, offset, shown in found["strings"]))

    def _ready(self) -> _Child:
        if self._child is None:
            child = _Child()
            start = {
                "sources": self._rules.sources,
                "externals": EXTERNALS,
                "timeout_s": self._limits.timeout_s,
                "max_bytes": self._limits.max_bytes,
                "memory_bytes": self._limits.memory_bytes,
            }
            try:
                child.ask(start, _START_S)
            except _ChildLostError as lost:
                child.end()
                raise EngineError(
                    msg("tiến trình quét YARA không khởi động được"),
                    expected=msg(
                        "đủ bộ nhớ cho bộ luật trong giới hạn {size} MB", size=self._limits.memory_bytes >> 20
                    ),
                    advice=msg("tăng giới hạn bộ nhớ hoặc nạp ít luật hơn"),
                ) from lost
            self._child = child
        return self._child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _problem(self, name: str, detail: str) -> Message:
        match name:
            case "timeout":
                return msg("quá {seconds} giây quét, bỏ qua tệp này và quét tiếp", seconds=self._limits.timeout_s)
            case "memory":
                return msg("cần hơn {size} MB bộ nhớ để quét", size=self._limits.memory_bytes >> 20)
            case "crash":
                return msg("tiến trình quét chết khi đọc tệp này, đã khởi động lại")
            case "unreadable":
                return msg("không đọc được: {detail}", detail=detail)
            case _:
                return msg("bộ máy YARA báo lỗi: {detail}", detail=detail)


class _Child:
    """The scanning process and its two pipes; every answer has a deadline."""

    def __init__(self) -> None:
        # -P keeps the current folder out of the import path: it may be the very folder of hostile files that is scanned.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "detectors.yara.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(Path(detectors.__file__).parents[1])},
        )
        self._buffer = b""

    def ask(self, request: Mapping[str, object], within_s: float) -> dict[str, Any]:
        """The answer to `request`. Raises _ChildLostError."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe by construction
        try:
            self._process.stdin.write(orjson.dumps(request) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as problem:
            raise _ChildLostError(late=False) from problem
        answer: dict[str, Any] = orjson.loads(self._line(time.monotonic() + within_s))
        return answer

    def _line(self, deadline: float) -> bytes:
        assert self._process.stdout is not None  # noqa: S101
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not ready.select(max(0.0, deadline - time.monotonic())):
                    raise _ChildLostError(late=True)
                chunk = os.read(self._process.stdout.fileno(), 1 << 16)
                if not chunk:
                    raise _ChildLostError(late=False)
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def end(self) -> None:
        """Kill it and take back its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def _walk(root: Path) -> Iterator[Path | ScannedFile]:
    """Regular files at or below `root`; anything that cannot be looked at, as a result with its problem."""
    waiting = [root]  # a stack of our own: folders may be nested deeper than Python's calls
    while waiting:
        path = waiting.pop()
        try:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                waiting.extend(sorted(path.iterdir(), reverse=True))
                continue
        except OSError as problem:
            yield _unreadable(path, problem)
            continue
        if stat.S_ISREG(mode):
            yield path
        else:
            yield ScannedFile(path, problem=msg("không phải tệp thường (liên kết, ống, thiết bị), không quét"))


def _unreadable(path: Path, problem: OSError) -> ScannedFile:
    return ScannedFile(path, problem=msg("không đọc được: {detail}", detail=problem.strerror or type(problem).__name__))


def _too_big(size: int, limit: int) -> Message:
    return msg("lớn {size} MB, vượt giới hạn {limit} MB, không quét", size=size >> 20, limit=limit >> 20)
