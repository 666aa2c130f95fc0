"""`soc platforms`: what we can read, where it comes from, what of it is watched, and how a new one begins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from collectors.platform import FOLDER, at_fault, load_platforms, platform_of
from collectors.sources import load_sources
from soc.cli.context import Json, emit, say, settings
from soc.core.errors import FaultsError
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


Health = Annotated[bool, typer.Option("--health", help=msg("Sức khỏe của từng nguồn, theo nền tảng").text)]


@app.command("list", help=msg("Liệt kê nền tảng: đã nối, đọc được, được canh, có luật, đã diễn tập").text)
def list_(health: Health = False, json: Json = False) -> None:
    if health:
        from soc.cli.platform_health import list_health  # noqa: PLC0415 - the map needs none of it

        list_health(json=json)
        return
    from soc.access.principal import SYSTEM  # noqa: PLC0415 - `check` needs no database
    from soc.app.application import Application  # noqa: PLC0415
    from soc.app.platform_map import platform_rows  # noqa: PLC0415
    from soc.app.threat_answers import own_answers  # noqa: PLC0415
    from soc.cli.platform_text import show_map  # noqa: PLC0415
    from soc.core.scope import PROVINCE  # noqa: PLC0415

    with Application(settings()) as soc:
        reports = soc.source_desk.reports(PROVINCE, soc.clock.now())
        rows = platform_rows(soc.platforms, reports, own_answers(), soc.exercises.exercised(SYSTEM))
        faults = soc.platform_faults
    lang = settings().lang
    if json:
        marks = (
            {name: {"mark": told.mark.value, "detail": told.detail.render(lang)} for name, told in row.marks.items()}
            for row in rows
        )
        emit(row.platform.model_dump(mode="json") | of_row for row, of_row in zip(rows, marks, strict=True))
    else:
        show_map(rows, lang)
    if faults:
        say(msg("{count} lỗi trong tệp nền tảng; chạy 'soc platforms check'", count=len(faults)))


@app.command(help=msg("Xem một nền tảng: tên, cấp độ, khuôn, cách thu, nhịp, lưu trữ, mối đe dọa và luật").text)
def show(ident: str, json: Json = False) -> None:
    from soc.app.retention import UNKNOWN_LEVEL, terms_of  # noqa: PLC0415
    from soc.app.threat_answers import own_answers  # noqa: PLC0415
    from soc.cli.platform_text import show_platform  # noqa: PLC0415
    from soc.compliance.catalogue import load_levels  # noqa: PLC0415

    platform = platform_of(load_platforms(strict=False)[0], ident)
    answers = own_answers()
    terms = {term.level: term for term in terms_of(settings(), load_levels())}
    term = terms[platform.proposed_level or UNKNOWN_LEVEL]
    if not json:
        for line in show_platform(platform, term if platform.proposed_level else None, answers, settings().lang):
            typer.echo(line)
        return
    kept = {"months": term.months, "minimum": term.minimum, "source": term.source, "level": term.level}
    rules = {threat: [rule.name for rule in answers.of_threat.get(threat, ())] for threat in platform.threats}
    emit([platform.model_dump(mode="json") | {"retention": kept, "rules": rules}])


@app.command(help=msg("Tạo tệp nền tảng từ một tệp mẫu; nói rõ điều đã đoán; không ghi đè").text)
def new(
    ident: Annotated[str, typer.Argument(help=msg("Mã nền tảng mới").text)],
    sample: Annotated[Path, typer.Option(help=msg("Tệp có vài dòng nhật ký thật đã che").text)],
    parser: Annotated[str | None, typer.Option(help=msg("Bộ đọc, khi đã biết").text)] = None,
    out: Annotated[Path, typer.Option(help=msg("Thư mục ghi tệp").text)] = Path(),
) -> None:
    from soc.app.platform_new import new_platform  # noqa: PLC0415 - tries every parser

    file, draft = new_platform(ident, sample, out, parser)
    for guess in draft.guesses:
        say(msg("{field}: {said} ({sure})", field=guess.field or "*", said=guess.said, sure=guess.sure.label))
    say(msg("đã ghi {file}; xem lại từng dòng rồi chạy 'soc platforms check'", file=file))
    typer.echo(str(file))


@app.command(help=msg("Kiểm tra mọi tệp nền tảng và sources.yaml; nêu mọi lỗi một lần").text)
def check(folder: Annotated[Path, typer.Argument(help=msg("Thư mục chứa các tệp nền tảng").text)] = FOLDER) -> None:
    from soc.app.platform_check import check_platforms  # noqa: PLC0415
    from soc.app.threat_answers import own_answers  # noqa: PLC0415

    checked = check_platforms(folder, own_answers())
    found = list(checked.faults)
    try:
        sources = load_sources(settings().home / "sources.yaml", checked.platforms, at_fault(checked.faults))
    except FaultsError as problem:
        sources = {}
        found += problem.faults
    for notice in checked.notices:
        say(msg("lưu ý: {notice}", notice=notice.as_message()))
    for fault in found:
        say(fault.as_message())
    say(
        msg(
            "{sound} trên {files} nền tảng không lỗi, {sources} nguồn, {faults} lỗi, {notices} lưu ý",
            sound=checked.sound,
            files=checked.files,
            sources=len(sources),
            faults=len(found),
            notices=len(checked.notices),
        )
    )
    if found:
        raise typer.Exit(1)
