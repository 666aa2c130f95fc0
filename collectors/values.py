"""Small readings that several parsers and field tables share: addresses, ports, URLs, user names, numbers."""

from __future__ import annotations

from functools import lru_cache

from collectors.parsing import Record
from soc.core.ecs import canonical_ip

HTTP_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
"""RFC 9110 section 9 and RFC 5789."""

TRANSPORTS = {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    89: "ospf",
    132: "sctp",
}
"""Numbers of the IP protocols that firewalls log. Source: IANA, Assigned Internet Protocol Numbers."""


@lru_cache(maxsize=16384)
def is_ip(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address."""
    try:
        canonical_ip(text)
    except ValueError:
        return False
    return True


def whole(text: str) -> int | None:
    """`text` as a number of at most 19 digits, None when it is anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 19 else None


def put_address(fields: Record, side: str, address: str) -> None:
    """Write `address` under `side` (source, destination, client ...): `.ip` when it is one, else `.domain`; `.address` always."""
    bare = address.strip("[]")
    if not bare:
        return
    if bare[:7].lower() == "::ffff:" and "." in bare:  # IPv4-mapped, RFC 4291 section 2.5.5.2: the same address
        bare = bare[7:]
    fields[f"{side}.address"] = bare
    fields[f"{side}.ip" if is_ip(bare) else f"{side}.domain"] = bare


def put_port(fields: Record, name: str, text: str) -> None:
    """Write the port `text` under `name`; nothing when it is not a port."""
    port = whole(text)
    if port is not None and port <= 65535:
        fields[name] = port


def split_endpoint(text: str) -> tuple[str, str]:
    """`192.0.2.1:80`, `[2001:db8::1]:80` or `host:80` as address and port text; the port is empty when there is none."""
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        return address, rest.lstrip(":")
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, port
    return text, ""


def put_url(fields: Record, text: str) -> None:
    """Write a request target or a whole URL as `url.original`, `url.path`, `url.query`, and scheme, host and port where given."""
    text = text.strip('"')
    fields["url.original"] = text
    bare, _, fragment = text.partition("#")
    if fragment:
        fields["url.fragment"] = fragment
    if "://" in bare.partition("?")[0]:
        bare = _put_origin(fields, bare)
    path, _, query = bare.partition("?")
    if path:
        fields["url.path"] = path
    if query:
        fields["url.query"] = query


def _put_origin(fields: Record, url: str) -> str:
    """Write scheme, host and port of `url`; gives back the rest, from the path on."""
    scheme, _, rest = url.partition("://")
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    host, port = split_endpoint(rest[:cut].rpartition("@")[2])
    fields["url.scheme"] = scheme.lower()
    if host:
        fields["url.domain"] = host
    put_port(fields, "url.port", port)
    return rest[cut:] or "/"


def put_user(fields: Record, prefix: str, text: str) -> None:
    r"""Write `DOMAIN\name`, `name@domain` or `name` under `prefix` (`user`, `source.user` ...)."""
    domain, slash, name = text.rpartition("\\")
    if not slash:
        name, _, domain = text.partition("@")
    if not name:
        name, domain = text, ""
    fields[f"{prefix}.name"] = name
    if domain.rstrip("\\"):
        fields[f"{prefix}.domain"] = domain.rstrip("\\")


def put_request(fields: Record, request: str) -> bool:
    """Write an HTTP request line, `GET /path?query HTTP/1.1`; False when it is not one (then nothing is written)."""
    method, _, rest = request.partition(" ")
    target, _, version = rest.rpartition(" ")
    if not version.startswith("HTTP/"):
        target, version = rest, ""
    if not target or not (method.isascii() and method.isalpha() and method.isupper()):
        return False
    fields["http.request.method"] = method
    if version:
        fields["http.version"] = version[5:]
    put_url(fields, target)
    return True


def addresses_in(text: str) -> list[str]:
    """The IP addresses of a forwarded-for list, in order; what is not an address is left out."""
    parts = (split_endpoint(part.strip())[0] for part in text.split(","))
    return [part for part in parts if is_ip(part)]


def outcome_of(status: int) -> str:
    """`event.outcome` of an HTTP status: failure from 400 on."""
    return "success" if status < 400 else "failure"
