"""Accounts: who may sign in, as what. One-time passwords are shown once, in the answer that made them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from soc.access.accounts import NewAccount
from soc.access.principal import Right, Role
from soc.core.errors import ConflictError, InputError, SocError
from soc.web.formats import typed_moment
from soc.web.problems import status_of
from soc.web.visit import Posted, Visit, needs, see_other

router = APIRouter()
Admin = Annotated[Visit, Depends(needs(Right.ADMINISTER))]
ROLES = tuple(role for role in Role if role is not Role.SERVICE)


class AddForm(BaseModel):
    """What the form of a new account sends."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=40)
    display_name: str = Field(min_length=1, max_length=120)
    role: Role
    agency: str = Field(max_length=120)
    expires: str = Field(default="", max_length=40)


class ChangeForm(BaseModel):
    """What the buttons beside an account send."""

    model_config = ConfigDict(extra="forbid")

    act: str = Field(pattern="^(lock|unlock|reset|factor)$")


@router.get("/admin")
def show(visit: Admin) -> Response:
    """The accounts of the agencies the administrator manages."""
    return _page(visit)


@router.post("/admin/users")
def add(visit: Admin, form: Posted) -> Response:
    """Make an account; answers with its one-time password."""
    sent = form.into(AddForm)
    try:
        expires = typed_moment(sent.expires) if sent.expires.strip() else None
        new = NewAccount(sent.name.strip().lower(), sent.display_name.strip(), sent.role, sent.agency, expires)
        secret = visit.services.accounts.add(visit.principal, new)
    except (InputError, ConflictError) as problem:
        return _page(visit, problem=problem, typed=sent)
    return _page(visit, secret=(new.name, secret))


@router.post("/admin/users/{name}")
def change(visit: Admin, name: str, form: Posted) -> Response:
    """Lock, unlock, give a one-time password, or drop the second factor of somebody who lost it."""
    sent, accounts = form.into(ChangeForm), visit.services.accounts
    try:
        if sent.act == "reset":
            return _page(visit, secret=(name, accounts.reset_password(visit.principal, name)))
        if sent.act == "factor":
            visit.services.factors.reset(visit.principal, name)
            return see_other("/admin")
        accounts.set_locked(visit.principal, name, sent.act == "lock")
    except ConflictError as problem:
        return _page(visit, problem=problem)
    return see_other("/admin")


def _page(
    visit: Visit,
    *,
    problem: SocError | None = None,
    typed: AddForm | None = None,
    secret: tuple[str, str] | None = None,
) -> Response:
    return visit.page(
        "admin.html",
        200 if problem is None else status_of(problem),
        accounts=visit.services.accounts.all(visit.principal),
        agencies=visit.agencies(),
        roles=ROLES,
        problem=problem,
        typed=typed,
        secret=secret,
    )
