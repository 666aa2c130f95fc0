"""Explanations as text for a person: the condition as a tree, what hid a match, and what would have to differ."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from detectors.alert import Explanation
from detectors.sigma.nearness import Near, NearKind
from detectors.sigma.why import Correction, Exclusion, SourceVerdict, Why
from detectors.sigma.why_correlation import CorrelationWhy, GroupCount, SourceCount
from soc.core.clock import iso
from soc.core.i18n import Lang, Message, msg

_LONGEST = 160
_MAX_OTHERS = 3
_MAX_FAILED = 3
"""Of many alternatives that failed in one place so many are shown."""


def why_lines(why: Why, lang: Lang) -> Iterator[str]:
    """The whole explanation of one rule on one event."""
    verdict = msg("luật khớp") if why.fires else msg("luật không khớp")
    yield verdict.render(lang)
    yield from (_line.render(lang) for _line in _source(why.source))
    yield from tree_lines(why.tree, lang)
    for exclusion in why.exclusions:
        yield _exclusion(exclusion).render(lang)
    if why.corrections:
        yield msg("để điều kiện đúng, ít nhất phải khác đi:").render(lang)
    for number, correction in enumerate(why.corrections, 1):
        yield from _correction(number, correction, lang)


def _source(source: SourceVerdict) -> Iterator[Message]:
    parts = ((name, getattr(source.wanted, name)) for name in ("product", "category", "service"))
    wanted = " ".join(f"{name}={value}" for name, value in parts if value)
    if source.meets:
        yield msg("nguồn nhật ký: đúng {wanted}", wanted=wanted)
        return
    found = " ".join(f"{name}={shown(value)}" for name, value in source.found.items())
    yield msg("nguồn nhật ký: không đúng, khác ở {part}: luật cần {wanted}", part=source.differs, wanted=wanted)
    yield msg("  sự kiện tự khai: {found}", found=found or "-")
    if source.expected:
        yield msg("  nhật ký mà luật này đọc: {logs}", logs="; ".join(source.expected))


def tree_lines(node: Explanation, lang: Lang, depth: int = 0) -> Iterator[str]:
    """The tree, one line for each part, indented by two blanks for each level."""
    yield f"{'  ' * depth}{'+' if node.held else '-'} {_node(node).render(lang)}"
    shown_children, left = _telling(node)
    for child in shown_children:
        yield from tree_lines(child, lang, depth + 1)
    if left:
        yield "  " * (depth + 1) + msg("- {count} lựa chọn khác cũng không đúng", count=left).render(lang)


def _telling(node: Explanation) -> tuple[tuple[Explanation, ...], int]:
    """The children worth showing: of many alternatives those that held and the first of those that did not."""
    failed = [child for child in node.children if not child.held and child.kind == "test" and not child.name]
    if node.kind != "or" or len(failed) <= _MAX_FAILED + 1:
        return node.children, 0
    dropped = set(map(id, failed[_MAX_FAILED:]))
    return tuple(child for child in node.children if id(child) not in dropped), len(dropped)


def _node(node: Explanation) -> Message:
    if node.kind == "test":
        body = _test(node)
    else:
        words = {"and": msg("TẤT CẢ"), "or": msg("ÍT NHẤT MỘT"), "not": msg("KHÔNG")}
        body = words[node.kind]
    if node.role == "filter":
        return msg("bộ lọc “{name}”: {body}", name=node.name, body=body)
    return msg("{name}: {body}", name=node.name, body=body) if node.name else body


def _test(node: Explanation) -> Message:
    if node.missing:
        return msg(
            "{field} {operator} {wanted}, sự kiện không có trường này",
            field=node.subject,
            operator=node.operator,
            wanted=shown(node.wanted),
        )
    if node.subject == "*":
        return msg("{field} {operator} {wanted}", field=node.subject, operator=node.operator, wanted=shown(node.wanted))
    return msg(
        "{field} {operator} {wanted}, tìm thấy {found}",
        field=node.subject,
        operator=node.operator,
        wanted=shown(node.wanted),
        found=shown(node.found),
    )


def _exclusion(exclusion: Exclusion) -> Message:
    if exclusion.role == "filter":
        if exclusion.hid:
            return msg("bộ lọc “{name}” đã giấu sự kiện này", name=exclusion.name)
        return msg("bộ lọc “{name}” không giấu gì", name=exclusion.name)
    if exclusion.hid:
        return msg("phần loại trừ {name} đúng nên đã loại sự kiện này", name=exclusion.name)
    return msg("phần loại trừ {name} không đúng, không loại gì", name=exclusion.name)


def _correction(number: int, correction: Correction, lang: Lang) -> Iterator[str]:
    place = f"{correction.search}: " if correction.search else ""
    must = msg("phải đúng") if correction.must_hold else msg("phải không đúng")
    yield f"  {number}. {place}{_test(correction.test).render(lang)} ({must.render(lang)})"
    if correction.others:
        values = ", ".join(shown(other.wanted) for other in correction.others[:_MAX_OTHERS])
        more = " ..." if len(correction.others) > _MAX_OTHERS else ""
        yield "     " + msg(
            "hoặc một trong {count} phép thử khác: {values}", count=len(correction.others), values=values + more
        ).render(lang)
    for near in correction.near:
        yield "     " + near_sentence(near).render(lang)


def correlation_lines(why: CorrelationWhy, lang: Lang) -> Iterator[str]:
    """The whole explanation of a correlation over the events of a file."""
    verdict = msg("luật khớp") if why.fires else msg("luật không khớp")
    yield verdict.render(lang)
    yield msg(
        "cần {type} {needed} trong {span}, nhóm theo {fields}",
        type=why.rule.type.value,
        needed=why.needed,
        span=str(why.span),
        fields=", ".join(why.rule.group_by) or "-",
    ).render(lang)
    for source in why.sources:
        yield from (f"  {line.render(lang)}" for line in _of_source(source))
    if not why.groups:
        yield msg("không nhóm nào có sự kiện").render(lang)
    for group in why.groups:
        yield f"{'+' if group.holds else '-'} {_of_group(group, why.needed).render(lang)}"
    if why.further_groups:
        yield msg("  còn {count} nhóm nữa", count=why.further_groups).render(lang)


def _of_source(source: SourceCount) -> Iterator[Message]:
    yield msg("{rule}: khớp {count} lần", rule=source.rule, count=source.matches)
    if source.untimed:
        yield msg("  {count} lần không có thời gian nên không được tính", count=source.untimed)
    for field, count in source.without.items():
        yield msg("  {count} lần thiếu trường {field} nên không được tính", count=count, field=field)


def _of_group(group: GroupCount, needed: str) -> Message:
    return msg(
        "nhóm {group}: nhiều nhất {measured}, cần {needed}; {inside} sự kiện từ {first} đến {last}, cả nhóm {events}",
        group=", ".join(f"{name}={shown(value)}" for name, value in group.group.items()) or "-",
        measured=f"{group.measured:g}",
        needed=needed,
        inside=group.inside,
        first=iso(group.first),
        last=iso(group.last),
        events=group.events,
    )


def near_sentence(near: Near) -> Message:
    """What to look at when a test nearly held."""
    sentences = {
        NearKind.OTHER_NAME: msg("sự kiện có trường tên gần giống: {detail}", detail=near.detail),
        NearKind.CASE: msg("gần đúng: chỉ khác chữ hoa, chữ thường"),
        NearKind.SPACE: msg("gần đúng: chỉ khác khoảng trắng"),
        NearKind.BACKSLASH: msg("gần đúng: chỉ khác dấu gạch chéo"),
        NearKind.QUOTES: msg("gần đúng: giá trị nằm trong dấu nháy"),
        NearKind.NORMAL_FORM: msg("gần đúng: chỉ khác dạng chuẩn hóa Unicode"),
        NearKind.ELSEWHERE: msg("gần đúng: giá trị có đoạn này nhưng ở chỗ khác; contains sẽ đúng"),
        NearKind.SPELLING: msg("gần đúng: chỉ khác vài ký tự"),
        NearKind.NO_NUMBER: msg("giá trị không phải là số"),
        NearKind.NO_ADDRESS: msg("giá trị không phải là địa chỉ IP"),
    }
    return sentences[near.kind]


def shown(value: object) -> str:
    """A text as it is, in quotes where blanks at its ends would be lost; anything else as JSON; cut where it is long."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    if text != text.strip() or not text:
        text = f'"{text}"'
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
