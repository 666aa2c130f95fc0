"""The console behind a proxy: only the declared one is believed about the address of a visitor."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from soc.core.i18n import Lang, msg


class BehindProxy:
    """Lets in what a declared proxy sends, and this machine itself; everybody else would go around the proxy's TLS.

    A peer on this machine that is not declared and yet brings `X-Forwarded-For` is a proxy nobody told us of: its visitors would all
    look like this machine, so it is refused.

    Args:
        app: the console.
        proxies: networks of the proxies, as `soc.app.exposure` has checked them.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        self._app = ProxyHeadersMiddleware(app, trusted_hosts=list(proxies))  # type: ignore[arg-type]  # uvicorn's own ASGI types
        self._networks = [ip_network(one) for one in proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._admits(scope):
            found = msg("chỉ nhận yêu cầu đi qua proxy đã khai báo (SOC_TRUSTED_PROXIES)")
            text = "\n".join(found.render(lang) for lang in Lang)
            await PlainTextResponse(text, status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)  # type: ignore[arg-type]

    def _admits(self, scope: Scope) -> bool:
        client = scope.get("client")
        peer = ip_address(client[0]) if client else None
        if peer is None:
            return False
        declared = any(peer in network for network in self._networks)
        return declared or (peer.is_loopback and "x-forwarded-for" not in Headers(scope=scope))
