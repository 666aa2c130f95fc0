"""A document as PDF: PlutoPrint lays it out, a small pass adds what it was made of and the marks of PDF/A-2b.

Same document and same version, same bytes: dates in the file are those of the document, nothing is random.
"""

from __future__ import annotations

import io
from datetime import datetime

import plutoprint

from reports.archival import finish
from reports.document import Document
from reports.embedded import payload
from reports.fonts import faces
from reports.render.html import print_html
from soc.core.clock import iso
from soc.core.errors import EngineError
from soc.core.i18n import msg


def render_pdf(document: Document, made: datetime) -> bytes:
    """The document as PDF with its figures inside.

    Args:
        made: moment of the assessment, written into the file as its date of creation.

    Raises:
        SetupError: the fonts are missing.
        EngineError: the layout engine refuses.
    """
    return finish(layout(document, made), document, made, payload(document))


def layout(document: Document, made: datetime) -> bytes:
    """The bare pages."""
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, plutoprint.PAGE_MARGINS_NONE)
    buffer = io.BytesIO()
    try:
        book.load_html(print_html(document, faces()))
        book.set_metadata(plutoprint.PDF_METADATA_TITLE, f"{document.type_name}: {document.subject}")
        book.set_metadata(plutoprint.PDF_METADATA_AUTHOR, document.letterhead.agency)
        book.set_metadata(plutoprint.PDF_METADATA_CREATION_DATE, iso(made))
        book.set_metadata(plutoprint.PDF_METADATA_MODIFICATION_DATE, iso(made))
        book.write_to_pdf_stream(buffer)
    except plutoprint.Error as problem:
        raise EngineError(msg("không dàn được trang báo cáo: {reason}", reason=str(problem))) from problem
    return buffer.getvalue()
