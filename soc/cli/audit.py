"""`soc audit`: what of the audit trail leaves the machine, so that not even its owner can rewrite it unseen."""

from __future__ import annotations

import os
from io import BufferedWriter
from pathlib import Path
from typing import Annotated

import typer

from soc.app.application import Application
from soc.audit.pack import public_text, sign_anchor, write_pack
from soc.audit.trail import Act
from soc.cli.context import say, settings
from soc.core.clock import iso
from soc.core.errors import InputError, SetupError
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
ACTOR = "system"
"""Whoever may run this command owns the machine; the trail knows no more of that person."""


@app.command(help=msg("Ghi điểm neo đã ký của mục mới nhất ra nơi giữ ngoài máy").text)
def anchor(
    to: Annotated[Path, typer.Option(help=msg("Tệp nhận, mỗi lần thêm một dòng; nên ở ổ khác hoặc máy khác").text)],
) -> None:
    with Application(settings()) as soc:
        with soc.database.reading() as session:
            head = soc.audit.head(session)
        if head is None:
            raise InputError(msg("nhật ký kiểm toán còn trống, chưa có gì để neo"))
        _append(to, sign_anchor(head, iso(soc.clock.now()), soc.audit_key) + b"\n")
        with soc.database.transaction() as session:
            soc.audit.record(session, Act(ACTOR, "audit.anchor", f"audit/{head.number}", after={"to": str(to)}))
    say(msg("đã neo mục {number} vào {path}", number=head.number, path=to))


@app.command(help=msg("Ghi cả nhật ký kiểm toán thành gói kiểm chứng được ở máy khác").text)
def export(out: Annotated[Path, typer.Option(help=msg("Tệp gói; chưa được có sẵn").text)]) -> None:
    with Application(settings()) as soc:
        with soc.database.transaction() as session:
            soc.audit.record(session, Act(ACTOR, "audit.export", "audit", after={"to": str(out)}))
        with soc.database.reading() as session, _new(out) as stream:
            stream.writelines(write_pack(soc.audit.walk(session), iso(soc.clock.now()), soc.audit_key))
    say(msg("đã ghi gói nhật ký kiểm toán: {path}", path=out))


@app.command(help=msg("In khóa công khai để trao cho đánh giá viên").text)
def key() -> None:
    with Application(settings()) as soc:
        typer.echo(public_text(soc.audit_key))


def _append(path: Path, line: bytes) -> None:
    """On the disk when it returns: an anchor that a power cut takes away anchors nothing."""
    try:
        with path.open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as problem:
        raise SetupError(
            msg("không ghi được điểm neo: {reason}", reason=problem.strerror),
            where=str(path),
            advice=msg("kiểm tra thư mục, quyền ghi và ổ đĩa của nơi nhận"),
        ) from problem


def _new(path: Path) -> BufferedWriter:
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as problem:
        raise InputError(
            msg("không tạo được tệp gói: {reason}", reason=problem.strerror),
            where=str(path),
            advice=msg("chọn một tên chưa có, trong thư mục ghi được"),
        ) from problem
