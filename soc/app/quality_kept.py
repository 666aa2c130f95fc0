"""The last measurement of an installation: who measured, when, which rules, over what; one file in SOC_HOME, replaced whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from soc.app.quality import Found, Quality, RuleNoise
from soc.core.clock import iso, parse_iso
from soc.core.errors import InputError
from soc.core.i18n import msg

FILE = "quality.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement with its circumstances.

    Attributes:
        who: account of the machine that measured.
        rules: how many rules ran.
        content: hash over the rules, the same for the same files.
        logs: name of the folder; a simulation's names its seed.
        truth: hash of the truth file.
        unread: source -> lines that no event could be made of, and sources left out with 0.
    """

    who: str
    at: datetime
    rules: int
    content: str
    logs: str
    truth: str
    budget: float
    unread: Mapping[str, int]
    quality: Quality

    def row(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self) | {"format": _FORMAT, "at": iso(self.at)}


def keep_measurement(home: Path, measured: Measurement) -> None:
    """Keep it in place of the one before. Raises OSError."""
    home.mkdir(parents=True, exist_ok=True)
    waiting = home / f".{FILE}.{os.getpid()}"
    waiting.write_bytes(orjson.dumps(measured.row(), option=orjson.OPT_INDENT_2))
    waiting.replace(home / FILE)


def last_measurement(home: Path) -> Measurement | None:
    """The one that is kept; None when nobody has measured. Raises InputError when the file is none."""
    try:
        row = orjson.loads((home / FILE).read_bytes())
        return _measurement(row)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise InputError(
            msg("không đọc được kết quả đo chất lượng: {reason}", reason=str(problem)),
            where=str(home / FILE),
            advice=msg("đo lại bằng: soc rules measure --truth"),
        ) from problem


def _measurement(row: dict[str, Any]) -> Measurement:
    if row.pop("format") != _FORMAT:
        raise ValueError("unknown format")
    quality = _quality(row.pop("quality"))
    return Measurement(**row | {"at": parse_iso(row["at"]), "quality": quality})


def _quality(row: dict[str, Any]) -> Quality:
    times = row["detection_s"]
    lists = {name: tuple(Found(**one) for one in row[name]) for name in ("threats", "rules", "platforms")}
    noise = [
        RuleNoise(**one | {"entities": tuple((str(text), int(count)) for text, count in one["entities"])})
        for one in row["over_budget"]
    ]
    missed = tuple((int(number), str(threat), str(variant)) for number, threat, variant in row["missed"])
    built: dict[str, Any] = {
        "over_budget": tuple(noise),
        "missed": missed,
        "detection_s": tuple(times) if times else None,
    }
    return Quality(**row | lists | built)
