"""SQL Server Audit: the body of event 33205, as text of its own or inside a Windows event of JSON."""

from __future__ import annotations

import re
from datetime import UTC
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import unwrapped
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg

_NAMES = frozenset(
    (
        *(
            "audit_schema_version",
            "event_time",
            "sequence_number",
            "action_id",
            "succeeded",
            "is_column_permission",
            "session_id",
        ),
        *(
            "server_principal_id",
            "database_principal_id",
            "target_server_principal_id",
            "target_database_principal_id",
            "object_id",
        ),
        *(
            "class_type",
            "session_server_principal_name",
            "server_principal_name",
            "server_principal_sid",
            "database_principal_name",
        ),
        *(
            "target_server_principal_name",
            "target_server_principal_sid",
            "target_database_principal_name",
            "server_instance_name",
        ),
        *(
            "database_name",
            "schema_name",
            "object_name",
            "statement",
            "additional_information",
            "user_defined_information",
            "client_ip",
        ),
        *(
            "application_name",
            "host_name",
            "permission_bitmask",
            "transaction_id",
            "duration_milliseconds",
            "response_rows",
        ),
        *("affected_rows", "connection_id", "data_sensitivity_information", "session_context", "user_defined_event_id"),
        *(
            "is_column_permission",
            "ledger_start_sequence_number",
            "external_policy_permissions_checked",
            "obo_middle_tier_app_id",
        ),
    )
)
_KEY = re.compile(r"(?:^|(?<=[\s;]))([a-z_]{6,40}):")
_EXTRA_ADDRESS = re.compile(r"<address>([^<]{1,64})</address>")


class MssqlAuditParser:
    """Fields `name:value` parted by blanks or line ends. A value ends where the next known name begins, so a statement may hold blanks,
    colons and line ends; once `statement` is open only the names behind it in the layout close it.

    `event_time` is UTC. Action ids keep their four letters (`LGIF` failed login, `SL` select, `BA` backup ...), padded with blanks no more.

    Source: Microsoft Learn, sys.fn_get_audit_file (columns, UTC, action ids), "SQL Server Audit records".
    """

    id: ClassVar[str] = "mssql_audit"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        outer: Record = {}
        if line.startswith("{"):
            document = flat_fields(load_object(line))
            outer, message = _host(document), str(document.get("message") or document.get("event.original") or "")
        else:
            outer, message = unwrapped(line, context)
        record = _fields(message)
        if "action_id" not in record:
            raise unreadable(msg("bản ghi audit SQL Server: event_time:… action_id:… server_principal_name:…"))
        extra = _EXTRA_ADDRESS.search(str(record.get("additional_information", "")))
        if extra is not None:
            record.setdefault("client_ip", extra[1])
        return outer | bundled_table("mssql_audit").apply(record, context.in_zone(UTC))


def _host(document: Record) -> Record:
    names = {"winlog.computer_name": "host.name", "host.name": "host.name", "winlog.channel": "winlog.channel"}
    return {target: document[name] for name, target in names.items() if isinstance(document.get(name), str)}


_BEHIND_STATEMENT = frozenset(
    {"additional_information", "user_defined_information", "application_name", "client_ip", "duration_milliseconds"}
)


def _fields(text: str) -> Record:
    """Values by name; what a statement says of other names stays in the statement."""
    record: Record = {}
    keys = _keys(text)
    ends = [*(key.start() for key in keys[1:]), len(text)]
    for key, end in zip(keys, ends, strict=False):
        record.setdefault(key[1], text[key.end() : end].strip().rstrip(";").strip())
    return record


def _keys(text: str) -> list[re.Match[str]]:
    """The names of the layout: in front of the statement the first of each, behind it the last, as the text between is the client's."""
    keys = [key for key in _KEY.finditer(text) if key[1] in _NAMES]
    opened = next((place for place, key in enumerate(keys) if key[1] == "statement"), len(keys))
    behind: dict[str, re.Match[str]] = {key[1]: key for key in keys[opened + 1 :] if key[1] in _BEHIND_STATEMENT}
    front: dict[str, re.Match[str]] = {}
    for key in keys[: opened + 1]:
        front.setdefault(key[1], key)
    return sorted(
        [*front.values(), *(key for name, key in behind.items() if name not in front)], key=lambda key: key.start()
    )
