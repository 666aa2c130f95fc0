"""The console as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.middleware.gzip import GZipMiddleware

from soc.web.assets import load_assets
from soc.web.pages import ROUTERS
from soc.web.problems import install
from soc.web.security import Guard
from soc.web.services import Services


def make_app(services: Services, *, secure: bool = False) -> FastAPI:
    """The console over the given services.

    Args:
        services: what the pages work with.
        secure: browsers reach the console over TLS, directly or through a proxy; the session cookie then needs it.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, title="Vọng Gác")
    app.state.services, app.state.secure = services, secure
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(Guard, secure=secure)
    install(app)
    app.add_api_route("/", _first_page, methods=["GET"])
    app.add_api_route("/health", _health, methods=["GET"])
    app.add_api_route("/static/{name}", _static, methods=["GET"])
    for router in ROUTERS:
        app.include_router(router)
    return app


def _first_page() -> RedirectResponse:
    return RedirectResponse("/today", status_code=303)


def _health() -> PlainTextResponse:
    return PlainTextResponse("ok")


def _static(request: Request, name: str) -> Response:
    asset = load_assets().find(request.url.path)
    if asset is None:
        return PlainTextResponse("404", status_code=404)
    keep = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(asset.data, media_type=asset.media_type, headers=keep)
