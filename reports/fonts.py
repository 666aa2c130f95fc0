"""The font of the reports: Tinos, with the metrics of Times New Roman, which Decree 30/2020 asks for.

The package holds one file for each script; a stacked letter such as Ế comes from the Vietnamese one.
Source: npm package @fontsource/tinos (Apache-2.0), fetched at set-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

import soc
from soc.core.errors import SetupError
from soc.core.i18n import msg

SUBSETS = ("latin", "latin-ext", "vietnamese")
"""Later ones win where two files hold a letter, so Vietnamese letters come from the file made for them."""


@dataclass(frozen=True, slots=True)
class Face:
    """One font file and the letters it is for."""

    path: Path
    weight: int
    style: str
    unicode_range: str


def faces(folder: Path | None = None) -> list[Face]:
    """The faces of Tinos: two weights, upright and italic, three scripts.

    Raises:
        SetupError: the fonts have not been fetched.
    """
    folder = folder or Path(soc.__file__).parent / "assets" / "node_modules" / "@fontsource" / "tinos"
    try:
        ranges = orjson.loads((folder / "unicode.json").read_bytes())
        found = list(_faces(folder, ranges))
    except (OSError, KeyError) as problem:
        raise SetupError(
            msg("thiếu phông chữ Tinos"), where=str(folder), advice=msg("chạy './run setup' để tải phông chữ")
        ) from problem
    return found


def _faces(folder: Path, ranges: dict[str, str]) -> Iterator[Face]:
    for subset in SUBSETS:
        for weight in (400, 700):
            for style in ("normal", "italic"):
                path = folder / "files" / f"tinos-{subset}-{weight}-{style}.woff2"
                yield Face(path.resolve(strict=True), weight, style, ranges[subset])
