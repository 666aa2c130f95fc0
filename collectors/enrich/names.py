"""Names of places and agencies before and after the reform of 2025: whose successor a unit in a log is, and what else it is called.

Names are compared without marks, case, punctuation and the words of rank in front of them spelled out or short (`TP`, `thành phố`), so
`UBND TP Biên Hòa`, `ubnd tp. bien hoa` and `UBND THÀNH PHỐ BIÊN HÒA` are one. What is shipped (`names.yaml`) is only what the documents of
the project state; a site adds its own in `SOC_HOME/lookups` (`kind: names`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from collectors.definition import read_definition, validated
from soc.storage.values import fold_words

_SHORT = {"thanh pho": "tp", "thi xa": "tx", "thi tran": "tt", "uy ban nhan dan": "ubnd"}
_NOT_A_WORD = re.compile(r"[\W_]+")


class Renamed(BaseModel):
    """Old names of what is now `new`.

    Attributes:
        old: every way the old name is written.
        new: id of the agency that follows; None where it is dissolved without a single successor.
        label: the new name, or what became of it, for people.
        since: the first day of the new name.
        confidence, source: how sure this is, and where it was read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    old: list[str] = Field(min_length=1)
    new: str | None
    label: str
    since: date
    confidence: Literal["read", "general", "stated", "proposed", "assumed"]
    source: str


class NameFile(BaseModel):
    """A list of renamed things."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["names"]
    names: list[Renamed]


@dataclass(frozen=True, slots=True)
class Names:
    """Old names, ready to be asked. A later list overrides an earlier one, name by name."""

    by_name: Mapping[str, Renamed]

    @classmethod
    def of(cls, renamed: Iterable[Renamed]) -> Names:
        """The names in their folded form."""
        return cls({plain_name(old): one for one in renamed for old in one.old})

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def successor(self, name: str) -> Renamed | None:
        """What became of the unit called `name`; None for a name that is not known as an old one."""
        return self.by_name.get(plain_name(name))

    def also_called(self, name: str) -> list[str]:
        """Other names of the same thing, old and new: what a search for `name` may want to look for too."""
        plain = plain_name(name)
        found: dict[str, None] = {}
        for renamed in self.by_name.values():
            every = [*renamed.old, renamed.label] if renamed.new else renamed.old
            if plain in map(plain_name, (*every, renamed.new or "")):
                found.update(dict.fromkeys(other for other in every if plain_name(other) != plain))
        return list(found)


@lru_cache(maxsize=16_384)
def plain_name(name: str) -> str:
    """`name` as names are compared."""
    plain = f" {_NOT_A_WORD.sub(' ', fold_words(name)).strip()} "
    for long, short in _SHORT.items():
        plain = plain.replace(f" {long} ", f" {short} ")
    return plain.strip()


@cache
def shipped_names() -> tuple[Renamed, ...]:
    """What the suite ships."""
    return tuple(validated(read_definition(Path(__file__).with_name("names.yaml")), NameFile).names)
