"""Check a report: is it as it was made, and does each of its figures still come out of its stored query?

Two depths. The file alone shows whether its pages fit what it carries inside. With the assessor of the home that made it, every
figure is computed again, and the pages are laid out again from the kept assessment and compared: whoever changes a number must
change it in the pages, in the private data, and in the home.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pikepdf

from reports.embedded import Payload, extract, pages_hash
from reports.kinds import KINDS
from reports.render.pdf import layout
from reports.wording import Wording
from soc.access.principal import SYSTEM, Principal
from soc.compliance.assessment import Assessment, Figure
from soc.compliance.assessor import Assessor, Recomputed
from soc.core.errors import InputError, NotFoundError
from soc.core.i18n import Lang, Message, msg
from soc.core.ids import sha256

MAX_BYTES = 100_000_000


class Outcome(StrEnum):
    """What a check found; `unknown` = it could not be decided here, which is no fault."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


_LABELS = {
    Outcome.SAME: msg("khớp"),
    Outcome.DIFFERENT: msg("KHÁC"),
    Outcome.UNKNOWN: msg("không kiểm được"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `subject` is `file`, `pages`, `assessment`, `document`, or the id of a figure."""

    subject: str
    outcome: Outcome
    detail: Message


def verify_report(
    path: Path,
    assessor: Assessor | None = None,
    principal: Principal = SYSTEM,
    issued: Callable[[str], str | None] | None = None,
) -> list[Check]:
    """The checks of a report file, in order: the file, its pages, its assessment, then each figure.

    Args:
        assessor: of the home that made the report; None = only what the file itself shows.
        principal: whose rights are used to read the assessment and count again.
        issued: SHA-256 -> number of the report, from `ReportService.issued`.

    Raises:
        InputError: not a readable PDF.
    """
    data = _read(path)
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            pages = pages_hash(pdf)
            content = extract(pdf)
    except pikepdf.PdfError as problem:
        raise InputError(
            msg("không đọc được tệp PDF"), where=str(path), advice=msg("tải lại báo cáo từ nơi phát hành")
        ) from problem
    except ValueError:
        return [Check("file", Outcome.DIFFERENT, msg("tệp không mang số liệu của báo cáo, hoặc phần đó đã bị sửa"))]
    return [*_issued(data, issued), *_pages(pages, content), *_against_home(pages, content, assessor, principal)]


def all_same(checks: list[Check]) -> bool:
    """Whether nothing differs; what could not be decided does not count."""
    return all(check.outcome is not Outcome.DIFFERENT for check in checks)


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(msg("tệp quá lớn để là một báo cáo"), where=str(path))
    return path.read_bytes()


def _issued(data: bytes, issued: Callable[[str], str | None] | None) -> Iterator[Check]:
    if issued is None:
        return
    number = issued(sha256(data))
    if number is None:
        yield Check("file", Outcome.DIFFERENT, msg("không có tệp nào như thế này từng được phát hành ở đây"))
    else:
        yield Check("file", Outcome.SAME, msg("đúng từng byte với tệp đã phát hành, báo cáo {number}", number=number))


def _pages(pages: str, content: Payload) -> Iterator[Check]:
    if pages == content.pages:
        yield Check("pages", Outcome.SAME, msg("các trang đúng như khi lập"))
    else:
        yield Check("pages", Outcome.DIFFERENT, msg("các trang đã bị sửa sau khi lập"))


def _against_home(pages: str, content: Payload, assessor: Assessor | None, principal: Principal) -> Iterator[Check]:
    assessment = None if assessor is None else _find(assessor, principal, content.assessment)
    if assessor is None or assessment is None:
        yield Check(
            "assessment", Outcome.UNKNOWN, msg("không có đánh giá {id} ở đây để so", id=content.assessment[:40])
        )
        yield from (
            Check(figure.id, Outcome.UNKNOWN, msg("không có dữ liệu để tính lại")) for figure in content.figures
        )
        return
    yield _assessment(content, assessment)
    yield _document(pages, content, assessment)
    kept = {figure.id: figure for figure in assessment.all_figures()}
    again = assessor.recompute(principal, content.figures)
    for figure, recomputed in zip(content.figures, again, strict=True):
        yield _figure(figure, kept.pop(figure.id, None), recomputed)
    for ident in kept:
        yield Check(ident, Outcome.DIFFERENT, msg("số liệu này của đánh giá không có trong tệp"))


def _find(assessor: Assessor, principal: Principal, ident: str) -> Assessment | None:
    try:
        return assessor.get(principal, ident)
    except NotFoundError:
        return None


def _assessment(content: Payload, assessment: Assessment) -> Check:
    if content.assessment_hash == assessment.hash:
        return Check("assessment", Outcome.SAME, msg("đúng đánh giá {id}", id=assessment.id))
    return Check("assessment", Outcome.DIFFERENT, msg("giá trị băm của đánh giá khác với bản đã lưu"))


def _document(pages: str, content: Payload, assessment: Assessment) -> Check:
    """Lay the pages out again from the kept assessment."""
    kind = KINDS.get(content.kind)
    if kind is None:
        return Check("document", Outcome.UNKNOWN, msg("không còn loại báo cáo '{kind}'", kind=content.kind[:40]))
    document = kind.build(assessment, content.letterhead, content.lang)
    if document.hash != content.document:
        return Check("document", Outcome.DIFFERENT, msg("nội dung khác với báo cáo lập lại từ đánh giá đã lưu"))
    with pikepdf.open(io.BytesIO(layout(document, assessment.made))) as again:
        same = pages_hash(again) == pages
    if same:
        return Check("document", Outcome.SAME, msg("các trang trùng với báo cáo lập lại từ đánh giá đã lưu"))
    return Check("document", Outcome.DIFFERENT, msg("các trang khác với báo cáo lập lại từ đánh giá đã lưu"))


def _figure(figure: Figure, kept: Figure | None, again: Recomputed) -> Check:
    if kept != figure:
        return Check(figure.id, Outcome.DIFFERENT, msg("số liệu hoặc cách tính khác với đánh giá đã lưu"))
    if again.origin == "nothing":
        return Check(figure.id, Outcome.UNKNOWN, msg("không còn dữ liệu để tính lại"))
    words = Wording(Lang.VI)
    if not again.confirms(figure):
        return Check(
            figure.id, Outcome.DIFFERENT, msg("tính lại ra {value}", value=words.value(again.value, figure.unit))
        )
    if again.origin == "live":
        return Check(figure.id, Outcome.SAME, msg("tính lại từ dữ liệu gốc ra cùng giá trị"))
    return Check(
        figure.id, Outcome.SAME, msg("dữ liệu gốc đã đổi hoặc hết hạn lưu; tính lại từ các dòng đã giữ ra cùng giá trị")
    )
