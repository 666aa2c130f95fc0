"""`soc audit`: what of the audit trail leaves the machine, so that not even its owner can rewrite it unseen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.audit.pack import public_text, sign_anchor, write_pack
from soc.audit.trail import Act
from soc.cli.context import say, settings
from soc.core.clock import iso
from soc.core.errors import InputError, SetupError
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command(help=msg("Ghi điểm neo đã ký của mục mới nhất ra nơi giữ ngoài máy").text)
def anchor(
    to: Annotated[Path, typer.Option(help=msg("Tệp nhận, mỗi lần thêm một dòng; nên ở ổ khác hoặc máy khác").text)],
) -> None:
    with Application(settings()) as soc:
        with soc.database.reading() as session:
            head = soc.audit.head(session)
        if head is None:
            raise InputError(
                msg("nhật ký kiểm toán còn trống, chưa có gì để neo"),
                advice=msg("neo lại sau khi đã có người đăng nhập"),
            )
        with _writing(to, os.O_APPEND) as stream:
            stream.write(sign_anchor(head, iso(soc.clock.now()), soc.audit_key) + b"\n")
        with soc.database.transaction() as session:
            soc.audit.record(session, Act(SYSTEM.id, "audit.anchor", f"audit/{head.number}", after={"to": str(to)}))
    say(msg("đã neo mục {number} vào {path}", number=head.number, path=to))


@app.command(help=msg("Ghi cả nhật ký kiểm toán thành gói kiểm chứng được ở máy khác").text)
def export(out: Annotated[Path, typer.Option(help=msg("Tệp gói; chưa được có sẵn").text)]) -> None:
    with Application(settings()) as soc:
        with soc.database.transaction() as session:
            soc.audit.record(session, Act(SYSTEM.id, "audit.export", "audit/pack", after={"to": str(out)}))
        with soc.database.reading() as session, _writing(out, os.O_EXCL) as stream:
            stream.writelines(write_pack(soc.audit.walk(session), iso(soc.clock.now()), soc.audit_key))
    say(msg("đã ghi gói nhật ký kiểm toán: {path}", path=out))


@app.command(help=msg("In khóa công khai để trao cho đánh giá viên").text)
def key() -> None:
    with Application(settings()) as soc:
        typer.echo(public_text(soc.audit_key))


@contextmanager
def _writing(path: Path, how: int) -> Iterator[BinaryIO]:
    """`path`, opened with the flag `how`; what was written is on the disk at the end, as a power cut must not take an anchor away."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as problem:
        raise SetupError(
            msg("không ghi được tệp: {reason}", reason=problem.strerror),
            where=str(path),
            advice=msg("kiểm tra thư mục, quyền ghi và ổ đĩa; gói cần một tên chưa có"),
        ) from problem
