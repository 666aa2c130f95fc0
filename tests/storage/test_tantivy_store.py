"""What only a store on disk can get wrong: kills, a second writer, readers elsewhere, damaged days, many days."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from soc.core.clock import iso
from soc.core.errors import SetupError
from soc.core.event import Event
from soc.core.i18n import Lang
from soc.core.scope import PROVINCE
from soc.storage.conditions import Altered
from soc.storage.events import AppendStatus, Search
from soc.storage.tantivy.day import LAYOUT_FILE
from soc.storage.tantivy_store import TantivyEventStore

MakeEvent = Callable[..., Event]
START = datetime(2026, 11, 17, 20, 0, tzinfo=UTC)
DEADLINE_S = 60

# Appends batches over three days for as long as it lives; prints the number of each batch when it is promised to be kept.
WRITER = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from soc.core.clock import iso
from soc.core.event import Event
from soc.storage.tantivy_store import TantivyEventStore

store = TantivyEventStore(Path(sys.argv[1]), writable=True)
store.acquire()
start = datetime.fromisoformat("2026-11-17T20:00:00+00:00")
batch = int(sys.argv[2])
print("ready", flush=True)
while True:
    store.append([
        Event({
            "event.id": f"{batch}-{n}", "@timestamp": iso(start + timedelta(hours=n)), "soc.agency": "xa-01",
            "batch": batch, "message": "web shell " * 20, "part": [f"p{n}", "whole"],
        })
        for n in range(60)
    ])
    print(batch, flush=True)
    batch += 1
"""


@pytest.fixture
def reader(folder: Path) -> Iterator[TantivyEventStore]:
    store = TantivyEventStore(folder, writable=False)
    yield store
    store.close()


def started(folder: Path, batch: int = 0) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(batch)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def killed(child: subprocess.Popen[str]) -> list[int]:
    """Kill -9; gives the batches that were promised until then."""
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate(timeout=DEADLINE_S)
    return [int(line) for line in rest.split("\n") if line and rest.endswith("\n")]


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def test_a_killed_writer_leaves_whole_events_and_every_promised_batch(folder: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - the moment of a kill
    promised: list[int] = []
    batch = 0
    for _ in range(4):
        child = started(folder, batch)
        assert child.stdout is not None
        promised.append(int(child.stdout.readline()))
        time.sleep(chance.random() * 0.3)  # any point of an append will do
        promised += killed(child)
        batch = max(promised) + 100
        with_reader = TantivyEventStore(folder, writable=True)
        held = list(with_reader.scan("", PROVINCE))
        assert all(event.fields["part"][1] == "whole" and len(event.fields) == 6 for event in held)  # type: ignore[index]
        assert with_reader.count("message:shell part:whole", PROVINCE) == len(held)
        ids = [event.id for event in held]
        assert len(ids) == len(set(ids))
        assert {f"{one}-{n}" for one in promised for n in range(60)} <= set(ids)
        again = [event for event in held if event.fields["batch"] == promised[-1]]
        assert {result.status for result in with_reader.append(again)} == {AppendStatus.DUPLICATE}
        with_reader.close()


def test_a_batch_cut_by_a_kill_is_completed_by_sending_it_again(folder: Path, make_event: MakeEvent) -> None:
    """The register is ahead of the days after a kill between the two; its word alone must not make a duplicate."""
    store = TantivyEventStore(folder, writable=True)
    store.acquire()
    store._register.add([("id-0001", "2026-11-17")])
    assert [result.status for result in store.append([make_event(1)])] == [AppendStatus.CREATED]
    assert store.get("id-0001", PROVINCE) == make_event(1)
    store.close()


# Drops by query what is past its time, day by day.
DROPPER = """
import sys
from datetime import datetime
from pathlib import Path
from soc.storage.tantivy_store import TantivyEventStore

store = TantivyEventStore(Path(sys.argv[1]), writable=True)
store.acquire()
print("ready", flush=True)
store.delete_before(datetime.fromisoformat("2027-01-01T00:00:00+00:00"), "soc.platform:goes")
"""


def test_a_writer_killed_while_it_drops_leaves_each_day_as_before_or_after(folder: Path) -> None:
    chance = random.Random(11)  # noqa: S311 - the moment of a kill
    days = [iso(START + timedelta(days=n)) for n in range(4)]
    goes, stays = ({f"{kind}-{n}" for n in range(len(days) * 150)} for kind in ("goes", "stays"))
    events = [
        Event(
            {
                "event.id": ident,
                "@timestamp": days[int(ident.split("-")[1]) % len(days)],
                "soc.agency": "xa-01",
                "soc.platform": ident.split("-")[0],
            }
        )
        for ident in sorted(goes | stays)
    ]
    with_writer = TantivyEventStore(folder, writable=True)
    with_writer.append(events)
    with_writer.close()
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", DROPPER, str(folder)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.1)  # any point of the dropping will do
        killed(child)
        reader = TantivyEventStore(folder, writable=False)
        for moment in days:
            left = {event.id for event in reader.scan(f'@timestamp:"{moment}"', PROVINCE)}
            of_day = {event.id for event in events if event.fields["@timestamp"] == moment}
            assert left in (of_day, of_day & stays)
        reader.close()
    again = TantivyEventStore(folder, writable=True)
    again.delete_before(START + timedelta(days=30), "soc.platform:goes")
    assert {event.id for event in again.scan("", PROVINCE)} == stays
    created = {result.event_id for result in again.append(events) if result.status is AppendStatus.CREATED}
    assert created == goes
    again.close()


def test_what_was_dropped_by_query_is_not_on_the_disk_any_more(folder: Path, make_event: MakeEvent) -> None:
    noise = random.Random(5)  # noqa: S311 - text that does not compress
    store = TantivyEventStore(folder, writable=True)
    store.append(
        [make_event(n, soc__platform="goes" if n else "stays", note=noise.randbytes(200).hex()) for n in range(400)]
    )
    before = sum(path.stat().st_size for path in (folder / "2026-11-17").iterdir())
    assert store.delete_before(START + timedelta(days=2), "soc.platform:goes") == 399
    assert sum(path.stat().st_size for path in (folder / "2026-11-17").iterdir()) < before / 20
    assert store.count("", PROVINCE) == 1
    store.close()


def test_a_reader_in_another_process_sees_what_is_committed_without_reopening(
    folder: Path, reader: TantivyEventStore
) -> None:
    assert reader.health().events == 0  # the reader is there before the folder
    child = started(folder)
    until(lambda: reader.count("", PROVINCE) >= 60)
    seen = reader.count("", PROVINCE)
    until(lambda: reader.count("", PROVINCE) > seen)
    killed(child)
    page = reader.search(Search("", PROVINCE, size=5))
    assert page.total == reader.health().events == len(list(reader.scan("", PROVINCE)))


def test_a_second_writer_is_told_who_writes_and_what_to_do(folder: Path) -> None:
    child = started(folder)
    second = TantivyEventStore(folder, writable=True)
    with pytest.raises(SetupError) as refused:
        second.acquire()
    told = refused.value.render(Lang.EN)
    assert f"process {child.pid}" in told
    assert "SOC_HOME" in told
    killed(child)
    second.acquire()  # the lock went with its process
    second.close()


def test_a_store_that_is_only_read_takes_no_event(reader: TantivyEventStore, make_event: MakeEvent) -> None:
    with pytest.raises(SetupError):
        reader.append([make_event(1)])
    with pytest.raises(SetupError):
        reader.delete_before(START)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, make_event: MakeEvent) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match="file"):
        TantivyEventStore(tmp_path / "file" / "events", writable=True).append([make_event(1)])


def three_days(make_event: MakeEvent) -> list[Event]:
    return [make_event(n, **{"@timestamp": iso(START + timedelta(days=n))}) for n in range(3)]


def cut_short(day: Path) -> None:
    for file in day.glob("*.store"):
        file.write_bytes(file.read_bytes()[:20])


def emptied(day: Path) -> None:
    (day / "meta.json").write_text("{")


def half_made(day: Path) -> None:
    for file in day.iterdir():
        file.unlink()


@pytest.mark.parametrize("damage", [cut_short, emptied, half_made])
def test_a_damaged_day_is_reported_and_set_aside_and_the_others_go_on(
    folder: Path, make_event: MakeEvent, damage: Callable[[Path], None]
) -> None:
    first = TantivyEventStore(folder, writable=True)
    first.append(three_days(make_event))
    first.close()
    damage(folder / "2026-11-18")

    reader = TantivyEventStore(folder, writable=False)
    health = reader.health()
    assert (health.ok, health.events) == (False, 2)
    assert "2026-11-18" in health.detail.render(Lang.EN)
    assert [event.id for event in reader.scan("", PROVINCE)] == ["id-0000", "id-0002"]
    assert reader.get("id-0001", PROVINCE) is None

    writer = TantivyEventStore(folder, writable=True)
    results = writer.append(three_days(make_event))
    assert [result.status for result in results] == [
        AppendStatus.DUPLICATE,
        AppendStatus.CREATED,
        AppendStatus.DUPLICATE,
    ]
    assert (folder / "damaged" / "2026-11-18.1").is_dir()
    assert [event.id for event in reader.scan("", PROVINCE)] == ["id-0000", "id-0001", "id-0002"]
    assert "damaged" in reader.health().detail.render(Lang.EN)
    reader.close()
    writer.close()


def test_a_lost_register_is_made_again_from_the_days(folder: Path, make_event: MakeEvent) -> None:
    first = TantivyEventStore(folder, writable=True)
    first.append(three_days(make_event))
    first.close()
    emptied(folder / "ids")
    second = TantivyEventStore(folder, writable=True)
    assert {result.status for result in second.append(three_days(make_event))} == {AppendStatus.DUPLICATE}
    second.close()


def test_an_index_of_an_older_layout_is_laid_out_anew_by_the_writer(
    folder: Path, make_event: MakeEvent, reader: TantivyEventStore
) -> None:
    first = TantivyEventStore(folder, writable=True)
    first.append(three_days(make_event))
    first.close()
    (folder / "2026-11-18" / LAYOUT_FILE).write_text("of an older release")
    (folder / ".new-2026-11-19").mkdir()  # what a writer killed in the middle of it leaves
    (folder / "2026-11-19").rename(folder / ".old-2026-11-19")
    assert not reader.health().ok
    second = TantivyEventStore(folder, writable=True)
    second.acquire()
    assert reader.health().ok
    assert [event.id for event in reader.scan("", PROVINCE)] == ["id-0000", "id-0001", "id-0002"]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    second.close()


def test_an_index_of_the_first_layout_gets_the_mark_of_altered_values(
    folder: Path, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 1 had no such mark; a hunt that relied on it would miss what a long value holds."""
    with monkeypatch.context() as past:
        past.setattr("soc.storage.tantivy.day.VERSION", 1)
        past.setattr("soc.storage.tantivy.layout.altered_fields", lambda *_: [])
        first = TantivyEventStore(folder, writable=True)
        first.append([make_event(1, user__name="x" * 5000), make_event(2)])
        assert first.count(Altered(), PROVINCE) == 0
        first.close()
    second = TantivyEventStore(folder, writable=True)
    second.acquire()
    assert [event.id for event in second.scan(Altered(), PROVINCE)] == ["id-0001"]
    assert second.count("", PROVINCE) == 2
    second.close()


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_more_days_than_may_be_open_are_read_and_written(folder: Path, make_event: MakeEvent) -> None:
    store = TantivyEventStore(folder, writable=True, open_days=3, open_writers=2)
    events = [make_event(n, **{"@timestamp": iso(START + timedelta(days=n % 12))}) for n in range(36)]
    before = open_files()
    for at in range(0, 36, 12):
        store.append(events[at : at + 12])
    assert store.count("", PROVINCE) == len(list(store.scan("", PROVINCE))) == 36
    assert len(store._days._open) == 3
    assert open_files() < before + 40
    store.close()


FULL_DISK = """
import resource, sys
from pathlib import Path
from soc.core.errors import EngineError
from soc.core.event import Event
from soc.core.i18n import Lang
from soc.core.scope import PROVINCE
from soc.storage.tantivy_store import TantivyEventStore

def events(first, count):
    return [
        Event({"event.id": str(n), "@timestamp": "2026-11-17T01:00:00Z", "soc.agency": "xa-01", "hash": f"{n * 2**61 % 10**15}"})
        for n in range(first, first + count)
    ]

store = TantivyEventStore(Path(sys.argv[1]), writable=True)
store.append(events(0, 10))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit in (512, 60_000):  # the first stops the register, the second a day
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        store.append(events(0, 5000))
    except EngineError as refused:
        print(refused.render(Lang.EN))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(store.count("", PROVINCE))
print(sum(result.status == "created" for result in store.append(events(0, 5000))), store.count("", PROVINCE))
store.close()
"""


def test_a_disk_that_takes_no_more_refuses_the_batch_whole_and_it_can_be_sent_again(folder: Path) -> None:
    """A real limit on the size of files stands in for the full disk."""
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S * 2,
    )
    told = run.stdout.splitlines()
    assert [line for line in told if "cannot be read or written" in line and "soc doctor" in line] == [told[0], told[2]]
    assert [told[1], told[3], told[4]] == ["10", "10", "4990 5000"]


# Moves every event a day back and is killed in the step that is named.
MOVER = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from soc.core.clock import iso
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.storage.tantivy.writing import DayWriters
from soc.storage.tantivy_store import TantivyEventStore

step = sys.argv[2]
whole = getattr(DayWriters, step)
def cut(self, *given):
    if len(sys.argv) > 3:
        whole(self, *given)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(DayWriters, step, cut)
store = TantivyEventStore(Path(sys.argv[1]), writable=True)
store.rewrite([
    Event({**event.fields, "@timestamp": iso(event.timestamp - timedelta(days=1)), "soc.parser": "nginx@2"})
    for event in store.scan("", PROVINCE)
])
"""


@pytest.mark.parametrize("step", [["_note_moves"], ["_note_moves", "after"], ["_replace"], ["_replace", "after"]])
def test_a_writer_killed_while_it_rewrites_leaves_each_event_once_old_or_new(folder: Path, step: list[str]) -> None:
    """Also those that move to another day, whichever step the kill falls into."""
    store = TantivyEventStore(folder, writable=True)
    ids = {f"id-{n}" for n in range(40)}
    store.append(
        [
            Event({"event.id": name, "@timestamp": iso(START), "soc.agency": "xa-01", "soc.parser": "nginx@1"})
            for name in sorted(ids)
        ]
    )
    store.close()
    child = subprocess.run([sys.executable, "-c", MOVER, str(folder), *step], check=False, timeout=DEADLINE_S)
    assert child.returncode == -signal.SIGKILL
    after = TantivyEventStore(folder, writable=True)
    after.acquire()
    held = list(after.scan("", PROVINCE))
    assert sorted(event.id for event in held) == sorted(ids)
    moved = step == ["_replace", "after"]
    assert {event.fields["soc.parser"] for event in held} == {"nginx@2" if moved else "nginx@1"}
    assert after.existing(sorted(ids)) == ids
    after.close()
