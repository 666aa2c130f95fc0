"""Who issues a report: the agency it is about, in the places that Decree 30/2020 gives to the issuing agency and the one above it."""

from __future__ import annotations

from reports.document import Letterhead
from soc.access.agencies import Agency, find
from soc.compliance.assessment import Assessment
from soc.core.i18n import Lang, msg
from soc.core.settings import Settings
from soc.storage.sql import Database


class Letterheads:
    """Letterheads from the tree of agencies and the settings."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def of(self, assessment: Assessment, lang: Lang) -> Letterhead:
        """The letterhead of a report about the assessed agency, or the province; unsigned and without a number."""
        with self._database.transaction() as session:
            agency = find(session, assessment.agency or self._settings.province)
            above = find(session, agency.parent) if agency and agency.parent else None
        name = self._settings.province if agency is None else agency.name(lang)
        return Letterhead(
            parent_agency=_upper(above, lang),
            agency=name.upper(),
            number=f"…/{self._settings.report_symbol}",
            place=self._settings.report_place,
            recipients=(
                msg("Như trên").render(lang),
                msg("Lưu: VT").render(lang),
            ),
            signer_authority=(msg("THỦ TRƯỞNG CƠ QUAN").render(lang),),
        )


def _upper(agency: Agency | None, lang: Lang) -> str:
    return "" if agency is None else agency.name(lang).upper()
