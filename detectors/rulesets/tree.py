"""The rule files of a folder or a ZIP as it was downloaded: read into memory, bounded, nothing written.

A file that is unsafe or too large is refused with its path and stops no other; only an archive that is a bomb as a whole is refused
altogether. Links are never followed, and a path never leaves the set.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from detectors.sigma.rules import LARGEST_FILE
from soc.core.errors import DefinitionError, InputError
from soc.core.i18n import Message, msg

SUFFIXES = frozenset({".yml", ".yaml"})
_LICENCE = re.compile(r"(licen[cs]e|copying)([._-].*)?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST_PATH = 400
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one set may hold.

    Attributes:
        file_bytes: of one rule file, as much as the loader takes; the published ones have about two thousand.
        total_bytes: of all files that are read, unpacked.
        files: members of an archive, whatever they are.
        archive_bytes: of the ZIP itself.
    """

    file_bytes: int = LARGEST_FILE
    total_bytes: int = 200 << 20
    files: int = 100_000
    archive_bytes: int = 500 << 20


@dataclass(frozen=True, slots=True)
class Tree:
    """Files by their path inside the set, with `/` between its parts, and what was refused before it was read."""

    files: Mapping[str, bytes]
    refusals: tuple[DefinitionError, ...] = ()


def read_tree(path: Path, limits: Limits = Limits()) -> Tree:
    """The rule files and licence texts below a folder or inside a ZIP.

    Raises:
        InputError: neither, not readable, or larger than `limits` allow.
    """
    reading = _Reading(limits)
    try:
        if path.is_dir():
            reading.folder(path)
        else:
            reading.archive(path)
    except OSError as problem:
        raise InputError(
            msg("không đọc được {path}: {reason}", path=str(path), reason=problem.strerror or str(problem)),
            advice=msg("kiểm tra đường dẫn và quyền đọc"),
        ) from problem
    reading.refuse_nested()
    files = reading.files if path.is_dir() else _without_top(reading.files)
    return Tree(dict(sorted(files.items())), tuple(reading.refusals))


def is_licence(path: str) -> bool:
    """Whether this is a text of the licence of the whole set."""
    return "/" not in path and _LICENCE.fullmatch(path) is not None


@dataclass(slots=True)
class _Reading:
    """Collects files and refusals under one account of bytes."""

    limits: Limits
    files: dict[str, bytes] = field(default_factory=dict)
    refusals: list[DefinitionError] = field(default_factory=list)
    _spent: int = 0

    def refuse(self, path: str, found: Message, expected: Message | None = None) -> None:
        shown = "".join(c if c.isprintable() else "�" for c in path[:_LONGEST_PATH])
        self.refusals.append(DefinitionError(found, expected=expected, where=shown))

    def keep(self, path: str, data: bytes) -> None:
        """Take a file in, unless it is too large; `data` was read up to one byte more than a file may have."""
        if len(data) > self.limits.file_bytes:
            self.refuse(path, msg("tệp luật lớn hơn {limit} KiB", limit=self.limits.file_bytes >> 10))
            return
        self._spent += len(data)
        if self._spent > self.limits.total_bytes:
            raise _too_large(msg("bộ luật lớn hơn {limit} MiB", limit=self.limits.total_bytes >> 20))
        self.files[path] = data

    def folder(self, root: Path) -> None:
        for path in _walk(root):
            name = path.relative_to(root).as_posix()
            if path.is_symlink():
                if path.is_dir() or _is_wanted(name, depth=0):
                    self.refuse(name, msg("là liên kết; liên kết không được đi theo"))
            elif _is_wanted(name, depth=0) and self._is_sound(name) and path.is_file():
                with path.open("rb") as stream:
                    self.keep(name, stream.read(self.limits.file_bytes + 1))

    def archive(self, path: Path) -> None:
        if path.stat().st_size > self.limits.archive_bytes:
            raise _too_large(msg("tệp nén lớn hơn {limit} MiB", limit=self.limits.archive_bytes >> 20))
        try:
            with zipfile.ZipFile(path) as archive:
                self._members(archive)
        except (zipfile.BadZipFile, ValueError) as problem:
            raise InputError(
                msg("không phải thư mục, cũng không phải tệp ZIP lành lặn"),
                where=str(path),
                advice=msg("tải lại tệp, hoặc giải nén rồi nhập thư mục"),
            ) from problem

    def refuse_nested(self) -> None:
        """Refuse `a.yml/b.yml` where `a.yml` is a file: an archive can hold both, a folder cannot."""
        for name in list(self.files):
            if any(str(parent) in self.files for parent in PurePosixPath(name).parents):
                del self.files[name]
                self.refuse(name, msg("nằm dưới một tệp chứ không phải thư mục"))

    def _members(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        if len(members) > self.limits.files:
            raise _too_large(msg("tệp nén có {count} tệp, quá nhiều", count=len(members)))
        for member in members:
            name = member.orig_filename
            if member.is_dir() or not _is_wanted(name, depth=1) or not self._is_sound(name):
                continue
            if stat.S_ISLNK(member.external_attr >> 16):
                self.refuse(name, msg("là liên kết; liên kết không được đi theo"))
            elif name in self.files:
                self.refuse(name, msg("đường dẫn này có hai lần trong tệp nén"))
            else:
                self._member(archive, member, name)

    def _member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
        """Read one member; its true size counts, not the one the archive states."""
        try:
            with archive.open(member) as stream:
                data = stream.read(self.limits.file_bytes + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as problem:
            self.refuse(name, msg("không giải nén được: {reason}", reason=str(problem)[:120]))
            return
        self.keep(name, data)

    def _is_sound(self, name: str) -> bool:
        """Refuse a path that leads outside or that no file system should have to take."""
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in parts:
            self.refuse(name, msg("đường dẫn thoát ra ngoài bộ luật"))
        elif "\\" in name or any(unicodedata.category(c)[0] == "C" for c in name):
            self.refuse(name, msg("đường dẫn có ký tự điều khiển hoặc dấu gạch chéo ngược"))
        elif len(name) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
            self.refuse(name, msg("đường dẫn quá dài"))
        elif "" in parts or "." in parts:
            self.refuse(name, msg("đường dẫn không gọn"), msg("các phần cách nhau bằng đúng một dấu gạch chéo"))
        else:
            return True
        return False


def _walk(root: Path) -> Iterator[Path]:
    """Files and links below a folder in the order of their names; hidden ones and what links lead to are left out."""
    for folder, folders, files in os.walk(root, followlinks=False):
        here = Path(folder)
        yield from sorted(here / name for name in folders if (here / name).is_symlink() and not name.startswith("."))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from sorted(here / name for name in files if not name.startswith("."))


def _is_wanted(name: str, depth: int) -> bool:
    """A rule file, not in a hidden folder and not the cases beside a rule; or a licence, under `depth` folders at most."""
    path = PurePosixPath(name.replace("\\", "/"))
    if any(part.startswith(".") and part != ".." for part in path.parts):
        return False
    if path.suffix.lower() in SUFFIXES:
        return not path.stem.endswith(".test")
    return len(path.parts) <= depth + 1 and is_licence(path.name)


def _without_top(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Without the one folder that a download wraps around everything (`sigma-master/`)."""
    tops = {name.partition("/")[0] for name in files}
    if len(tops) != 1 or any("/" not in name for name in files):
        return files
    return {name.partition("/")[2]: data for name, data in files.items()}


def _too_large(found: Message) -> InputError:
    return InputError(found, advice=msg("chia nhỏ bộ luật rồi nhập từng phần"))
