"""What may be uploaded: judged by content, named safely, never unpacked."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.compliance.uploads import DOCX, MAX_BYTES, PDF, TXT, XLSX, ZIP, check_upload, safe_name
from soc.core.errors import InputError


def archive_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


OFFICE = {"[Content_Types].xml": b"<Types/>"}


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("qd.pdf", b"%PDF-1.7\n", PDF),
        ("ghi-chu.txt", "Đã phổ biến cho 25 người\n".encode(), TXT),
        ("bang.xlsx", archive_of({**OFFICE, "xl/workbook.xml": b"<workbook/>"}), XLSX),
        ("bao-cao.docx", archive_of({**OFFICE, "word/document.xml": b"<document/>"}), DOCX),
        ("hoso.zip", archive_of({"a/qd.pdf": b"%PDF-1.7"}), ZIP),
    ],
)
def test_types_on_the_list_are_taken(name: str, data: bytes, kind: object) -> None:
    assert check_upload(name, data).media_type == getattr(kind, "media_type", None)


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("rong.pdf", b"", "rỗng"),
        ("lon.txt", b"a" * (MAX_BYTES + 1), "quá lớn"),
        ("vo.exe", b"MZ\x90\x00\xff\xff", "không được nhận"),
        ("vo.pdf", b"MZ\x90\x00\xff\xff", "không được nhận"),
        ("anh.png", b"%PDF-1.7\n", "không khớp"),
        ("hong.zip", b"PK\x03\x04 cut short", "hỏng"),
        ("nul.txt", b"abc\x00def", "không được nhận"),
    ],
)
def test_everything_else_is_refused_with_its_reason(name: str, data: bytes, word: str) -> None:
    with pytest.raises(InputError, match=word):
        check_upload(name, data)


@pytest.mark.parametrize("path", ["../../etc/cron.d/x", "/etc/passwd", "..\\..\\x.txt", "C:\\x.txt", "a/../../x"])
def test_an_archive_that_reaches_outside_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="thoát ra ngoài"):
        check_upload("goi.zip", archive_of({path: b"x"}))


def test_an_archive_that_explodes_is_refused() -> None:
    """50 MB of zeros pack into 50 kB."""
    with pytest.raises(InputError, match="quá lớn"):
        check_upload("bom.zip", archive_of({"zero.bin": bytes(50_000_000)}))


def test_a_link_inside_an_archive_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="liên kết"):
        check_upload("goi.zip", buffer.getvalue())


def test_a_document_with_macros_is_refused() -> None:
    data = archive_of({**OFFICE, "xl/workbook.xml": b"", "xl/vbaProject.bin": b"x"})
    with pytest.raises(InputError, match="macro"):
        check_upload("bang.xlsx", data)


@given(st.text(max_size=300))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_safe_name_is_one_part_without_hidden_characters(name: str) -> None:
    """Whatever a browser sends: no path, no control or direction-changing characters, never empty, bounded."""
    safe = safe_name(name)
    assert 0 < len(safe) <= 120
    assert not set(safe) & set('/\\<>:"|?*\u202e\u200b\n\0')
    assert safe not in {".", ".."}
