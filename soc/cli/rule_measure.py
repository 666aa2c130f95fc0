"""`soc rules measure`: what each rule costs and how often it fires on given logs; with `--truth` how good detection is."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detectors.detector import title_of
from detectors.rule_cost import Measured, RuleCost, measure_rules
from detectors.sigma import RuleSet
from detectors.sigma.files import document_files
from soc.cli.context import Json, emit, say, settings
from soc.cli.event_files import events_of
from soc.cli.rule_paths import Paths, sigma_paths
from soc.cli.rule_quality import BUDGET, show_quality
from soc.core.errors import InputError
from soc.core.i18n import Lang, msg


class Order(StrEnum):
    """What the table is sorted by."""

    COST = "cost"
    MATCHES = "matches"


def measure(
    paths: Paths = None,
    over: Annotated[list[Path], typer.Option(exists=True, help=msg("Tệp hoặc thư mục nhật ký").text)] = [],  # noqa: B006
    platform: Annotated[str | None, typer.Option(help=msg("Nền tảng đã ghi các tệp này").text)] = None,
    parser: Annotated[str | None, typer.Option(help=msg("Bộ đọc, nếu khác bộ đọc của nền tảng").text)] = None,
    sample: Annotated[int, typer.Option(min=40, help=msg("Số sự kiện mẫu của mỗi nguồn để đo từng luật").text)] = 400,
    top: Annotated[int, typer.Option(min=1, help=msg("Số luật trong bảng").text)] = 20,
    truth: Annotated[
        Path | None, typer.Option(help=msg("Tệp sự thật của soc simulate: đo tỷ lệ bắt được và báo nhầm").text)
    ] = None,
    budget: Annotated[
        float, typer.Option(min=0, help=msg("Số báo nhầm mỗi ngày mà một luật được phép có").text)
    ] = BUDGET,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help=msg("Giữ kết quả đo cho trang Chất lượng phát hiện").text)
    ] = True,
    by: Annotated[Order, typer.Option(help=msg("Sắp theo chi phí hay số lần khớp").text)] = Order.COST,
    json: Json = False,
) -> None:
    if not over:
        raise InputError(msg("thiếu --over"), expected=msg("tệp hoặc thư mục nhật ký để đo"))
    if truth is not None:
        show_quality(sigma_paths(paths), truth, over, budget, keep=keep, json=json)
        return
    raw = platform is not None or parser is not None
    ruleset = RuleSet.load(sigma_paths(paths))
    for refusal in ruleset.refusals:
        sys.stderr.write(refusal.render(settings().lang) + "\n")
    files = [file for path in over for file in ([path] if raw and path.is_file() else document_files(path))]
    documents = (document for file in files for _, document in events_of(file, platform, parser))
    measured = measure_rules(ruleset, documents, sample, time.perf_counter)
    rows = sorted(measured.rules, key=lambda cost: -cost.matches) if by is Order.MATCHES else list(measured.rules)
    if json:
        emit(_row(cost) for cost in rows)
    else:
        typer.echo(_table(rows[:top], settings().lang))
    _tell(measured)


def _tell(measured: Measured) -> None:
    say(
        msg(
            "{events} sự kiện, {rules} luật, {fired} luật có khớp; {seconds} giây so khớp với mọi luật cùng chạy",
            events=measured.events,
            rules=len(measured.rules),
            fired=sum(cost.matches > 0 for cost in measured.rules),
            seconds=f"{measured.seconds:.2f}",
        )
    )


def _table(rows: list[RuleCost], lang: Lang) -> str:
    head = (
        msg("phần"),
        msg("µs/sự kiện"),
        msg("đã xem"),
        msg("lần khớp"),
        msg("luật"),
    )
    share, each, seen, matches, rule = (word.render(lang) for word in head)
    lines = [f"{share:>7} {each:>12} {seen:>10} {matches:>9}  {rule}"]
    lines += [_line(cost, lang) for cost in rows]
    return "\n".join(lines)


def _line(cost: RuleCost, lang: Lang) -> str:
    share = "-" if cost.share is None else f"{cost.share:.1%}"
    each = "-" if cost.event_us is None else f"{cost.event_us:.2f}"
    name = cost.rule.name or cost.rule.id
    return f"{share:>7} {each:>12} {cost.seen:>10} {cost.matches:>9}  {name}: {title_of(cost.rule)[lang.value]}"


def _row(cost: RuleCost) -> dict[str, object]:
    return {
        "rule_id": cost.rule.id,
        "rule": cost.rule.name or cost.rule.title,
        "seen": cost.seen,
        "matches": cost.matches,
        "event_us": cost.event_us,
        "share": cost.share,
    }
