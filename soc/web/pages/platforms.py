"""The map of the platforms, and all that is known of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from collectors.platform import platform_of
from soc.access.principal import Right
from soc.web.visit import Visit, needs

if TYPE_CHECKING:  # brings pySigma; a console that nobody asks for rules does without
    from soc.app.threat_answers import Answers

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_SOURCES))]


@router.get("/platforms")
def show(visit: Reader) -> Response:
    """Of every platform whether it is connected, parsed, watched, covered and exercised, as far as the visitor's own sources tell."""
    from soc.app.platform_map import MARKS, Mark, platform_rows  # noqa: PLC0415 - brings pySigma

    services, scope = visit.services, visit.principal.scope
    reports = services.source_desk.reports(scope, visit.now)
    rows = platform_rows(services.platforms, reports, _answers(), _exercised(visit))
    sums = {name: sum(row.marks[name].mark is Mark.YES for row in rows) for name in MARKS}
    return visit.page("platforms.html", rows=rows, heads=MARKS, sums=sums, chosen=visit.lang)


@router.get("/platforms/{ident}")
def one(visit: Reader, ident: str) -> Response:
    """Names, level, formats, ways in, rhythm, retention, threats with their rules, and the visitor's own sources of it."""
    from soc.app.platform_map import MARKS, platform_rows  # noqa: PLC0415 - see above
    from soc.app.platform_words import calendar_words, fidelity_words, retention_words  # noqa: PLC0415
    from soc.app.retention import terms_of  # noqa: PLC0415
    from soc.compliance.catalogue import load_levels  # noqa: PLC0415

    services = visit.services
    platform = platform_of(services.platforms, ident)
    desk, scope = services.source_desk, visit.principal.scope
    reports = [report for report in desk.reports(scope, visit.now) if report.platform == ident]
    terms = {term.level: term for term in terms_of(services.settings, load_levels())}
    return visit.page(
        "platform.html",
        platform=platform,
        row=platform_rows({ident: platform}, reports, _answers(), _exercised(visit))[0],
        heads=MARKS,
        reports=reports,
        rules=_answers().of_threat,
        retention=retention_words(terms.get(platform.proposed_level or 0)),
        hours=calendar_words(platform.calendar, visit.lang),
        fidelity=fidelity_words,
        chosen=visit.lang,
        agencies=visit.agencies(),
    )


def _answers() -> Answers:
    from soc.app.threat_answers import own_answers  # noqa: PLC0415 - see above

    return own_answers()


def _exercised(visit: Visit) -> frozenset[str] | None:
    if not visit.principal.may(Right.READ_EXERCISES):
        return None
    return visit.services.exercises.exercised(visit.principal)
