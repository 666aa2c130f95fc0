"""`soc rules measure --truth`: recall, false alarms and time to detect, over the logs of a simulated province."""

from __future__ import annotations

import getpass
from hashlib import sha256
from pathlib import Path

import typer

from detectors.sigma.ruleset import rule_files
from soc.app.quality import Found, Quality
from soc.app.quality_kept import Measurement, keep_measurement
from soc.app.quality_run import Rules, measure_quality
from soc.app.quality_stream import open_logs, read_deeds
from soc.cli.context import emit, say, settings
from soc.core.clock import SystemClock
from soc.core.errors import InputError
from soc.core.i18n import Lang, Message, msg
from soc.core.severity import Severity

BUDGET = 5.0


def show_quality(sigma: list[Path], truth: Path, over: list[Path], budget: float, *, keep: bool, json: bool) -> None:
    """Measure, keep and print."""
    if len(over) != 1 or not over[0].is_dir():
        raise InputError(
            msg("--truth cần đúng một thư mục ở --over"), expected=msg("thư mục do soc simulate ghi"), where="--over"
        )
    measured = _measured(sigma, truth, over[0], budget)
    if keep:
        keep_measurement(settings().home, measured)
    if json:
        emit([measured.row()])
    else:
        typer.echo(_table(measured.quality, settings().lang))
    for source, lines in measured.unread.items():
        say(msg("không đọc được {lines} dòng của {source}", lines=lines, source=source))


def _measured(sigma: list[Path], truth: Path, folder: Path, budget: float) -> Measurement:
    deeds, logs = read_deeds(truth), open_logs(folder)
    for source, reason in logs.skipped.items():
        say(msg("bỏ qua nguồn {source}: {reason}", source=source, reason=reason))
    rules = Rules.load(sigma, logs)
    lang = settings().lang
    for refusal in (*rules.sigma.refusals, *rules.profiles.refusals, *rules.absences.refusals):
        typer.echo(refusal.render(lang), err=True)
    quality, unread = measure_quality(
        rules, logs, deeds, budget, lambda count: say(msg("đã qua {count} sự kiện", count=count))
    )
    for reason in unread.reasons.values():
        typer.echo(reason, err=True)
    return Measurement(
        who=getpass.getuser(),
        at=SystemClock().now(),
        rules=len(rules.facts()),
        content=_content(sigma),
        logs=folder.resolve().name,
        truth=sha256(truth.read_bytes()).hexdigest()[:16],
        budget=budget,
        unread={**dict.fromkeys(logs.skipped, 0), **unread.lines},
        quality=quality,
    )


def _content(paths: list[Path]) -> str:
    state = sha256()
    for file in (file for path in paths for file in rule_files(path)):
        state.update(file.read_bytes())
    return state.hexdigest()[:16]


def _table(quality: Quality, lang: Lang) -> str:
    lines = [_sentence(quality).render(lang), ""]
    lines += _recalls(msg("mối đe dọa"), quality.threats, lang)
    lines += _recalls(msg("luật"), quality.rules, lang)
    lines += _recalls(msg("nền tảng"), quality.platforms, lang)
    lines.append(msg("Báo nhầm mỗi ngày toàn tỉnh, theo mức (trong đó chạm vào một vụ thật)").render(lang))
    for level in reversed(Severity):
        name = level.value
        lines.append(f"  {name:14} {quality.false_per_day[name]:8.2f} ({quality.beside_per_day[name]:.2f})")
    lines.append(msg("Báo nhầm mỗi ngày của các cơ quan ồn nhất").render(lang))
    lines += [f"  {agency:14} {count:8.2f}" for agency, count in list(quality.noisy_agencies.items())[:10]]
    if quality.over_budget:
        lines.append(msg("Luật vượt ngân sách báo nhầm, cần chỉnh").render(lang))
    for noise in quality.over_budget:
        common = "; ".join(f"{text} ×{count}" for text, count in noise.entities)
        lines.append(f"  {noise.rule:40} {noise.severity:8} {noise.per_day:8.2f}  {common}")
    if quality.missed:
        lines.append(msg("Vụ không luật nào bắt được").render(lang))
    lines += [f"  #{number} {threat} ({variant})" for number, threat, variant in quality.missed]
    return "\n".join(lines)


def _sentence(quality: Quality) -> Message:
    mid, late = quality.detection_s or (0.0, 0.0)
    return msg(
        "{events} sự kiện trong {days} ngày; bắt được {found} trên {deeds} vụ ({recall}); báo nhầm mức cao trở lên: {false} mỗi ngày; "
        "thời gian phát hiện: trung vị {mid} phút, 95 % trong {late} phút",
        events=quality.events,
        days=f"{quality.days:.1f}",
        found=quality.found,
        deeds=quality.deeds,
        recall=f"{quality.recall:.1%}",
        false=f"{quality.false_from(Severity.HIGH):.2f}",
        mid=f"{mid / 60:.0f}",
        late=f"{late / 60:.0f}",
    )


def _recalls(title: Message, found: tuple[Found, ...], lang: Lang) -> list[str]:
    words = msg("bắt được").render(lang)
    return [f"{words:>10}  {title.render(lang)}", *(f"{one.found:>5}/{one.deeds:<4}  {one.name}" for one in found), ""]
