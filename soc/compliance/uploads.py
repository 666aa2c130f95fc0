"""What may be uploaded as evidence: judged by content, never by the name alone.

A file is only read here, never unpacked to disk. Limits follow CONSOLE section 8 (plain form up to 20 MB).
"""

from __future__ import annotations

import io
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from soc.core.errors import InputError
from soc.core.i18n import Message, msg
from soc.core.ids import sha256

MAX_BYTES = 20_000_000
MAX_MEMBERS = 2_000
MAX_UNPACKED_BYTES = 200_000_000
MAX_RATIO = 200
MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of file that is taken; `suffixes` with their dot, lower case."""

    name: str
    media_type: str
    suffixes: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument"
PDF = Kind("pdf", "application/pdf", (".pdf",))
PNG = Kind("png", "image/png", (".png",))
JPEG = Kind("jpg", "image/jpeg", (".jpg", ".jpeg"))
XLSX = Kind("xlsx", f"{_OFFICE}.spreadsheetml.sheet", (".xlsx",))
DOCX = Kind("docx", f"{_OFFICE}.wordprocessingml.document", (".docx",))
ZIP = Kind("zip", "application/zip", (".zip",))
TXT = Kind("txt", "text/plain; charset=utf-8", (".txt",))
KINDS = (PDF, PNG, JPEG, XLSX, DOCX, ZIP, TXT)
"""Every type that is taken."""

_MAGIC = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))
_DRIVE = re.compile(r"^[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was checked."""

    name: str
    data: bytes
    media_type: str
    sha256: str


def check_upload(name: str, data: bytes) -> Upload:
    """The file, if it may be taken.

    Args:
        name: as the browser or the shell gives it; a path is cut off.

    Raises:
        InputError: empty, too large, a type not on the list, a name that disagrees with the content, or a dangerous archive.
    """
    clean = safe_name(name)
    if not data:
        raise _refusal(clean, msg("tệp rỗng"))
    if len(data) > MAX_BYTES:
        raise _refusal(
            clean,
            msg("tệp {size} MB quá lớn", size=round(len(data) / 1e6, 1)),
            expected=msg("không quá {limit} MB", limit=MAX_BYTES // 1_000_000),
            advice=msg("nén lại hoặc tách thành nhiều tệp"),
        )
    kind = _kind_of(clean, data)
    if PurePosixPath(clean).suffix.lower() not in kind.suffixes:
        raise _refusal(
            clean,
            msg("tên tệp không khớp nội dung {kind}", kind=kind.name),
            expected=msg("đuôi tệp {suffixes}", suffixes=", ".join(kind.suffixes)),
            advice=msg("đổi đúng đuôi tệp rồi nộp lại"),
        )
    return Upload(clean, data, kind.media_type, sha256(data))


def safe_name(name: str) -> str:
    """The last part of a path without control, invisible and direction-changing characters, NFC, at most 120 long."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*').strip(" .")
    if len(seen) > MAX_NAME:
        suffix = PurePosixPath(seen).suffix[:10]
        seen = seen[: MAX_NAME - len(suffix)] + suffix
    return seen or "tep"


def _kind_of(name: str, data: bytes) -> Kind:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data.startswith(b"PK\x03\x04"):
        return _archive_kind(name, data)
    if _is_text(data):
        return TXT
    raise _refusal(
        name,
        msg("loại tệp không được nhận"),
        expected=msg("một trong các loại {kinds}", kinds=", ".join(kind.name for kind in KINDS)),
        advice=msg("xuất tài liệu sang PDF rồi nộp lại"),
    )


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in text)


def _archive_kind(name: str, data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as problem:
        raise _refusal(name, msg("tệp nén hỏng"), advice=msg("nén lại rồi nộp lại")) from problem
    for check in _ARCHIVE_CHECKS:
        fault = check(members)
        if fault is not None:
            raise _refusal(name, fault, advice=msg("nén lại chỉ với các tài liệu cần nộp"))
    names = {member.filename for member in members}
    if "[Content_Types].xml" not in names:
        return ZIP
    return XLSX if "xl/workbook.xml" in names else DOCX if "word/document.xml" in names else ZIP


def _escapes(members: Sequence[zipfile.ZipInfo]) -> Message | None:
    for member in members:
        path = member.orig_filename.replace("\\", "/")
        if path.startswith("/") or _DRIVE.match(path) or ".." in path.split("/") or "\0" in path:
            return msg("tệp nén có đường dẫn thoát ra ngoài: {path}", path=path[:80])
        if stat.S_ISLNK(member.external_attr >> 16):
            return msg("tệp nén có liên kết: {path}", path=path[:80])
    return None


def _explodes(members: Sequence[zipfile.ZipInfo]) -> Message | None:
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MAX_MEMBERS:
        return msg("tệp nén có {count} tệp, quá nhiều", count=len(members))
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * max(packed, 1):
        return msg("tệp nén bung ra {size} MB, quá lớn", size=unpacked // 1_000_000)
    return None


def _hides(members: Sequence[zipfile.ZipInfo]) -> Message | None:
    if any(member.flag_bits & 1 for member in members):
        return msg("tệp nén có mật khẩu")
    if any(PurePosixPath(member.filename).name.lower() == "vbaproject.bin" for member in members):
        return msg("tài liệu có macro")
    return None


_ARCHIVE_CHECKS: tuple[Callable[[Sequence[zipfile.ZipInfo]], Message | None], ...] = (_escapes, _explodes, _hides)


def _refusal(
    name: str, found: Message, *, expected: Message | None = None, advice: Message | None = None
) -> InputError:
    return InputError(found, expected=expected, where=name, advice=advice)
