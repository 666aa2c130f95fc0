"""Files by the hash of their content: evidence, reports, captures. The same content is kept once and never changes.

A blob lies at `<root>/<first two digits>/<sha256>`; it appears there whole or not at all, also when the process is killed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from soc.core.errors import EngineError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id

BlobId: TypeAlias = str
"""SHA-256 of the content, 64 lower-case hexadecimal digits."""

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

    def put(self, content: bytes | BinaryIO) -> BlobId:
        """Keep content, durable on return.

        Args:
            content: bytes, or a stream that is read to its end and not closed.

        Raises:
            EngineError: it cannot be written; nothing of it stays.
        """
        stream = BytesIO(content) if isinstance(content, bytes) else content
        try:
            with self._incoming() as draft:
                blob_id = _copy(stream, draft)
                self._publish(draft, blob_id)
        except OSError as problem:
            raise EngineError(
                msg("không ghi được tệp vào kho: {reason}", reason=problem.strerror or type(problem).__name__),
                where=str(self._root),
                advice=msg("kiểm tra quyền ghi và chỗ trống của thư mục"),
            ) from problem
        return blob_id

    def path(self, blob_id: BlobId) -> Path:
        """Where the blob lies. Raises NotFoundError for an unknown id, or one that is no SHA-256."""
        found = self._place(blob_id)
        if not found.is_file():
            raise _unknown(blob_id)
        return found

    def open(self, blob_id: BlobId) -> BinaryIO:
        """The blob as a binary stream, for the caller to close. Raises NotFoundError."""
        return self.path(blob_id).open("rb")

    def read(self, blob_id: BlobId) -> bytes:
        """The whole blob. Raises NotFoundError."""
        return self.path(blob_id).read_bytes()

    def exists(self, blob_id: BlobId) -> bool:
        """Whether the blob is here; False for what is no SHA-256."""
        return _ID.fullmatch(blob_id) is not None and self._place(blob_id).is_file()

    def verify(self, blob_id: BlobId) -> bool:
        """Whether the content still has the hash it is named by. Raises NotFoundError."""
        with self.path(blob_id).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == blob_id

    def ids(self) -> Iterator[BlobId]:
        """All blobs, in rising order."""
        return (path.name for path in sorted(self._root.glob("??/*")) if _ID.fullmatch(path.name))

    def _place(self, blob_id: BlobId) -> Path:
        if _ID.fullmatch(blob_id) is None:  # an id comes from requests too: a path must never be made of anything else
            raise _unknown(blob_id)
        return self._root / blob_id[:2] / blob_id

    @contextmanager
    def _incoming(self) -> Iterator[Path]:
        folder = self._root / _INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / new_id()
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)

    def _publish(self, draft: Path, blob_id: BlobId) -> None:
        place = self._place(blob_id)
        if place.is_file() and self.verify(blob_id):
            return  # a damaged one is replaced instead
        place.parent.mkdir(exist_ok=True)
        draft.rename(place)
        _sync(place.parent)
        _sync(self._root)


def _copy(stream: BinaryIO, draft: Path) -> BlobId:
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


def _unknown(blob_id: BlobId) -> NotFoundError:
    return NotFoundError(
        msg("không có tệp {blob_id}", blob_id=blob_id[:80]),
        expected=msg("mã SHA-256 gồm 64 chữ số thập lục phân viết thường"),
        advice=msg("lấy mã từ biên nhận hoặc từ danh sách bằng chứng"),
    )
