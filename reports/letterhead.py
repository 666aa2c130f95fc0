"""The letterhead of a report nobody has filled in yet: names from the assessment, dots where a registry or a signer writes."""

from __future__ import annotations

from reports.document import Letterhead
from reports.wording import Wording
from soc.compliance.assessment import Assessment
from soc.core.i18n import Lang, msg

BLANK = "…"


def blank_letterhead(province: str, assessment: Assessment, lang: Lang) -> Letterhead:
    """A letterhead for the agency of the assessment.

    Args:
        province: id of the agency at the root of the tree; it issues the reports about the whole province.
    """
    words = Wording(lang)

    def capitals(agency: str) -> str:
        return words.name(assessment.names.get(agency, {"vi": agency})).upper()

    of_agency = assessment.agency is not None and assessment.agency != province
    return Letterhead(
        parent_agency=capitals(province) if of_agency and province in assessment.names else "",
        agency=capitals(assessment.agency or province),
        number=f"{BLANK}/BC-{BLANK}",
        place=BLANK,
        recipients=(words.say(msg("{addressee};", addressee=BLANK)), words.say(msg("Lưu: VT."))),
        signer_authority=(words.say(msg("THỦ TRƯỞNG CƠ QUAN")),),
    )
