"""WSO2 API Manager and Identity Server: API log, HTTP access log, audit logs, and the other lines of carbon.log."""

from __future__ import annotations

import re
from typing import ClassVar

import orjson

from collectors.mapping import bundled_table
from collectors.parsers.accesslog import parse_access
from collectors.parsers.json import flat_fields, load_object
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from collectors.values import outcome_of
from soc.core.i18n import msg

_HEAD = re.compile(
    r"(?:TID: ?\[([^\]]{0,32})\] )?(?:\[([^\]]{0,64})\] )?\[(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[.,]\d{3}(?:Z|[+-]\d{2}:?\d{2})?)\]"
    r"(?: \[([^\]]{0,128})\])? {1,4}([A-Z]{4,6}) \{([^{}]{1,256})\} ?"
)
_API_NAME = re.compile(r"(?:- )?([^{}]{0,256}?) ?- (?=\{)")
_PAIR = re.compile(r"(?:^|(?<=[\s|]))(Initiator|Action|Target|Data|Outcome|Result|Impersonator) ?[=:] ?")


class Wso2Parser:
    """Records of the gateway, of its web server and of who administers them.

    One call of an API is up to four lines (REQUEST_IN to RESPONSE_OUT) that share `transaction.id`; the one to count, RESPONSE_OUT, carries
    `soc.act.main`. Payloads and headers of the full level are left out. The `info` of an audit record is JSON inside JSON and read as such.

    Source: apim.docs.wso2.com, "Per-API logging", "Monitoring audit logs", "HTTP access logging"; is.docs.wso2.com, "Audit
    logs" (both forms).
    """

    id: ClassVar[str] = "wso2"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        head = _HEAD.match(line)
        if head is None:
            return _access(line)
        body = line[head.end() :]
        record = _head(head, context)
        logger = head[6]
        if logger == "API_LOG":
            record |= _api(body)
        elif logger == "AUDIT_LOG":
            record |= _audit(body.removeprefix("- "))
        else:
            record |= {"form": "carbon", "message": body.removeprefix("- ")}
        return bundled_table("wso2").apply(record, context)


def _head(head: re.Match[str], context: ParseContext) -> Record:
    try:
        record: Record = {"moment": iso_time(head[3], context.zone)}
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss,mmm")) from problem
    named = {"tenant": head[1], "correlation": head[4] or head[2], "level": head[5], "logger": head[6]}
    return record | {name: value for name, value in named.items() if value}


def _access(line: str) -> Record:
    """A line of http_access_: the combined form, now and then with a dash in front or in place of the status."""
    fields = parse_access(line.removeprefix("- "))
    if fields is None:
        raise unreadable(msg("dòng WSO2: [thời gian] mức {{logger}}, hoặc dòng http_access"))
    fields["event.dataset"] = "wso2.http_access"
    if "http.request.method" in fields:
        fields["soc.act.main"] = True
    return fields


def _api(body: str) -> Record:
    name = _API_NAME.match(body)
    start = body.find("{")
    if name is None or start < 0:
        raise unreadable(msg("dòng API_LOG: tên API - {{JSON}}"))
    record = {
        key: value
        for key, value in flat_fields(load_object(body[start:])).items()
        if key.split(".")[0] not in {"headers", "payload"}
    }
    record |= {"form": "api", "api_name": name[1].strip()}
    if record.get("flow") == "RESPONSE_OUT":
        record["main"] = True
    status = str(record.get("statusCode", ""))
    if status.isdecimal() and len(status) == 3:
        record["outcome"] = outcome_of(int(status))
    return record


def _audit(body: str) -> Record:
    if body.startswith("{"):
        return {"form": "apim_audit", **_unfolded(flat_fields(load_object(body)), "info")}
    keys = list(_PAIR.finditer(body))
    if not keys:
        raise unreadable(msg("dòng AUDIT_LOG: JSON, hoặc Initiator=… Action=…"))
    ends = [*(key.start() for key in keys[1:]), len(body)]
    record: Record = {"form": "is_audit"}
    for key, end in zip(keys, ends, strict=True):
        record.setdefault(key[1], body[key.end() : end].strip().strip("|").strip())
    return _unfolded(record, "Data")


def _unfolded(record: Record, name: str) -> Record:
    """`record` with the JSON text under `name` as fields of its own; a text that is none stays a text."""
    text = record.get(name)
    if not isinstance(text, str) or not text.startswith("{"):
        return record
    try:
        inner = orjson.loads(text)
    except orjson.JSONDecodeError:
        return record
    rest = {key: value for key, value in record.items() if key != name}
    return rest | {f"{name}.{key}": value for key, value in flat_fields(inner).items()}
