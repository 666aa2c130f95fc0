"""One's own page: language, theme, password, sessions."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from soc.access.accounts import SignInError
from soc.core.errors import InputError, SocError
from soc.core.i18n import msg
from soc.web.visit import Posted, SignedIn, Visit, see_other

router = APIRouter()


class Preferences(BaseModel):
    """What the form of preferences sends; "" = the browser's language."""

    model_config = ConfigDict(extra="forbid")

    lang: Literal["", "vi", "en"]
    theme: Literal["system", "light", "dark"]


class NewPassword(BaseModel):
    """What the form of passwords sends."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=1000)
    new: str = Field(max_length=1000)
    again: str = Field(max_length=1000)


@router.get("/me")
def show(visit: SignedIn) -> Response:
    """The page."""
    return _page(visit)


@router.post("/me/preferences")
def prefer(visit: SignedIn, form: Posted) -> Response:
    """Keep language and theme."""
    sent = form.into(Preferences)
    visit.services.accounts.prefer(visit.principal, lang=sent.lang, theme=sent.theme)
    return see_other("/me")


@router.post("/me/password")
def change_password(visit: SignedIn, form: Posted) -> Response:
    """Set a new password; all sessions end, this one too."""
    sent = form.into(NewPassword)
    if sent.new != sent.again:
        return _page(visit, InputError(msg("hai lần nhập mật khẩu mới khác nhau"), advice=msg("nhập lại cả hai ô")))
    try:
        visit.services.accounts.change_password(visit.principal, sent.old, sent.new, visit.address)
    except (InputError, SignInError) as problem:
        return _page(visit, problem)
    return see_other("/signin")


@router.post("/me/sessions/end")
def end_others(visit: SignedIn, form: Posted) -> Response:
    """End one's sessions on other machines."""
    form.into(_Nothing)
    visit.services.sessions.end_others(visit.principal, visit.token)
    return see_other("/me")


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _page(visit: Visit, problem: SocError | None = None) -> Response:
    sessions = visit.services.sessions.all(visit.principal)
    return visit.page("me.html", 200 if problem is None else 400, sessions=sessions, problem=problem)
