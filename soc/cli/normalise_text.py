"""An explanation of how a record is read, as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.explain import Explanation, RawField
from soc.core.errors import ParseError
from soc.core.i18n import Lang, msg

_LONGEST = 80


def explanation_lines(number: int, explanation: Explanation, lang: Lang) -> Iterator[str]:
    """The account of line `number`: parser, header, each raw field with its transform and target, the rest, or the refusal."""
    yield msg("dòng {number}: bộ đọc {parser}", number=number, parser=explanation.parser).render(lang)
    if explanation.envelope is not None:
        yield "  " + msg("đầu syslog đã tách").render(lang)
        yield from (f"    {name} = {_short(value)}" for name, value in explanation.envelope.items())
    if explanation.raw:
        yield "  " + msg("trường thô → phép biến đổi → trường ECS").render(lang)
        yield from (f"    {_raw_field(one, lang)}" for one in explanation.raw)
    if explanation.refusal is not None:
        yield from _refused(explanation, lang)
        return
    if explanation.written:
        yield "  " + msg("bộ đọc tự ghi").render(lang)
        yield from (f"    {name} = {_short(value)}" for name, value in explanation.written.items())
    for name in explanation.left_out:
        yield "  " + msg("bỏ '{name}': nhật ký không được ghi vào trường này", name=name).render(lang)


def _refused(explanation: Explanation, lang: Lang) -> Iterator[str]:
    refusal = explanation.refusal
    if refusal is None:
        return
    if isinstance(refusal, ParseError) and refusal.column:
        yield "  " + msg("bị từ chối tại cột {column}", column=refusal.column).render(lang)
    else:
        yield "  " + msg("bị từ chối tại trường {name}", name=refusal.where).render(lang)
    yield f"    {refusal.render(lang)}"


def _raw_field(one: RawField, lang: Lang) -> str:
    told = one.told
    head = f"{told.name} = {_short(one.value)}"
    if told.targets:
        return f"{head} → {told.transform + ' → ' if told.transform else ''}{', '.join(told.targets)}"
    if told.absent:
        why = msg("giá trị nghĩa là không có")
    elif told.late:
        why = msg("trường {names} đã có giá trị từ trường thô đứng trước", names=", ".join(told.meant))
    elif told.meant:
        why = msg("phép biến đổi {name} không đọc được giá trị", name=told.transform or "time")
    else:
        why = msg("bảng ánh xạ không giữ trường này")
    return f"{head}: " + msg("bỏ, {why}", why=why).render(lang)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
