"""`soc platforms show` and `list` for people: lines of text, in the language of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from collectors.platform import Platform
from soc.app.platform_map import MARKS, Mark, PlatformRow
from soc.app.platform_words import calendar_words, fidelity_words, retention_words
from soc.app.retention import Term
from soc.app.threat_answers import Answers
from soc.cli.context import console
from soc.core.i18n import Lang, Message, msg

_SHAPES = {Mark.YES: "✓", Mark.PARTLY: "◐", Mark.NO: "✕", Mark.UNKNOWN: "?"}


def show_platform(platform: Platform, term: Term | None, answers: Answers, lang: Lang) -> Iterator[str]:
    """Everything a person asks of one platform, line by line."""
    level = str(platform.proposed_level) if platform.proposed_level else "–"
    sure = platform.confidence
    yield f"{platform.id}  {platform.name_vi} / {platform.name_en}"
    yield _line(msg("Loại"), platform.klass, lang)
    owner = platform.owner or msg("tài liệu không nêu").render(lang)
    yield _line(msg("Cơ quan chủ quản"), f"{owner} ({sure.owner.label.render(lang)})", lang)
    reason = platform.level_reason_vi if lang is Lang.VI else platform.level_reason_en
    yield _line(msg("Cấp độ đề xuất"), f"{level}: {reason} ({sure.level.label.render(lang)})", lang)
    yield _line(msg("Lưu nhật ký"), retention_words(term).render(lang), lang)
    yield _line(
        msg("Loại nhật ký phải có"), f"{', '.join(platform.log_types)} ({sure.log_types.label.render(lang)})", lang
    )
    yield _line(msg("Giờ làm việc"), calendar_words(platform.calendar, lang), lang)
    yield _line(msg("Nhịp"), _rhythm(platform, lang), lang)
    yield from _formats(platform, lang)
    yield from _inputs(platform, lang)
    yield from _threats(platform, answers, lang)


def _line(head: Message, text: str, lang: Lang) -> str:
    return f"  {head.render(lang)}: {text}"


def _rhythm(platform: Platform, lang: Lang) -> str:
    rhythm = platform.rhythm
    limits = msg(
        "im lặng quá {inside} phút trong giờ, {outside} phút ngoài giờ là bất thường",
        inside=rhythm.in_hours_minutes,
        outside=rhythm.off_hours_minutes,
    )
    note = rhythm.note_vi if lang is Lang.VI else rhythm.note_en
    return f"{limits.render(lang)}. {note}".strip()


def _formats(platform: Platform, lang: Lang) -> Iterator[str]:
    yield _line(msg("Khuôn nhật ký"), str(len(platform.formats)), lang)
    for one in platform.formats:
        origin = f" ← {one.reuse}" if one.reuse else ""
        yield f"    {one.id}{origin}: {one.parser}, {one.log_type}; {fidelity_words(one.fidelity).render(lang)}"


def _inputs(platform: Platform, lang: Lang) -> Iterator[str]:
    yield _line(msg("Cách thu"), "" if platform.inputs else msg("chưa khai").render(lang), lang)
    for one in platform.inputs:
        note = one.note(lang)
        yield f"    {one.kind}" + (f": {note}" if note else "")


def _threats(platform: Platform, answers: Answers, lang: Lang) -> Iterator[str]:
    yield _line(msg("Mối đe dọa và luật trả lời"), str(len(platform.threats)), lang)
    for threat in platform.threats:
        rules = answers.of_threat.get(threat, ())
        named = "; ".join(f"{rule.title[lang.value]} [{rule.name}, {rule.level or '–'}]" for rule in rules)
        yield f"    {threat}: {named or msg('chưa có luật').render(lang)}"


def show_map(rows: list[PlatformRow], lang: Lang) -> None:
    """The map as a table, a sum below each mark."""
    heads = [msg("Nền tảng"), msg("Tên"), *MARKS.values()]
    table = Table(*(head.render(lang) for head in heads), box=None)
    for row in rows:
        cells = [f"{_SHAPES[told.mark]} {told.detail.render(lang)}" for told in row.marks.values()]
        table.add_row(row.platform.id, row.platform.name(lang), *cells)
    sums = [f"{sum(row.marks[name].mark is Mark.YES for row in rows)}/{len(rows)}" for name in MARKS]
    table.add_row("", "", *sums)
    console().print(table)
