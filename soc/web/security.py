"""What every request and answer goes through: headers, origin of writes, size of bodies, tokens of forms.

Source: OWASP ASVS 5.0 chapters 3 (web front end) and 4; OWASP cheat sheet on cross-site request forgery.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from soc.audit.origin import REQUEST_ORIGIN
from soc.core.errors import ForbiddenError, InputError
from soc.core.i18n import msg

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"
UPLOAD_BYTES = 20_000_000
_FORM_BYTES = 200_000
_OVERHEAD_BYTES = 64_000
_DRAIN_BYTES = 100_000_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class TooLargeError(InputError):
    """A request body above its limit."""


class Guard:
    """Adds the headers, bounds bodies, and makes the address of the request known to the audit trail.

    Args:
        app: the application.
        secure: the console is reached over TLS.
    """

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        REQUEST_ORIGIN.set(address_of(scope))
        limit = UPLOAD_BYTES + _OVERHEAD_BYTES if scope["path"] == "/evidence" else _FORM_BYTES

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, _Bounded(receive, limit), guarded_send)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        if self._secure:
            headers["Strict-Transport-Security"] = HSTS
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        headers.add_vary_header("HX-Request")


class _Bounded:
    """A body that is read up to a limit; what is above is thrown away first, as a browser shows no answer before it has sent all."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        self._read = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read <= self._limit:
            return message
        while message.get("more_body") and self._read < _DRAIN_BYTES:
            message = await self._receive()
            self._read += len(message.get("body", b""))
        raise TooLargeError(
            msg("nội dung gửi lên quá lớn"),
            expected=msg("không quá {limit} MB", limit=round(self._limit / 1_000_000, 1)),
            advice=msg("nén lại hoặc tách thành nhiều tệp"),
        )


def address_of(scope: Scope) -> str:
    """The address of the client, "" when the server does not know it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def check_origin(headers: Headers) -> None:
    """Refuse a write that does not come from a page of ours. Raises ForbiddenError.

    Browsers send `Origin` with each POST; `Referer` stands in for old ones. Without either, the form token would be the only
    defence, so that is refused as well.
    """
    said = headers.get("origin") or headers.get("referer") or ""
    if not said or urlsplit(said).netloc != headers.get("host", ""):
        raise _foreign()


def form_token(secret: str) -> str:
    """A token for the forms of one browser.

    It differs on each page: a constant one in a compressed page could be guessed from the length of answers.

    Args:
        secret: what only this browser holds, the token of its session or of its sign-in page.
    """
    mask = secrets.token_bytes(16)
    return (mask + _xor(mask, _form_key(secret))).hex()


def check_form_token(secret: str, token: str) -> None:
    """Refuse a form whose token was not made for this browser. Raises ForbiddenError."""
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        raw = b""
    mask, masked = raw[:16], raw[16:]
    if len(raw) != 32 or not secret or not hmac.compare_digest(_xor(mask, masked), _form_key(secret)):
        raise _foreign()


def _form_key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"form", hashlib.sha256)[:16]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _foreign() -> ForbiddenError:
    return ForbiddenError(
        msg("yêu cầu không đến từ trang này hoặc trang đã mở quá lâu"), advice=msg("tải lại trang rồi gửi lại")
    )
