"""The shelf: reports are built once, kept by hash, listed and handed out; every download is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports.document import Document, Letterhead
from reports.kinds import KINDS, ReportKind
from reports.render.html import render_html
from reports.render.pdf import render_pdf
from reports.tables import ReportFileRow, ReportRow
from soc.access.principal import Principal, Right
from soc.audit.trail import AuditTrail
from soc.compliance.assessment import Assessment, Names
from soc.compliance.assessor import Assessor
from soc.core.act import Act
from soc.core.clock import LOCAL_ZONE, Clock
from soc.core.errors import NotFoundError
from soc.core.i18n import Lang, msg
from soc.storage.sql import Database

FORMATS = ("pdf", "html")
MEDIA_TYPES = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}


class Blobs(Protocol):
    """What is needed of the content-addressed file store."""

    def put(self, data: bytes) -> str: ...

    def get(self, digest: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One form of a report."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ShelvedReport:
    """A report that was built. `agency` None = of the whole province; `period` as typed, `2026-Q4`."""

    id: str
    title: Names
    kind: str
    agency: str | None
    period: str
    assessment: str
    made: datetime
    made_by: str
    files: tuple[ReportFile, ...]


class ReportShelf:
    """Use cases of reports. Raises ForbiddenError without the right, NotFoundError for unknown and foreign ones alike.

    Args:
        letterhead: who issues the paper about an assessment, in a language.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        assessor: Assessor,
        clock: Clock,
        audit: AuditTrail,
        letterhead: Callable[[Assessment, Lang], Letterhead],
    ) -> None:
        self._database, self._blobs, self._assessor = database, blobs, assessor
        self._clock, self._audit, self._letterhead = clock, audit, letterhead

    def build(
        self, principal: Principal, kind: str, assessment: str, formats: Sequence[str] = FORMATS
    ) -> ShelvedReport:
        """Make every form of a report in both languages and keep it."""
        principal.require(Right.BUILD_REPORTS)
        maker = kind_of(kind)
        judged = self._assessor.get(principal, assessment)
        files = [self._keep(*made) for made in self._rendered(maker, judged, formats)]
        with self._database.transaction() as session:
            row = self._row(session, principal, maker, judged)
            session.add(row)
            session.flush()
            for file in files:
                session.add(ReportFileRow(report=row.id, **_columns(file)))
            after = {"assessment": assessment, "files": {file.name: file.sha256 for file in files}}
            self._audit.record(
                session, Act(principal.id, "report.build", f"report/{row.id}", row.agency or "", after=after)
            )
            return _report(row, files)

    def all(self, principal: Principal) -> Sequence[ShelvedReport]:
        """The reports the principal may see, newest first."""
        principal.require(Right.READ_REPORTS)
        with self._database.transaction() as session:
            rows = session.scalars(select(ReportRow).order_by(ReportRow.made.desc(), ReportRow.number.desc()))
            return [_report(row, _files(session, row.id)) for row in rows if may_see(principal, row.agency)]

    def get(self, principal: Principal, ident: str) -> ShelvedReport:
        """One report."""
        principal.require(Right.READ_REPORTS)
        with self._database.transaction() as session:
            row = session.get(ReportRow, ident)
            if row is None or not may_see(principal, row.agency):
                raise NotFoundError(msg("không tìm thấy"))
            return _report(row, _files(session, ident))

    def open_file(self, principal: Principal, ident: str, name: str) -> tuple[ReportFile, bytes]:
        """One file of a report; the download is remembered in the audit trail."""
        report = self.get(principal, ident)
        file = next((file for file in report.files if file.name == name), None)
        if file is None:
            raise NotFoundError(msg("không tìm thấy"))
        with self._database.transaction() as session:
            act = Act(
                principal.id,
                "report.download",
                f"report/{ident}/{name}",
                report.agency or "",
                after={"sha256": file.sha256},
            )
            self._audit.record(session, act)
        return file, self._blobs.get(file.sha256)

    def export(self, principal: Principal, ident: str, folder: Path) -> list[Path]:
        """Write all files of a report into a folder; gives their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for file in self.get(principal, ident).files:
            _, data = self.open_file(principal, ident, file.name)
            path = folder / file.name
            path.write_bytes(data)
            paths.append(path)
        return paths

    def _rendered(
        self, maker: ReportKind, judged: Assessment, formats: Sequence[str]
    ) -> Iterator[tuple[str, str, bytes]]:
        for lang in Lang:
            document = maker.build(judged, self._letterhead(judged, lang), lang)
            stem = f"{maker.id}-{judged.period}-{judged.agency or 'province'}-{lang}"
            for form in formats:
                yield f"{stem}.{form}", MEDIA_TYPES[form], _bytes(form, document, judged.made)

    def _keep(self, name: str, media_type: str, data: bytes) -> ReportFile:
        return ReportFile(name, media_type, len(data), self._blobs.put(data))

    def _row(self, session: Session, principal: Principal, maker: ReportKind, judged: Assessment) -> ReportRow:
        number = (session.scalar(select(func.max(ReportRow.number))) or 0) + 1
        now = self._clock.now()
        return ReportRow(
            id=f"BC-{now.astimezone(LOCAL_ZONE).year}-{number:04d}",
            number=number,
            kind=maker.id,
            assessment=judged.id,
            agency=judged.agency,
            period=judged.period,
            made=now,
            made_by=principal.id,
        )


def kind_of(ident: str) -> ReportKind:
    """A kind of report by its id. Raises NotFoundError."""
    if ident not in KINDS:
        raise NotFoundError(
            msg("không có loại báo cáo {kind}", kind=repr(ident)),
            expected=msg("một trong: {known}", known=", ".join(sorted(KINDS))),
        )
    return KINDS[ident]


def may_see(principal: Principal, agency: str | None) -> bool:
    """A report of the province is for those who see the whole of it; one of an agency for those who see that agency."""
    return principal.scope.agencies is None if agency is None else principal.scope.sees(agency)


def _bytes(form: str, document: Document, made: datetime) -> bytes:
    return render_pdf(document, made) if form == "pdf" else render_html(document)


def _columns(file: ReportFile) -> dict[str, str | int]:
    return {"name": file.name, "media_type": file.media_type, "size_bytes": file.size_bytes, "sha256": file.sha256}


def _files(session: Session, ident: str) -> list[ReportFile]:
    rows = session.scalars(select(ReportFileRow).where(ReportFileRow.report == ident).order_by(ReportFileRow.name))
    return [ReportFile(row.name, row.media_type, row.size_bytes, row.sha256) for row in rows]


def _report(row: ReportRow, files: Sequence[ReportFile]) -> ShelvedReport:
    title = KINDS[row.kind].title if row.kind in KINDS else {"vi": row.kind, "en": row.kind}
    return ShelvedReport(
        row.id, title, row.kind, row.agency, row.period, row.assessment, row.made, row.made_by, tuple(files)
    )
