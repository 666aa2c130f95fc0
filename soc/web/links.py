"""Addresses of the same view with one thing changed, and what a query string says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from fastapi import Request

from soc.core.i18n import Message, msg


def changed(request: Request, **values: str) -> str:
    """The address of this page with some parameters set, or taken out where the value is "". Dots are written as `__`."""
    changes = {name.replace("__", "."): value for name, value in values.items()}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changes]
    pairs = kept + [(name, value) for name, value in changes.items() if value]
    return request.url.path + (f"?{urlencode(pairs)}" if pairs else "")


def next_page(request: Request, after: str | None) -> str:
    """The address of the next page of a list, "" on the last one."""
    return changed(request, after=after) if after else ""


def one_of(query: Mapping[str, str], name: str, known: Iterable[str], otherwise: str, faults: list[Message]) -> str:
    """A parameter that is one of a few words; an unknown one is noted as a fault and replaced."""
    value = query.get(name, otherwise)
    if value in set(known):
        return value
    faults.append(msg("bỏ qua '{name}={value}' vì không hiểu", name=name, value=value[:40]))
    return otherwise
