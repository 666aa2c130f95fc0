"""The map of the platforms: of each whether it is connected, parsed, watched, covered and exercised, and how much of it.

A mark tells what is known; what is not known is said so and never counted as good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from collectors.platform import Platform
from soc.app.source_desk import SILENT, UNREAD_SHARE, SourceReport
from soc.app.threat_answers import Answers
from soc.core.i18n import Message, msg


class Mark(StrEnum):
    """One of the five answers."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    UNKNOWN = "unknown"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


_LABELS = {Mark.YES: msg("có"), Mark.PARTLY: msg("một phần"), Mark.NO: msg("không"), Mark.UNKNOWN: msg("chưa biết")}


@dataclass(frozen=True, slots=True)
class Told:
    """A mark and the figures behind it."""

    mark: Mark
    detail: Message


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """One platform on the map.

    Attributes:
        connected: its registered sources were heard.
        parsed: what came in the last day could be read.
        watched: its sources are watched for silence and speak.
        covered: every threat of it is answered by a rule of ours.
        exercised: an exercise wrote into its log.
    """

    platform: Platform
    connected: Told
    parsed: Told
    watched: Told
    covered: Told
    exercised: Told

    @property
    def marks(self) -> Mapping[str, Told]:
        """The five by name, in their order."""
        return {name: getattr(self, name) for name in MARKS}


MARKS = {
    "connected": msg("Đã nối"),
    "parsed": msg("Đọc được"),
    "watched": msg("Được canh"),
    "covered": msg("Có luật"),
    "exercised": msg("Đã diễn tập"),
}
"""The five marks with their headings."""


def platform_rows(
    platforms: Mapping[str, Platform],
    reports: Sequence[SourceReport],
    answers: Answers,
    exercised: AbstractSet[str] | None,
) -> list[PlatformRow]:
    """The map, in the order of `platforms`.

    Args:
        reports: of the sources that the viewer may see.
        exercised: platforms into whose logs an exercise, which the viewer may see, has written; None for who may see no exercises.
    """
    by_platform: defaultdict[str, list[SourceReport]] = defaultdict(list)
    for report in reports:
        by_platform[report.platform].append(report)
    return [
        PlatformRow(
            platform,
            _connected(by_platform[ident]),
            _parsed(by_platform[ident]),
            _watched(by_platform[ident]),
            _covered(platform, answers),
            _exercised(ident, exercised),
        )
        for ident, platform in platforms.items()
    ]


def _share(part: int, whole: int) -> Mark:
    return Mark.YES if part == whole else Mark.PARTLY if part else Mark.NO


def _connected(reports: Sequence[SourceReport]) -> Told:
    if not reports:
        return Told(Mark.NO, msg("chưa đăng ký nguồn"))
    heard = sum(one.health is not None and one.health.last_heard is not None for one in reports)
    return Told(_share(heard, len(reports)), msg("{heard}/{all} nguồn đã gửi", heard=heard, all=len(reports)))


def _parsed(reports: Sequence[SourceReport]) -> Told:
    shares = [one.unread_share for one in reports if one.unread_share is not None]
    if not shares:
        return Told(Mark.UNKNOWN, msg("chưa có bản ghi trong ngày qua"))
    worst = max(shares)
    mark = Mark.YES if worst == 0 else Mark.PARTLY if worst <= UNREAD_SHARE else Mark.NO
    return Told(mark, msg("không đọc được {share}", share=f"{worst:.1%}"))


def _watched(reports: Sequence[SourceReport]) -> Told:
    if not reports:
        return Told(Mark.NO, msg("không có nguồn để canh"))
    known = [one for one in reports if one.health is not None]
    if not known:
        return Told(Mark.UNKNOWN, msg("tiến trình thu chưa thấy nguồn"))
    silent = sum(one.state in SILENT for one in known)
    if silent:
        return Told(Mark.PARTLY, msg("{silent}/{all} nguồn đang im lặng", silent=silent, all=len(reports)))
    return Told(_share(len(known), len(reports)), msg("canh {known}/{all} nguồn", known=len(known), all=len(reports)))


def _exercised(platform: str, exercised: AbstractSet[str] | None) -> Told:
    if exercised is None:
        return Told(Mark.UNKNOWN, msg("không được xem diễn tập"))
    if platform in exercised:
        return Told(Mark.YES, msg("có đợt đã chèn"))
    return Told(Mark.NO, msg("chưa có đợt nào"))


def _covered(platform: Platform, answers: Answers) -> Told:
    if not platform.threats:
        return Told(Mark.UNKNOWN, msg("chưa khai mối đe dọa"))
    met = sum(threat in answers.of_threat for threat in platform.threats)
    return Told(_share(met, len(platform.threats)), msg("{met}/{all} mối đe dọa", met=met, all=len(platform.threats)))
