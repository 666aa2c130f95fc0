"""An API of our own on a port of this machine, that answers as a test says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import orjson

from tests.servers.certificates import ServerCertificate


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Said:
    """What is answered."""

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Api:
    """Answers with `answer`; remembers what it was asked."""

    answer: Callable[[Asked], Said]
    tls: ServerCertificate | None = None
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def running(self) -> Iterator[Api]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(parts.path, dict(parse_qsl(parts.query)), headers, body)
                api.asked.append(asked)
                said = api.answer(asked)
                content = said.body if isinstance(said.body, bytes) else orjson.dumps(said.body)
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"{'http' if self.tls is None else 'https'}://127.0.0.1:{server.server_port}"
        if self.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls.certificate, self.tls.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join(10)
            server.server_close()
