"""Files kept by the hash of their content."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from soc.core.errors import EngineError, NotFoundError
from soc.core.i18n import Lang
from soc.core.ids import sha256
from soc.storage.blobs import BlobStore

CONTENT = "Biên bản kiểm tra số 12".encode()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


class BrokenStream(io.RawIOBase):
    """Gives a little, then fails, as a cut upload does."""

    def __init__(self) -> None:
        self._left = [b"half of a fi"]

    def read(self, size: int = -1) -> bytes:
        if self._left:
            return self._left.pop()
        raise OSError(5, "link cut")


def test_what_is_put_comes_back_under_its_hash(blobs: BlobStore) -> None:
    blob_id = blobs.put(CONTENT)
    assert blob_id == sha256(CONTENT)
    assert blobs.get(blob_id) == CONTENT
    assert blobs.exists(blob_id)
    assert blobs.verify(blob_id)


def test_a_stream_is_kept_like_bytes_and_only_once(blobs: BlobStore) -> None:
    content = b"x" * 3_000_000
    assert blobs.put(io.BytesIO(content)) == blobs.put(content)
    assert list(blobs.ids()) == [sha256(content)]


def test_an_empty_file_is_a_file(blobs: BlobStore) -> None:
    assert blobs.get(blobs.put(b"")) == b""


def test_an_edited_blob_does_not_verify_and_is_mended_by_putting_it_again(blobs: BlobStore) -> None:
    blob_id = blobs.put(CONTENT)
    blobs.path(blob_id).chmod(0o640)
    blobs.path(blob_id).write_bytes(b"X" + CONTENT[1:])
    assert not blobs.verify(blob_id)
    with pytest.raises(EngineError, match="bị sửa"):
        blobs.get(blob_id)
    blobs.put(CONTENT)
    assert blobs.verify(blob_id)


def test_a_cut_upload_leaves_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="link cut"):
        blobs.put(BrokenStream())  # type: ignore[arg-type]
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "bad", ["", "../../etc/passwd", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n", "a" * 62 + "/."]
)
def test_an_id_that_is_no_hash_opens_nothing(blobs: BlobStore, bad: str) -> None:
    assert not blobs.exists(bad)
    with pytest.raises(NotFoundError) as refused:
        blobs.open(bad)
    assert "SHA-256" in refused.value.render(Lang.EN)


def test_an_unknown_hash_is_not_found(blobs: BlobStore) -> None:
    with pytest.raises(NotFoundError):
        blobs.path("0" * 64)


def test_a_folder_that_cannot_be_made_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineError) as refused:
        BlobStore(tmp_path / "file").put(CONTENT)
    assert str(tmp_path / "file") in refused.value.render(Lang.EN)
