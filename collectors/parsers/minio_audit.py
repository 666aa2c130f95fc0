"""MinIO: audit records of its webhook and Kafka targets."""

from __future__ import annotations

from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import outcome_of
from soc.core.i18n import msg


class MinioAuditParser:
    """One call of the S3 or admin interface a record. Headers are left out: they carry the signature of the call.

    The account is the key that signed (`accessKey`), for a derived key also its owner (`parentUser`).

    Source: docs.min.io, "Audit logging", entry version 1.
    """

    id: ClassVar[str] = "minio_audit"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        record = flat_fields(load_object(text.strip()))
        if "api.name" not in record and "trigger" not in record:
            raise unreadable(msg("bản ghi audit MinIO có api và trigger"))
        kept = {
            name: value for name, value in record.items() if not name.startswith(("requestHeader.", "responseHeader."))
        }
        fields = bundled_table("minio_audit").apply(kept, context)
        status = fields.get("http.response.status_code")
        if isinstance(status, int):
            fields["event.outcome"] = outcome_of(status)
        return fields
