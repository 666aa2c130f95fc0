"""The words of a silence: the alert when it begins, the note when it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from collectors.platform import Platform
from detectors.alert import Alert, Explanation
from soc.app.silence_book import Episode, SilenceKind
from soc.core.clock import LOCAL_ZONE, iso
from soc.core.i18n import Lang, Message, msg
from soc.core.ids import digest
from soc.core.severity import Severity

RULE_IDS = {
    SilenceKind.SILENT: "vonggac-source-silent",
    SilenceKind.UNREADABLE: "vonggac-source-silent",
    SilenceKind.UNHEARD: "vonggac-source-silent",
    SilenceKind.QUIET: "vonggac-source-quiet",
}
WEIGHTY_LEVEL = 3
"""From this security level on the silence of a platform is grave."""

_TITLES = {
    SilenceKind.SILENT: lambda source: msg("nguồn {source} mất tín hiệu", source=source),
    SilenceKind.UNREADABLE: lambda source: msg("nguồn {source} gửi nhưng không đọc được bản ghi nào", source=source),
    SilenceKind.UNHEARD: lambda source: msg("nguồn {source} đã đăng ký nhưng chưa từng có tín hiệu", source=source),
    SilenceKind.QUIET: lambda source: msg("nguồn {source} ít nhật ký bất thường", source=source),
}
_ADVICE = {
    SilenceKind.SILENT: msg(
        "kiểm tra máy gửi, đường truyền và cấu hình đẩy nhật ký; kẻ tấn công hay tắt nhật ký trước tiên"
    ),
    SilenceKind.UNREADABLE: msg("xem lý do trong khu cách ly; khuôn nhật ký có thể đã đổi sau khi nâng cấp"),
    SilenceKind.UNHEARD: msg(
        "kiểm tra đã bật ghi và đẩy nhật ký ở phía nền tảng chưa; nhiều nhật ký tắt theo mặc định"
    ),
    SilenceKind.QUIET: msg("so với cùng giờ tuần trước; có thể một phần nhật ký không còn được gửi"),
}


def alert_id(kind: SilenceKind, source: str, since: datetime) -> str:
    """The same for the same silence, whoever finds it; never the same for two sources."""
    return digest(RULE_IDS[kind], source, iso(since))


def alert_of(episode: Episode, platform: Platform | None) -> Alert:
    """The alert of a silence. Its time is when silence became too long, so that waiting for that is no slowness of detection."""
    impact = episode.impact
    advice = msg("{first}; {rest}", first=_ADVICE[episode.kind], rest=blind(episode))
    return Alert(
        id=episode.id,
        detector="sources",
        rule_id=RULE_IDS[episode.kind],
        rule_version="",
        title=_both(_TITLES[episode.kind](episode.source)),
        severity=severity_of(episode.kind, platform),
        agency=episode.agency,
        platform=episode.platform,
        first=episode.due,
        last=episode.raised,
        entities={"soc.source": episode.source},
        event_ids=(),
        matched={
            "kind": episode.kind.value,
            "since": iso(episode.since),
            "silent_minutes": minutes(episode.raised - episode.since),
            "rules": impact.rules,
            "rules_only_here": impact.only_here,
            "criteria": ", ".join(impact.criteria),
        },
        explanation=_explanation(episode),
        advice=_both(advice),
    )


def severity_of(kind: SilenceKind, platform: Platform | None) -> Severity:
    """Silence weighs as much as what it hides; being quiet is only a hint."""
    if kind is SilenceKind.QUIET:
        return Severity.LOW
    if platform is not None and (platform.klass == "security" or (platform.proposed_level or 0) >= WEIGHTY_LEVEL):
        return Severity.HIGH
    return Severity.MEDIUM


def blind(episode: Episode) -> Message:
    """What goes blind, in a sentence."""
    impact = episode.impact
    return msg(
        "im lặng từ {since}; {rules} luật không còn gì để xét, {only} trong đó không có nguồn khác; tiêu chí: {criteria}",
        since=f"{episode.since.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}",
        rules=impact.rules,
        only=impact.only_here,
        criteria=", ".join(impact.criteria) or "–",
    )


def _explanation(episode: Episode) -> Explanation:
    """What goes blind, with the rules by name."""
    rules = tuple(Explanation("sequence", held=True, text=dict(title)) for title in episode.impact.titles)
    return Explanation("count", held=True, text=_both(blind(episode)), children=rules)


def over(episode: Episode, at: datetime) -> Message:
    """The note at the end."""
    when = f"{at.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}"
    lasted = minutes(at - episode.since)
    if episode.kind is SilenceKind.QUIET:
        return msg("nguồn {source} lại gửi như thường lệ từ {time}", source=episode.source, time=when)
    return msg(
        "nguồn {source} có tín hiệu lại lúc {time}, sau {minutes} phút",
        source=episode.source,
        time=when,
        minutes=lasted,
    )


def dropped(episode: Episode) -> Message:
    """The note where nobody expects the source any more."""
    return msg("nguồn {source} không còn được đăng ký; thôi theo dõi", source=episode.source)


def minutes(span: timedelta) -> int:
    """Whole minutes."""
    return int(span.total_seconds() // 60)


def _both(text: Message) -> dict[str, str]:
    return {lang.value: text.render(lang) for lang in Lang}
