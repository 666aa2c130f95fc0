"""Scripts and styles: served from this machine under a name that holds their hash, so a browser keeps them for a year."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from soc.core.errors import SetupError
from soc.core.i18n import msg

_HERE = Path(__file__).parent
_FILES = {
    "console.css": (_HERE / "static" / "console.css", "text/css; charset=utf-8"),
    "console.js": (_HERE / "static" / "console.js", "text/javascript; charset=utf-8"),
    "htmx.js": (
        _HERE.parent / "assets" / "node_modules" / "htmx.org" / "dist" / "htmx.min.js",
        "text/javascript; charset=utf-8",
    ),
    "icon.svg": (_HERE / "static" / "icon.svg", "image/svg+xml"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `path` is its address with the hash in it."""

    path: str
    data: bytes
    media_type: str


class Assets:
    """All files, read once."""

    def __init__(self, files: dict[str, Asset]) -> None:
        self._by_name = files
        self._by_path = {asset.path: asset for asset in files.values()}

    def url(self, name: str) -> str:
        """The address of a file, `/static/console.0123456789ab.css`."""
        return self._by_name[name].path

    def find(self, path: str) -> Asset | None:
        """The file at an address, None for any other."""
        return self._by_path.get(path)


@cache
def load_assets() -> Assets:
    """Read all files. Raises SetupError when the fetched scripts are not there."""
    return Assets({name: _load(name, path, media_type) for name, (path, media_type) in _FILES.items()})


def _load(name: str, path: Path, media_type: str) -> Asset:
    try:
        data = path.read_bytes()
    except FileNotFoundError as problem:
        raise SetupError(
            msg("thiếu tệp giao diện {name}", name=name), where=str(path), advice=msg("chạy './run setup'")
        ) from problem
    stem = PurePosixPath(name)
    hashed = hashlib.sha256(data).hexdigest()[:12]
    return Asset(f"/static/{stem.stem}.{hashed}{stem.suffix}", data, media_type)
