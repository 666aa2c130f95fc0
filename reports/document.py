"""The report before rendering: a value in one language, which every renderer turns into bytes.

Nothing here knows of HTML or PDF. The hash of a Document is written into the file made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from soc.compliance.archive import to_json
from soc.compliance.assessment import Figure
from soc.core.i18n import Lang
from soc.core.ids import sha256


class Fill(StrEnum):
    """How a bar is filled: the four layers of the model each have a colour and a pattern; `plain` is for everything else."""

    LAYER_1 = "layer-1"
    LAYER_2 = "layer-2"
    LAYER_3 = "layer-3"
    LAYER_4 = "layer-4"
    PLAIN = "plain"


class Align(StrEnum):
    """Of a table column."""

    LEFT = "left"
    RIGHT = "right"
    CENTRE = "center"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `strong` for a sentence that must not be missed."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a table column; `width` in percent of the table."""

    head: str
    width: int
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under their heads; `small` for wide tables of an annex."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    small: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart.

    Attributes:
        value: None = not measured, drawn as an empty dashed bar and never as 0.
        text: the value as it is written beside the bar.
    """

    label: str
    value: float | None
    text: str
    fill: Fill


@dataclass(frozen=True, slots=True)
class BarChart:
    """Horizontal bars on one scale from 0 to `maximum`; shown with a table of the same numbers."""

    caption: str
    head: str
    unit: str
    maximum: float
    bars: tuple[Bar, ...]


Block: TypeAlias = Paragraph | Bullets | Table | BarChart


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part; `own_page` starts a new page."""

    title: str
    blocks: tuple[Block, ...]
    own_page: bool = False


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who issues the paper, in the terms of Decree 30/2020, Annex I.

    Attributes:
        parent_agency: "" where the issuing agency has none above it.
        number: number and symbol, "…/BC-UBND" with the dots to be filled in by the registry.
        place: of the place-and-date line.
        addressee: "" where the paper goes to nobody in particular.
        signer_authority: lines above the name, "TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH".
        signer_name: "" until somebody signs.
    """

    parent_agency: str
    agency: str
    number: str
    place: str
    addressee: str = ""
    recipients: tuple[str, ...] = ()
    signer_authority: tuple[str, ...] = ()
    signer_name: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """What ties a document to the assessment it was made from."""

    kind: str
    assessment: str
    assessment_hash: str
    period: str
    catalogue: str


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report in one language.

    Attributes:
        date: of the place-and-date line, already in words.
        cover: lines of the cover page, name and value.
        figures: every number the report rests on, as kept with the assessment.
        sample: every page is marked as sample data.
    """

    lang: Lang
    type_name: str
    subject: str
    letterhead: Letterhead
    date: str
    cover: tuple[tuple[str, str], ...]
    summary: tuple[Block, ...]
    sections: tuple[Section, ...]
    annexes: tuple[Section, ...]
    figures: tuple[Figure, ...]
    seal: Seal
    sample: bool

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical JSON of the whole document."""
        return sha256(to_json(self))
