"""GELF by UDP and TCP, as `sources.yaml` names it. Each message is one JSON record for the parser `gelf`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from collectors.definition import DefinitionProblem
from collectors.listener import Listener
from collectors.listeners.routing import Feed, Routes, clashes, named_in_vain
from collectors.listeners.spec import AddressSpec, FeedSpec, Opening, Sender, TlsSpec
from collectors.listeners.streaming import StreamLimits


class GelfFeed(FeedSpec):
    """The `input` of a source that sends GELF."""

    kind: Literal["gelf"]
    senders: Annotated[list[Sender], Field(min_length=1)]


class _Gelf(AddressSpec):
    feeds = "gelf"

    def check(self, feeds: Mapping[str, GelfFeed]) -> list[tuple[str, DefinitionProblem]]:
        found = {source: Feed(tuple(feed.senders)) for source, feed in feeds.items()}
        return clashes(found) + ([] if getattr(self, "tls", None) else named_in_vain(found))


class GelfUdpSpec(_Gelf):
    """Datagrams, whole or in chunks, packed or not."""

    transport = "udp"
    kind: Literal["gelf_udp"]

    def open(self, feeds: Mapping[str, GelfFeed], opening: Opening) -> Listener:
        from collectors.listeners.gelf_udp import GelfUdpListener  # noqa: PLC0415 - of who only reads the file

        return GelfUdpListener(self, _routes(feeds), opening.max_record_bytes)


class GelfTcpSpec(_Gelf, StreamLimits):
    """Messages that end with a NUL byte; over TLS where it is given."""

    transport = "tcp"
    kind: Literal["gelf_tcp"]
    tls: TlsSpec | None = None

    def open(self, feeds: Mapping[str, GelfFeed], opening: Opening) -> Listener:
        from collectors.listeners.framing import NulFramer  # noqa: PLC0415 - of who only reads the file
        from collectors.listeners.stream_listener import StreamListener  # noqa: PLC0415

        context = None if self.tls is None else self.tls.context(opening.home)
        return StreamListener(self, _routes(feeds), opening.max_record_bytes, NulFramer, context)


def _routes(feeds: Mapping[str, GelfFeed]) -> Routes:
    return Routes({source: Feed(tuple(feed.senders)) for source, feed in feeds.items()})
