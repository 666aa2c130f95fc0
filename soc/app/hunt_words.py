"""What a hunt could not see, in sentences: for the command line and the page alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from soc.app.hunt_statement import Limits
from soc.core.i18n import Message, msg

SHOWN = 20
"""Rules that miss fields, and fields that never came, are named one by one up to this number; the statement as JSON has all."""


def limit_lines(limits: Limits, at: Callable[[datetime], str], number: Callable[[int], str] = str) -> Iterator[Message]:
    """A sentence for each thing.

    Args:
        at: writes a time, and
        number: a number, as the reader is used to.
    """
    if limits.history_begins is not None:
        yield msg("kho chỉ có sự kiện từ {at}", at=at(limits.history_begins))
    if limits.quarantined:
        yield msg("{count} bản ghi đang bị cách ly, chưa là sự kiện", count=number(limits.quarantined))
    for gap in limits.gaps:
        yield msg("khoảng trống còn mở: {source}, {events} sự kiện", source=gap.source, events=number(gap.events))
    for rule in limits.blind[:SHOWN]:
        yield msg("luật {rule} không thấy: {fields}", rule=rule.id, fields=", ".join(rule.fields))
    if len(limits.blind) > SHOWN:
        yield msg("và {count} luật nữa thiếu trường", count=number(len(limits.blind) - SHOWN))
    if limits.no_source:
        yield msg("{count} luật không có nguồn nào", count=number(len(limits.no_source)))
    if limits.unseen_fields:
        yield msg("không sự kiện nào có: {fields}", fields=", ".join(limits.unseen_fields))
    yield from _counted(limits, number)


def _counted(limits: Limits, number: Callable[[int], str]) -> Iterator[Message]:
    if limits.altered:
        yield msg(
            "{count} sự kiện có giá trị mà tìm kiếm không thấy nguyên văn; đã đọc từng cái nếu có thể khớp",
            count=number(limits.altered),
        )
    if limits.masked:
        yield msg("{count} sự kiện có phần bị che vì là bí mật", count=number(limits.masked))
    if limits.ahead:
        yield msg("{count} sự kiện ghi thời gian muộn hơn khoảng này", count=number(limits.ahead))
    if limits.changed:
        yield msg("sổ chỉ dấu đã đổi trong khi rà soát")
