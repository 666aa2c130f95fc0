"""One request as a page sees it: who asks, in which language, and what to answer with."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from soc.access.accounts import Account
from soc.access.principal import Principal, Right, Role
from soc.access.sessions import LiveSession
from soc.audit.trail import Act
from soc.core.errors import InputError
from soc.core.i18n import Lang, msg
from soc.web.menu import current_entry, entries_for
from soc.web.rendering import render
from soc.web.security import address_of, check_form_token, check_origin, form_token
from soc.web.services import Services

Model = TypeVar("Model", bound=BaseModel)
_OPEN_WHILE_MUST_CHANGE = frozenset({"/me", "/me/password", "/me/preferences"})
_OPEN_WHILE_MUST_ENROL = _OPEN_WHILE_MUST_CHANGE | {"/me/factors", "/me/factors/confirm"}


class SeeOtherError(Exception):
    """Leads the browser elsewhere: to the sign-in page, the locked screen, or the change of a one-time password."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Visit:
    """One request of one browser.

    Attributes:
        live: the session, None when nobody is signed in.
        token: what the browser holds: the session's token, or that of the sign-in page.
    """

    def __init__(self, request: Request, services: Services, live: LiveSession | None, token: str) -> None:
        self.request, self.services, self.live, self.token = request, services, live, token

    @property
    def principal(self) -> Principal:
        """Who is signed in; only for pages behind `signed_in`."""
        assert self.live is not None  # noqa: S101 - a page that forgot its dependency must not answer
        return self.live.principal

    @property
    def account(self) -> Account:
        """The account of whoever is signed in; only for pages behind `signed_in`."""
        assert self.live is not None  # noqa: S101 - as above
        return self.live.account

    @property
    def must_enrol(self) -> bool:
        """Whether the visitor's role asks for a second factor that the account lacks."""
        settings = self.services.settings
        asked = not settings.sample and self.account.role in settings.second_factor_roles
        return asked and not self.account.second_factor

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    @property
    def address(self) -> str:
        """Address of the client."""
        return address_of(self.request.scope)

    @property
    def lang(self) -> Lang:
        """The account's language, else the one chosen on the sign-in page, the browser's, the installation's."""
        chosen = (self.live.account.lang if self.live else "") or self.request.cookies.get("vg_lang", "")
        if chosen in set(Lang):
            return Lang(chosen)
        return preferred(self.request.headers.get("accept-language", ""), self.services.settings.lang)

    @property
    def theme(self) -> str:
        return self.live.account.theme if self.live else "system"

    def may(self, right: Right) -> bool:
        """Whether the visitor holds a right."""
        return self.live is not None and self.live.principal.may(right)

    def agencies(self) -> dict[str, str]:
        """Names of the agencies the visitor may see, in the visitor's language."""
        return {agency.id: agency.name(self.lang) for agency in self.services.agencies.all(self.principal)}

    def looking_at(self, exercise: str | None) -> Principal:
        """The principal, looking at real data or at one exercise run. Raises NotFoundError for an unknown or foreign run."""
        if not exercise:
            return self.principal
        run = self.services.exercises.get(self.principal, exercise)
        return replace(self.principal, scope=self.principal.scope.during(run.code))

    def remember(self, action: str, target: str, agency: str = "", after: Mapping[str, object] | None = None) -> None:
        """Put a read or an export into the audit trail."""
        with self.services.database.transaction() as session:
            self.services.audit.record(session, Act(self.principal.id, action, target, agency, after=after or {}))

    def page(self, template: str, code: int = 200, /, **context: Any) -> HTMLResponse:
        """A page in the visitor's language, with the frame around it."""
        html = render(template, self.lang, {**self._frame(), **context})
        return HTMLResponse(html, code)

    def _frame(self) -> dict[str, Any]:
        live, path = self.live, self.request.url.path
        shown = live is not None and not live.locked
        return {
            "visit": self,
            "account": live.account if live and shown else None,
            "menu": entries_for(live.principal) if live and shown else [],
            "here": current_entry(path),
            "now": self.now,
            "sample": self.services.settings.sample,
            "theme": self.theme,
            "csrf": form_token(self.token) if self.token else "",
            "exercise": None,
            "Right": Right,
            "Role": Role,
        }


def preferred(accept: str, fallback: Lang) -> Lang:
    """The first of our languages in an Accept-Language header; browsers list them by preference."""
    wanted = (part.split(";")[0].strip()[:2].lower() for part in accept.split(","))
    return next((Lang(code) for code in wanted if code in set(Lang)), fallback)


def session_cookie(secure: bool) -> str:
    """Name of the session cookie; the `__Host-` prefix needs TLS."""
    return "__Host-vg_session" if secure else "vg_session"


def page_cookie(secure: bool) -> str:
    """Name of the cookie that ties a sign-in form to its browser."""
    return "__Host-vg_page" if secure else "vg_page"


def ceremony_cookie(secure: bool) -> str:
    """Name of the cookie of a sign-in that waits for a code."""
    return "__Host-vg_ceremony" if secure else "vg_ceremony"


def services_of(request: Request) -> Services:
    """The services the application was made with."""
    services: Services = request.app.state.services
    return services


def make_visit(request: Request) -> Visit:
    """The visit of a request, signed in or not."""
    known: Visit | None = getattr(request.state, "visit", None)
    if known is not None:
        return known
    services, secure = services_of(request), request.app.state.secure
    token = request.cookies.get(session_cookie(secure), "")
    live = services.sessions.resolve(token) if token else None
    secret = token if live else request.cookies.get(page_cookie(secure), "")
    request.state.visit = Visit(request, services, live, secret)
    return request.state.visit  # type: ignore[no-any-return]  # request.state holds anything


def nameless_visit(request: Request) -> Visit:
    """The visit of whoever it is, when the database cannot tell."""
    secret = request.cookies.get(page_cookie(request.app.state.secure), "")
    return Visit(request, services_of(request), None, secret)


def signed_in(visit: Annotated[Visit, Depends(make_visit)]) -> Visit:
    """The visit of somebody signed in and not locked; everybody else is led to the page that helps them."""
    path = visit.request.url.path
    if visit.live is None:
        raise SeeOtherError(with_next("/signin", visit.request))
    if visit.live.locked:
        raise SeeOtherError(with_next("/unlock", visit.request))
    if visit.live.account.must_change and path not in _OPEN_WHILE_MUST_CHANGE:
        raise SeeOtherError("/me")
    if visit.must_enrol and path not in _OPEN_WHILE_MUST_ENROL:
        raise SeeOtherError("/me/factors")
    return visit


def needs(*rights: Right) -> Callable[[Visit], Visit]:
    """A dependency: the visit of somebody who holds one of the rights. Raises ForbiddenError."""

    def check(visit: Annotated[Visit, Depends(signed_in)]) -> Visit:
        if not any(visit.may(right) for right in rights):
            visit.principal.require(rights[0])
        return visit

    return check


Anyone = Annotated[Visit, Depends(make_visit)]
SignedIn = Annotated[Visit, Depends(signed_in)]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came with a form; "" and nothing when none was chosen."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Posting:
    """The fields of a form whose origin and token were checked."""

    fields: Mapping[str, str]
    file: SentFile

    def into(self, model: type[Model]) -> Model:
        """The fields as a model; unknown fields are refused. Raises InputError naming the field."""
        try:
            return model.model_validate(dict(self.fields))
        except ValidationError as problem:
            field = ".".join(str(part) for part in problem.errors()[0]["loc"]) or "?"
            raise InputError(
                msg("ô '{field}' thiếu hoặc không hợp lệ", field=field), advice=msg("tải lại trang rồi gửi lại")
            ) from problem


async def _read_form(request: Request, visit: Visit) -> Posting:
    check_origin(request.headers)
    async with request.form(max_files=1, max_fields=60, max_part_size=100_000) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        check_form_token(visit.token, fields.pop("csrf", ""))
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        data = await files[0].read() if files else b""
        return Posting(fields, SentFile(files[0].filename or "" if files else "", data))


async def posting(request: Request, visit: SignedIn) -> Posting:
    """The form of somebody signed in: the session is checked before the body is read."""
    return await _read_form(request, visit)


async def open_posting(request: Request, visit: Anyone) -> Posting:
    """The form of anybody: sign-in, unlock, sign-out."""
    return await _read_form(request, visit)


Posted = Annotated[Posting, Depends(posting)]
OpenlyPosted = Annotated[Posting, Depends(open_posting)]


def see_other(path: str) -> RedirectResponse:
    """After a POST: the browser gets the page anew, so that reloading sends nothing twice."""
    return RedirectResponse(path, status_code=303)


def with_next(path: str, request: Request) -> str:
    """`path`, remembering where the browser wanted to go; a form that was being sent is not repeated."""
    if request.method != "GET" or request.url.path in {"/", "/today"}:
        return path
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{path}?next={quote(wanted, safe='/')}"


def local_path(path: str) -> str:
    """`path` if it leads to a page of ours, else the first page. `//host`, `/\\host` and control characters lead elsewhere."""
    parts = urlsplit(path)
    plain = path.isprintable() and "\\" not in path and not parts.scheme and not parts.netloc
    return path if plain and path.startswith("/") and not path.startswith("//") else "/today"


def new_page_secret() -> str:
    """A secret for the forms of a browser that is not signed in."""
    return secrets.token_urlsafe(24)
