"""What is lacking, read off the counted rows: one sentence each, at most MAX_FINDINGS a criterion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import TypeAlias

from soc.compliance.catalogue import LogType
from soc.compliance.figures import Fact, Table
from soc.core.clock import parse_iso
from soc.core.i18n import Message, msg

MAX_FINDINGS = 12
Finder: TypeAlias = Callable[[Table], Iterator[Message]]


def find(criterion: str, table: Table) -> tuple[Message, ...]:
    """The findings of a criterion over the table of its deciding figure; a last sentence says how many more there are."""
    finder = FINDERS.get(criterion)
    if finder is None:
        return ()
    found = finder(table)
    first = tuple(islice(found, MAX_FINDINGS))
    more = sum(1 for _ in found)
    return (*first, msg("và {count} tồn tại khác cùng loại", count=more)) if more else first


def _unheard_systems(table: Table) -> Iterator[Message]:
    for fact in table.facts():
        if not fact["live"]:
            yield msg("{system}: không nguồn nhật ký nào có tín hiệu trong kỳ", system=fact["name"])


def _missing_types(table: Table) -> Iterator[Message]:
    for fact in table.facts():
        if not fact["seen"]:
            kind = LogType(str(fact["log_type"])).label
            yield msg(
                "{system} (cấp độ {level}): chưa nhận {kind}", system=fact["name"], level=fact["level"], kind=kind
            )


def _silent_sources(table: Table) -> Iterator[Message]:
    silent = [fact for fact in table.facts() if fact["silent"]]
    for fact in sorted(silent, key=_longest_first):
        yield msg(
            "nguồn {source}: im lặng {hours} giờ quá nhịp, {gaps} lần",
            source=fact["source"],
            hours=fact["silent_hours"],
            gaps=fact["gaps"],
        )


def _longest_first(fact: Fact) -> float:
    return -float(fact["silent_hours"] or 0)


def _short_retention(table: Table) -> Iterator[Message]:
    for fact in table.facts():
        if fact["enough"] is False:
            yield msg(
                "{system}: nhật ký cũ nhất từ {oldest}, cấp độ {level} cần {months} tháng",
                system=fact["name"],
                oldest=str(fact["oldest"])[:10],
                level=fact["level"],
                months=fact["months"],
            )


def _waiting(table: Table) -> Iterator[Message]:
    for fact in table.facts():
        if fact["end"] is None:
            yield msg("{incident}: chưa có thao tác nào của người trực", incident=fact["incident"])


def _uncontained(table: Table) -> Iterator[Message]:
    for fact in table.facts():
        if fact["end"] is None:
            yield msg("{incident}: chưa ngăn chặn", incident=fact["incident"])


def _late_notices(table: Table) -> Iterator[Message]:
    for fact in table.facts():
        if fact["harmless"]:
            continue
        if fact["serious"] is None:
            yield msg("{incident}: chưa xếp mức độ nên chưa rõ có phải báo trong 24 giờ", incident=fact["incident"])
        for hours in (24, 72) if fact["serious"] else (72,):
            if not _in_time(fact, hours):
                yield msg("{incident}: chưa có báo cáo trong hạn {hours} giờ", incident=fact["incident"], hours=hours)


def _in_time(fact: Fact, hours: int) -> bool:
    sent = fact[f"notice_{hours}"]
    return sent is not None and parse_iso(str(sent)) - parse_iso(str(fact["detected"])) <= timedelta(hours=hours)


FINDERS: dict[str, Finder] = {
    "L1-11": _waiting,
    "L2-01": _unheard_systems,
    "L2-02": _missing_types,
    "L2-03": _silent_sources,
    "L2-04": _short_retention,
    "L2-08": _uncontained,
    "L4-05": _late_notices,
}
"""Criterion -> how to read what is lacking off its rows."""
