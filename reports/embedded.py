"""What a report carries inside itself so that it can be checked: its figures with their stored queries, and hashes.

It lies in the page-piece dictionary of the catalogue (PDF 1.7, 14.5), the place for private data; an attached file would break
PDF/A-2, which allows only PDF/A attachments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import orjson
import pikepdf
from pydantic import TypeAdapter

from reports.document import Document, Letterhead
from soc.compliance.archive import figures_from_json, plain
from soc.compliance.assessment import Figure
from soc.core.i18n import Lang

KEY = pikepdf.Name("/VongGac")
VERSION = 1


@dataclass(frozen=True, slots=True)
class Payload:
    """The private data of a report.

    Attributes:
        pages: SHA-256 over the pages as laid out, see `pages_hash`; "" before they are.
        document: hash of the Document.
    """

    kind: str
    lang: Lang
    assessment: str
    assessment_hash: str
    document: str
    letterhead: Letterhead
    figures: tuple[Figure, ...]
    pages: str = ""

    def to_json(self) -> bytes:
        """Canonical JSON, as it is embedded."""
        values = {name: plain(getattr(self, name)) for name in self.__slots__}
        return orjson.dumps({"version": VERSION, **values}, option=orjson.OPT_SORT_KEYS)


def payload(document: Document) -> Payload:
    """What is embedded into the file made of `document`."""
    return Payload(
        kind=document.seal.kind,
        lang=document.lang,
        assessment=document.seal.assessment,
        assessment_hash=document.seal.assessment_hash,
        document=document.hash,
        letterhead=document.letterhead,
        figures=document.figures,
    )


def embed(pdf: pikepdf.Pdf, content: Payload, made: datetime) -> None:
    """Put the payload into the file."""
    stream = pdf.make_stream(content.to_json())
    piece = pikepdf.Dictionary(
        LastModified=pikepdf.String(f"D:{made:%Y%m%d%H%M%S}Z"), Private=pdf.make_indirect(stream)
    )
    pdf.Root.PieceInfo = pikepdf.Dictionary({str(KEY): piece})


def extract(pdf: pikepdf.Pdf) -> Payload:
    """The payload of a file. Raises ValueError when there is none, or not one of ours."""
    try:
        values = orjson.loads(pdf.Root.PieceInfo[KEY].Private.read_bytes())
        if values.pop("version") != VERSION:
            raise ValueError("version")
        letterhead = TypeAdapter(Letterhead).validate_python(values.pop("letterhead"))
        figures = figures_from_json(values.pop("figures"))
        return Payload(**{**values, "lang": Lang(values["lang"])}, letterhead=letterhead, figures=figures)
    except (AttributeError, KeyError, TypeError, orjson.JSONDecodeError, pikepdf.PdfError) as problem:
        raise ValueError(str(problem)) from problem


def pages_hash(pdf: pikepdf.Pdf) -> str:
    """SHA-256 over what the pages draw: their content streams and everything their resources lead to."""
    state = hashlib.sha256()
    for page in pdf.pages:
        state.update(str([float(number) for number in page.mediabox]).encode())
        state.update(_contents(page))
        _add(state, page.obj.get("/Resources"), set())
    return state.hexdigest()


def _contents(page: pikepdf.Page) -> bytes:
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    return b"\n".join(stream.read_bytes() for stream in streams if isinstance(stream, pikepdf.Stream))


def _add(state: hashlib._Hash, value: object, seen: set[tuple[int, int]]) -> None:
    """Add an object and all that it refers to, whatever the numbers of the objects."""
    if isinstance(value, pikepdf.Object) and value.is_indirect:
        if value.objgen in seen:
            return
        seen.add(value.objgen)
    if isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
        for key in sorted(value.keys()):
            if key not in {"/Parent", "/Length", "/Filter", "/DecodeParms"}:
                state.update(key.encode())
                _add(state, value[key], seen)
        if isinstance(value, pikepdf.Stream):
            state.update(value.read_bytes())
    elif isinstance(value, pikepdf.Array):
        for item in value:
            _add(state, item, seen)
    else:
        state.update(repr(value).encode())
