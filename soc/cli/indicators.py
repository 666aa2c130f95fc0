"""`soc indicators`: indicators of compromise taken in, listed, and sought in the past."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from detectors.indicators.book import Imported
from detectors.indicators.model import DEFAULT_CONFIDENCE, Entry, Indicator, State
from detectors.indicators.reading import Unread, read_file, read_list
from detectors.indicators.warninglists import WarningList, WarningLists, shipped_lists
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.cli.context import Json, emit, say, settings
from soc.cli.hunts import EXIT_OPEN, hunt_row, wait_for
from soc.core.clock import iso
from soc.core.i18n import msg

EXIT_PARTLY = 3
LISTS = "warninglists"
KEPT_EXPIRED = timedelta(days=365)
"""An indicator is forgotten so long after it expired."""

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command("import", help=msg("Nhập danh sách, CSV, gói STIX 2.1, sự kiện MISP, danh sách cảnh báo MISP").text)
def import_(
    paths: Annotated[list[Path], typer.Argument(help=msg("Các tệp").text, exists=True, dir_okay=False)],
    source: Annotated[str, typer.Option(help=msg("Ai cho biết; mặc định là tên tệp").text)] = "",
    confidence: Annotated[
        int, typer.Option(min=0, max=100, help=msg("Độ tin cậy khi tệp không nêu").text)
    ] = DEFAULT_CONFIDENCE,
    without: Annotated[list[str] | None, typer.Option(help=msg("Không dùng danh sách cảnh báo này").text)] = None,
    json: Json = False,
) -> None:
    with Application(settings()) as application:
        book, now = application.indicators, application.clock.now()
        found = [path for path in paths if not _keep_list(book.folder, path)]
        lists = WarningLists(_lists(book.folder, frozenset(without or ())))
        if len(found) < len(paths):
            book.judge_again(lists)
        result = book.add(_read(found, source, confidence), lists, now)
        book.forget(now - KEPT_EXPIRED)
        hunt = application.look_back.indicators_imported(book, now) if result.created else None
    if json:
        emit([_result_row(result) | {"hunt": None if hunt is None else hunt.id}])
    _tell(result)
    if hunt is not None:
        say(msg("tìm lại {days} ngày đã qua, đợt {id}", days=(now - hunt.window.since).days, id=hunt.short))
    if result.unread_total:
        raise typer.Exit(EXIT_PARTLY)


@app.command("list", help=msg("Đếm chỉ dấu theo nguồn, loại và danh sách cảnh báo; --entries để xem từng cái").text)
def list_(
    entries: Annotated[bool, typer.Option("--entries", help=msg("Liệt kê từng chỉ dấu").text)] = False,
    state: Annotated[State | None, typer.Option(help=msg("Chỉ trạng thái này").text)] = None,
    source: Annotated[str | None, typer.Option(help=msg("Chỉ nguồn này").text)] = None,
    size: Annotated[int, typer.Option(min=1, help=msg("Số chỉ dấu nhiều nhất").text)] = 100,
    json: Json = False,
) -> None:
    with Application(settings()) as application:
        book = application.indicators
        if entries:
            rows = [_entry_row(entry) for entry in book.listing(state, source, size)]
        else:
            rows = [_count_row(row) for row in book.counts() if state in (None, row[2]) and source in (None, row[0])]
    if json:
        emit(rows)
        return
    for row in rows:
        typer.echo("  ".join(str(value) for value in row.values() if value not in (None, "")))


@app.command("hunt", help=msg("Tìm trong kho những chỉ dấu chưa được tìm; khớp thì tạo cảnh báo").text)
def hunt_(
    days: Annotated[int, typer.Option(min=1, max=3660, help=msg("Số ngày nhìn lại").text)] = 30,
    json: Json = False,
) -> None:
    with Application(settings()) as application:
        imported, _ = application.indicators.unhunted()
        hunt = None if imported is None else application.look_back.indicators(application.indicators, imported, days)
        if hunt is None:
            say(msg("không có chỉ dấu nào chưa được tìm"))
            return
        done = wait_for(application, hunt)
        stated = application.hunts.statement(SYSTEM, hunt.id)
    if json:
        emit([hunt_row(done)])
    if stated is None:
        raise typer.Exit(EXIT_OPEN)
    say(stated.sentence)


def _read(paths: list[Path], source: str, confidence: int) -> Iterator[Indicator | Unread]:
    for path in paths:
        yield from read_file(path, source or path.stem, confidence)


def _keep_list(folder: Path, path: Path) -> bool:
    """Keep a warning list of MISP beside the book; False when the file is none."""
    found = read_list(path)
    if found is None:
        return False
    kept, left_out = found
    (folder / LISTS).mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(path, folder / LISTS / path.name)
    say(msg("danh sách cảnh báo {list} được dùng; {count} giá trị không đọc được", list=kept.id, count=left_out))
    return True


def _lists(folder: Path, without: frozenset[str]) -> list[WarningList]:
    kept = (read_list(path) for path in sorted((folder / LISTS).glob("*")))
    return [one for one in (*shipped_lists(), *(found[0] for found in kept if found)) if one.id not in without]


def _tell(result: Imported) -> None:
    for unread in result.unread:
        say(msg("{where}: {reason}", where=unread.where, reason=unread.reason))
    for name, count in result.refused.most_common():
        say(msg("danh sách cảnh báo {list} từ chối {count} chỉ dấu", list=name, count=count))
    for name, count in result.marked.most_common():
        say(msg("danh sách cảnh báo {list} đánh dấu {count} chỉ dấu", list=name, count=count))
    say(
        msg(
            "đọc {read} chỉ dấu, {created} mới, {unread} phần không đọc được; {total} chỉ dấu đang dùng",
            read=result.read,
            created=result.created,
            unread=result.unread_total,
            total=result.total,
        )
    )


def _result_row(result: Imported) -> dict[str, object]:
    return {
        "read": result.read,
        "created": result.created,
        "refused": dict(result.refused),
        "marked": dict(result.marked),
        "unread": result.unread_total,
        "total": result.total,
    }


def _count_row(row: tuple[str, str, str, str, int]) -> dict[str, object]:
    return dict(zip(("source", "kind", "state", "warning_list", "indicators"), row, strict=True))


def _entry_row(entry: Entry) -> dict[str, object]:
    found = entry.indicator
    times = {"valid_from": found.valid_from, "valid_until": found.valid_until, "imported": entry.imported}
    return {
        "kind": found.named.kind.value,
        "value": found.named.value,
        "source": found.source,
        "confidence": found.confidence,
        "state": entry.state.value,
        "warning_list": entry.reason,
        "label": found.label,
        **{name: None if moment is None else iso(moment) for name, moment in times.items()},
    }
