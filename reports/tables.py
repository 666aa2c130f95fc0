"""Tables of the reports that were built; the files themselves lie in the blob store under their hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class ReportRow(Base):
    """One report, made of one assessment."""

    __tablename__ = "reports"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    title_vi: Mapped[str] = mapped_column(String(300))
    title_en: Mapped[str] = mapped_column(String(300))
    assessment: Mapped[str] = mapped_column(String(32), index=True)
    agency: Mapped[str | None] = mapped_column(String(64), index=True)
    period: Mapped[str] = mapped_column(String(16))
    made: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(120))


class ReportFileRow(Base):
    """One file of a report."""

    __tablename__ = "report_files"

    report: Mapped[str] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(160), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(String(120))
    size_bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64), index=True)


class ReportCounterRow(Base):
    """The last report number given in a year."""

    __tablename__ = "report_numbers"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)
