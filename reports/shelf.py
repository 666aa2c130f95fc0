"""Use cases of reports: build one from an assessment, list, open, export.

The files are kept as they were made; a download is remembered in the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports.document import Letterhead
from reports.kinds import KINDS
from reports.render import FORMS
from reports.tables import ReportCounterRow, ReportFileRow, ReportRow
from soc.access.principal import Principal, Right
from soc.audit.trail import Act, AuditTrail
from soc.compliance.assessment import Assessment, Names
from soc.compliance.assessor import Assessor
from soc.core.clock import LOCAL_ZONE, Clock
from soc.core.errors import InputError, NotFoundError
from soc.core.i18n import Lang, msg
from soc.core.ids import sha256
from soc.storage.sql import Database

LetterheadOf = Callable[[Assessment, Lang], Letterhead]


class Blobs(Protocol):
    """What is needed of the content-addressed file store."""

    def put(self, data: bytes) -> str:
        """Keep the bytes durably; returns their SHA-256."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their hash."""
        ...


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
    assessment: str
    agency: str | None
    period: str
    made: datetime
    made_by: str
    files: tuple[ReportFile, ...]


class ReportService:
    """Reports that were built.

    Args:
        letterhead: who issues the report on an assessment, in a language.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        *,
        clock: Clock,
        audit: AuditTrail,
        assessor: Assessor,
        letterhead: LetterheadOf,
    ) -> None:
        self._database, self._blobs, self._clock, self._audit = database, blobs, clock, audit
        self._assessor, self._letterhead = assessor, letterhead

    def build(
        self,
        principal: Principal,
        kind: str,
        assessment: str,
        *,
        forms: Sequence[str] = ("pdf", "html"),
        languages: Sequence[Lang] = (Lang.VI, Lang.EN),
    ) -> ShelvedReport:
        """Make the files of a report on a kept assessment and shelve them.

        Raises:
            ForbiddenError, NotFoundError: no right to build; an assessment that is not there or out of sight.
            InputError: an unknown kind or form.
        """
        principal.require(Right.BUILD_REPORTS)
        _require_known(kind, forms)
        facts = self._assessor.get(principal, assessment)
        rendered = [
            (form, lang, self._render(kind, facts, form, lang)) for form in dict.fromkeys(forms) for lang in languages
        ]
        with self._database.transaction() as session:
            report = self._shelve(session, principal, kind, facts)
            for position, (form, lang, data) in enumerate(rendered):
                session.add(self._file(report, position, form, lang, data))
            session.flush()
            shelved = _shelved(session, report)
            after: dict[str, object] = {
                "kind": kind,
                "assessment": facts.id,
                "files": [file.sha256 for file in shelved.files],
            }
            self._remember(session, principal, "report.build", shelved, after)
        return shelved

    def all(self, principal: Principal) -> list[ShelvedReport]:
        """The reports the principal may see, newest first."""
        principal.require(Right.READ_REPORTS)
        with self._database.reading() as session:
            rows = session.scalars(select(ReportRow).order_by(ReportRow.made.desc(), ReportRow.id.desc()))
            return [_shelved(session, row) for row in rows if _may_see(principal, row)]

    def get(self, principal: Principal, ident: str) -> ShelvedReport:
        """One report."""
        principal.require(Right.READ_REPORTS)
        with self._database.reading() as session:
            return _shelved(session, _row(session, principal, ident))

    def open_file(self, principal: Principal, ident: str, name: str) -> tuple[ReportFile, bytes]:
        """One file of a report; the download is remembered in the audit trail."""
        principal.require(Right.READ_REPORTS)
        with self._database.transaction() as session:
            shelved = _shelved(session, _row(session, principal, ident))
            found = next((file for file in shelved.files if file.name == name), None)
            if found is None:
                raise NotFoundError(msg("không tìm thấy"))
            data = self._blobs.get(found.sha256)
            self._remember(session, principal, "report.download", shelved, {"file": name, "sha256": found.sha256})
        return found, data

    def export(self, principal: Principal, ident: str, folder: Path) -> list[Path]:
        """The files of a report in a folder, which is made when it is not there; each download is remembered."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for file in self.get(principal, ident).files:
            _, data = self.open_file(principal, ident, file.name)
            path = folder / file.name
            path.write_bytes(data)
            written.append(path)
        return written

    def issued(self, digest: str) -> str | None:
        """The number of the report that has a file of this SHA-256, for the verifier; None = no such file was ever made here."""
        with self._database.reading() as session:
            return session.scalar(select(ReportFileRow.report).where(ReportFileRow.sha256 == digest))

    def _render(self, kind: str, facts: Assessment, form: str, lang: Lang) -> bytes:
        return FORMS[form].render(KINDS[kind].build(facts, self._letterhead(facts, lang), lang), facts.made)

    def _shelve(self, session: Session, principal: Principal, kind: str, facts: Assessment) -> ReportRow:
        now = self._clock.now()
        row = ReportRow(
            id=_next_number(session, now),
            kind=kind,
            title_vi=KINDS[kind].title["vi"],
            title_en=KINDS[kind].title["en"],
            assessment=facts.id,
            agency=facts.agency,
            period=facts.period,
            made=now,
            made_by=principal.id,
        )
        session.add(row)
        session.flush()
        return row

    def _file(self, report: ReportRow, position: int, form: str, lang: Lang, data: bytes) -> ReportFileRow:
        self._blobs.put(data)
        name = f"{report.id}-{report.kind.replace('_', '-')}-{report.period}-{lang.value}.{form}"
        return ReportFileRow(
            report=report.id,
            name=name,
            position=position,
            media_type=FORMS[form].media_type,
            size_bytes=len(data),
            sha256=sha256(data),
        )

    def _remember(
        self, session: Session, principal: Principal, action: str, report: ShelvedReport, after: dict[str, object]
    ) -> None:
        act = Act(principal.id, action, f"report/{report.id}", report.agency or "", after=after)
        self._audit.record(session, act)


def _require_known(kind: str, forms: Sequence[str]) -> None:
    if kind not in KINDS:
        raise InputError(
            msg("không có loại báo cáo '{kind}'", kind=kind[:40]),
            expected=msg("một trong {known}", known=", ".join(KINDS)),
        )
    for form in forms:
        if form not in FORMS:
            raise InputError(
                msg("không có dạng tệp '{form}'", form=form[:20]),
                expected=msg("một trong {known}", known=", ".join(FORMS)),
            )


def _row(session: Session, principal: Principal, ident: str) -> ReportRow:
    row = session.get(ReportRow, ident)
    if row is None or not _may_see(principal, row):
        raise NotFoundError(msg("không tìm thấy"))
    return row


def _may_see(principal: Principal, row: ReportRow) -> bool:
    return principal.scope.agencies is None if row.agency is None else principal.scope.sees(row.agency)


def _shelved(session: Session, row: ReportRow) -> ShelvedReport:
    query = select(ReportFileRow).where(ReportFileRow.report == row.id).order_by(ReportFileRow.position)
    files = tuple(ReportFile(f.name, f.media_type, f.size_bytes, f.sha256) for f in session.scalars(query))
    return ShelvedReport(
        row.id,
        {"vi": row.title_vi, "en": row.title_en},
        row.kind,
        row.assessment,
        row.agency,
        row.period,
        row.made,
        row.made_by,
        files,
    )


def _next_number(session: Session, now: datetime) -> str:
    year = now.astimezone(LOCAL_ZONE).year
    counter = session.get(ReportCounterRow, year)
    if counter is None:
        counter = ReportCounterRow(year=year, last=0)
        session.add(counter)
    counter.last += 1
    return f"BC-{year}-{counter.last:04d}"
