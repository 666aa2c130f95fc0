"""ModSecurity and Coraza: audit records as JSON or in serial sections, and the line of the web server's error log."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from collectors.parsers.apache import ApacheParser
from collectors.parsers.json import load_object
from collectors.parsers.nginx import NginxParser
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, clf_time, iso_time, text_time
from collectors.values import addresses_in, is_ip, outcome_of, put_address, put_port, put_request, put_url, whole
from soc.core.errors import ParseError
from soc.core.i18n import msg

_SECTION = re.compile(r"^-{2,3}([\w-]{6,40}?)-{1,3}([A-KZ])--[ \t\r]*$", re.MULTILINE)
_ENTRY = re.compile(r"\[([^\[\]]{20,36})\] (\S{1,64}) (\S{2,64}) (\d{1,5}) (\S{2,64}) (\d{1,5})")
_GROUP = re.compile(r"\[([a-z_]{2,20}) \"")
_STATUS_LINE = re.compile(r"HTTP/[\d.]{1,3} (\d{3})\b")
_DENIED_CODE = re.compile(r"Access denied with (?:code (\d{3})|connection close|redirection)")
_HEADER = re.compile(r"^([A-Za-z][\w-]{0,60}): ?(.*)$", re.MULTILINE)
_SEVERITIES = ("EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
_MAX_MATCHES = 64

_CONSTANT: Record = {
    "event.kind": "alert",
    "event.category": ["web", "intrusion_detection"],
    "event.dataset": "modsecurity.audit",
    "observer.type": "waf",
    "observer.product": "ModSecurity",
}


class ModsecurityParser:
    """Transactions in which a rule matched.

    `rule.*` holds one value for each rule that matched, in order, `event.severity` the gravest of them (0 is the worst). `rule.category`
    has the `attack-` tags of the rule set. A transaction is `denied` where the engine stopped it, `allowed` where it only watched
    (DetectionOnly). Other lines of the same error log are read as the web server's own. Bodies, cookies and other headers are left to the
    raw record; a forwarded-for list goes to `network.forwarded_ip`.

    Source: ModSecurity reference manual, versions 2.9 and 3.0, "ModSecurity audit log" (sections A to Z, JSON); libmodsecurity
    transaction.cc (toJSON); coraza.io, audit log formats.
    """

    id: ClassVar[str] = "modsecurity"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        record = text.strip()
        if record.startswith("{"):
            return _from_json(load_object(record), context)
        if _SECTION.match(record):
            return _from_sections(record, context)
        if "ModSecurity: " in record:
            return _from_error_log(record, context)
        if (fields := _web_server(record, context)) is None:
            raise _refused()
        return fields


def _refused() -> ParseError:
    return unreadable(msg("bản ghi ModSecurity: JSON có transaction, các phần A-Z, hoặc dòng có ModSecurity:"))


def _from_json(document: Mapping[str, object], context: ParseContext) -> Record:
    """The forms of version 2 (`audit_data`), of version 3 and of Coraza, which share `transaction` and differ inside."""
    transaction = _object(document, "transaction")
    if not transaction:
        raise _refused()
    fields = dict(_CONSTANT)
    _put_time(fields, transaction, context)
    _put_ends(fields, [transaction.get(name) for name in ("client_ip", "client_port", "host_ip", "host_port")])
    _put_ends(
        fields, [transaction.get(name) for name in ("remote_address", "remote_port", "local_address", "local_port")]
    )
    for name in ("unique_id", "transaction_id", "id"):
        if isinstance(ident := transaction.get(name), str):
            fields.setdefault("transaction.id", ident)
    request = _object(transaction, "request") or _object(document, "request")
    response = _object(transaction, "response") or _object(document, "response")
    _put_request(fields, request)
    audit = _object(document, "audit_data")
    status = next((value for name in ("http_code", "status") if isinstance(value := response.get(name), int)), 0)
    listed = transaction.get("messages") or document.get("messages") or audit.get("messages")
    matches = [_match_of(one) for one in (listed if isinstance(listed, list) else [])[:_MAX_MATCHES]]
    engine = str(_object(transaction, "producer").get("secrules_engine", audit.get("engine_mode", "")))
    stopped = transaction.get("is_interrupted") is True or _object(audit, "action").get("intercepted") is True
    _put_matches(fields, matches)
    _put_verdict(fields, status, stopped or status == 403, engine)
    return fields


def _object(parent: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _put_time(fields: Record, transaction: Mapping[str, object], context: ParseContext) -> None:
    moment = next(
        (transaction[name] for name in ("unix_timestamp", "time_stamp", "time", "timestamp") if name in transaction),
        None,
    )
    try:
        if isinstance(moment, str) and len(moment) == 26 and moment[2] == "/":
            fields["@timestamp"] = clf_time(moment)
        elif isinstance(moment, str):
            text = " ".join(moment.split())
            fields["@timestamp"] = text_time(text, context.zone) if text[:1].isalpha() else iso_time(text, context.zone)
        elif moment is not None:
            fields["@timestamp"] = any_time(moment, context.zone)
    except (ValueError, OverflowError) as problem:
        raise unreadable(msg("thời gian dạng {form}", form="Tue Nov 17 03:21:15 2026"), where="time_stamp") from problem


def _put_ends(fields: Record, ends: list[object]) -> None:
    for side, address, port in (("source", ends[0], ends[1]), ("destination", ends[2], ends[3])):
        if isinstance(address, str) and is_ip(address):
            put_address(fields, side, address)
            put_port(fields, f"{side}.port", str(port))


def _put_request(fields: Record, request: Mapping[str, object]) -> None:
    if isinstance(line := request.get("request_line"), str):
        put_request(fields, line)
    if isinstance(method := request.get("method"), str):
        fields["http.request.method"] = method
    if isinstance(uri := request.get("uri"), str):
        put_url(fields, uri)
    if isinstance(version := request.get("http_version"), (str, int, float)):
        fields["http.version"] = str(version)
    headers = {name.lower(): value for name, value in _object(request, "headers").items()}
    _put_headers(
        fields, {name: str(value[0] if isinstance(value, list) and value else value) for name, value in headers.items()}
    )


def _put_headers(fields: Record, headers: Mapping[str, str]) -> None:
    """The four that tell who asks for what; `headers` by their names in small letters."""
    for name, target in (
        ("host", "url.domain"),
        ("user-agent", "user_agent.original"),
        ("referer", "http.request.referrer"),
    ):
        if value := headers.get(name, "").strip():
            fields[target] = value.partition(":")[0] if name == "host" and value.count(":") == 1 else value
    if forwarded := addresses_in(headers.get("x-forwarded-for", "")):
        fields["network.forwarded_ip"] = forwarded


def _match_of(message: object) -> dict[str, object]:
    """One matched rule under the names of the native form: id, msg, severity, tag, data."""
    if isinstance(message, str):
        return dict(_native(message))
    if not isinstance(message, dict):
        return {}
    details = _object(message, "details") or _object(message, "data")
    found: dict[str, object] = {"msg": details.get("msg") or message.get("message", "")}
    for name, keys in (("id", ("ruleId", "id")), ("severity", ("severity",)), ("data", ("data",)), ("file", ("file",))):
        value = next((details[key] for key in keys if key in details), None)
        if isinstance(value, (str, int)):
            found[name] = str(value)
    tags = details.get("tags")
    found["tag"] = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    return found


def _native(text: str) -> dict[str, object]:
    """`... [id "942100"] [msg "..."] [severity "CRITICAL"] [tag "..."] [tag "..."] [uri "/x"]` as a mapping, the tags as a list."""
    found: dict[str, object] = {}
    tags: list[str] = []
    for name, value in _groups(text):
        if name == "tag":
            tags.append(value)
        else:
            found.setdefault(name, value)
    found["tag"] = tags
    found["text"] = text
    return found


def _groups(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while (head := _GROUP.search(text, at)) is not None:
        end = text.find('"]', head.end())
        while end > 0 and text[end - 1] == "\\":
            end = text.find('"]', end + 1)
        if end < 0:
            return
        yield head[1], text[head.end() : end].replace('\\"', '"')
        at = end + 2


def _put_matches(fields: Record, matches: list[dict[str, object]]) -> None:
    named = {"rule.id": "id", "rule.name": "msg", "modsecurity.data": "data"}
    for target, name in named.items():
        values = [value for match in matches if isinstance(value := match.get(name), str) and value]
        if values:
            fields[target] = values if len(values) > 1 else values[0]
    tags = [tag for match in matches if isinstance(listed := match.get("tag"), list) for tag in listed]
    if attacks := list(dict.fromkeys(tag for tag in tags if tag.startswith("attack-"))):
        fields["rule.category"] = attacks
    if others := list(dict.fromkeys(tag for tag in tags if not tag.startswith("attack-"))):
        fields["modsecurity.tags"] = others
    grades = [grade for match in matches if (grade := _severity(str(match.get("severity", "")))) is not None]
    if grades:
        fields["event.severity"] = min(grades)


def _severity(text: str) -> int | None:
    """0 to 7 as syslog counts, from the number or the word."""
    word = text.upper()
    return _SEVERITIES.index(word) if word in _SEVERITIES else whole(text)


def _put_verdict(fields: Record, status: int, stopped: bool, engine: str) -> None:
    denied = stopped and engine.replace("_", "").lower() != "detectiononly"
    fields["event.type"] = ["denied"] if denied else ["allowed"]
    if engine:
        fields["modsecurity.engine"] = engine
    if status:
        fields["http.response.status_code"] = status
        fields["event.outcome"] = outcome_of(status)
    elif denied:
        fields["event.outcome"] = "failure"


def _from_sections(record: str, context: ParseContext) -> Record:
    """The serial form: section A with time and ends, B and F with request and response head, H with what matched."""
    marks = list(_SECTION.finditer(record))
    ends = [*(mark.start() for mark in marks[1:]), len(record)]
    sections: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=True):
        sections.setdefault(mark[2], record[mark.end() : end].strip())
    fields = dict(_CONSTANT)
    entry = _ENTRY.match(sections.get("A", ""))
    if entry is None:
        raise _refused()
    _put_time(fields, {"time": _clf_of(entry[1])}, context)
    fields["transaction.id"] = entry[2]
    _put_ends(fields, [entry[3], entry[4], entry[5], entry[6]])
    head, _, rest = sections.get("B", "").partition("\n")
    put_request(fields, head.strip())
    _put_headers(fields, {name.lower(): value.strip() for name, value in _HEADER.findall(rest)})
    status = _STATUS_LINE.match(sections.get("F", ""))
    trailer = sections.get("H", "")
    lines = [line for line in trailer.splitlines() if line.startswith(("Message: ", "ModSecurity: "))][:_MAX_MATCHES]
    _put_matches(fields, [_native(line) for line in lines])
    engine = next((value.strip().strip('"') for name, value in _HEADER.findall(trailer) if name == "Engine-Mode"), "")
    stopped = "Action: Intercepted" in trailer or any("Access denied" in line for line in lines)
    _put_verdict(fields, int(status[1]) if status is not None else 0, stopped, engine)
    return fields


def _clf_of(text: str) -> str:
    """The time of section A, with the fraction that version 2.9 writes taken out."""
    clock, _, offset = text.partition(" ")
    return f"{clock.partition('.')[0]} {offset}"


def _from_error_log(record: str, context: ParseContext) -> Record:
    """`ModSecurity: Access denied with code 403 (phase 2). ...` in a line of nginx or Apache, or behind a syslog header."""
    at = record.index("ModSecurity: ")
    envelope = open_envelope(record, context)
    fields = _web_server(record, context) or ({} if envelope is None else envelope.fields)
    fields.pop("error.message", None)
    if isinstance(host := fields.pop("destination.domain", None), str):
        fields["url.domain"] = host
        fields.pop("destination.address", None)
    fields |= _CONSTANT
    match = _native(record[at:])
    _put_matches(fields, [match])
    for name, target in (("uri", "url.path"), ("hostname", "url.domain"), ("unique_id", "transaction.id")):
        if isinstance(value := match.get(name), str) and value:
            fields.setdefault(target, value)
    denied = _DENIED_CODE.search(record, at)
    _put_verdict(fields, int(denied[1]) if denied is not None and denied[1] else 0, denied is not None, "")
    fields["message"] = record[at : at + 2000]
    return fields


def _web_server(record: str, context: ParseContext) -> Record | None:
    """What the web server wrote; None when the line is neither nginx's nor Apache's."""
    for parser in (NginxParser(), ApacheParser()):
        with contextlib.suppress(ParseError):
            return parser.parse(record, context)
    return None
