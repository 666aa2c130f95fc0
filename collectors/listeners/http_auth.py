"""Who sends: tokens of 256 random bits, one source each, of which only the SHA-256 is written down.

A token may come as `Bearer TOKEN`, as Basic with the source as user and the token as password, or as `ApiKey`, base64 of
`SOURCE:TOKEN`, as the shippers of the Elastic family say it. Because nobody guesses 256 bits, a wrong token is slowed down only
to keep it from costing us: a right one from the same address, behind the same router, always passes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from collectors.listeners.http_body import RefusedError
from soc.core.i18n import msg
from soc.core.ids import sha256

PREFIX = "vg_"
"""What a token begins with, so that scanners for leaked secrets, and the masks of our own, can know one."""
MAX_HEADER = 4096


def new_token() -> str:
    """A fresh token: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request showed: a token, and whose it says it is ("" where it does not say)."""

    token: str
    source: str = ""


def credential_of(header: str) -> Credential | None:
    """Read an Authorization header; None for none, for another scheme, and for a broken one."""
    if len(header) > MAX_HEADER:
        return None
    scheme, _, rest = header.strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer":
        return Credential(rest) if rest else None
    if scheme.lower() in ("basic", "apikey"):
        source, _, token = _unpacked(rest).partition(":")
        return Credential(token, source) if token else None
    return None


def _unpacked(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


@dataclass(frozen=True)
class Tokens:
    """Finds the source of a token.

    Args:
        digests: (SHA-256 in hexadecimal, source id); a source may have several while one takes the place of another.
    """

    digests: tuple[tuple[str, str], ...]

    def owner(self, token: str) -> str | None:
        """The source of `token`. Every digest is compared, in constant time, so that the answer's time tells nothing."""
        given = sha256(token.encode("utf-8", "surrogateescape"))
        found = None
        for digest, source in self.digests:
            if hmac.compare_digest(digest, given):
                found = source
        return found


@dataclass
class FailedTries:
    """Wrong tokens by address: after `free` of them in `window_s` each further one is told to wait.

    Args:
        timer: seconds that only go up.
        max_addresses: the oldest is forgotten beyond it.
    """

    timer: Callable[[], float]
    free: int = 10
    window_s: float = 60.0
    max_addresses: int = 4096
    _tries: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict, init=False)

    def count(self, address: str) -> float:
        """Count a wrong token; gives the seconds to wait, 0 while there were few."""
        now = self.timer()
        count, since = self._tries.pop(address, (0, now))
        if now - since >= self.window_s:
            count, since = 0, now
        self._tries[address] = (count + 1, since)
        if len(self._tries) > self.max_addresses:
            self._tries.popitem(last=False)
        return 0.0 if count < self.free else since + self.window_s - now


@dataclass(frozen=True)
class Gate:
    """Lets a request in as one source."""

    tokens: Tokens
    tries: FailedTries

    def admit(self, header: str, address: str, wanted: str = "") -> str:
        """The source that the token belongs to.

        Args:
            header: the Authorization header.
            wanted: the source that the request names; "" where the token alone decides.

        Raises:
            RefusedError: 401 without a token of ours, 429 after many of those, 403 with the token of another source. Nothing tells
                whether the named source exists.
        """
        shown = credential_of(header)
        owner = self.tokens.owner(shown.token) if shown is not None else None
        if shown is None or owner is None:
            wait_s = self.tries.count(address)
            if wait_s:
                raise RefusedError(429, msg("quá nhiều token sai từ địa chỉ này"), retry_after_s=wait_s)
            raise RefusedError(401, msg("thiếu token hoặc token sai"))
        if {wanted, shown.source} - {"", owner}:
            raise RefusedError(403, msg("token này không được gửi thay nguồn khác"))
        return owner
