"""Files by the hash of their content: evidence, reports, captures. The same content is kept once and never changes.

A blob is named by its digest, the SHA-256 of its content in 64 lower-case hexadecimal digits, and lies at
`<root>/<first two digits>/<digest>`. It appears there whole or not at all, also when the process is killed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from soc.core.errors import EngineError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id, sha256

_ID = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"
_CHUNK_BYTES = 1 << 20


class BlobStore:
    """A content-addressed folder; processes may share it.

    Args:
        root: made by the first `put`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes | BinaryIO) -> str:
        """Keep content, durable on return; gives its digest.

        Args:
            data: bytes, or a stream that is read to its end and not closed.

        Raises:
            EngineError: it cannot be written; nothing of it stays.
        """
        stream = BytesIO(data) if isinstance(data, bytes) else data
        try:
            with self._incoming() as draft:
                digest = _copy(stream, draft)
                self._publish(draft, digest)
        except OSError as problem:
            raise EngineError(
                msg("không ghi được tệp vào kho: {reason}", reason=problem.strerror or type(problem).__name__),
                where=str(self._root),
                advice=msg("kiểm tra quyền ghi và chỗ trống của thư mục"),
            ) from problem
        return digest

    def path(self, digest: str) -> Path:
        """Where the blob lies. Raises NotFoundError for an unknown id, or one that is no SHA-256."""
        found = self._place(digest)
        if not found.is_file():
            raise _unknown(digest)
        return found

    def open(self, digest: str) -> BinaryIO:
        """The blob as a binary stream, for the caller to close. Raises NotFoundError."""
        return self.path(digest).open("rb")

    def get(self, digest: str) -> bytes:
        """The whole blob, checked against its hash.

        Raises:
            NotFoundError: unknown.
            EngineError: the content is not what was kept.
        """
        content = self.path(digest).read_bytes()
        if sha256(content) != digest:
            raise EngineError(
                msg("tệp {blob} đã bị sửa hoặc hỏng trong kho", blob=digest),
                where=str(self._place(digest)),
                advice=msg("khôi phục tệp này từ bản sao lưu"),
            )
        return content

    def exists(self, digest: str) -> bool:
        """Whether the blob is here; False for what is no SHA-256."""
        return _ID.fullmatch(digest) is not None and self._place(digest).is_file()

    def verify(self, digest: str) -> bool:
        """Whether the content still has the hash it is named by. Raises NotFoundError."""
        with self.path(digest).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == digest

    def ids(self) -> Iterator[str]:
        """All blobs, in rising order."""
        return (path.name for path in sorted(self._root.glob("??/*")) if _ID.fullmatch(path.name))

    def _place(self, digest: str) -> Path:
        if _ID.fullmatch(digest) is None:  # an id comes from requests too: a path must never be made of anything else
            raise _unknown(digest)
        return self._root / digest[:2] / digest

    @contextmanager
    def _incoming(self) -> Iterator[Path]:
        folder = self._root / _INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / new_id()
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)

    def _publish(self, draft: Path, digest: str) -> None:
        place = self._place(digest)
        if place.is_file() and self.verify(digest):
            return  # a damaged one is replaced instead
        place.parent.mkdir(exist_ok=True)
        draft.rename(place)
        _sync(place.parent)
        _sync(self._root)


def _copy(stream: BinaryIO, draft: Path) -> str:
    """Write a stream to disk for good; gives its hash. The file can only be read from then on."""
    state = hashlib.sha256()
    with draft.open("xb") as target:
        while chunk := stream.read(_CHUNK_BYTES):
            state.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    draft.chmod(0o440)
    return state.hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unknown(digest: str) -> NotFoundError:
    return NotFoundError(
        msg("không có tệp {digest}", digest=digest[:80]),
        expected=msg("mã SHA-256 gồm 64 chữ số thập lục phân viết thường"),
        advice=msg("lấy mã từ biên nhận hoặc từ danh sách bằng chứng"),
    )
