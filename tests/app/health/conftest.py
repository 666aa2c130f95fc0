"""An installation whose time is ours, with sources of several agencies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from detectors.alert import Alert
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.source_health import Batch
from soc.core.clock import LOCAL_ZONE, FixedClock, iso
from soc.core.event import Event
from soc.core.settings import Settings
from soc.incidents.codec import alert_from_json
from soc.incidents.tables import AlertRow

SOURCES = """sources:
  - {id: lgsp-01, platform: lgsp, agency: so-mau, format: kong_file_log}
  - {id: portal-01, platform: public_service_portal, agency: so-mau, format: nginx_access_json}
  - {id: portal-02, platform: public_service_portal, agency: xa-mau-01, format: nginx_access_json}
"""


def local(text: str) -> datetime:
    """A local time as an aware one."""
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


@dataclass
class House:
    """An application with a clock that stands still, and shorthands."""

    app: Application
    clock: FixedClock

    def hear(self, source: str, *moments: datetime, exercise: str | None = None, late_s: float = 0) -> None:
        """Account for an event at each moment, as the pipeline does with a committed batch."""
        registered = self.app.sources.registered[source]
        events = [event_at(source, registered.platform, registered.agency, one, exercise, late_s) for one in moments]
        with self.app.database.transaction() as session:
            self.app.health.account(session, Batch(events, {}, {}), max(moments))

    def tend(self, moment: datetime) -> int:
        """A round of the watch at a moment."""
        self.clock.moment = moment
        return self.app.silence_watch.tend()

    def alerts(self, source: str | None = None) -> list[Alert]:
        """Those about sources, in order of their time."""
        with self.app.database.reading() as session:
            rows = session.scalars(select(AlertRow).where(AlertRow.rule_id.startswith("vonggac-source")))
            found = [alert_from_json(row.body) for row in rows]
        wanted = [one for one in found if source in (None, one.entities["soc.source"])]
        return sorted(wanted, key=lambda one: one.last)

    def notes(self) -> list[str]:
        """Notes on every timeline."""
        with self.app.database.reading() as session:
            codes = list(session.scalars(select(AlertRow.incident).distinct()))
        entries = [entry for code in codes for entry in self.app.incident_reader.timeline(SYSTEM, code)]
        return [str(entry.event.data["text"]) for entry in entries if entry.event.kind.value == "note"]


def event_at(
    source: str, platform: str, agency: str, received: datetime, exercise: str | None = None, late_s: float = 0
) -> Event:
    """An event as the pipeline has it."""
    happened = datetime.fromtimestamp(received.timestamp() - late_s, received.tzinfo)
    fields = {
        "@timestamp": iso(happened),
        "event.id": f"{source}-{received.timestamp()}",
        "event.dataset": "nginx.access",
        "soc.platform": platform,
        "soc.agency": agency,
        "soc.source": source,
        "soc.received": iso(received),
    }
    return Event(fields | ({} if exercise is None else {"soc.exercise": exercise}))


@pytest.fixture
def make_house(tmp_path: Path, settle: Callable[[Path], None]) -> Iterator[Callable[..., House]]:
    """Makes installations that begin at a moment."""
    opened: list[Application] = []

    def make(moment: datetime, sources: str = SOURCES) -> House:
        home = tmp_path / f"home-{len(opened)}"
        settle(home)
        (home / "sources.yaml").write_text(sources, "utf-8")
        clock = FixedClock(moment)
        app = Application(Settings(home=home), clock, writer=True)
        opened.append(app)
        return House(app, clock)

    yield make
    for app in opened:
        app.close()
