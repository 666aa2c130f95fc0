"""The figures for Prometheus. No page and no session: a token of its own, or a question from this machine.

Behind a proxy every question comes from this machine. What a proxy says of itself, and a host name that is not loopback, are taken as a
question from elsewhere; a proxy that keeps quiet about both needs the token.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from soc.core.i18n import Message, msg
from soc.web.security import address_of
from soc.web.visit import services_of

router = APIRouter()
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OF_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@router.get("/metrics")
def show(request: Request) -> Response:
    """All families, counts only: nothing in them names an agency."""
    services = services_of(request)
    token = services.settings.metrics_token
    if token is not None and token.get_secret_value():
        if not _holds(request, token.get_secret_value()):
            return _refused(request, 401, msg("cần mã truy cập: Authorization: Bearer …, đặt ở SOC_METRICS_TOKEN"))
    elif not _from_here(request):
        return _refused(request, 403, msg("chỉ trả lời máy này; muốn đọc từ máy khác thì đặt SOC_METRICS_TOKEN"))
    return Response(services.metrics.render(), media_type=CONTENT_TYPE)


def _holds(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _from_here(request: Request) -> bool:
    if any(name in request.headers for name in _OF_PROXIES):
        return False
    return _is_loopback(address_of(request.scope)) and _is_loopback(request.url.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _refused(request: Request, status: int, reason: Message) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    lang = services_of(request).settings.lang
    return PlainTextResponse(reason.render(lang) + "\n", status, headers)
