"""Where an event may name an indicator: field -> what it holds. ECS 8.17 names first, then those of Windows logs as they come."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType


class Holds(Enum):
    """What a field holds."""

    ADDRESS = auto()
    HOST = auto()
    """A host name, sometimes an address."""
    URL = auto()
    PATH = auto()
    """A URL, or its path behind the host of `url.domain`."""
    HASH = auto()
    HASHES = auto()
    """Several digests in one text, `SHA1=...,MD5=...`."""


_TABLE = {
    Holds.ADDRESS: """source.ip destination.ip client.ip server.ip source.nat.ip destination.nat.ip network.forwarded_ip dns.resolved_ip
        related.ip host.ip threat.indicator.ip SourceIp DestinationIp IpAddress SourceAddress DestAddress""",
    Holds.HOST: """dns.question.name destination.domain source.domain client.domain server.domain url.domain tls.client.server_name
        related.hosts dns.answers.data threat.indicator.url.domain QueryName DestinationHostname""",
    Holds.URL: "url.full http.request.referrer threat.indicator.url.full",
    Holds.PATH: "url.original",
    Holds.HASH: """file.hash.md5 file.hash.sha1 file.hash.sha256 file.hash.sha384 file.hash.sha512 process.hash.md5 process.hash.sha1
        process.hash.sha256 process.hash.sha512 process.parent.hash.md5 process.parent.hash.sha1 process.parent.hash.sha256
        dll.hash.md5 dll.hash.sha1 dll.hash.sha256 email.attachments.file.hash.md5 email.attachments.file.hash.sha256
        tls.client.hash.sha256 tls.server.hash.sha256 related.hash threat.indicator.file.hash.sha256 md5 sha1 sha256""",
    Holds.HASHES: "Hashes Hash",
}
FIELDS: Mapping[str, Holds] = MappingProxyType(
    {name: holds for holds, names in _TABLE.items() for name in names.split()}
)
"""Every field that is looked at."""
HOST_OF_PATH = "url.domain"
