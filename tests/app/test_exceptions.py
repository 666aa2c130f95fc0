"""Exceptions in the running installation: decided in SQL, applied in the stream, counted once, tried over the store first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from collectors.inputs import open_input
from detectors.exceptions.acts import State
from detectors.exceptions.managed import ManagedException, Proposal
from soc.access.principal import SYSTEM, Principal, Role
from soc.app.application import Application
from soc.app.checkpoints import Checkpoints
from soc.app.exceptions import held_back
from soc.app.gaps import GapKind, gap_of
from soc.app.pipeline import CHECKPOINT
from soc.core.clock import FixedClock, Window, iso, parse_iso
from soc.core.errors import EngineError, InputError
from soc.core.event import Event
from soc.core.i18n import msg
from soc.core.scope import PROVINCE, Scope
from soc.core.settings import Settings

NOW = parse_iso("2026-11-17T02:00:00+07:00")
SOURCES = """sources:
  - {id: portal, platform: public_service_portal, agency: so-mau}
  - {id: other, platform: public_service_portal, agency: so-khac}
"""
LEAD = Principal("tc.01", Role.SHIFT_LEAD, "tinh-mau", PROVINCE)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock, database_setting: None) -> Iterator[Application]:
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    with Application(Settings(home=tmp_path), clock, writer=True) as app:
        yield app


def call(moment: datetime, address: str = "203.0.113.66") -> dict[str, object]:
    """A line of the portal that one of its rules matches."""
    return {
        "time": moment.isoformat(),
        "remote_addr": address,
        "method": "POST",
        "uri": "/uploads/a.php",
        "args": "",
        "status": 200,
        "bytes": 1,
        "ua": "M",
        "host": "a.example",
    }


def feed(app: Application, path: Path, *documents: object, source: str = "portal") -> int:
    """Give lines to the collector and process them; how many alerts."""
    path.write_bytes(b"".join(orjson.dumps(document) + b"\n" for document in documents))
    app.collector.collect(source, open_input(path))
    return app.pipeline.drain().alerts


def proposal(app: Application, address: str = "203.0.113.66", agencies: frozenset[str] | None = None) -> Proposal:
    (alert,) = app.incident_reader.alerts(SYSTEM).items[-1:]
    rule = next(rule for rule in app.rules.rules if rule.id == alert.alert.rule_id)
    text = f"""
title: Máy quét của tỉnh
logsource: {{category: {rule.logsource.category}}}
filter:
  rules: [{rule.id}]
  selection: {{source.ip: {address}}}
  condition: not selection
"""
    return Proposal(text, "máy quét định kỳ", agencies, app.clock.now() + timedelta(days=30))


def approved(app: Application, what: Proposal) -> ManagedException:
    made = app.exceptions.propose(SYSTEM, what)
    return app.exceptions.approve(LEAD, made.id)


def test_an_approved_exception_hides_in_the_stream_and_is_counted_for_its_agency_only(
    app: Application, clock: FixedClock, tmp_path: Path
) -> None:
    assert feed(app, tmp_path / "a.log", call(NOW)) == 1
    made = approved(app, proposal(app, agencies=frozenset({"so-mau"})))
    clock.advance(timedelta(hours=3))
    calls = [call(clock.now() + timedelta(seconds=n)) for n in range(4)]
    assert feed(app, tmp_path / "b.log", *calls) == 0
    assert feed(app, tmp_path / "c.log", *calls, source="other") == 1
    found = app.exceptions.get(SYSTEM, made.id)
    assert (found.count, {one.agency for one in found.hidden}) == (4, {"so-mau"})
    ids = [event.id for event in app.store.scan("", PROVINCE) if event.agency == "so-mau"]
    assert sorted(found.hidden[0].event_ids) == sorted(ids[1:])
    told = app.incident_reader.alerts(SYSTEM).items
    assert len(told) == 2


def test_an_event_from_before_the_approval_is_told_however_late_it_comes(
    app: Application, clock: FixedClock, tmp_path: Path
) -> None:
    feed(app, tmp_path / "a.log", call(NOW, "203.0.113.1"))
    approved(app, proposal(app))
    clock.advance(timedelta(hours=3))
    assert feed(app, tmp_path / "b.log", call(NOW - timedelta(minutes=5))) == 1


def test_what_a_failed_batch_hid_is_counted_once(app: Application, clock: FixedClock, tmp_path: Path) -> None:
    """The transaction that fails takes the count with it; the repetition puts it down."""
    feed(app, tmp_path / "a.log", call(NOW))
    made = approved(app, proposal(app))
    clock.advance(timedelta(hours=3))
    real = app.pipeline.incidents.take

    def refuse(*_: object) -> list[str]:
        object.__setattr__(app.pipeline.incidents, "take", real)
        raise EngineError(app.exceptions.get(SYSTEM, made.id).state.label)

    object.__setattr__(app.pipeline.incidents, "take", refuse)
    with pytest.raises(EngineError):
        feed(app, tmp_path / "b.log", call(clock.now()), call(clock.now() + timedelta(seconds=1)))
    assert app.exceptions.get(SYSTEM, made.id).count == 0
    app.pipeline.drain()
    assert app.exceptions.get(SYSTEM, made.id).count == 2


def test_what_is_hidden_of_a_gap_is_counted_when_the_gap_closes(
    app: Application, clock: FixedClock, tmp_path: Path
) -> None:
    """Events that are in the store and that no detector saw."""
    feed(app, tmp_path / "a.log", call(NOW))
    made = approved(app, proposal(app))
    (told,) = app.store.scan("", PROVINCE)
    later = iso(NOW + timedelta(hours=3))
    missed = [
        Event({**told.fields, "event.id": f"missed-{n}", "@timestamp": later, "soc.received": later}) for n in range(3)
    ]
    app.store.append(missed)
    with app.database.transaction() as session:
        app.gaps.open(session, gap_of(GapKind.MISSED, missed, msg("chạy lại theo yêu cầu"), NOW))
    clock.advance(timedelta(hours=4))
    (redone,) = app.redo.run_due()
    assert (redone.alerts, redone.fault) == (0, None)
    assert app.exceptions.get(SYSTEM, made.id).count == 3
    assert app.redo.run_due() == []


def test_a_replay_says_what_would_have_been_hidden_and_changes_nothing(
    app: Application, clock: FixedClock, tmp_path: Path
) -> None:
    first, second = NOW - timedelta(days=1), NOW
    calls = [call(first), call(second), call(second + timedelta(seconds=1)), call(second, "203.0.113.9")]
    feed(app, tmp_path / "a.log", *calls)
    feed(app, tmp_path / "b.log", call(second), source="other")
    what = proposal(app, agencies=frozenset({"so-mau"}))
    window = Window(first - timedelta(hours=1), second + timedelta(hours=1))
    read: list[int] = []
    report = app.exception_replay.run(LEAD, what, window, progress=read.append)
    assert (report.read, report.complete, sum(read)) == (4, True, 4)
    assert [(one.agency, one.day, one.count) for one in report.hidden] == [
        ("so-mau", "2026-11-16", 1),
        ("so-mau", "2026-11-17", 2),
    ]
    assert report.alerts_left == 1
    assert report.alerts > report.alerts_left
    assert app.exceptions.all(SYSTEM) == []
    with app.database.reading() as session:
        assert app.audit.entries(session)[0].action == "exception.replay"


def test_a_replay_and_the_stream_hide_the_same(app: Application, clock: FixedClock, tmp_path: Path) -> None:
    feed(app, tmp_path / "a.log", call(NOW))
    what = proposal(app)
    made = approved(app, what)
    clock.advance(timedelta(hours=3))
    begin = clock.now()
    for number in range(12):
        clock.advance(timedelta(minutes=7))
        addresses = "203.0.113.66", "203.0.113.67"
        feed(app, tmp_path / f"{number}.log", *(call(clock.now(), address) for address in addresses))
    live = app.exceptions.get(SYSTEM, made.id)
    app.exceptions.end(LEAD, made.id, "thử lại")
    app.exceptions.undo(LEAD, made.id, "thử lại")
    report = app.exception_replay.run(LEAD, what, Window(begin, clock.now() + timedelta(seconds=1)))
    assert report.count == 0  # the one in force hid them then, and hides them in a repetition too
    assert live.count == 12


def test_a_replay_that_may_not_read_all_says_so(app: Application, clock: FixedClock, tmp_path: Path) -> None:
    feed(app, tmp_path / "a.log", *(call(NOW + timedelta(seconds=n)) for n in range(5)))
    window = Window(NOW, NOW + timedelta(days=1))
    report = app.exception_replay.run(LEAD, proposal(app), window, most=3)
    assert (report.read, report.complete, report.count) == (3, False, 3)
    assert app.exception_replay.run(LEAD, proposal(app), window, most=5).complete


def test_a_replay_of_a_filter_that_names_nothing_is_refused(app: Application, tmp_path: Path) -> None:
    what = Proposal(
        "title: x\nlogsource: {product: nothing}\nfilter: {rules: [nobody], s: {a: b}, condition: s}\n",
        "x",
        None,
        NOW + timedelta(days=1),
    )
    with pytest.raises(InputError, match="nobody"):
        app.exception_replay.run(LEAD, what, Window(NOW, NOW))


def test_bundles_of_a_silent_stream_are_told_when_their_time_has_passed(
    app: Application, clock: FixedClock, tmp_path: Path
) -> None:
    """Also old logs: what counts is how long nothing came, not how old the events are."""
    year = timedelta(days=365)
    assert feed(app, tmp_path / "a.log", call(NOW - year), call(NOW - year + timedelta(seconds=1))) == 1
    assert app.pipeline.tick() == 0
    state = Checkpoints(app.database).state(CHECKPOINT)
    (waiting,) = held_back(app.make_detector(app.rules), state, PROVINCE)
    assert (waiting.count, waiting.total, waiting.subject.agency) == (1, 2, "so-mau")
    assert held_back(app.make_detector(app.rules), state, Scope(frozenset({"so-khac"}))) == []
    assert held_back(app.make_detector(app.rules), None, PROVINCE) == []
    clock.advance(timedelta(minutes=119))
    assert app.pipeline.tick() == 0
    clock.advance(timedelta(minutes=2))
    assert app.pipeline.tick() == 1
    assert app.pipeline.tick() == 0
    (rest, first) = app.incident_reader.alerts(SYSTEM).items
    assert sorted(len(one.alert.event_ids) for one in (rest, first)) == [1, 1]


def test_an_installation_that_saw_nothing_ticks_for_nothing(app: Application) -> None:
    assert app.pipeline.tick() == 0
    assert app.exceptions.all(SYSTEM, [State.APPROVED]) == []
