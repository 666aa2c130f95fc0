"""Errors of Elasticsearch as ours, each with the kind that tells the operator what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from elasticsearch import ApiError, ConnectionError, TransportError  # noqa: A004 - the client's own name for it

from soc.core.errors import EngineError
from soc.core.i18n import Message, msg


class FaultKind(StrEnum):
    """What is wrong, as far as it decides what to do."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    RED = "red"
    READ_ONLY = "read_only"
    DISK = "disk"
    OVERLOAD = "overload"
    OTHER = "other"


class ElasticError(EngineError):
    """Elasticsearch does not answer or refuses; what was to be kept stays in the spool."""

    engine = "store"

    def __init__(self, kind: FaultKind, found: Message, *, where: str) -> None:
        super().__init__(found, where=where, advice=_ADVICE[kind])
        self.kind = kind


_ADVICE: dict[FaultKind, Message] = {
    FaultKind.UNREACHABLE: msg(
        "kiểm tra cụm đang chạy, địa chỉ và chứng chỉ; dữ liệu chờ trong hàng đệm và tự gửi lại"
    ),
    FaultKind.REFUSED: msg("chạy 'soc elastic check' để xem quyền còn thiếu; khoá API có thể đã hết hạn"),
    FaultKind.RED: msg("xem tình trạng cụm (mảnh chưa được cấp phát); dữ liệu chờ trong hàng đệm và tự gửi lại"),
    FaultKind.READ_ONLY: msg("gỡ khoá ghi của chỉ mục (index.blocks.write, index.blocks.read_only) khi bảo trì xong"),
    FaultKind.DISK: msg("giải phóng đĩa của cụm; Elasticsearch tự gỡ khoá khi đĩa xuống dưới ngưỡng"),
    FaultKind.OVERLOAD: msg("cụm quá tải; việc gửi chậm lại rồi tiếp tục, thêm nút nếu kéo dài"),
    FaultKind.OTHER: msg("xem nhật ký của cụm, rồi chạy 'soc elastic check'"),
}


@contextmanager
def answering(where: str) -> Iterator[None]:
    """Turns what the client raises into an ElasticError. `where` is the address of the cluster, without credentials."""
    try:
        yield
    except ApiError as problem:
        kind = kind_of(problem.meta.status, _cause(problem.body))
        found = msg("Elasticsearch từ chối ({status}): {reason}", status=problem.meta.status, reason=reason_of(problem))
        raise ElasticError(kind, found, where=where) from problem
    except TransportError as problem:
        kind = FaultKind.UNREACHABLE if isinstance(problem, ConnectionError) else FaultKind.OTHER
        raise ElasticError(kind, unreachable(problem), where=where) from problem


def unreachable(problem: Exception) -> Message:
    """That nothing answers, and why."""
    return msg("Elasticsearch không trả lời: {reason}", reason=str(problem)[:200])


def kind_of(status: int, cause: Mapping[str, Any]) -> FaultKind:
    """The kind of a refusal, of a whole request or of one document of a bulk.

    Args:
        cause: the `error` of the answer.
    """
    reason = str(cause.get("reason", ""))
    if cause.get("type") == "cluster_block_exception":
        if "flood-stage" in reason or "disk usage" in reason:
            return FaultKind.DISK
        return FaultKind.READ_ONLY if status == 403 else FaultKind.RED
    return _BY_STATUS.get(status, FaultKind.OTHER)


_BY_STATUS = {
    401: FaultKind.REFUSED,
    403: FaultKind.REFUSED,
    429: FaultKind.OVERLOAD,
    408: FaultKind.UNREACHABLE,
    502: FaultKind.UNREACHABLE,
    503: FaultKind.RED,
    504: FaultKind.UNREACHABLE,
}


def _cause(body: object) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def reason_of(problem: ApiError) -> str:
    """What the cluster says, in one line."""
    cause = _cause(problem.body)
    return f"{cause['type']}: {cause.get('reason', '')}"[:300] if "type" in cause else f"HTTP {problem.meta.status}"
