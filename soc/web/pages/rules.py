"""Detection rules: what runs, who chose it, what was refused, and the imported sets. Chosen with `soc rules activate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from soc.access.principal import Right
from soc.core.errors import InputError, NotFoundError, SocError
from soc.web.links import changed
from soc.web.visit import Visit, needs

if TYPE_CHECKING:  # brings pySigma, which only those who come here need
    from collections.abc import Sequence

    from detectors.rulesets.model import RuleEntry

router = APIRouter()
Reader = Annotated[Visit, Depends(needs(Right.READ_RULES))]
PAGE = 50
OWN = "vonggac"
MAX_REFUSALS = 50


@router.get("/rules")
def show(visit: Reader, request: Request) -> Response:
    """The choice in force with its last load, the imported sets, and the rules of one of them."""
    query, sets = request.query_params, visit.services.rule_sets
    reference, words = query.get("set", "").strip()[:100] or OWN, query.get("q", "").strip()[:100]
    entries, problem = _entries(visit, reference)
    found = [entry for entry in entries if _holds(entry, words.casefold())]
    start = int(query["after"]) if query.get("after", "").isdecimal() and len(query["after"]) < 7 else 0
    shown = found[start : start + PAGE]
    return visit.page(
        "rules.html",
        current=sets.current(),
        load=next(iter(sets.loads(1)), None),
        versions=sets.versions(visit.principal),
        history=sets.history(visit.principal)[:PAGE],
        refusals=_refusals(visit, reference),
        reference=reference,
        words=words,
        rules=shown,
        count=len(found),
        start=start,
        problem=problem,
        max_refusals=MAX_REFUSALS,
        next=changed(request, after=str(start + PAGE)) if start + PAGE < len(found) else "",
    )


def _entries(visit: Visit, reference: str) -> tuple[Sequence[RuleEntry], SocError | None]:
    """The rules of a set; an unknown one is named and the rest of the page stays."""
    try:
        return visit.services.rule_sets.rules_of(visit.principal, reference), None
    except (InputError, NotFoundError) as problem:
        return (), problem


def _refusals(visit: Visit, reference: str) -> Sequence[object]:
    """What was refused when the set was imported; the own rules and those of the site have no import."""
    try:
        return visit.services.rule_sets.version(visit.principal, reference)[1].refusals
    except (InputError, NotFoundError):
        return ()


def _holds(entry: RuleEntry, words: str) -> bool:
    rule = entry.rule
    return not words or any(words in text.casefold() for text in (rule.title, rule.title_vi, rule.id, entry.file))
