"""Real Celery workers on each broker: killed, robbed of their messages, their broker killed under load."""

from __future__ import annotations

import signal
from pathlib import Path

from playbooks.broker import Lane, make_broker
from playbooks.states import RunState
from soc.incidents.model import Kind
from tests.incidents.desk import ANALYST
from tests.playbooks.stage import LEAD
from tests.worker.office import DEADLINE_S, BrokerOfTests, Office

RUNS = 12


def test_a_run_killed_in_the_middle_of_a_step_is_finished_by_the_next_worker(
    office: Office, broker: BrokerOfTests
) -> None:
    """kill -9 after the mail was taken and before the worker heard so, and every message lost: sent again under one id, all else once."""
    mailbox = office.mailbox
    code = office.open_incident()
    with office.worker() as first:
        plan = office.service.plan(ANALYST, code, "web_shell_test").hash
        run = office.service.start(ANALYST, plan).id
        office.wait_until(lambda: office.state(run) is RunState.WAITING_APPROVAL)
        office.service.approve(LEAD, plan)
        office.wait_until(lambda: bool(mailbox.raw))
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert office.effects_done() == [True, False]
    broker.empty()
    mailbox.released.set()
    with office.worker() as second:
        office.wait_until(lambda: office.ended(run))
        second.send_signal(signal.SIGTERM)
        assert second.wait(DEADLINE_S) == 0, office.logged()[-4000:]
    assert office.effects_done() == [True, True]
    assert (len(mailbox.raw), len(mailbox.ids)) == (2, 1)
    kinds = [entry.event.kind for entry in office.reader.timeline(ANALYST, code)]
    assert kinds.count(Kind.TAGGED) == 1
    assert office.reader.get(ANALYST, code).tags == ("vo-web",)


def test_a_broker_killed_under_load_loses_no_run_and_doubles_no_effect(office: Office, broker: BrokerOfTests) -> None:
    """It comes back empty. Meanwhile runs can be started, and the person is told that they wait."""
    mailbox, code = office.mailbox, office.open_incident()
    with office.worker() as worker:
        runs = [office.start(code) for _ in range(RUNS)]
        office.wait_until(lambda: len(mailbox.raw) >= 2)  # the others wait in the broker, or for their turn
        broker.lose()
        late = office.start(code)
        assert office.service.run(ANALYST, late).stalled
        office.wait_until(lambda: "does not answer" in office.logged())
        mailbox.released.set()
        broker.restore()
        office.wait_until(lambda: office.ended(*runs, late))
        assert not office.service.run(ANALYST, late).stalled
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(DEADLINE_S) == 0, office.logged()[-4000:]
    assert (len(mailbox.raw), len(mailbox.ids)) == (RUNS + 1, RUNS + 1)
    assert (len(office.told("ERROR")), len(office.told("WARNING")), office.told("CRITICAL")) == (1, 1, [])
    assert "Traceback" not in office.logged()


def test_a_broken_message_in_the_folder_is_dropped_and_stops_nothing(tmp_path: Path) -> None:
    broker = make_broker(tmp_path)
    broker.queue("test.task", Lane.RESPONSE).enqueue("a")
    folder = tmp_path / "broker" / "messages"
    (folder / "0_broken.vonggac.msg").write_bytes(b'{"body": "half')
    (folder / "1_binary.vonggac.msg").write_bytes(b"\xff\xfe\x00")
    with broker.app.connection_for_read() as connection:
        queue = connection.SimpleQueue(Lane.RESPONSE.value)
        message = queue.get(block=True, timeout=DEADLINE_S)
        assert message.payload[0] == ["a"]
        queue.close()
