"""Imported sets on disk, by the hash of their content.

What counts is one ZIP per version among the blobs: written whole, synced, checked against its hash at each reading. The folder
that the rules are loaded from is unpacked from it, so that places in refusals stay readable; a folder that was changed by hand, or
half-written when the machine lost power, is put away and unpacked anew.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from detectors.rulesets.importing import hash_of_hashes
from detectors.rulesets.model import SHORT
from soc.core.errors import EngineError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id, sha256
from soc.storage.blobs import BlobStore

_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every member, so that the same files give the same archive."""


class Library:
    """Versions of sets below one folder.

    Args:
        root: of the unpacked folders; made when needed.
        blobs: keeps the archives.
    """

    def __init__(self, root: Path, blobs: BlobStore) -> None:
        self._root, self._blobs = root, blobs

    def keep(self, files: Mapping[str, bytes]) -> str:
        """Keep the files of a version for good; gives the digest of the archive. Raises EngineError."""
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(files):
                archive.writestr(zipfile.ZipInfo(path, _DATE), files[path], zipfile.ZIP_DEFLATED)
        return self._blobs.put(packed.getvalue())

    def folder(self, name: str, content: str, archive: str) -> Path:
        """The folder of a version, with exactly the files that were imported.

        Raises:
            EngineError: the archive is gone or damaged, or the folder cannot be written.
        """
        folder = self._root / name / content[:SHORT]
        if not (folder.is_dir() and _content_of(folder) == content):
            try:
                self._unpack(folder, self._blobs.get(archive))
            except NotFoundError as problem:
                raise _damaged(name, folder) from problem
            if _content_of(folder) != content:
                raise _damaged(name, folder)
        return folder

    def _unpack(self, folder: Path, archive: bytes) -> None:
        draft = self._root / f".incoming-{new_id()}"
        try:
            draft.mkdir(parents=True, mode=0o700)
            with zipfile.ZipFile(BytesIO(archive)) as packed:
                for member in packed.namelist():  # names were checked when the set was read
                    target = draft / "new" / member
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(packed.read(member))
            folder.parent.mkdir(exist_ok=True)
            if folder.exists():
                folder.rename(draft / "old")
            (draft / "new").rename(folder)
        except OSError as problem:
            raise EngineError(
                msg("không ghi được bộ luật: {reason}", reason=problem.strerror or str(problem)),
                where=str(folder),
                advice=msg("kiểm tra quyền ghi và chỗ trống của thư mục"),
            ) from problem
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _content_of(folder: Path) -> str:
    """The content hash of what lies in a folder now; a link among it makes it another."""
    found = sorted(
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_symlink() or path.is_file()
    )
    return hash_of_hashes((name, "" if path.is_symlink() else sha256(path.read_bytes())) for name, path in found)


def _damaged(name: str, folder: Path) -> EngineError:
    return EngineError(
        msg("bộ luật {name} trong kho bị mất hoặc không khớp mã nội dung", name=name),
        where=str(folder),
        advice=msg("nhập lại bộ luật"),
    )
