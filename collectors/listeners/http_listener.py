"""The web server inside the receiving loop: its own port, nothing logged of a request, nobody waited for without end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from collectors.door import Door
from collectors.listeners.http import HttpSpec
from collectors.listeners.http_app import HttpApp
from collectors.listeners.http_auth import FailedTries, Gate, Tokens
from collectors.listeners.http_body import BodyLimits, Memory
from collectors.listeners.sockets import bound

HEAD_BYTES = 32 * 1024
IDLE_S = 75
"""Between two requests of a connection: longer than shippers keep one, so that they close it and not we."""
GRACE_S = 5
MEMORY_BODIES = 4
"""Bodies of the largest size that are held at once."""


@dataclass(frozen=True)
class HttpListener:
    """Serves pushes and bulk requests on one port.

    Args:
        digests: (SHA-256 of a token, its source).
        fields: source -> path of the text that its documents wrap.
        context: TLS; None where the spec allows to do without.
    """

    spec: HttpSpec
    digests: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]
    context: ssl.SSLContext | None = None

    @property
    def id(self) -> str:
        return self.spec.id

    async def serve(self, door: Door, stop: asyncio.Event) -> None:
        """Until `stop` is set; then requests under way have a moment to end. Raises SetupError when the port is taken."""
        server = _Server(self._config(self._app(door)))
        with bound(self.spec.host, self.spec.port, socket.SOCK_STREAM) as listening:
            serving = asyncio.create_task(server.serve([listening]))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            server.should_exit = True
            await serving

    def _app(self, door: Door) -> HttpApp:
        timer = asyncio.get_running_loop().time
        return HttpApp(
            self.spec,
            door,
            Gate(Tokens(self.digests), FailedTries(timer)),
            BodyLimits(self.spec.max_body_bytes),
            Memory(self.spec.max_body_bytes * MEMORY_BODIES),
            self.fields,
        )

    def _config(self, app: HttpApp) -> uvicorn.Config:
        context = self.context
        return uvicorn.Config(
            app,
            http=_protocol(self.spec.header_timeout_s),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            # the app believes the proxies of its spec and nobody else
            proxy_headers=False,
            limit_concurrency=self.spec.max_connections,
            h11_max_incomplete_event_size=HEAD_BYTES,
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=GRACE_S,
            ssl_context_factory=None if context is None else lambda *_: context,
        )


class _Server(uvicorn.Server):
    """Leaves the signals to the process that it is a part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _protocol(header_timeout_s: float) -> type[H11Protocol]:
    """HTTP/1.1 that closes a connection whose next request does not get past its head in time."""

    class Impatient(H11Protocol):
        _overdue: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._expect()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._relax()
            elif self._overdue is None:
                self._expect()

        def connection_lost(self, exc: Exception | None) -> None:
            self._relax()
            super().connection_lost(exc)

        def _expect(self) -> None:
            self._overdue = self.loop.call_later(header_timeout_s, self.transport.close)

        def _relax(self) -> None:
            if self._overdue is not None:
                self._overdue.cancel()
                self._overdue = None

    return Impatient
