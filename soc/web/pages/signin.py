"""Signing in and out, and unlocking. The only pages that need no session."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from soc.access.accounts import SignInError
from soc.access.signing_in import CeremonyOverError
from soc.core.i18n import Lang
from soc.web.security import form_token
from soc.web.visit import (
    Anyone,
    OpenlyPosted,
    SeeOtherError,
    Visit,
    ceremony_cookie,
    local_path,
    new_page_secret,
    page_cookie,
    see_other,
    session_cookie,
)

router = APIRouter()


class SignInForm(BaseModel):
    """What the sign-in form sends."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    password: str = Field(max_length=1000)
    next: str = Field(default="", max_length=2000)


class CodeForm(BaseModel):
    """What the form of the second factor sends."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=60)
    next: str = Field(default="", max_length=2000)


class UnlockForm(BaseModel):
    """What the locked screen sends."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(max_length=1000)
    next: str = Field(default="", max_length=2000)


@router.get("/signin")
def show_sign_in(visit: Anyone, request: Request, lang: str = "", next: str = "") -> Response:  # noqa: A002 - name of the field
    """The form; `lang` changes the language of this browser."""
    if lang in set(Lang):
        page = see_other("/signin")
        _set_cookie(page, request, "vg_lang", lang)
        return page
    if visit.live is not None and not visit.live.locked:
        return see_other(local_path(next))
    return _form(visit, request, "signin.html", next, typed_name="")


@router.post("/signin")
def sign_in(visit: Anyone, request: Request, form: OpenlyPosted) -> Response:
    """Check name and password; a new session each time, or the page that asks for a code."""
    sent = form.into(SignInForm)
    try:
        step = visit.services.signing_in.password(sent.name, sent.password, visit.address)
    except SignInError as problem:
        return _form(visit, request, "signin.html", sent.next, problem, typed_name=sent.name)
    if step.session:
        return _let_in(request, step.session, sent.next)
    page = see_other("/signin/totp" + (f"?next={quote(sent.next, safe='/')}" if sent.next else ""))
    _set_cookie(page, request, ceremony_cookie(request.app.state.secure), step.ceremony)
    return page


@router.get("/signin/totp")
def show_code(visit: Anyone, request: Request, next: str = "") -> Response:  # noqa: A002
    """The form of the second factor, for whoever has given the right password."""
    if ceremony_cookie(request.app.state.secure) not in request.cookies:
        return see_other("/signin")
    return _form(visit, request, "signin_totp.html", next)


@router.post("/signin/totp")
def check_code(visit: Anyone, request: Request, form: OpenlyPosted) -> Response:
    """Check the code; a new session each time."""
    sent = form.into(CodeForm)
    ceremony = request.cookies.get(ceremony_cookie(request.app.state.secure), "")
    try:
        token = visit.services.signing_in.code(ceremony, sent.code, visit.address)
    except CeremonyOverError as problem:
        return _form(visit, request, "signin.html", sent.next, problem, typed_name="")
    except SignInError as problem:
        return _form(visit, request, "signin_totp.html", sent.next, problem)
    return _let_in(request, token, sent.next)


@router.get("/unlock")
def show_unlock(visit: Anyone, next: str = "") -> Response:  # noqa: A002
    """The locked screen: shows nothing but the form."""
    if visit.live is None:
        raise SeeOtherError("/signin")
    if not visit.live.locked:
        return see_other(local_path(next))
    return visit.page("unlock.html", next=next, problem=None)


@router.post("/unlock")
def unlock(visit: Anyone, form: OpenlyPosted) -> Response:
    """The owner's password opens the screen."""
    sent = form.into(UnlockForm)
    try:
        found = visit.services.sessions.unlock(visit.token, sent.password, visit.address)
    except SignInError as problem:
        return visit.page("unlock.html", _status(problem), next=sent.next, problem=problem)
    return see_other(local_path(sent.next) if found else "/signin")


@router.post("/signout")
def sign_out(visit: Anyone, request: Request, form: OpenlyPosted) -> Response:
    """End the session at the server."""
    if visit.live is not None:
        visit.services.sessions.end(visit.token)
    page = see_other("/signin")
    page.delete_cookie(
        session_cookie(request.app.state.secure), secure=request.app.state.secure, httponly=True, samesite="lax"
    )
    page.headers["Clear-Site-Data"] = '"cache"'
    return page


def _let_in(request: Request, token: str, wanted: str) -> Response:
    """To where the browser wanted to go, with the session; the cookies of the way here end."""
    secure = request.app.state.secure
    page = see_other(local_path(wanted))
    _set_cookie(page, request, session_cookie(secure), token)
    for spent in (page_cookie(secure), ceremony_cookie(secure)):
        page.delete_cookie(spent, secure=secure, httponly=True)
    return page


def _form(
    visit: Visit, request: Request, template: str, wanted: str, problem: SignInError | None = None, **context: Any
) -> Response:
    """A form, tied to this browser by a cookie."""
    secret = visit.token if visit.token and visit.live is None else new_page_secret()
    code = 200 if problem is None else _status(problem)
    page = visit.page(template, code, next=wanted, problem=problem, csrf=form_token(secret), **context)
    _set_cookie(page, request, page_cookie(request.app.state.secure), secret)
    if problem is not None and problem.wait_s:
        page.headers["Retry-After"] = str(problem.wait_s)
    return page


def _status(problem: SignInError) -> int:
    return 429 if problem.wait_s else 401


def _set_cookie(page: Response, request: Request, name: str, value: str) -> None:
    page.set_cookie(name, value, secure=request.app.state.secure, httponly=True, samesite="lax", path="/")
