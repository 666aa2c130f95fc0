"""What stands around the detection: identity, severity, dates, tags, and the texts our own rules owe."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date

from detectors.checks.attack import VERSION, attack_table
from detectors.checks.issue import Issue, IssueSeverity, RuleDocument
from detectors.threats import unknown_threats
from soc.core.i18n import Lang, msg

ERROR, WARNING = IssueSeverity.ERROR, IssueSeverity.WARNING
_KEYS = frozenset(
    {
        "author",
        "correlation",
        "date",
        "description",
        "detection",
        "falsepositives",
        "fields",
        "filter",
        "id",
        "level",
        "license",
        "logsource",
        "modified",
        "name",
        "references",
        "related",
        "scope",
        "status",
        "tags",
        "taxonomy",
        "title",
        "vonggac",
    }
)
_TAG = re.compile(r"[a-z0-9_-]+\.[a-z0-9._-]+", re.ASCII)
_ATTACK_OTHERS = re.compile(r"[gs][0-9]{4}|ds[0-9]{4}|m[0-9]{4}|c[0-9]{4}", re.ASCII)
_ATTACK_TECHNIQUE = re.compile(r"t[0-9]{4}(\.[0-9]{3})?", re.ASCII)


def check_metadata(rule: RuleDocument) -> Iterator[Issue]:
    """Issues of everything but log source and detection."""
    yield from _keys(rule)
    yield from _dates(rule)
    yield from _tags(rule)
    if rule.own and "filter" not in rule.content:
        yield from _own(rule)
    if "level" not in rule.content and "filter" not in rule.content:
        yield rule.issue("level", WARNING, msg("luật không có level"), advice=msg("không có thì tính là medium"))


def _keys(rule: RuleDocument) -> Iterator[Issue]:
    for key in rule.content.keys() - _KEYS:
        near = difflib.get_close_matches(str(key), _KEYS, 1, 0.85)
        if near:
            yield rule.issue(
                "key",
                WARNING,
                msg("khóa lạ {key}", key=str(key)),
                (key,),
                advice=msg("có phải ý là {near}?", near=near[0]),
            )


def _dates(rule: RuleDocument) -> Iterator[Issue]:
    made, changed = (_day(rule.content.get(name)) for name in ("date", "modified"))
    if made is not None and changed is not None and changed < made:
        yield rule.issue("date", WARNING, msg("ngày sửa đứng trước ngày viết"), ("modified",))


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value).replace("/", "-"))
    except ValueError:
        return None


def _tags(rule: RuleDocument) -> Iterator[Issue]:
    tags = rule.content.get("tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else ()):
        yield from _tag(rule, ("tags", index), str(tag))


def _tag(rule: RuleDocument, path: tuple[object, ...], tag: str) -> Iterator[Issue]:
    if not _TAG.fullmatch(tag):
        yield rule.issue(
            "tag",
            WARNING,
            msg("thẻ {tag} không đúng dạng", tag=tag),
            path,
            expected=msg("nhóm.tên bằng chữ thường, ví dụ attack.t1110.003"),
        )
        return
    group, _, name = tag.partition(".")
    if group == "atlas":
        yield from _atlas(rule, path, name)
    if group == "attack" and not _ATTACK_OTHERS.fullmatch(name):
        yield from _attack(rule, path, name)


def _attack(rule: RuleDocument, path: tuple[object, ...], name: str) -> Iterator[Issue]:
    table = attack_table()
    ident = name.upper() if _ATTACK_TECHNIQUE.fullmatch(name) else name.replace("_", "-")
    if ident in table.techniques or ident in table.tactics or ident in table.others:
        return
    if ident in table.retired:
        yield rule.issue(
            "attack",
            WARNING,
            msg("{id} ({name}) đã bị rút khỏi ATT&CK {version}", id=ident, name=table.retired[ident], version=VERSION),
            path,
        )
        return
    near = difflib.get_close_matches(ident, [*table.tactics, *table.techniques], 1, 0.8)
    yield rule.issue(
        "attack",
        ERROR,
        msg("ATT&CK {version} không có {id}", id=ident, version=VERSION),
        path,
        advice=msg("có phải ý là {near}?", near=near[0]) if near else None,
    )


def _atlas(rule: RuleDocument, path: tuple[object, ...], name: str) -> Iterator[Issue]:
    known = attack_table().others
    if name.upper() in known:
        return
    near = difflib.get_close_matches(name.upper(), [one for one in known if one.startswith("AML.")], 1, 0.8)
    yield rule.issue(
        "attack",
        ERROR,
        msg("bảng ATLAS của ta không có {id}", id=name.upper()),
        path,
        advice=msg("có phải ý là {near}?", near=near[0])
        if near
        else msg("thêm vào detectors/checks/data/ics_atlas.tsv"),
    )


def _own(rule: RuleDocument) -> Iterator[Issue]:
    ours = rule.content.get("vonggac")
    said = ours if isinstance(ours, Mapping) else {}
    for key in ("id", "name", "status"):
        if not rule.content.get(key):
            yield rule.issue("own", ERROR, msg("luật của ta thiếu {key}", key=key))
    if not said.get("title_vi"):
        yield rule.issue("own", ERROR, msg("luật của ta thiếu {key}", key="vonggac.title_vi"), ("vonggac",))
    advice = said.get("advice")
    if advice is not None and (not isinstance(advice, Mapping) or set(advice) != {lang.value for lang in Lang}):
        yield rule.issue("own", ERROR, msg("vonggac.advice cần đủ hai thứ tiếng"), ("vonggac", "advice"))
    for threat in unknown_threats(rule.content):
        yield rule.issue(
            "own",
            ERROR,
            msg("vonggac.threats: '{threat}' không phải mã mối đe dọa", threat=threat),
            ("vonggac", "threats"),
            expected=msg("danh sách mã chữ thường có gạch nối, ví dụ usb-worm"),
        )
