"""Flow export (NetFlow v5, v9, IPFIX) as `sources.yaml` names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from collectors.definition import DefinitionProblem
from collectors.listener import Listener
from collectors.listeners.routing import Feed, Routes, clashes, named_in_vain
from collectors.listeners.spec import AddressSpec, FeedSpec, Opening, Sender


class NetflowFeed(FeedSpec):
    """The `input` of a source that exports flows; its format is read by the parser `netflow`."""

    kind: Literal["netflow"]
    senders: Annotated[list[Sender], Field(min_length=1)]


class NetflowSpec(AddressSpec):
    """One port for all three versions; each flow becomes a record of its own."""

    feeds = "netflow"
    transport = "udp"
    kind: Literal["netflow"]

    def check(self, feeds: Mapping[str, NetflowFeed]) -> list[tuple[str, DefinitionProblem]]:
        found = {source: Feed(tuple(feed.senders)) for source, feed in feeds.items()}
        return clashes(found) + named_in_vain(found)

    def open(self, feeds: Mapping[str, NetflowFeed], opening: Opening) -> Listener:
        from collectors.listeners.netflow_udp import NetflowListener  # noqa: PLC0415 - of who only reads the file

        return NetflowListener(self, Routes({source: Feed(tuple(feed.senders)) for source, feed in feeds.items()}))
