"""A new platform file from a sample: drafted, tried, and written only when it loads and nothing is in its place."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from collectors.platform import FOLDER, load_platform
from collectors.sampling import Draft, draft_platform
from soc.core.errors import ConflictError, InputError
from soc.core.i18n import msg

MOST_BYTES = 2_000_000
"""Of the sample that are read."""
_ID = re.compile(r"[a-z][a-z0-9_]{1,63}", re.ASCII)


def new_platform(ident: str, sample: Path, folder: Path, parser: str | None = None) -> tuple[Path, Draft]:
    """Write `<folder>/<ident>.yaml` for the format of `sample`.

    Returns:
        The file, and what was guessed.

    Raises:
        InputError: no id of a platform, an unreadable sample, no parser for it.
        NotFoundError: no parser of that name.
        ConflictError: the id or the file is taken; nothing is overwritten.
        FaultsError: the draft would not load; it is not written.
    """
    _check_free(ident, folder)
    draft = draft_platform(ident, _lines(sample), parser)
    with TemporaryDirectory() as aside:
        trial = Path(aside) / f"{ident}.yaml"
        trial.write_text(draft.text, "utf-8")
        load_platform(trial)
    file = folder / f"{ident}.yaml"
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(draft.text)
    except FileExistsError as problem:
        raise _taken(file) from problem
    except OSError as problem:
        raise InputError(
            msg("không ghi được tệp nền tảng"), where=str(file), advice=msg("chọn thư mục khác bằng --out")
        ) from problem
    return file, draft


def _check_free(ident: str, folder: Path) -> None:
    if _ID.fullmatch(ident) is None:
        raise InputError(
            msg("mã nền tảng '{id}' không hợp lệ", id=ident[:80]),
            expected=msg("chữ thường không dấu, số và gạch dưới, bắt đầu bằng chữ, tối đa 64 ký tự"),
        )
    for file in (folder / f"{ident}.yaml", FOLDER / f"{ident}.yaml"):
        if file.exists():
            raise _taken(file)


def _taken(file: Path) -> ConflictError:
    return ConflictError(msg("đã có tệp này, không ghi đè"), where=str(file), advice=msg("đặt mã khác"))


def _lines(sample: Path) -> list[str]:
    try:
        with sample.open("rb") as stream:
            data = stream.read(MOST_BYTES)
    except OSError as problem:
        raise InputError(
            msg("không đọc được tệp mẫu"), where=str(sample), advice=msg("kiểm tra đường dẫn và quyền")
        ) from problem
    return data.decode("utf-8-sig", "replace").splitlines()
