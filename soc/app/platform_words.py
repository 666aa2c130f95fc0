"""What is said of a platform to a person, on the command line and on its page alike."""

from __future__ import annotations

from collectors.calendar import Calendar, named_calendars
from collectors.platform import Confidence
from soc.app.retention import Term
from soc.core.i18n import Lang, Message, msg

ASSUMED = msg("khuôn giả định, cần mẫu thật")


def fidelity_words(fidelity: Confidence) -> Message:
    """How sure the form of a log is, in the words of the province."""
    return ASSUMED if fidelity is Confidence.ASSUMED else fidelity.label


def retention_words(term: Term | None) -> Message:
    """How long the events of a platform are kept, what a standard states as the least, and how sure that is."""
    if term is None:
        return msg("chưa có cấp độ: giữ như cấp 5")
    if term.minimum is None:
        return msg(
            "giữ {months} tháng (đề xuất); không thấy mức tối thiểu nêu cho cấp {level}",
            months=term.months,
            level=term.level,
        )
    return msg(
        "giữ {months} tháng; tiêu chuẩn nêu tối thiểu {minimum} tháng cho cấp {level} (không phải luật; {source}, chưa đọc bản gốc)",
        months=term.months,
        minimum=term.minimum,
        level=term.level,
        source=term.source,
    )


def calendar_words(calendar: Calendar, lang: Lang) -> str:
    """The name of a shared calendar, or its hours."""
    for name, one in named_calendars().items():
        if one == calendar:
            return f"{one.name_vi if lang is Lang.VI else one.name_en} ({name}): {', '.join(calendar.hours)}"
    return ", ".join(calendar.hours)
