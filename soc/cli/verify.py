"""`soc verify`: a report, the audit trail of this home, or a pack of it that left the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from reports.verify import Outcome, all_same, verify_report
from soc.app.application import Application
from soc.audit.chain import ChainReport
from soc.audit.pack import PACK_KIND, Delivered, public_key, read_anchors, verify_pack
from soc.cli.context import Json, emit, settings
from soc.core.errors import InputError
from soc.core.i18n import msg

AUDIT = "audit"
SIGNS = {Outcome.SAME: "✓", Outcome.UNKNOWN: "?", Outcome.DIFFERENT: "✕"}


def verify(
    file: Annotated[
        str,
        typer.Argument(
            help=msg("Tệp báo cáo PDF, gói nhật ký kiểm toán, hoặc chữ audit cho nhật ký kiểm toán của máy này").text
        ),
    ],
    offline: Annotated[bool, typer.Option(help=msg("Chỉ xét tệp, không hỏi dữ liệu của máy này").text)] = False,
    anchor: Annotated[Path | None, typer.Option(help=msg("Tệp điểm neo giữ ngoài máy").text)] = None,
    key: Annotated[str, typer.Option(help=msg("Khóa công khai, base64, nhận bằng đường khác với gói").text)] = "",
    json: Json = False,
) -> None:
    if file == AUDIT:
        good = _audit(anchor, key, json)
    elif _is_pack(Path(file)):
        good = _pack(Path(file), anchor, key, json)
    else:
        good = _report(Path(file), offline, json)
    if not good:
        raise typer.Exit(1)


def _report(path: Path, offline: bool, json: bool) -> bool:
    if not path.is_file():
        raise InputError(
            msg("không có tệp này"), where=str(path), expected=msg("một báo cáo PDF hoặc gói nhật ký kiểm toán")
        )
    if offline:
        checks = verify_report(path)
    else:
        with Application(settings()) as soc:
            checks = verify_report(path, soc.assessor, issued=soc.reports.issued)
    lang = settings().lang
    if json:
        emit({"subject": c.subject, "outcome": c.outcome, "detail": c.detail.render(lang)} for c in checks)
    else:
        for check in checks:
            typer.echo(f"{SIGNS[check.outcome]} {check.subject:32} {check.detail.render(lang)}")
    return all_same(checks)


def _is_pack(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return PACK_KIND.encode() in stream.readline(1000)


def _pack(path: Path, anchor: Path | None, key: str, json: bool) -> bool:
    """With nothing of this home: an auditor runs it on another machine."""
    if not key:
        raise InputError(
            msg("thiếu khóa công khai để xét gói"),
            where="--key",
            advice=msg("lấy khóa bằng soc audit key ở máy gốc, chuyển bằng đường khác với gói"),
        )
    trusted = public_key(key)
    with path.open("rb") as stream:
        kept = _kept(anchor, trusted)
        return _told(verify_pack(stream, trusted, kept.anchors), kept, json)


def _audit(anchor: Path | None, key: str, json: bool) -> bool:
    with Application(settings()) as soc, soc.database.reading() as session:
        trusted = public_key(key) if key else soc.audit_key.public_key()
        kept = _kept(anchor, trusted)
        return _told(soc.audit.verify(session, kept.anchors), kept, json)


def _kept(file: Path | None, trusted: Ed25519PublicKey) -> Delivered:
    if file is None:
        return Delivered()
    if not file.is_file():
        raise InputError(
            msg("không có tệp điểm neo này"), where=str(file), expected=msg("các dòng do soc audit anchor ghi")
        )
    return read_anchors(file.read_bytes().splitlines(), trusted)


def _told(report: ChainReport, kept: Delivered, json: bool) -> bool:
    """Show the verdict; a damaged line among the anchors is no good sign either, as it may have been the one that accused."""
    lang = settings().lang
    if json:
        emit(
            [
                {
                    "first": report.first,
                    "last": report.last,
                    "holds_to": report.holds_to,
                    "anchors_met": report.anchors_met,
                    "damaged_anchor_lines": list(kept.damaged),
                    "faults": [{"number": one.number, "kind": one.kind.value} for one in report.faults],
                    "ok": report.ok and not kept.damaged,
                }
            ]
        )
    else:
        typer.echo(
            msg(
                "mục {first}–{last}, liền mạch đến {holds}, khớp {anchors} điểm neo",
                first=report.first,
                last=report.last,
                holds=report.holds_to,
                anchors=report.anchors_met,
            ).render(lang)
        )
        for fault in report.faults:
            typer.echo(f"✕ {fault.number}: {fault.detail.render(lang)}")
        for number in kept.damaged:
            typer.echo(
                "✕ " + msg("dòng {number} của tệp điểm neo hỏng hoặc ký bằng khóa khác", number=number).render(lang)
            )
    return report.ok and not kept.damaged
