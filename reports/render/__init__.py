"""From a document to bytes: id of the form -> renderer. A new form is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reports.document import Document
from reports.render.html import render_html
from reports.render.pdf import render_pdf


@dataclass(frozen=True, slots=True)
class Form:
    """One form of file; `render` takes the document and the moment of its assessment."""

    id: str
    media_type: str
    render: Callable[[Document, datetime], bytes]


FORMS: dict[str, Form] = {
    form.id: form
    for form in (
        Form("pdf", "application/pdf", render_pdf),
        Form("html", "text/html; charset=utf-8", lambda document, _made: render_html(document)),
    )
}
"""Every form that can be rendered."""
