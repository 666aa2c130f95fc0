"""The grammar of the search page's query string: what it asks for, and the addresses that ask for something else.

`q` the query; `range`, or `since` and `until` as a person types them; `cols` field names between commas; `sort` a field, `-` before it
for falling order; `field` the one to show statistics of; `exercise` the run to look at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from collectors.enrich.names import Names
from soc.app.saved_searches import MOST_COLUMNS, SPANS, Question
from soc.core.clock import Window
from soc.core.errors import InputError
from soc.core.i18n import Message, msg
from soc.storage.paging import TIME
from soc.storage.query import term
from soc.web.charts import Bar
from soc.web.formats import to_type, typed_moment
from soc.web.links import one_of

PATH = "/search"
COLUMNS = ("soc.platform", "host.name", "user.name", "event.action", "event.outcome", "source.ip")
"""Shown where nobody chose others."""
USUAL_SPAN = "7d"
LONGEST_QUERY = 1500
_WIDEN = 3
_PHRASE = re.compile(r'"[^"\\]+"')


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor asks for.

    Attributes:
        window: of the question, at the moment of the visit.
        since, until: as typed; "" for a window that ends now.
        field: whose statistics are shown.
        faults: what was left out of the question and why.
    """

    question: Question
    window: Window
    since: str = ""
    until: str = ""
    field: str = ""
    exercise: str = ""
    faults: tuple[Message, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields to show beside the time."""
        return self.question.columns or COLUMNS

    def address(self, **changes: str) -> str:
        """The address that asks for this with some parameters changed, or left out where the value is ""."""
        pairs = {**self.parameters(), **changes}
        return f"{PATH}?{urlencode([(name, value) for name, value in pairs.items() if value])}"

    def parameters(self) -> dict[str, str]:
        """The parameters that ask for this."""
        question = self.question
        order = question.sort if question.ascending else f"-{question.sort}"
        return {
            "q": question.query,
            "range": question.span,
            "since": self.since,
            "until": self.until,
            "cols": ",".join(question.columns),
            "sort": "" if order == f"-{TIME}" else order,
            "field": self.field,
            "exercise": self.exercise,
        }

    def narrowed(self, field: str, value: object, sign: str = "") -> str:
        """The address that asks for one value of a field besides; `NOT ` before it to leave it out. "" when the query gets too long."""
        return self._with(sign + term(field, value))

    def lacking(self, field: str) -> str:
        """The address that asks for events without the field besides; "" when the query gets too long."""
        return self._with(f"NOT {term('_exists_', field)}")

    def _with(self, added: str) -> str:
        query = self.question.query
        whole = f"({query}) AND {added}" if query else added
        return self.address(q=whole) if len(whole) <= LONGEST_QUERY else ""

    def as_well(self, names: Names) -> tuple[list[str], str]:
        """Other names, of before or after a reform, of what the query names alone or between quotes, and the address that asks for all.

        Nothing and "" where there are none, or where the query gets too long.
        """
        query = self.question.query
        for written in [*_PHRASE.findall(query), query]:
            name = written.strip('"')
            others = names.also_called(name)
            if others:
                every = " OR ".join(f'"{one}"' for one in dict.fromkeys([name, *others]))
                whole = query.replace(written, f"({every})", 1)
                return (others, self.address(q=whole)) if len(whole) <= LONGEST_QUERY else ([], "")
        return [], ""

    def during(self, bar: Bar) -> str:
        """The address that asks for the time of one bar."""
        return self.between(bar.start, bar.end)

    def wider(self) -> str:
        """The address that asks for three times the time, with this in the middle."""
        span = self.window.until - self.window.since
        beside = span * (_WIDEN - 1) / 2
        try:
            return self.between(self.window.since - beside, self.window.until + beside)
        except OverflowError:
            return ""

    def between(self, since: datetime, until: datetime) -> str:
        """The address that asks for a fixed span."""
        return self.address(range="", since=to_type(since), until=to_type(until))

    def sorted_by(self, field: str) -> str:
        """The address that sorts by a field, falling; rising where it falls now."""
        falls = field == self.question.sort and not self.question.ascending
        return self.address(sort=field if falls else f"-{field}")

    def with_column(self, field: str) -> str:
        """The address that shows the field as a column, or leaves the column out."""
        kept = tuple(name for name in self.columns if name != field)
        return self.address(cols=",".join(kept if field in self.columns else (*kept, field)))


def read_query(query: Mapping[str, str], now: datetime) -> Asked:
    """What a query string, or a form with the same fields, asks for; what cannot be read is named and left out."""
    faults: list[Message] = []
    chosen = one_of(query, "range", SPANS, USUAL_SPAN, faults) if query.get("range") else USUAL_SPAN
    since, until = query.get("since", "").strip(), query.get("until", "").strip()
    window = _window(since, until, chosen, now, faults)
    columns = _columns(query.get("cols", ""), faults)
    order = query.get("sort", "").strip() or f"-{TIME}"
    question = Question(
        query.get("q", "").strip(),
        "" if window is not None else chosen,
        window,
        columns,
        order.removeprefix("-"),
        ascending=not order.startswith("-"),
    )
    typed = (since, until) if window is not None else ("", "")
    field, exercise = query.get("field", "").strip(), query.get("exercise", "")
    return Asked(question, question.window_at(now), *typed, field, exercise, tuple(faults))


def asked_of(question: Question, query: Mapping[str, str], now: datetime) -> Asked:
    """What a saved search asks for; `field` and `exercise` come from the query string."""
    window = question.window
    typed = ("", "") if window is None else (to_type(window.since), to_type(window.until))
    asked = Asked(question, question.window_at(now), *typed)
    return replace(asked, field=query.get("field", "").strip(), exercise=query.get("exercise", ""))


def _window(since: str, until: str, chosen: str, now: datetime, faults: list[Message]) -> Window | None:
    """The fixed span that was typed; None for one that ends now."""
    if not since and (not until or until == "now"):
        return None
    try:
        end = typed_moment(until) if until and until != "now" else now
        window = Window(typed_moment(since) if since else end - SPANS[chosen], end)
    except InputError as problem:
        faults.append(problem.found)
        return None
    except OverflowError:
        faults.append(msg("khoảng thời gian ngoài lịch"))
        return None
    if window.since >= window.until:
        faults.append(msg("khoảng thời gian kết thúc trước khi bắt đầu"))
        return None
    return window


def _columns(text: str, faults: list[Message]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
    if len(found) > MOST_COLUMNS:
        faults.append(msg("chỉ hiện {limit} cột đầu trong {count} cột", limit=MOST_COLUMNS, count=len(found)))
    return found[:MOST_COLUMNS]
