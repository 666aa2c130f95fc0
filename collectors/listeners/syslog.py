"""Syslog over UDP, TCP and TLS as `sources.yaml` names it, and which source a sender is.

Source: RFC 5426 (UDP), RFC 6587 (TCP, both framings), RFC 5425 (TLS); RFC 3164 and RFC 5424 for where the host name stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from collectors.definition import DefinitionProblem
from collectors.listener import Listener
from collectors.listeners.routing import Feed, Routes, clashes, named_in_vain
from collectors.listeners.spec import AddressSpec, FeedSpec, Opening, Sender, TlsSpec
from collectors.listeners.streaming import StreamLimits


class SyslogFeed(FeedSpec):
    """The `input` of a source that sends syslog.

    Attributes:
        senders: addresses, networks, or names in the clients' certificates.
        hostnames: the host names in the header that belong to this source, where several devices come over one relay.
    """

    kind: Literal["syslog"]
    senders: Annotated[list[Sender], Field(min_length=1)]
    hostnames: list[str] = Field(default=[])

    @property
    def feed(self) -> Feed:
        return Feed(tuple(self.senders), tuple(self.hostnames))


class _Syslog(AddressSpec):
    feeds = "syslog"

    def check(self, feeds: Mapping[str, SyslogFeed]) -> list[tuple[str, DefinitionProblem]]:
        found = {source: feed.feed for source, feed in feeds.items()}
        return clashes(found) + ([] if self.kind == "syslog_tls" else named_in_vain(found))


class SyslogUdpSpec(_Syslog):
    """One datagram, one record."""

    transport = "udp"
    kind: Literal["syslog_udp"]

    def open(self, feeds: Mapping[str, SyslogFeed], opening: Opening) -> Listener:
        from collectors.listeners.syslog_udp import SyslogUdpListener  # noqa: PLC0415 - of who only reads the file

        return SyslogUdpListener(self, routes_of(feeds))


class SyslogTcpSpec(_Syslog, StreamLimits):
    """Octet counting and lines, told apart frame by frame."""

    transport = "tcp"
    kind: Literal["syslog_tcp"]

    def open(self, feeds: Mapping[str, SyslogFeed], opening: Opening) -> Listener:
        from collectors.listeners.framing import SyslogFramer  # noqa: PLC0415 - of who only reads the file
        from collectors.listeners.stream_listener import StreamListener  # noqa: PLC0415

        return StreamListener(self, routes_of(feeds), opening.max_record_bytes, SyslogFramer)


class SyslogTlsSpec(_Syslog, StreamLimits):
    """The same over TLS; a client shows a certificate, unless that is switched off."""

    transport = "tcp"
    kind: Literal["syslog_tls"]
    tls: TlsSpec

    def open(self, feeds: Mapping[str, SyslogFeed], opening: Opening) -> Listener:
        from collectors.listeners.framing import SyslogFramer  # noqa: PLC0415 - of who only reads the file
        from collectors.listeners.stream_listener import StreamListener  # noqa: PLC0415

        context = self.tls.context(opening.home)
        return StreamListener(self, routes_of(feeds), opening.max_record_bytes, SyslogFramer, context)


def routes_of(feeds: Mapping[str, SyslogFeed]) -> Routes:
    """Which sender is which source."""
    return Routes({source: feed.feed for source, feed in feeds.items()})
