"""Sockets of listeners, bound or refused with what to do."""

from __future__ import annotations

import socket

from soc.core.errors import SetupError
from soc.core.i18n import msg


def bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A non-blocking socket on the address. Raises SetupError when it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
        bare = socket.socket(family, kind)
        try:
            if kind is socket.SOCK_STREAM:
                bare.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bare.setblocking(False)
            bare.bind(address)
        except BaseException:
            bare.close()
            raise
    except OSError as problem:
        raise SetupError(
            msg("không mở được cổng {port} ({reason})", port=port, reason=problem.strerror or str(problem)),
            expected=msg("một địa chỉ của máy này và một cổng chưa ai dùng"),
            where=f"{host}:{port}",
            advice=msg("sửa host, port của listener trong sources.yaml; cổng dưới 1024 cần quyền CAP_NET_BIND_SERVICE"),
        ) from problem
    return bare
