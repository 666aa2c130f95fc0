"""The last pass over a PDF: its private data, and the marks of PDF/A-2b.

Source: ISO 19005-2:2011, clauses 6.2.3 (output intent), 6.6.2 (XMP), 6.1.3 (file identifier). Conformance has not yet been checked
with a validator.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from functools import cache

import pikepdf
from PIL import ImageCms

from reports.document import Document
from reports.embedded import Payload, embed, pages_hash
from soc.core.clock import iso

PRODUCER = "Vọng Gác"


def finish(pages: bytes, document: Document, made: datetime, content: Payload) -> bytes:
    """The finished file: pages, private data, output intent, metadata and a file identifier that depends on the content only."""
    with pikepdf.open(io.BytesIO(pages)) as pdf:
        embed(pdf, replace(content, pages=pages_hash(pdf)), made)
        _add_output_intent(pdf)
        pdf.Root.Lang = pikepdf.String(document.lang.value)
        _write_metadata(pdf, document, made)
        buffer = io.BytesIO()
        pdf.save(buffer, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable, min_version="1.7")
    return buffer.getvalue()


def _write_metadata(pdf: pikepdf.Pdf, document: Document, made: datetime) -> None:
    title = f"{document.type_name}: {document.subject}"
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        metadata.load_from_docinfo(pdf.docinfo, delete_missing=True)
        metadata["dc:title"] = title
        metadata["dc:creator"] = [document.letterhead.agency]
        metadata["dc:language"] = {document.lang.value}
        metadata["pdf:Producer"] = PRODUCER
        metadata["xmp:CreateDate"] = iso(made)
        metadata["xmp:ModifyDate"] = iso(made)
        metadata["pdfaid:part"] = "2"
        metadata["pdfaid:conformance"] = "B"
    stamp = f"D:{made:%Y%m%d%H%M%S}Z"
    del pdf.trailer["/Info"]
    for name, value in (
        ("/Title", title),
        ("/Author", document.letterhead.agency),
        ("/Producer", PRODUCER),
        ("/CreationDate", stamp),
        ("/ModDate", stamp),
    ):
        pdf.docinfo[name] = pikepdf.String(value)


def _add_output_intent(pdf: pikepdf.Pdf) -> None:
    profile = pdf.make_stream(_srgb(), N=3)
    intent = pikepdf.Dictionary(
        Type=pikepdf.Name.OutputIntent,
        S=pikepdf.Name.GTS_PDFA1,
        OutputConditionIdentifier=pikepdf.String("sRGB IEC61966-2.1"),
        Info=pikepdf.String("sRGB IEC61966-2.1"),
        DestOutputProfile=pdf.make_indirect(profile),
    )
    pdf.Root.OutputIntents = pikepdf.Array([pdf.make_indirect(intent)])


@cache
def _srgb() -> bytes:
    """An sRGB profile, always the same: date of creation and checksum (bytes 24-35 and 84-99 of its header) are blanked."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = (2026).to_bytes(2, "big") + bytes((0, 1, 0, 1)) + bytes(6)
    data[84:100] = bytes(16)
    return bytes(data)
