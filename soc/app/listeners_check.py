"""What the doctor says of listeners: whether their ports are held by the receiving process, and how long their certificates last."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from collectors.listeners.sockets import bound
from collectors.listeners.spec import ListenerSpec
from collectors.sources import SourceFile
from soc.app.findings import State
from soc.app.home import HomeLock
from soc.app.receiving import ROLE
from soc.core.errors import SetupError
from soc.core.i18n import Message, msg

SOON = timedelta(days=30)
_KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}


def check_listeners(home: Path, found: SourceFile, now: datetime) -> tuple[State, Message]:
    """The gravest of what there is to say of the listeners."""
    if not found.listeners:
        return State.OK, msg("không khai listener nào")
    running = _is_running(home)
    points = [point for listener in found.listeners for point in _points(listener, home, now, running=running)]
    if points:
        return max(points, key=lambda point: list(State).index(point[0]))
    return State.OK, msg("{count} listener đang nghe", count=len(found.listeners))


def _points(listener: ListenerSpec, home: Path, now: datetime, *, running: bool) -> Iterator[tuple[State, Message]]:
    for transport, host, port in listener.addresses:
        free = _is_free(transport, host, port)
        if running and free:
            yield State.BAD, msg("{id} không nghe ở cổng {port}; xem nhật ký của soc up", id=listener.id, port=port)
        elif not running and not free:
            yield State.BAD, msg("cổng {port} của {id} bị chương trình khác giữ", port=port, id=listener.id)
        elif not running:
            yield State.WARN, msg("{id} chưa nghe: tiến trình nhận chưa chạy; chạy lại soc up", id=listener.id)
    tls = getattr(listener, "tls", None)
    certificate = getattr(tls, "certificate", None)
    if certificate is not None:
        yield from _expiry(listener.id, home / certificate, now)


def _expiry(name: str, path: Path, now: datetime) -> Iterator[tuple[State, Message]]:
    try:
        until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        yield State.BAD, msg("không đọc được chứng thư của {id}: {path}", id=name, path=str(path))
        return
    day = f"{until:%d/%m/%Y}"
    if until <= now:
        yield State.BAD, msg("chứng thư của {id} đã hết hạn ngày {day}", id=name, day=day)
    elif until - now < SOON:
        yield State.WARN, msg("chứng thư của {id} hết hạn ngày {day}", id=name, day=day)


def _is_free(transport: str, host: str, port: int) -> bool:
    try:
        bound(host, port, _KINDS[transport]).close()
    except SetupError:
        return False
    return True


def _is_running(home: Path) -> bool:
    lock = HomeLock(home, ROLE)
    if lock.acquire():
        lock.release()
        return False
    return True
