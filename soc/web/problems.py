"""Errors as pages: what was found, what was expected, where, and what to do; never a traceback, never whose a thing is."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from soc.core.errors import (
    ConflictError,
    EngineError,
    ForbiddenError,
    InputError,
    NotFoundError,
    SocError,
)
from soc.core.i18n import Message, msg
from soc.web.security import HEADERS, TooLargeError
from soc.web.visit import SeeOtherError, make_visit, nameless_visit, see_other

_LOG = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[SocError], int], ...] = (
    (TooLargeError, 413),
    (NotFoundError, 404),
    (ForbiddenError, 403),
    (ConflictError, 409),
    (InputError, 400),
    (EngineError, 503),
)
_TITLES = {
    400: msg("Chưa làm được"),
    403: msg("Không có quyền"),
    404: msg("Không tìm thấy"),
    405: msg("Không tìm thấy"),
    409: msg("Đã có thay đổi"),
    413: msg("Tệp quá lớn"),
    503: msg("Tạm thời không phục vụ được"),
}
_UNKNOWN_VISITOR = EngineError(
    msg("cơ sở dữ liệu không đáp ứng"),
    advice=msg("thử lại sau ít phút; nếu vẫn vậy, báo quản trị viên chạy 'soc doctor'"),
)
"""Whoever has not been recognised learns no address and no account of the database."""
_BROKEN = msg("Có lỗi trong hệ thống")


def status_of(problem: SocError) -> int:
    """The HTTP status of an error of ours."""
    return next((status for kind, status in _STATUS if isinstance(problem, kind)), 500)


def title_of(status: int) -> Message:
    """The heading of an error page."""
    return _TITLES.get(status, _BROKEN)


def install(app: FastAPI) -> None:
    """Make the application answer every error with a page."""
    app.add_exception_handler(SeeOtherError, _lead)
    app.add_exception_handler(SocError, _explain)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _unexpected)


def _lead(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, SeeOtherError)  # noqa: S101 - registered for this type only
    return see_other(problem.path)


def _explain(request: Request, problem: Exception) -> HTMLResponse:
    assert isinstance(problem, SocError)  # noqa: S101
    return _page(request, status_of(problem), problem)


def _of_http(request: Request, problem: Exception) -> HTMLResponse:
    """No such page, no such method: a guessed address gets the same answer as a foreign id."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    known = 404 if status in {404, 405} else 400
    return _page(request, known, NotFoundError(msg("không tìm thấy")) if known == 404 else None)


def _unexpected(request: Request, problem: Exception) -> HTMLResponse:
    _LOG.error("request failed: %s %s", request.method, request.url.path, exc_info=problem)
    page = _page(request, 500, None)
    page.headers.update({**HEADERS, "Cache-Control": "no-store"})  # this answer is made outside of the guard
    return page


def _page(request: Request, status: int, problem: SocError | None) -> HTMLResponse:
    try:
        visit = make_visit(request)
    except EngineError as fault:
        _LOG.error("request failed: %s %s: %s", request.method, request.url.path, fault)
        visit, problem = nameless_visit(request), _UNKNOWN_VISITOR
    return visit.page("problem.html", status, status=status, title=title_of(status), problem=problem)
