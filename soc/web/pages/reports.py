"""Reports: the shelf and the files; each download is remembered by the shelf."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from soc.access.principal import Right
from soc.web.pages.evidence import attachment
from soc.web.visit import Visit, needs

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_REPORTS))]


@router.get("/reports")
def show_list(visit: Reader) -> Response:
    """The reports the visitor may see."""
    reports = visit.services.reports.all(visit.principal)
    return visit.page("reports.html", reports=reports, agencies=visit.agencies())


@router.get("/reports/{ident}")
def show(visit: Reader, ident: str) -> Response:
    """One report with its files and their hashes."""
    report = visit.services.reports.get(visit.principal, ident)
    return visit.page("report.html", report=report, agencies=visit.agencies())


@router.get("/reports/{ident}/files/{name}")
def download(visit: Reader, ident: str, name: str) -> Response:
    """One file, as an attachment."""
    file, data = visit.services.reports.open_file(visit.principal, ident, name)
    return attachment(file.name, file.media_type, data)
