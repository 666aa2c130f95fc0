"""What a listener is: something that waits for senders and hands what they send to the door."""

from __future__ import annotations

import asyncio
from typing import Protocol

from collectors.door import Door


class Listener(Protocol):
    """One address, or one connection to a broker. `id` is its name in `sources.yaml`.

    `serve` returns when `stop` is set and what was under way is done. It raises `SetupError` when it cannot begin (port taken,
    certificate unreadable); whatever a sender does it meets itself: counted at the door's tally, and nobody else notices.
    """

    @property
    def id(self) -> str: ...

    async def serve(self, door: Door, stop: asyncio.Event) -> None: ...
