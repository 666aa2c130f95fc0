"""`soc hunt`: search the store, or run a rule over it, now or in the background."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.table import Table

from soc.app.application import Application
from soc.cli.context import As, Json, console, emit, local, moment_of, say, settings
from soc.cli.hunts import Frame, file_hunt, sound_rules
from soc.core.clock import ALL_TIME, LOCAL_ZONE, Window
from soc.core.errors import InputError
from soc.core.event import Event
from soc.core.i18n import msg
from soc.core.scope import PROVINCE, Scope
from soc.incidents.codec import alert_to_json
from soc.storage.events import Search

if TYPE_CHECKING:
    from detectors.alert import Alert

COLUMNS = ("soc.platform", "soc.agency", "user.name", "source.ip", "event.action", "url.path")


def hunt(
    query: Annotated[
        str | None,
        typer.Argument(help=msg("Truy vấn Lucene, ví dụ source.ip:203.0.113.0/24 AND event.outcome:failure").text),
    ] = None,
    rule: Annotated[
        Path | None,
        typer.Option(help=msg("Chạy các luật Sigma của tệp này trên kho, thay cho truy vấn").text, exists=True),
    ] = None,
    since: Annotated[str | None, typer.Option(help=msg("Từ lúc, ISO 8601 có múi giờ").text)] = None,
    until: Annotated[str | None, typer.Option(help=msg("Đến lúc, ISO 8601 có múi giờ").text)] = None,
    size: Annotated[int, typer.Option(min=1, max=10_000, help=msg("Số sự kiện nhiều nhất").text)] = 50,
    exercise: Annotated[str | None, typer.Option(help=msg("Chỉ tìm trong đợt diễn tập này").text)] = None,
    background: Annotated[
        bool,
        typer.Option("--background", help=msg("Với --rule: lập đợt rà soát ngược chạy nền, có tuyên bố kết quả").text),
    ] = False,
    raises: Annotated[
        bool, typer.Option("--raise", help=msg("Với --background: đưa cảnh báo tìm được vào sự cố").text)
    ] = False,
    throttle: Annotated[
        float, typer.Option(min=0.01, max=1, help=msg("Với --background: phần thời gian được dùng").text)
    ] = 0.5,
    reason: Annotated[str, typer.Option(help=msg("Với --background: vì sao rà soát").text)] = "",
    as_: As = None,
    json: Json = False,
) -> None:
    if (query is None) == (rule is None):
        raise InputError(msg("cần đúng một trong hai: truy vấn hoặc --rule"), advice=msg("xem 'soc hunt --help'"))
    if background and rule is None:
        raise InputError(msg("--background cần --rule"), advice=msg("xem 'soc hunt --help'"))
    scope = PROVINCE.during(exercise) if exercise else PROVINCE
    if rule is not None and background:
        file_hunt(as_, rule, Frame(_window(since, until) or ALL_TIME, exercise, reason, raises, throttle), json=json)
        return
    if rule is not None:
        _retro(rule, _window(since, until), scope, json=json)
        return
    with Application(settings()) as app:
        page = app.store.search(Search(query or "", scope, _window(since, until), size=size))
    if json:
        emit(event.fields for event in page.events)
    else:
        _show(page.events)
    say(msg("{shown} / {total} sự kiện", shown=len(page.events), total=page.total))


def _window(since: str | None, until: str | None) -> Window | None:
    if since is None and until is None:
        return None
    return Window(
        moment_of(since) if since else ALL_TIME.since,
        moment_of(until) if until else ALL_TIME.until,
    )


def _show(events: tuple[Event, ...]) -> None:
    table = Table("@timestamp", *COLUMNS, box=None)
    for event in events:
        moment = event.timestamp.astimezone(LOCAL_ZONE).strftime("%d/%m/%Y %H:%M:%S")
        table.add_row(moment, *(str(event.fields.get(name, "")) for name in COLUMNS))
    console().print(table)


def _retro(file: Path, window: Window | None, scope: Scope, *, json: bool) -> None:
    """Run the rules of a file over the store; nothing is kept. One alert a line."""
    from detectors.detector import SigmaDetector  # noqa: PLC0415 - a search does not need the detector
    from soc.app.retro import Retro  # noqa: PLC0415

    ruleset = sound_rules(file)
    read = found = 0

    def progress(more: int) -> None:
        nonlocal read
        read += more

    def counted(alerts: Iterator[Alert]) -> Iterator[Alert]:
        nonlocal found
        for found, alert in enumerate(alerts, 1):  # noqa: B007 - told at the end
            yield alert

    with Application(settings()) as app:
        retro = Retro(app.store, ruleset, lambda rules: SigmaDetector(rules, app.settings.province))
        alerts = counted(retro.alerts(window or ALL_TIME, scope, progress))
        if json:
            emit(orjson.Fragment(alert_to_json(alert)) for alert in alerts)
        else:
            _show_alerts(alerts)
    say(msg("{alerts} cảnh báo từ {events} sự kiện đã đọc", alerts=found, events=read))


def _show_alerts(alerts: Iterator[Alert]) -> None:
    lang = settings().lang
    table = Table(box=None, show_header=False)
    for alert in alerts:
        about = ", ".join(f"{name}={value}" for name, value in alert.entities.items())
        events = alert.matched.get("soc.alert.events", len(alert.event_ids))
        severity = alert.severity.label.render(lang)
        table.add_row(local(alert.first), severity, alert.title[lang.value], alert.agency, about, str(events))
    console().print(table)
