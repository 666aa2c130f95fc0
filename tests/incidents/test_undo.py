"""Law 6: undo restores exactly. Law of the stream: the rows can be made again from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.core.errors import ConflictError, NotFoundError
from soc.core.severity import Severity
from soc.incidents.model import Flags, Grade, Incident, Kind, Status, Verdict
from soc.incidents.projection import project
from soc.incidents.stream import read_streams, rebuild
from soc.incidents.tables import AlertRow, IncidentEventRow, IncidentRow
from tests.incidents.desk import ANALYST, Desk, make_alert, make_desk
from tests.servers.databases import EXAMPLES, CaseDatabases, opened

ACTS = ("acknowledge", "assign", "note", "task", "grade", "contain", "close", "reopen", "merge", "split", "undo")
Step = tuple[str, int, int]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12
)


def codes(desk: Desk) -> list[str]:
    with desk.database.transaction() as session:
        return sorted(session.scalars(select(IncidentRow.code)))


def view(desk: Desk) -> dict[str, Incident]:
    """Every incident but for its version, which counts acts and undos alike; void ones were never there."""
    with desk.database.transaction() as session:
        projected = [project(stream) for stream in read_streams(session, codes_in(session)).values()]
    return {one.code: replace(one, version=0) for one in projected if one.status is not Status.VOID}


def codes_in(session: Session) -> list[str]:
    return list(session.scalars(select(IncidentEventRow.incident).distinct()))


def newest_op(desk: Desk, code: str) -> str:
    return desk.reader.timeline(ANALYST, code)[-1].event.op


def perform(desk: Desk, step: Step) -> str | None:
    """Do one act on some incident; the code it was done to, None where its state does not allow it."""
    act, pick, other = step
    known = codes(desk)
    code, into = known[pick % len(known)], known[other % len(known)]
    service, alerts = desk.service, desk.reader.get(ANALYST, code).alerts
    ops = [entry.event.op for entry in desk.reader.timeline(ANALYST, code)]
    calls = {
        "acknowledge": lambda: service.acknowledge(ANALYST, code),
        "assign": lambda: service.assign(ANALYST, code, f"ts.{other}"),
        "note": lambda: service.note(ANALYST, code, "đã gọi đầu mối"),
        "task": lambda: service.add_task(ANALYST, code, "lấy nhật ký"),
        "grade": lambda: service.grade(ANALYST, code, Grade.M3, Flags(False, False, False)),
        "contain": lambda: service.contain(ANALYST, code, "khóa tài khoản"),
        "close": lambda: service.close(ANALYST, code, Verdict.BENIGN, "thử nghiệm có báo trước"),
        "reopen": lambda: service.reopen(ANALYST, code, "có dấu vết mới"),
        "merge": lambda: service.merge(ANALYST, code, into),
        "split": lambda: service.split(ANALYST, code, [alerts[other % len(alerts)].id] if alerts else ["none"]),
        "undo": lambda: service.undo(ANALYST, code, ops[other % len(ops)]),
    }
    try:
        calls[act]()
    except (ConflictError, NotFoundError):
        return None
    return code


@contextmanager
def filled(databases: CaseDatabases) -> Iterator[Desk]:
    """Three hosts, six alerts; one desk for each of many examples."""
    with opened(databases) as database:
        desk = make_desk(database)
        hosts = ("web-01", "web-01", "web-01", "web-02", "web-03")
        desk.take(*(make_alert(entities={"host.name": host}) for host in hosts[:3]))
        graver = {"severity": Severity.CRITICAL, "title": {"vi": "Có vỏ web", "en": "Web shell"}}
        desk.take(*(make_alert(entities={"host.name": host}, **graver) for host in hosts[2:]))
        yield desk


def check_whole(desk: Desk) -> None:
    """Each alert is in exactly one incident, the rows say the same as the streams."""
    view_now = view(desk)
    held = [alert.id for incident in view_now.values() for alert in incident.alerts]
    with desk.database.transaction() as session:
        placed = {row.id: row.incident for row in session.execute(select(AlertRow.id, AlertRow.incident))}
        rows = [row_values(row) for row in session.scalars(select(IncidentRow).order_by(IncidentRow.code))]
        rebuild(session)
        session.expire_all()
        again = [row_values(row) for row in session.scalars(select(IncidentRow).order_by(IncidentRow.code))]
    assert sorted(held) == sorted(placed)
    assert {alert.id: code for code, incident in view_now.items() for alert in incident.alerts} == placed
    assert rows == again


def row_values(row: IncidentRow) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in IncidentRow.__table__.columns}


@EXAMPLES
def test_undoing_the_newest_act_gives_back_exactly_what_was_there(databases: CaseDatabases, examples: int) -> None:
    """Whatever happened before, whichever act it is."""

    @settings(max_examples=examples, deadline=None, derandomize=True)
    @given(before=STEPS, act=st.tuples(st.sampled_from(ACTS), st.integers(0, 9), st.integers(0, 9)))
    def holds(before: list[Step], act: Step) -> None:
        with filled(databases) as desk:
            for step in before:
                perform(desk, step)
            was = view(desk)
            code = perform(desk, act)
            if code is not None:
                desk.service.undo(ANALYST, code, newest_op(desk, code))
            assert view(desk) == was
            check_whole(desk)

    holds()


@EXAMPLES
def test_undoing_everything_from_new_to_old_gives_back_the_beginning(databases: CaseDatabases, examples: int) -> None:

    @settings(max_examples=examples, deadline=None, derandomize=True)
    @given(steps=STEPS)
    def holds(steps: list[Step]) -> None:
        with filled(databases) as desk:
            was = view(desk)
            done = []
            for step in steps:
                code = perform(desk, step)
                if code is not None:
                    done.append((code, newest_op(desk, code)))
            for code, op in reversed(done):
                desk.service.undo(ANALYST, code, op)
            assert view(desk) == was

    holds()


def test_an_undo_beneath_later_acts_is_refused(desk: Desk) -> None:
    """The alerts of the merged incident have gone on to a third one."""
    a, b, c = desk.take(*(make_alert(entities={"host.name": host}) for host in "abc"))
    desk.service.merge(ANALYST, a, b)
    first = newest_op(desk, a)
    desk.service.merge(ANALYST, b, c)
    was = view(desk)
    with pytest.raises(ConflictError) as refused:
        desk.service.undo(ANALYST, a, first)
    assert "từ mới đến cũ" in str(refused.value)
    assert view(desk) == was


def test_an_undo_can_be_undone(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.acknowledge(ANALYST, code)
    acknowledged = view(desk)
    desk.service.undo(ANALYST, code, newest_op(desk, code))
    assert desk.reader.get(ANALYST, code).status is Status.NEW
    desk.service.undo(ANALYST, code, newest_op(desk, code))
    assert view(desk) == acknowledged


def test_the_timeline_keeps_what_was_undone_and_marks_it(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.note(ANALYST, code, "nhầm sự cố")
    desk.service.undo(ANALYST, code, newest_op(desk, code))
    shown = [(entry.event.kind, entry.undone) for entry in desk.reader.timeline(ANALYST, code)]
    assert shown == [(Kind.OPENED, False), (Kind.NOTE, True), (Kind.UNDONE, False)]


def test_neither_an_opening_by_alerts_nor_a_sent_notice_can_be_undone(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    with pytest.raises(ConflictError):
        desk.service.undo(ANALYST, code, newest_op(desk, code))
    desk.service.send_notice(ANALYST, code, "incident_72h", "đơn vị chuyên trách")
    with pytest.raises(ConflictError):
        desk.service.undo(ANALYST, code, newest_op(desk, code))


def test_one_act_cannot_be_undone_twice(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.note(ANALYST, code, "ghi nhầm")
    op = newest_op(desk, code)
    desk.service.undo(ANALYST, code, op)
    with pytest.raises(ConflictError):
        desk.service.undo(ANALYST, code, op)
