"""`soc simulate`: a province's logs in true formats, threats mixed in, and the truth written beside them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from soc.cli.context import say
from soc.core.errors import InputError
from soc.core.i18n import Message, msg
from soc.simulate.draw import Draw
from soc.simulate.engine import DEFAULT_LINES, Simulation, Spec
from soc.simulate.output import write
from soc.simulate.threats import THREATS

_DAYS_LIMIT = 400


def simulate(
    out: Annotated[Path, typer.Argument(help=msg("Thư mục nhận nhật ký; được tạo nếu chưa có").text)],
    start: Annotated[str, typer.Option(help=msg("Ngày đầu, ví dụ 2026-11-16").text)],
    seed: Annotated[int, typer.Option(help=msg("Hạt giống: cùng hạt giống cho cùng từng byte").text)] = 1,
    days: Annotated[int, typer.Option(min=1, max=_DAYS_LIMIT, help=msg("Số ngày").text)] = 14,
    lines: Annotated[int, typer.Option(min=0, help=msg("Số dòng lành mạnh trong cả đợt").text)] = DEFAULT_LINES,
    threats: Annotated[
        str, typer.Option(help=msg("none, all, một số lượng, hoặc các mã cách nhau bằng dấu phẩy").text)
    ] = "none",
    platform: Annotated[list[str] | None, typer.Option(help=msg("Chỉ nền tảng này; lặp lại được").text)] = None,
    home: Annotated[
        Path | None, typer.Option(help=msg("Thư mục nhận danh mục, nguồn và mạng của tỉnh; mặc định là world").text)
    ] = None,
) -> None:
    if out.exists() and any(out.iterdir()):
        raise InputError(msg("thư mục không trống"), where=str(out), advice=msg("chọn thư mục khác"))
    spec = Spec(seed, _day(start), days, lines, _threats(threats, seed), frozenset(platform or ()))
    written = write(Simulation(spec), out, lambda count: say(msg("{count} dòng", count=count)), home)
    say(
        msg(
            "{lines} dòng, {sources} nguồn, {deeds} mối đe dọa",
            lines=written.lines,
            sources=len(written.sources),
            deeds=written.deeds,
        )
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise InputError(
            msg("không đọc được ngày '{text}'", text=text), expected=msg("dạng 2026-11-16"), where="--start"
        ) from problem


def _threats(text: str, seed: int) -> tuple[str, ...]:
    """The ids that were asked for; of a number, that many chosen by the seed."""
    if text in ("none", ""):
        return ()
    if text == "all":
        return tuple(THREATS)
    if text.isdecimal():
        return tuple(Draw(f"chosen-{seed}").sample(tuple(THREATS), min(int(text), len(THREATS))))
    chosen = tuple(one.strip() for one in text.split(","))
    unknown = next((one for one in chosen if one not in THREATS), None)
    if unknown is not None:
        raise InputError(msg("không có mối đe dọa '{name}'", name=unknown), where="--threats", advice=_known(unknown))
    return chosen


def _known(name: str) -> Message:
    near = [ident for ident in THREATS if ident.partition("-")[0] == name.partition("-")[0]] or list(THREATS)
    return msg("ví dụ: {names}", names=", ".join(near[:8]))
