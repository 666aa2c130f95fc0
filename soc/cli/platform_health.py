"""`soc platforms list --health`: how every source is, and which kinds of log nobody brings."""

from __future__ import annotations

from datetime import datetime

from rich.table import Table

from soc.app.application import Application
from soc.app.canary_beats import Beat
from soc.app.source_desk import Missing, SourceReport
from soc.cli.context import console, emit, local, say, settings
from soc.core.clock import iso
from soc.core.i18n import Lang, Message, msg
from soc.core.scope import PROVINCE

_HEADS = (
    msg("Nền tảng"),
    msg("Nguồn"),
    msg("Trạng thái"),
    msg("Sự kiện cuối"),
    msg("Mỗi phút"),
    msg("Không đọc được"),
    msg("Lệch giờ (giây)"),
    msg("Điều cần xem"),
)


def list_health(*, json: bool) -> None:
    """Print it; a row for each source, then one for each platform that lacks kinds of log, then the heartbeat."""
    with Application(settings()) as soc:
        now = soc.clock.now()
        reports, missing = soc.source_desk.reports(PROVINCE, now), soc.source_desk.missing(PROVINCE)
        beat = soc.canary_beats.last()
    if json:
        emit(report_row(report, settings().lang) for report in reports)
        emit({"agency": one.agency, "platform": one.platform, "missing_log_types": one.log_types} for one in missing)
        emit([beat_row(beat)] if beat is not None else [])
        return
    _show(reports, missing, settings().lang)


def report_row(report: SourceReport, lang: Lang) -> dict[str, object]:
    """One source as JSON: times in UTC, seconds, shares from 0 to 1; null for what is not known."""
    health, episode = report.health, report.episode
    return {
        "source": report.source,
        "platform": report.platform,
        "agency": report.agency,
        "log_type": report.log_type,
        "state": report.state.value,
        "troubles": [trouble.render(lang) for trouble in report.troubles],
        "first_event": _time(None if health is None else health.first_event),
        "last_event": _time(None if health is None else health.last_event),
        "first_heard": _time(None if health is None else health.first_heard),
        "last_heard": _time(None if health is None else health.last_heard),
        "silent_from": _time(report.due),
        "events": 0 if health is None else health.events,
        "duplicates": 0 if health is None else health.duplicates,
        "unreadable": 0 if health is None else health.unreadable,
        "per_minute": report.per_minute,
        "unread_share": report.unread_share,
        "skew_seconds": report.skew_s,
        "drift_seconds_per_day": report.drift_s_per_day,
        "quarantined": {kind.value: count for kind, count in report.quarantined.items()},
        "intake": {} if health is None else dict(health.not_taken),
        "blind_rules": None if episode is None else episode.impact.rules,
        "blind_criteria": None if episode is None else episode.impact.criteria,
        "incident": None if episode is None else episode.incident,
    }


def beat_row(beat: Beat) -> dict[str, object]:
    """The last heartbeat as JSON."""
    return {"heartbeat": iso(beat.sent), "stage": beat.stage.value, "seconds": beat.seconds}


def _show(reports: list[SourceReport], missing: list[Missing], lang: Lang) -> None:
    table = Table(*(title.render(lang) for title in _HEADS), box=None)
    for report in reports:
        table.add_row(*_cells(report, lang))
    console().print(table)
    for one in missing:
        say(_told(one))


def _cells(report: SourceReport, lang: Lang) -> tuple[str, ...]:
    health = report.health
    return (
        report.platform,
        report.source,
        report.state.label.render(lang),
        local(None if health is None else health.last_heard),
        f"{report.per_minute:.1f}",
        "" if report.unread_share is None else f"{report.unread_share:.1%}",
        "" if report.skew_s is None else f"{report.skew_s:+.1f}",
        "; ".join(trouble.render(lang) for trouble in report.troubles),
    )


def _told(one: Missing) -> Message:
    types = ", ".join(one.log_types)
    return msg(
        "mù vì chưa bật hoặc chưa nối: {platform} ({agency}): {types}",
        platform=one.platform,
        agency=one.agency,
        types=types,
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
