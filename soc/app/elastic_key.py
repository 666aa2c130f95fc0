"""The API key of the service in the home: written by `soc elastic setup`, read where the settings name no other way to sign in."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from pydantic import SecretStr

from soc.core.clock import iso, parse_iso
from soc.core.errors import SetupError
from soc.core.i18n import Message, msg

FILE = "elasticsearch.key"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the cluster gave it out. `encoded` is the secret; `expires` None = never."""

    id: str
    name: str
    encoded: SecretStr
    expires: datetime | None


def write_key(home: Path, key: ApiKey) -> Path:
    """Put the key in place of an earlier one, readable by its owner alone. Raises SetupError."""
    path = home / FILE
    draft = home / f".{FILE}-{os.getpid()}"
    row = {
        "id": key.id,
        "name": key.name,
        "encoded": key.encoded.get_secret_value(),
        "expires": None if key.expires is None else iso(key.expires),
    }
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except OSError as problem:
        raise _unusable(path, msg("không ghi được tệp khóa ({reason})", reason=problem.strerror)) from problem
    return path


def read_key(home: Path) -> ApiKey | None:
    """The key of the home, None without one.

    Raises:
        SetupError: readable by others, or not a key.
    """
    path = home / FILE
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise _unusable(path, msg("tệp khóa mở cho người khác đọc"))
        return _key(orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise _unusable(path, msg("không đọc được tệp khóa ({reason})", reason=problem.strerror)) from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise _unusable(path, msg("tệp khóa không đúng dạng")) from problem


def _key(row: Mapping[str, str | None]) -> ApiKey:
    expires = row["expires"]
    return ApiKey(
        str(row["id"]),
        str(row["name"]),
        SecretStr(str(row["encoded"])),
        None if expires is None else parse_iso(expires),
    )


def _unusable(path: Path, found: Message) -> SetupError:
    return SetupError(
        found, where=str(path), advice=msg("chmod 600 tệp này, hoặc tạo khóa mới bằng 'soc elastic setup --new-key'")
    )
