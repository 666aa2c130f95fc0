"""One spelling for every value, whether it stands in a feed or in a log.

Defanged text is mended (`hxxp://bad[.]example`), case is folded where it carries no meaning, names go to their ASCII form, addresses to
their shortest, and an IPv4 address in IPv6 clothes is the IPv4 address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from detectors.indicators.model import Kind, Named

MAX_URL = 4096
_DEFANGED = (
    (re.compile(r"^\s*h(?:xx|tt|\*\*)p(s?)(?=[:\[])", re.IGNORECASE), r"http\1"),
    (re.compile(r"\[:\]"), ":"),
    (re.compile(r"\[://\]"), "://"),
    (re.compile(r"[\[({]\s*(?:\.|dot)\s*[\])}]", re.IGNORECASE), "."),
    (re.compile(r"\[/\]"), "/"),
)
_SOUND = re.compile(r"[^\[({*]*")
_HASH_LENGTHS = frozenset({32, 40, 56, 64, 96, 128})
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_PORT = re.compile(r":\d{1,5}$", re.ASCII)
_PORTS = {"http": "80", "https": "443", "ftp": "21"}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""Source: RFC 3986 section 2.3."""


def named(text: str) -> Named | None:
    """What a written indicator is, by its looks; None when it is nothing we match."""
    mended = refang(text)
    if "://" in mended or "/" in mended:
        return _network(mended) or _named(Kind.URL, url(mended))
    host = _PORT.sub("", mended) if mended.count(":") == 1 else mended
    return _address(host) or _named(Kind.HASH, hash_of(host)) or _named(Kind.DOMAIN, domain(host))


def named_as(kind: Kind, text: str) -> Named | None:
    """A value whose kind the source tells; None when it cannot be one."""
    mended = refang(text)
    if kind in (Kind.IP, Kind.NETWORK):
        return _network(mended) or _address(mended)
    if kind is Kind.HASH:
        return _named(kind, hash_of(mended))
    return _named(kind, url(mended) if kind is Kind.URL else domain(mended))


def _named(kind: Kind, value: str | None) -> Named | None:
    return None if value is None else Named(kind, value)


def _address(text: str) -> Named | None:
    return _named(Kind.IP, address(text))


def _network(text: str) -> Named | None:
    """A network; one that holds a single address is that address."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if network.num_addresses == 1:
        return _address(str(network.network_address))
    return Named(Kind.NETWORK, str(network))


def refang(text: str) -> str:
    """Text as it was before somebody made it harmless to click."""
    mended = text.strip()
    if _SOUND.fullmatch(mended) and not mended[:4].lower().startswith("hxx"):
        return mended
    for pattern, plain in _DEFANGED:
        mended = pattern.sub(plain, mended)
    return mended


def address(text: str) -> str | None:
    """An address in its shortest form; None for anything else, an address with a zone (`%eth0`) included."""
    found = parse_address(text)
    return None if found is None else str(found)


@lru_cache(maxsize=8192)
def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` writes."""
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    return None if found.scope_id else (found.ipv4_mapped or found)


def domain(text: str) -> str | None:
    """A host name of at least two labels in lower case and ASCII, without the dot at its end; None for anything else."""
    name = text.strip().rstrip(".").removeprefix("*.").lower()
    if not name.isascii():
        name = _ascii(name)
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or labels[-1].isdigit() or not all(map(_LABEL.fullmatch, labels)):
        return None
    return name


def _ascii(name: str) -> str:
    """IDNA, label by label; Source: RFC 3490 ToASCII, as in Python's codec."""
    try:
        return unicodedata.normalize("NFC", name).encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name


def parents(name: str) -> Iterator[str]:
    """The name, and each name above it with at least two labels: an indicator on a name means what lies below it too."""
    while "." in name:
        yield name
        name = name.partition(".")[2]


def hash_of(text: str) -> str | None:
    """A digest in lower case hexadecimal, of the length of MD5 or any of the SHA family."""
    value = text.strip().lower()
    return value if len(value) in _HASH_LENGTHS and _HEX.fullmatch(value) else None


def url(text: str) -> str | None:
    """`host/path?query`: without scheme (many logs do not tell it), user, standard port and fragment; None when there is no host.

    Escapes of characters that need none are undone, the others are written in capitals; the path keeps its letter case.
    Source: RFC 3986 section 6.2.2.
    """
    if len(text) > MAX_URL:
        return None
    split = _split(text)
    if split is None:
        return None
    host, port = _host(split), _port(split)
    if host is None:
        return None
    query = f"?{_escapes(split.query)}" if split.query else ""
    return f"{host}{port}{_escapes(split.path) or '/'}{query}"


def host_of(normal_url: str) -> str:
    """The host of a URL that `url` gave."""
    authority = normal_url.partition("/")[0]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text if "://" in text else f"//{text}")
    except ValueError:
        return None


def _host(split: SplitResult) -> str | None:
    try:
        written = split.hostname
    except ValueError:
        return None
    if not written:
        return None
    found = address(written)
    if found is None:
        return domain(written)
    return f"[{found}]" if ":" in found else found


def _port(split: SplitResult) -> str:
    try:
        port = split.port
    except ValueError:
        return ""
    return "" if port is None or str(port) == _PORTS.get(split.scheme or "http") else f":{port}"


def _escapes(text: str) -> str:
    return _ESCAPE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if char in _UNRESERVED else found[0].upper()
