"""The heartbeat: a record of our own that goes the way of all records, so that a path that is stopped shows without any attack.

    written     a line at the end of a followed file of the home
    accepted    read by its input, redacted, in the spool
    read        parsed, mapped, typed, enriched
    stored      in the event store
    detected    shown to every detector, and committed with what they found
    seen        found by a search

Late at one of them, an alert says which; back again, a note. While an engine is known to take no work its own alert says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import orjson

from collectors.inputs.documents import NdjsonInput
from collectors.platform import Platform, load_platform
from collectors.quarantine import Quarantined
from detectors.alert import Alert
from soc.access.principal import SYSTEM
from soc.app.canary_beats import EXERCISE, PLATFORM, SOURCE, Beat, BeatBook
from soc.app.outages import Outage, Part
from soc.core.clock import Clock, iso
from soc.core.errors import EngineError, SocError
from soc.core.i18n import Lang, Message, msg
from soc.core.ids import digest, new_id
from soc.core.scope import Scope
from soc.core.severity import Severity
from soc.incidents.service import IncidentService
from soc.incidents.tables import AlertRow
from soc.storage.events import EventStore
from soc.storage.query import term

RULE_ID = "vonggac-heartbeat"
BEAT_S = 60.0
LATE = timedelta(minutes=3)
"""A heartbeat that is still on its way after this long is stuck: three were sent after it."""
FILE = "canary.ndjson"
MAX_BYTES = 65_536
_SCOPE = Scope(None, EXERCISE)
_log = logging.getLogger("vonggac.canary")


class Spooled(Protocol):
    """What is asked of the spool."""

    def oldest(self) -> datetime | None: ...


class SetAside(Protocol):
    """What is asked of the quarantine."""

    def list(self, *, source: str | None = None, limit: int = 100, offset: int = 0) -> list[Quarantined]: ...


def canary_platform() -> Platform:
    """How a heartbeat is read."""
    return load_platform(Path(__file__).with_name(f"{PLATFORM}.yaml"))


def canary_inlet(home: Path) -> tuple[str, NdjsonInput]:
    """The input that the collecting process follows beside those of the sources; made here, as a missing file is a fault."""
    (home / FILE).touch(mode=0o600)
    return SOURCE, NdjsonInput(home / FILE, True)


class Probe:
    """Tells where a heartbeat is."""

    def __init__(self, store: Callable[[], EventStore], spool: Spooled, quarantine: SetAside) -> None:
        self._store, self._spool, self._quarantine = store, spool, quarantine

    def is_stored(self, beat: Beat) -> bool:
        """Whether a search finds it. Raises EngineError."""
        return self._store().count(term("transaction.id", beat.id), _SCOPE) > 0

    def stop(self, beat: Beat) -> Message:
        """Which part has not passed it on, in words. Raises EngineError."""
        if beat.detected is not None:
            return msg("kho sự kiện: đã lưu và phát hiện, nhưng tìm chưa thấy")
        aside = self._quarantine.list(source=SOURCE, limit=1)
        if aside and aside[0].received >= beat.sent:
            return msg("bộ đọc: bản ghi nằm trong khu cách ly ({reason})", reason=aside[0].reason)
        if self.is_stored(beat):
            return msg("bộ phát hiện: đã lưu nhưng chưa qua phát hiện")
        oldest = self._spool.oldest()
        if oldest is not None and oldest - beat.sent < LATE:
            return msg("bộ đệm: bản ghi nhận được đang chờ ghi vào kho")
        return msg("đầu vào: dòng đã ghi nhưng chưa được nhận")


class CanaryWatch:
    """Sends heartbeats and follows them, in the collecting process.

    Args:
        outages: engines that are known to take no work.
        province: id of the agency that answers for the suite.
    """

    def __init__(
        self,
        home: Path,
        beats: BeatBook,
        probe: Probe,
        incidents: Callable[[], IncidentService],
        outages: Callable[[], Mapping[Part, Outage]],
        *,
        province: str,
        lang: Lang,
        clock: Clock,
    ) -> None:
        self._file, self._beats, self._probe, self._incidents = home / FILE, beats, probe, incidents
        self._outages, self._province, self._lang, self._clock = outages, province, lang, clock
        self._incident: str | None = None

    def tend(self) -> int:
        """Follow those on their way and send the next; how many are stuck. Raises EngineError."""
        now = self._clock.now()
        stuck = self._follow(now)
        if stuck:
            self._raise(stuck[0], now)
        elif self._incident is not None:
            self._note()
        self._send(now)
        return len(stuck)

    def _follow(self, now: datetime) -> list[Beat]:
        """Note which have arrived; the oldest that has not for too long is first."""
        stuck = []
        for beat in self._beats.unfinished():
            if beat.detected is not None and self._probe.is_stored(beat):
                self._beats.see(beat.id, now)
            elif now - beat.sent > LATE:
                stuck.append(beat)
        return stuck

    def _send(self, now: datetime) -> None:
        ident = new_id()
        self._beats.send(ident, now)
        line = orjson.dumps({"sent": iso(now), "beat": ident}) + b"\n"
        try:
            if self._file.exists() and self._file.stat().st_size > MAX_BYTES:
                self._file.unlink()
            with self._file.open("ab") as file:
                file.write(line)
        except OSError as problem:  # the disk is full: the beat is late from now on, and the alert says at the input
            _log.warning("the heartbeat cannot be written: %s", problem)

    def _raise(self, beat: Beat, now: datetime) -> None:
        if self._incident is not None or self._outages():
            return
        alert = _alert(beat, self._probe.stop(beat), self._province, now)
        service = self._incidents()
        with service.database.transaction() as session:
            service.take(session, [alert])
            row = session.get(AlertRow, alert.id)
            self._incident = "" if row is None else row.incident
        _log.error("%s", alert.title[self._lang.value])

    def _note(self) -> None:
        told, incident = msg("nhịp tim lại qua cả đường").render(self._lang), self._incident
        self._incident = None
        _log.warning("%s", told)
        try:
            if incident:
                self._incidents().note(SYSTEM, incident, told)
        except EngineError:
            self._incident = incident
            raise
        except SocError as problem:  # merged or closed meanwhile
            _log.info("incident %s: %s", incident, problem.render(self._lang))


def _alert(beat: Beat, stop: Message, province: str, now: datetime) -> Alert:
    title = msg("nhịp tim không đi hết đường; dừng ở {stop}", stop=stop)
    advice = msg("chạy 'soc doctor'; khi nhịp tim dừng thì nhật ký thật cũng không tới được bộ phát hiện")
    return Alert(
        id=digest(RULE_ID, beat.id),
        detector="canary",
        rule_id=RULE_ID,
        rule_version="",
        title={lang.value: title.render(lang) for lang in Lang},
        severity=Severity.HIGH,
        agency=province,
        platform="",
        first=beat.sent + LATE,
        last=now,
        entities={"service.name": "heartbeat"},
        event_ids=(),
        matched={"sent": iso(beat.sent), "stop": stop.render(Lang.VI)},
        advice={lang.value: advice.render(lang) for lang in Lang},
    )
