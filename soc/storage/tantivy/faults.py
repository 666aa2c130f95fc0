"""Errors of the engine as ours, at the one place where they cross over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from soc.core.errors import EngineError
from soc.core.i18n import msg


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turns what tantivy raises into an EngineError; a panic of its Rust code arrives outside the Exception tree."""
    try:
        yield
    except (ValueError, OSError) as problem:
        raise _engine_error(where, problem) from problem
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":
            raise
        raise _engine_error(where, problem) from problem


def _engine_error(where: str, problem: BaseException) -> EngineError:
    return EngineError(
        msg("chỉ mục sự kiện không đọc hay ghi được: {reason}", reason=str(problem)[:200]),
        where=where,
        advice=msg("kiểm tra đĩa còn chỗ và quyền ghi, rồi chạy 'soc doctor'"),
    )
