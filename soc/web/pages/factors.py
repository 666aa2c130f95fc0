"""One's own second factor: set up, spare codes, drop."""

from __future__ import annotations

from collections.abc import Sequence

import segno
from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from soc.access.accounts import SignInError
from soc.core.errors import ConflictError, SocError
from soc.web.problems import status_of
from soc.web.visit import Posted, SignedIn, Visit, see_other

router = APIRouter()


class CodeForm(BaseModel):
    """A code, typed or pasted."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=60)


@router.get("/me/factors")
def show(visit: SignedIn) -> Response:
    """The page."""
    return _page(visit)


@router.post("/me/factors")
def begin(visit: SignedIn, form: Posted) -> Response:
    """Make a key that waits for its first code."""
    try:
        visit.services.factors.begin(visit.principal)
    except ConflictError as problem:
        return _page(visit, problem)
    return see_other("/me/factors")


@router.post("/me/factors/confirm")
def confirm(visit: SignedIn, form: Posted) -> Response:
    """Prove the key; answers with the spare codes."""
    sent = form.into(CodeForm)
    try:
        spare = visit.services.factors.confirm(visit.principal, sent.code, visit.address)
    except (SignInError, ConflictError) as problem:
        return _page(visit, problem)
    return _page(visit, spare=spare)


@router.post("/me/factors/remove")
def remove(visit: SignedIn, form: Posted) -> Response:
    """Drop it, with a code of it."""
    sent = form.into(CodeForm)
    try:
        visit.services.factors.remove(visit.principal, sent.code, visit.address)
    except SignInError as problem:
        return _page(visit, problem)
    return see_other("/me/factors")


def _page(visit: Visit, problem: SocError | None = None, spare: Sequence[str] = ()) -> Response:
    factors = visit.services.factors
    pending = factors.pending(visit.principal)
    # segno draws with presentation attributes, which the content security policy lets through, unlike inline style
    drawn = Markup(segno.make_qr(pending.uri).svg_inline(scale=5, light="#fff")) if pending else None  # noqa: S704 - own path data
    return visit.page(
        "factors.html",
        200 if problem is None else status_of(problem),
        pending=pending,
        drawn=drawn,
        on=bool(spare) or visit.account.second_factor,
        left=factors.spare_left(visit.principal),
        spare=spare,
        must=visit.must_enrol and not spare,
        problem=problem,
    )
