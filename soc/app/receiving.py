"""The receiving process of `soc up`: waits for whoever sends, and puts what comes into the spool for the collecting process.

python -m soc.app.receiving

It knows no case database, no store and no detector: it must stay small, and go on when they do not.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from collectors.crypto import PayloadCipher, derive_key, load_master_key
from collectors.door import Capacity, Door
from collectors.ingest import Collector
from collectors.listener import Listener
from collectors.listeners.spec import Opening
from collectors.platform import at_fault, load_platforms
from collectors.quarantine import Quarantine
from collectors.redact import Redactor
from collectors.sources import SourceFile, load_source_file
from collectors.spool import Spool
from collectors.tally import Tally
from soc.app.home import HomeLock, prepare_home
from soc.app.intake import leave_intake
from soc.core.clock import Clock, SystemClock
from soc.core.errors import SetupError, SocError
from soc.core.i18n import msg
from soc.core.settings import Settings

ROLE = "receiving"
COUNTS_S = 5.0
FIRST_S, MOST_S = 1.0, 60.0
"""Rests before a listener that failed is started again."""

_log = logging.getLogger("vonggac.receiving")


def load_listening(settings: Settings) -> SourceFile:
    """The sources and listeners of the home. Raises FaultsError."""
    platforms, faults = load_platforms(strict=False)
    return load_source_file(settings.home / "sources.yaml", platforms, at_fault(faults))


async def receive(settings: Settings, found: SourceFile, stop: asyncio.Event, clock: Clock | None = None) -> None:
    """Serve all listeners until `stop` is set; what was taken by then is on disk when this returns.

    Raises:
        SetupError: key, spool or a listener's certificate cannot be used.
    """
    clock = clock or SystemClock()
    with ExitStack() as stack:
        collector = open_collector(settings, clock, stack)
        allowances = {source.id: source.limits.allowance for source in found.sources}
        longest = max([settings.max_record_bytes, *(one.max_record_bytes for one in allowances.values())])
        door = Door(
            collector,
            Tally(clock, settings.lang),
            allowances,
            Capacity(spool_records=settings.spool_limit_records),
        )
        opening = Opening(settings.home, clock, longest)
        listeners = [listener.open(found.feeds_of(listener), opening) for listener in found.listeners]
        await _serve(door, listeners, settings.home, stop)


def open_collector(settings: Settings, clock: Clock, stack: ExitStack) -> Collector:
    """The way into the spool of a home, closed with `stack`."""
    key = load_master_key(settings.home, settings.spool_key.get_secret_value() if settings.spool_key else "")
    cipher = PayloadCipher(key)
    quarantine = Quarantine(settings.home / "quarantine.sqlite", cipher)
    stack.callback(quarantine.close)
    spool = Spool(settings.home / "spool.sqlite", cipher, quarantine)
    stack.callback(spool.close)
    redactor = Redactor(derive_key(key, "pseudonyms"), clock.now().year)
    return Collector(spool, redactor, quarantine, clock, settings.max_record_bytes)


async def _serve(door: Door, listeners: Sequence[Listener], home: Path, stop: asyncio.Event) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(door.serve())
            await door.room()  # a datagram that comes before the door is open would be lost
            counting = group.create_task(_count(door.tally, home))
            serving = [group.create_task(_keep_up(listener, door, stop)) for listener in listeners]
            await asyncio.gather(*serving, stop.wait())
            door.end()
            counting.cancel()
    except BaseExceptionGroup as problems:
        raise problems.exceptions[0] from problems
    leave_intake(home, door.tally)


async def _keep_up(listener: Listener, door: Door, stop: asyncio.Event) -> None:
    """Serve one listener; when it fails the others go on, and it is started again after a rest."""
    rest_s = FIRST_S
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        try:
            await listener.serve(door, stop)
        except SocError as problem:
            door.tally.fault(listener.id, "listener", problem.as_message())
        except Exception:  # the outermost loop of a listener: whatever one sender brought about, the others are served
            _log.exception("listener %s failed", listener.id)
            door.tally.fault(listener.id, "listener", msg("listener dừng vì lỗi, đang chạy lại"))
        if asyncio.get_running_loop().time() - began > MOST_S:
            rest_s = FIRST_S
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), rest_s)
        rest_s = min(rest_s * 2, MOST_S)


async def _count(tally: Tally, home: Path) -> None:
    while True:
        await asyncio.sleep(COUNTS_S)
        leave_intake(home, tally)


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await receive(settings, load_listening(settings), stop)


def main() -> int:
    """Run until SIGTERM or SIGINT; 5 when it cannot start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    try:
        with HomeLock(prepare_home(settings.home), ROLE):
            asyncio.run(_run(settings))
    except SocError as problem:
        _log.error("%s", problem.render(settings.lang))
        return SetupError.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
