"""The notify action against real servers on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from playbooks.action import Occasion
from playbooks.actions.notify import Notify, NotifyParams
from soc.core.errors import EngineError, InputError

OCCASION = Occasion("a" * 32, "SC-2026-0001", None, datetime(2026, 11, 17, tzinfo=UTC))


class Hook(BaseHTTPRequestHandler):
    """Remembers what was posted; answers with the status that the path names."""

    seen: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.headers["Idempotency-Key"], body))
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    seen: list[tuple[str, bytes]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Bound", (Hook,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def webhook(url: str) -> NotifyParams:
    return NotifyParams.model_validate({"by": "webhook", "url": url, "subject": "Báo", "text": "Có sự cố"})


def test_a_webhook_sends_the_very_bytes_that_were_shown(hook: tuple[str, list[tuple[str, bytes]]]) -> None:
    url = f"{hook[0]}/204"
    action = Notify("", frozenset({url}))
    payload = action.prepare(webhook(url), OCCASION)
    assert action.obstacle(payload) is None
    assert action.perform(payload, OCCASION, 5) == "HTTP 204"
    assert hook[1] == [(OCCASION.key, payload.body.encode())]


def test_an_address_that_is_not_allowed_is_never_called(hook: tuple[str, list[tuple[str, bytes]]]) -> None:
    action = Notify("", frozenset({f"{hook[0]}/204"}))
    payload = action.prepare(webhook(f"{hook[0]}/204?next=1"), OCCASION)
    with pytest.raises(InputError):
        action.perform(payload, OCCASION, 5)
    assert hook[1] == []


@pytest.mark.parametrize(
    ("status", "kind"), [(500, EngineError), (429, EngineError), (403, InputError), (302, InputError)]
)
def test_the_answer_decides_whether_to_try_again(
    hook: tuple[str, list[tuple[str, bytes]]], status: int, kind: type[Exception]
) -> None:
    """A redirect is not followed: it could lead to an address that is not allowed."""
    url = f"{hook[0]}/{status}"
    action = Notify("", frozenset({url}))
    with pytest.raises(kind):
        action.perform(action.prepare(webhook(url), OCCASION), OCCASION, 5)
    assert len(hook[1]) == 1


def test_a_mail_server_that_is_not_there_may_come_back() -> None:
    action = Notify("smtp://127.0.0.1:9", frozenset())
    params = {"by": "mail", "to": ["a@tinh-mau.example"], "subject": "Báo", "text": "Có sự cố"}
    payload = action.prepare(NotifyParams.model_validate(params), OCCASION)
    with pytest.raises(EngineError) as refused:
        action.perform(payload, OCCASION, 2)
    assert "127.0.0.1:9" in str(refused.value)
