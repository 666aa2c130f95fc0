"""`soc rules import|sets|activate|rollback|history`: public sets of rules and which of them run."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from detectors.rulesets.importing import STATUSES, USUAL, Filters
from detectors.rulesets.model import Activation, Load, Refusal, Version
from detectors.rulesets.service import Activated, Choice, Imported
from soc.app.application import Application
from soc.cli.context import As, Json, console, emit, local, principal_of, say, settings
from soc.core.errors import InputError
from soc.core.i18n import Lang, Message, msg
from soc.core.severity import Severity

EXIT_REFUSED = 3
_SHOWN = 20
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
Note = Annotated[str, typer.Option(help=msg("Lý do, ghi vào lịch sử và nhật ký kiểm toán").text)]


def import_(
    path: Annotated[Path, typer.Argument(help=msg("Thư mục hoặc tệp ZIP đã tải về").text, exists=True)],
    name: Annotated[str, typer.Option(help=msg("Tên bộ; mặc định lấy từ tên tệp").text)] = "",
    licence: Annotated[str, typer.Option(help=msg("Giấy phép (SPDX) của luật không tự ghi").text)] = "",
    source: Annotated[str, typer.Option(help=msg("Nơi bộ luật được lấy về; chỉ ghi lại").text)] = "",
    min_level: Annotated[Severity, typer.Option(help=msg("Mức thấp nhất").text)] = Severity.INFORMATIONAL,
    status: Annotated[
        list[str] | None, typer.Option(help=msg("Trạng thái; lặp lại được; mặc định stable, test, experimental").text)
    ] = None,
    product: Annotated[list[str] | None, typer.Option(help=msg("Sản phẩm của logsource; lặp lại được").text)] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    filters = Filters(min_level, _statuses(status), tuple(word.lower() for word in product or ()))
    with Application(settings()) as soc:
        imported = soc.rule_sets.import_set(
            principal_of(soc, as_), path, name or _name_of(path), filters, licence=licence, source=source
        )
    _show_imported(imported, json=json)
    if imported.manifest.refusals:
        raise typer.Exit(EXIT_REFUSED)


def sets(json: Json = False, as_: As = None) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        versions, active = soc.rule_sets.versions(who), soc.rule_sets.current()
        refusals = {each.label: soc.rule_sets.version(who, each.label)[1].refusals for each in versions if json}
    running = {member.label for member in active.members}
    if json:
        emit(
            _version_row(each) | {"active": each.label in running, "refusals": _plain(refusals[each.label])}
            for each in versions
        )
        return
    headings = (msg("Bộ luật"), msg("Luật"), msg("Bị từ chối"), msg("Giấy phép"), msg("Nhập lúc"), msg("Người nhập"))
    table = Table(*(heading.render(settings().lang) for heading in headings), "", box=None)
    for each in versions:
        mark = "●" if each.label in running else ""
        counts = (str(each.rules), str(each.refused), each.licence or "–")
        table.add_row(each.label, *counts, local(each.imported), each.imported_by, mark)
    console().print(table)


def activate(
    members: Annotated[list[str] | None, typer.Argument(help=msg("Bộ luật, TÊN hoặc TÊN@PHIÊN_BẢN").text)] = None,
    prefer: Annotated[
        list[str] | None, typer.Option(help=msg("Bộ thắng khi hai bộ có cùng một luật; lặp lại được").text)
    ] = None,
    own: Annotated[bool, typer.Option("--own/--without-own", help=msg("Luật đi kèm").text)] = True,
    site: Annotated[bool, typer.Option("--site/--without-site", help=msg("Luật trong SOC_HOME/rules").text)] = True,
    note: Note = "",
    as_: As = None,
    json: Json = False,
) -> None:
    choice = Choice(tuple(members or ()), tuple(prefer or ()), own, site, note)
    with Application(settings()) as soc:
        made = soc.rule_sets.activate(principal_of(soc, as_), choice)
    _show_activated(made, json=json)


def rollback(
    to: Annotated[int | None, typer.Option(help=msg("Số của lần kích hoạt; mặc định là lần trước").text)] = None,
    note: Note = "",
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        made = soc.rule_sets.rollback(principal_of(soc, as_), to, note)
    _show_activated(made, json=json)


def history(json: Json = False, as_: As = None) -> None:
    with Application(settings()) as soc:
        activations, loads = soc.rule_sets.history(principal_of(soc, as_)), soc.rule_sets.loads()
    if json:
        emit(_activation_row(made) for made in activations)
        emit(_load_row(load) for load in loads)
        return
    table = Table(box=None, show_header=False)
    for made in activations:
        restored = "" if made.restores is None else f"↩ {made.restores}"
        table.add_row(str(made.number), local(made.at), made.by, members_of(made), restored, made.note)
    console().print(table)
    if loads:
        say(_load_line(loads[0]))


def members_of(made: Activation) -> str:
    """What takes part, as words of the command line."""
    living = [name for name, there in (("vonggac", made.own), ("site", made.site)) if there]
    return " ".join([*living, *(member.label for member in made.members)])


def _statuses(given: list[str] | None) -> tuple[str, ...]:
    if given is None:
        return USUAL
    strange = next((word for word in given if word not in STATUSES), None)
    if strange is not None:
        raise InputError(
            msg("trạng thái lạ {status}", status=repr(strange)),
            expected=msg("một trong: {names}", names=", ".join(STATUSES)),
            where="--status",
        )
    return tuple(given)


def _name_of(path: Path) -> str:
    return _NOT_SLUG.sub("-", path.resolve().name.removesuffix(".zip").lower()).strip("-")[:64]


def _show_imported(imported: Imported, *, json: bool) -> None:
    version, manifest = imported.version, imported.manifest
    lang = settings().lang
    if json:
        counts = asdict(manifest.counts) | {"known": imported.known}
        emit([_version_row(version) | counts | {"refusals": _plain(manifest.refusals)}])
    else:
        typer.echo(version.label)
    for refusal in manifest.refusals[:_SHOWN]:
        typer.echo(f"{refusal.where}: {refusal.render(lang)}", err=True)
    if len(manifest.refusals) > _SHOWN:
        say(msg("và {count} lỗi nữa; xem tất cả bằng: soc rules sets --json", count=len(manifest.refusals) - _SHOWN))
    say(
        msg(
            "{rules} luật trong {files} tệp, giấy phép {licence}; {refused} bị từ chối, {filtered} tệp bị lọc, {other} tệp không phải luật",
            rules=version.rules,
            files=version.files,
            licence=version.licence or "?",
            refused=version.refused,
            filtered=manifest.counts.filtered,
            other=manifest.counts.other,
        )
    )
    say(msg("chưa luật nào chạy; kích hoạt bằng: soc rules activate {name}", name=version.label))


def _show_activated(made: Activated, *, json: bool) -> None:
    lang, ruleset = settings().lang, made.ruleset
    if json:
        emit(
            [
                _activation_row(made.activation)
                | {
                    "content": made.plan.content,
                    "rules": len(ruleset.rules),
                    "correlations": len(ruleset.correlations),
                    "overridden": made.plan.overridden,
                    "refusals": [fault.render(lang) for fault in ruleset.refusals],
                }
            ]
        )
    for fault in ruleset.refusals[:_SHOWN]:
        say(fault.as_message())
    say(msg("lần kích hoạt {number}: {members}", number=made.activation.number, members=members_of(made.activation)))
    say(
        msg(
            "{rules} luật, {correlations} tương quan, {refused} bị từ chối, {overridden} tệp nhường bộ khác",
            rules=len(ruleset.rules),
            correlations=len(ruleset.correlations),
            refused=len(ruleset.refusals),
            overridden=len(made.plan.overridden),
        )
    )


def _load_line(load: Load) -> Message:
    if load.ok:
        return msg(
            "tiến trình thu thập nạp lần {number} lúc {at}: {rules} luật, {refused} bị từ chối",
            number=load.activation,
            at=local(load.at),
            rules=load.rules + load.correlations,
            refused=load.refused,
        )
    return msg(
        "tiến trình thu thập không nạp được lần {number} lúc {at}: {reason}",
        number=load.activation,
        at=local(load.at),
        reason=load.refusals[0].render(settings().lang),
    )


def _version_row(version: Version) -> dict[str, Any]:
    return {"set": version.label} | asdict(version)


def _activation_row(made: Activation) -> dict[str, Any]:
    return {"activation": made.number} | asdict(made) | {"members": [member.label for member in made.members]}


def _load_row(load: Load) -> dict[str, Any]:
    return {"load": load.activation} | asdict(load)


def _plain(refusals: tuple[Refusal, ...]) -> list[dict[str, Any]]:
    return [
        {"where": refusal.where, "fault": {lang.value: refusal.render(lang) for lang in Lang}} for refusal in refusals
    ]
