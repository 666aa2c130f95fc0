"""Tells the operator of an engine that takes no work: one alert when it stops, one note when it is back, never one for each batch.

The log gets a line at the beginning, a reminder every ten minutes, a line at the end. Where the case database itself is down, log and
state file (`soc.app.outages`) are all there is; the alert is raised when it is back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from detectors.alert import Alert
from soc.access.principal import SYSTEM
from soc.app.outages import Outage, OutageBook, Part, outage_of, part_of
from soc.app.rejections import Rejections, Storm
from soc.core.clock import LOCAL_ZONE, Clock, iso
from soc.core.errors import EngineError, SocError
from soc.core.i18n import Lang, Message, msg
from soc.core.ids import digest
from soc.core.severity import Severity
from soc.incidents.service import IncidentService
from soc.incidents.tables import AlertRow
from soc.storage.events import AppendResult

RULE_ID = "vonggac-engine-outage"
REJECTIONS_ID = "vonggac-rejected-events"
REMIND = timedelta(minutes=10)
AT_ONCE = frozenset({"refused", "red", "read_only", "disk"})
"""Kinds that do not go away by themselves; the others are told of when the second try fails as well."""

_SEVERITY = {Part.BROKER: Severity.MEDIUM}
_log = logging.getLogger("vonggac.engines")


class Waiting(Protocol):
    """What the watch asks of the spool."""

    def depth(self) -> int: ...

    def oldest(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the spool: how many records, and when the oldest was received."""

    count: int
    oldest: datetime | None

    @property
    def told(self) -> Message:
        if self.oldest is None:
            return msg("không có bản ghi nào đang chờ")
        return msg("{count} bản ghi đang chờ, cũ nhất nhận lúc {oldest}", count=self.count, oldest=_local(self.oldest))


class EngineWatch:
    """Keeps account of what does not work, in the collecting process.

    Args:
        incidents: gives the service that takes alerts; called when there is one to raise, and may raise EngineError itself.
        province: id of the agency that answers for the engines.
        lang: language of log and notes.
    """

    def __init__(
        self,
        book: OutageBook,
        spool: Waiting,
        incidents: Callable[[], IncidentService],
        *,
        province: str,
        lang: Lang,
        clock: Clock,
    ) -> None:
        self._book, self._spool, self._incidents = book, spool, incidents
        self._province, self._lang, self._clock = province, lang, clock
        self._rejections = Rejections()
        self._known: dict[Part, Outage] | None = None

    @property
    def outages(self) -> dict[Part, Outage]:
        """The engines that are down; after a restart those that the process before had found."""
        if self._known is None:
            self._known = self._book.open()
        return self._known

    def failed(self, effort: str, problem: EngineError) -> None:
        """Take note that an effort met an engine that does not take work."""
        now, part = self._clock.now(), part_of(problem)
        before = self.outages.get(part)
        outage = outage_of(problem, effort, now) if before is None else before.again(problem, now)
        news = before is None or outage.kind not in before.kinds
        if news or now - outage.reminded >= REMIND:
            outage = replace(outage, reminded=now)
            self._say(logging.ERROR, _begun(outage, self._backlog()) if news else _reminder(outage, self._backlog()))
        self.outages[part] = outage
        self.outages[part] = self._told(outage)
        self._keep()

    def works(self, effort: str) -> None:
        """Take note that an effort succeeded: what it had met is over."""
        over = [outage for outage in self.outages.values() if outage.effort == effort]
        for outage in over:
            del self.outages[outage.part]
            self._end(outage)
        if over:
            self._keep()

    def stored(self, results: Sequence[AppendResult]) -> None:
        """Count what the store would not take of a batch."""
        self._rejections.add(results, self._clock.now())

    def tend(self) -> None:
        """Raise what is to be raised about rejected events; call it between two batches."""
        if Part.DATABASE in self.outages:
            return
        now = self._clock.now()
        for storm in self._rejections.begun():
            self._raise_storm(storm)
        for storm in self._rejections.over(now):
            self._note(storm.incident, _storm_over(storm))

    def _told(self, outage: Outage) -> Outage:
        """The outage, with its incident where it deserves one and the database takes it."""
        if outage.incident or Part.DATABASE in self.outages or (outage.tries < 2 and outage.kind not in AT_ONCE):
            return outage
        return replace(outage, incident=self._raise(_alert(outage, self._backlog(), self._province)))

    def _end(self, outage: Outage) -> None:
        told = self._told(outage)  # the database was away until now: better late
        over = _over(outage, self._clock.now(), self._backlog())
        self._say(logging.WARNING, over)
        self._note(told.incident, over)

    def _raise_storm(self, storm: Storm) -> None:
        alert = _storm_alert(storm, self._province)
        self._say(logging.ERROR, msg("{title}; {advice}", title=storm.title, advice=_SET_ASIDE))
        storm.incident = self._raise(alert)

    def _raise(self, alert: Alert) -> str:
        """Code of the incident the alert is in; "" when the database takes nothing."""
        try:
            service = self._incidents()
            with service.database.transaction() as session:
                service.take(session, [alert])
                row = session.get(AlertRow, alert.id)
                return "" if row is None else row.incident
        except EngineError:
            return ""

    def _note(self, incident: str, text: Message) -> None:
        if not incident:
            return
        try:
            self._incidents().note(SYSTEM, incident, text.render(self._lang))
        except SocError as problem:  # merged, closed, or the database went away: the log has said it
            _log.warning("incident %s: %s", incident, problem.render(self._lang))

    def _backlog(self) -> Backlog:
        try:
            return Backlog(self._spool.depth(), self._spool.oldest())
        except EngineError:  # the spool is what is broken
            return Backlog(0, None)

    def _say(self, level: int, text: Message) -> None:
        _log.log(level, "%s", text.render(self._lang))

    def _keep(self) -> None:
        if not self._book.keep(self.outages):
            _log.warning("the state of the engines cannot be written to the home")


_SET_ASIDE = msg(
    "bản ghi bị từ chối nằm trong khu cách ly, không mất; sửa bộ đọc hoặc ánh xạ của nền tảng rồi nạp lại từ đó"
)


def _begun(outage: Outage, backlog: Backlog) -> Message:
    return msg(
        "{title}: {found}; {backlog}; {advice}",
        title=outage.title,
        found=outage.found,
        backlog=backlog.told,
        advice=outage.advice,
    )


def _reminder(outage: Outage, backlog: Backlog) -> Message:
    return msg(
        "{title}, từ {since}, đã thử {tries} lần; {backlog}",
        title=outage.title,
        since=_local(outage.since),
        tries=outage.tries,
        backlog=backlog.told,
    )


def _over(outage: Outage, now: datetime, backlog: Backlog) -> Message:
    minutes, seconds = divmod(round((now - outage.since).total_seconds()), 60)
    return msg(
        "{engine} đã nhận việc trở lại sau {minutes} phút {seconds} giây ({tries} lần thử); {backlog}",
        engine=outage.part.label,
        minutes=minutes,
        seconds=seconds,
        tries=outage.tries,
        backlog=backlog.told,
    )


def _alert(outage: Outage, backlog: Backlog, province: str) -> Alert:
    advice = msg("{backlog}; {advice}", backlog=backlog.told, advice=outage.advice)
    return Alert(
        id=outage.alert_id,
        detector="engines",
        rule_id=RULE_ID,
        rule_version="",
        title=_both(outage.title),
        severity=_SEVERITY.get(outage.part, Severity.HIGH),
        agency=province,
        platform="",
        first=outage.since,
        last=outage.seen,
        entities={"service.name": outage.part.value},
        event_ids=(),
        matched={
            "engine": outage.part.value,
            "kind": outage.kind,
            "found": outage.found.render(Lang.VI),
            "waiting": backlog.count,
            "oldest": "" if backlog.oldest is None else iso(backlog.oldest),
        },
        advice=_both(advice),
    )


def _storm_alert(storm: Storm, province: str) -> Alert:
    day = f"{storm.first.astimezone(LOCAL_ZONE):%Y-%m-%d}"
    return Alert(
        id=digest("rejections", storm.cause, day),
        detector="engines",
        rule_id=REJECTIONS_ID,
        rule_version="",
        title=_both(storm.title),
        severity=Severity.MEDIUM,
        agency=province,
        platform="",
        first=storm.first,
        last=storm.last,
        entities={"error.code": storm.cause},
        event_ids=(),
        matched={"field": storm.field, "count": storm.count, "example": storm.example},
        advice=_both(_SET_ASIDE),
    )


def _storm_over(storm: Storm) -> Message:
    return msg(
        "đã hết: từ {since} đến {until} có {count} sự kiện bị từ chối vì nguyên nhân này",
        since=_local(storm.first),
        until=_local(storm.last),
        count=storm.count,
    )


def _both(text: Message) -> dict[str, str]:
    return {lang.value: text.render(lang) for lang in Lang}


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M:%S}"
