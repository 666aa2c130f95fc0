"""What `soc doctor`, `soc platforms list --health`, the pages and the metrics say of the sources: state, figures, what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from collectors.platform import Platform
from collectors.quarantine import Kind, QuarantineCount
from collectors.rhythm import silent_from
from collectors.sources import Source
from soc.app.silence_book import Episode, SilenceBook, SilenceKind
from soc.app.source_health import HealthBook, SourceHealth
from soc.core.i18n import Lang, Message, msg
from soc.core.scope import Scope

UNREAD_SHARE = 0.05
"""More than this share of the last day's records in quarantine is worth a look."""
FEWEST_UNREAD = 5
AHEAD_S = 60.0
"""Events cannot come before they happened: beyond what clocks that are kept differ by, the source's runs ahead."""
BEHIND_S = 900.0
"""Slower than this is the clock, or the way; a source that delivers in batches is late by design."""


class SourceState(StrEnum):
    """How a source is, the worst first."""

    SILENT = "silent"
    UNREADABLE = "unreadable"
    UNHEARD = "unheard"
    QUIET = "quiet"
    WAITING = "waiting"
    UNREGISTERED = "unregistered"
    OK = "ok"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return _LABELS[self]


_LABELS = {
    SourceState.SILENT: SilenceKind.SILENT.label,
    SourceState.UNREADABLE: SilenceKind.UNREADABLE.label,
    SourceState.UNHEARD: SilenceKind.UNHEARD.label,
    SourceState.QUIET: SilenceKind.QUIET.label,
    SourceState.WAITING: msg("đang chờ tín hiệu đầu tiên"),
    SourceState.UNREGISTERED: msg("không đăng ký"),
    SourceState.OK: msg("có tín hiệu"),
}
SILENT = frozenset({SourceState.SILENT, SourceState.UNREADABLE, SourceState.UNHEARD})
TROUBLED = SILENT | {SourceState.QUIET}


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source.

    Attributes:
        log_type: that its format proves; "" where it is not known.
        health: None for one that the collecting process has not seen yet.
        episode: the silence that lasts.
        due: when its silence becomes too long.
        per_minute: events a minute, over the last five.
        unread_share: records of the last day that could not be read, out of all; None without any.
        quarantined: kind -> entries that lie in quarantine.
    """

    source: str
    platform: str
    agency: str
    log_type: str
    state: SourceState
    health: SourceHealth | None = None
    episode: Episode | None = None
    due: datetime | None = None
    per_minute: float = 0.0
    unread_share: float | None = None
    quarantined: Mapping[Kind, int] = field(default_factory=dict)

    @property
    def skew_s(self) -> float | None:
        """Event time less time of receipt, the middle of the last hour."""
        return None if self.health is None else self.health.skew.middle_s()

    @property
    def drift_s_per_day(self) -> float | None:
        return None if self.health is None else self.health.skew.drift_s_per_day()

    @property
    def not_taken(self) -> int:
        """Records that listeners refused, dropped or held off."""
        counts = {} if self.health is None else self.health.not_taken
        return sum(counts.get(name, 0) for name in ("dropped", "throttled", "refused"))

    @property
    def troubles(self) -> tuple[Message, ...]:
        """What is wrong with it, in words; empty when nothing is."""
        return tuple(_troubles(self))


@dataclass(frozen=True, slots=True)
class Missing:
    """Kinds of log that a platform owes and no registered source of an agency that has the platform brings."""

    agency: str
    platform: str
    log_types: tuple[str, ...]


class SourceDesk:
    """Puts together what is known.

    Args:
        quarantined: entries in quarantine by source and kind.
    """

    def __init__(
        self,
        health: HealthBook,
        silences: SilenceBook,
        sources: Callable[[], Mapping[str, Source]],
        platforms: Callable[[], Mapping[str, Platform]],
        quarantined: Callable[[], Sequence[QuarantineCount]],
    ) -> None:
        self._health, self._silences = health, silences
        self._sources, self._platforms, self._quarantined = sources, platforms, quarantined

    def reports(self, scope: Scope, now: datetime) -> list[SourceReport]:
        """Every source that is registered or was heard, by platform and id."""
        known = {one.source: one for one in self._health.all(scope)}
        lasting = _by_source(self._silences.open(scope))
        aside: dict[str, Counter[Kind]] = {}
        for one in self._quarantined():
            aside.setdefault(one.source, Counter())[one.kind] += one.count
        own = {ident: source for ident, source in self._sources().items() if scope.sees(source.agency)}
        found = [
            self._of(ident, own.get(ident), known.get(ident), lasting.get(ident), aside.get(ident, {}), now)
            for ident in own.keys() | known.keys()
        ]
        return sorted(found, key=lambda one: (one.platform, one.source))

    def silences(self, source: str, scope: Scope) -> list[Episode]:
        """The newest silences of one source, the last first."""
        return self._silences.of(source, scope)

    def platform_names(self, lang: Lang) -> dict[str, str]:
        """Platform id -> its name."""
        return {ident: platform.name(lang) for ident, platform in self._platforms().items()}

    def missing(self, scope: Scope) -> list[Missing]:
        """What nobody switched on: log types owed that no registered source brings, by agency and platform."""
        brought: dict[tuple[str, str], set[str]] = {}
        for source in self._sources().values():
            platform = self._platforms().get(source.platform)
            if platform is not None and scope.sees(source.agency):
                kinds = brought.setdefault((source.agency, source.platform), set())
                kinds.add(_log_type(platform, source))
        found = [
            Missing(agency, ident, tuple(one for one in self._platforms()[ident].log_types if one not in kinds))
            for (agency, ident), kinds in sorted(brought.items())
        ]
        return [one for one in found if one.log_types]

    def _of(
        self,
        ident: str,
        source: Source | None,
        health: SourceHealth | None,
        episode: Episode | None,
        aside: Mapping[Kind, int],
        now: datetime,
    ) -> SourceReport:
        platform = self._platforms().get(source.platform) if source is not None else None
        due = None if platform is None or health is None else _due(health, platform)
        return SourceReport(
            ident,
            source.platform if source is not None else "" if health is None else health.platform,
            source.agency if source is not None else "" if health is None else health.agency,
            "" if platform is None or source is None else _log_type(platform, source),
            _state(source, health, episode, due, now),
            health,
            episode,
            due,
            0.0 if health is None else health.per_minute(now),
            None if health is None else health.unread_share(now),
            aside,
        )


def _log_type(platform: Platform, source: Source) -> str:
    """What a source proves; "" while its format cannot be read for a fault in a platform file."""
    form = platform.find_format(source.format)
    return "" if form is None else form.log_type


def _by_source(episodes: Sequence[Episode]) -> dict[str, Episode]:
    """The graver one of each source: being silent before being quiet."""
    ranked = sorted(episodes, key=lambda one: one.kind is not SilenceKind.QUIET)
    return {one.source: one for one in ranked}


def _due(health: SourceHealth, platform: Platform) -> datetime | None:
    return silent_from(health.last_heard or health.known, platform.rhythm, platform.calendar)


def _state(
    source: Source | None, health: SourceHealth | None, episode: Episode | None, due: datetime | None, now: datetime
) -> SourceState:
    """As the collecting process found it; where that does not run, silence is seen here all the same."""
    if source is None:
        return SourceState.UNREGISTERED
    if episode is not None:
        return SourceState(episode.kind.value)
    heard = health is not None and health.last_heard is not None
    if due is not None and now > due:
        return SourceState.SILENT if heard else SourceState.UNHEARD
    return SourceState.OK if heard else SourceState.WAITING


def _troubles(report: SourceReport) -> Iterator[Message]:
    if report.state in TROUBLED:
        yield report.state.label
    health, share = report.health, report.unread_share
    broken = 0 if health is None else sum(broken for broken, _ in health.unread.values())
    if share is not None and share > UNREAD_SHARE and broken >= FEWEST_UNREAD:
        yield msg("{share} % bản ghi trong ngày không đọc được", share=round(share * 100))
    skew = report.skew_s
    if skew is not None and skew > AHEAD_S:
        yield msg("đồng hồ chạy nhanh {seconds} giây", seconds=round(skew))
    elif skew is not None and skew < -BEHIND_S:
        yield msg("đến chậm, hoặc đồng hồ chậm, {seconds} giây", seconds=round(-skew))
    if report.not_taken:
        yield msg("{count} bản ghi bị bỏ, chặn hoặc hẹn gửi lại ở cửa vào", count=report.not_taken)
    if report.quarantined:
        yield msg("{count} bản ghi đang bị cách ly", count=sum(report.quarantined.values()))
