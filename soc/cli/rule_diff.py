"""`soc rules diff`: what differs between two sets of rules in what they detect, not in how they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from detectors.rulepack import own_rules
from detectors.rulesets.diff import Change, Kind, SetDiff, Side, diff_sets, load_side, shortened
from detectors.rulesets.meaning import RuleTest
from detectors.rulesets.model import OWN
from detectors.rulesets.tree import Tree, read_tree
from soc.access.principal import Principal
from soc.app.application import Application
from soc.cli.context import As, Json, emit, principal_of, say, settings
from soc.core.errors import InputError, NotFoundError
from soc.core.i18n import Lang, Message, msg

ACTIVE = "active"
"""Stands for what shall run now."""
EXIT_DIFFERENT = 1
_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.REFUSED: "!", Kind.MEANING: "~", Kind.LEVEL: "^", Kind.METADATA: "="}
_A_SET = msg("TÊN[@PHIÊN_BẢN], thư mục, tệp ZIP, 'vonggac' hoặc 'active'").text


def diff(
    old: Annotated[str, typer.Argument(help=_A_SET)],
    new: Annotated[str, typer.Argument(help=_A_SET)],
    metadata: Annotated[
        bool, typer.Option("--metadata/--no-metadata", help=msg("Nêu cả khác biệt chỉ ở lời văn").text)
    ] = True,
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc, TemporaryDirectory(prefix="soc-rules-") as scratch:
        who = principal_of(soc, as_)
        sides = [_side(soc, who, reference, Path(scratch) / str(n)) for n, reference in enumerate((old, new))]
        found = diff_sets(*sides)
    changes = [change for change in found.changes if metadata or change.kind is not Kind.METADATA]
    lang = settings().lang
    if json:
        emit(_row(change) for change in changes)
    else:
        for change in changes:
            for text in _lines(change, lang):
                typer.echo(text)
    _summary(found)
    if not found.same_meaning:
        raise typer.Exit(EXIT_DIFFERENT)


def _side(soc: Application, who: Principal, reference: str, scratch: Path) -> Side:
    scratch.mkdir()
    return load_side(_tree(soc, who, reference), scratch)


def _tree(soc: Application, who: Principal, reference: str) -> Tree:
    """The files of what a person named: a path where it looks like one, else an imported set, else a path after all."""
    path = Path(reference)
    if reference == OWN:
        return read_tree(own_rules() / "sigma")
    if reference == ACTIVE:
        return Tree({str(file).lstrip("/"): file.read_bytes() for file in soc.rule_sets.plan().files})
    if "/" not in reference and not reference.endswith(".zip"):
        try:
            return read_tree(soc.rule_sets.folder(soc.rule_sets.version(who, reference)[0]))
        except (NotFoundError, InputError):
            if not path.exists():
                raise
    return read_tree(path)


def _lines(change: Change, lang: Lang) -> Iterator[str]:
    level = change.level[1] or change.level[0]
    yield f"{_SIGNS[change.kind]} {level:13} {change.title}  [{change.id}]  {change.where}"
    if change.level[0] != change.level[1] and all(change.level):
        yield "    " + msg("mức {old} → {new}", old=change.level[0], new=change.level[1]).render(lang)
    for sign, tests in (("+", change.tests_added), ("-", change.tests_removed)):
        for test in tests:
            yield f"    {sign} {shortened(_test(test).render(lang))}"
    if change.joined_otherwise:
        yield "    " + msg("cùng các phép thử, điều kiện nối chúng theo cách khác").render(lang)
    for key, (before, after) in (*change.settings.items(), *change.metadata.items()):
        yield f"    {key}: {shortened(before) or '–'} → {shortened(after) or '–'}"


def _test(test: RuleTest) -> Message:
    parts = {"field": test.field, "operator": test.operator, "wanted": test.wanted}
    if test.negated:
        return msg("không phải: {field} {operator} {wanted}", **parts)
    return msg("{field} {operator} {wanted}", **parts)


def _summary(found: SetDiff) -> None:
    count = {kind: sum(change.kind is kind for change in found.changes) for kind in Kind}
    say(
        msg(
            "{added} luật thêm, {removed} bớt, {meaning} đổi ý nghĩa, {level} đổi mức, {metadata} chỉ đổi lời văn, {same} như cũ",
            added=count[Kind.ADDED],
            removed=count[Kind.REMOVED],
            meaning=count[Kind.MEANING],
            level=count[Kind.LEVEL],
            metadata=count[Kind.METADATA],
            same=found.same,
        )
    )
    if any(found.refused):
        before, after = map(len, found.refused)
        say(msg("bị từ chối: {before} ở bộ thứ nhất, {after} ở bộ thứ hai", before=before, after=after))


def _row(change: Change) -> dict[str, Any]:
    row = asdict(change)
    return {"change": row.pop("kind").value} | row
