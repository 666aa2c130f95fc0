"""Zeek: its logs as JSON, or as TSV with the columns that the file declares."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, RootModel

from collectors.definition import read_definition, validated
from collectors.domains import put_domain_parts
from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.text import NUL_PICTURE
from collectors.values import addresses_in, is_ip, outcome_of, whole
from soc.core.i18n import msg

_HEADER = re.compile(r"#(separator|set_separator|empty_field|unset_field|path|open|close|fields|types)\b")
_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")
_MOMENT = re.compile(r"\d{9,10}\.\d{1,6}|\d{4}-\d{2}-\d{2}T")
_UID = re.compile(r"-|[CFS][A-Za-z0-9]{8,24}")
_SHARED = frozenset(
    (
        *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "community_id", "_system_name"),
        "_write_ts",
    )
)
_LISTS = frozenset(
    (
        *("answers", "TTLs", "tunnel_parents", "rcptto", "to", "cc", "conn_uids", "tx_hosts", "rx_hosts", "uids"),
        *("msg_types", "path", "orig_fuids", "orig_filenames", "orig_mime_types", "resp_fuids", "resp_filenames"),
        *("resp_mime_types", "tags", "proxied", "san.dns", "san.uri", "san.email", "san.ip", "analyzers", "actions"),
        *("fuids", "sources", "matched", "client_channels", "cert_chain_fps", "client_cert_chain_fps"),
        "cert_chain_fuids",
    )
)
"""Columns of type set or vector, in the TSV form parted by commas; `path` is one in smtp only."""
_BOOLEANS = frozenset(
    (
        *("local_orig", "local_resp", "AA", "TC", "RD", "RA", "rejected", "resumed", "established"),
        *("sni_matches_cert", "is_orig", "timedout", "extracted_cutoff", "notice", "auth_success", "success"),
        *("forwardable", "renewable", "cert_permanent", "tls", "host_cert", "client_cert", "basic_constraints.ca"),
        "data_channel.passive",
    )
)
_COUNTS = frozenset(
    (
        *("missed_bytes", "orig_ip_bytes", "resp_ip_bytes", "trans_depth", "Z", "depth", "missing_bytes"),
        *("overflow_bytes", "auth_attempts", "n", "reply_code", "cert_count", "certificate.version"),
        "certificate.key_length",
    )
)
"""Columns that JSON writes as booleans and as numbers: so that both forms give the same types."""
_TELLING = tuple(
    telling.split(" ")
    for telling in (
        *("conn conn_state", "dns qtype_name", "dns trans_id", "http trans_depth", "ssl cipher", "ssl established"),
        *("files seen_bytes", "notice note", "weird notice", "ssh auth_attempts", "smb_mapping share_type"),
        *("kerberos request_type", "ntlm domainname", "rdp security_protocol", "x509 certificate.subject"),
        *("smtp mailfrom", "smtp helo", "dhcp msg_types", "dce_rpc endpoint", "intel seen.indicator", "ftp command"),
        "smb_files action",
    )
)
"""A column that only this log has, for JSON records that do not name their log: the first that is there counts, more telling ones first."""
_KINDS: dict[str, tuple[list[str], list[str]]] = {
    "conn": (["network"], ["connection", "end"]),
    "http": (["network", "web"], ["access"]),
    "files": (["network", "file"], ["info"]),
    "smb_files": (["network", "file"], ["access"]),
    "notice": (["network", "intrusion_detection"], ["info"]),
    "intel": (["network", "threat"], ["indicator"]),
    "weird": (["network"], ["info"]),
    "kerberos": (["network", "authentication"], ["start"]),
    "ntlm": (["network", "authentication"], ["start"]),
    "radius": (["network", "authentication"], ["start"]),
    "smtp": (["network", "email"], ["protocol"]),
    "ssl": (["network"], ["connection", "start"]),
    "rdp": (["network"], ["connection", "start"]),
}
_PROTOCOLS = {"ssl": "tls", "smb_files": "smb", "smb_mapping": "smb"}
_NO_PROTOCOL = frozenset(
    {"conn", "files", "notice", "weird", "intel", "x509", "software", "known_hosts", "known_services", "stats"}
)
_DIRECTIONS = {
    (True, False): "outbound",
    (False, True): "inbound",
    (True, True): "internal",
    (False, False): "external",
}
_FLAGS = ("AA", "TC", "RD", "RA")


class _Columns(RootModel[dict[str, str]]):
    """Log -> its columns, parted by blanks."""


@cache
def _standard() -> dict[str, tuple[str, ...]]:
    table = validated(read_definition(Path(__file__).with_name("zeek_columns.yaml")), _Columns)
    return {path: tuple(columns.split()) for path, columns in table.root.items()}


class ZeekParser:
    """A record of any of Zeek's logs. `soc.flow.id` is the uid that joins the records of one connection.

    JSON needs no options: `_path` names the log, else a column that only one log has. A TSV line is read with the options, else with the
    columns of a plain installation whose number and first values fit. A header line becomes an event of action `log_header`, so that
    a change of the columns is seen. Columns without a place in ECS stay as `zeek.<log>.<column>`; passwords and payloads are left out.

    Source: docs.zeek.org, "Log files", "Zeek log formats and inspection", and the record Info of the base scripts, releases 5 to 7.
    """

    class Options(BaseModel):
        """`path`: the log, such as `conn`; `fields`: the names after `#fields`, parted by blanks. Empty: found out for each line."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        path: str = ""
        fields: str = ""

    id: ClassVar[str] = "zeek"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self._path = options.path
        self._columns = tuple(options.fields.removeprefix("#fields").split())

    def parse(self, text: str, context: ParseContext) -> Record:
        line, outer = text.strip("\r\n "), Record()
        if (
            not line.startswith(("{", "#"))
            and "\t" not in line
            and (envelope := open_envelope(line, context)) is not None
        ):
            line, outer = envelope.message, envelope.fields
        if _HEADER.match(line):
            return outer | {
                "event.kind": "event",
                "event.dataset": "zeek.log",
                "event.action": "log_header",
                "message": line,
            }
        record, path = self._from_json(line) if line.startswith("{") else self._from_tsv(line)
        return outer | _fields(record, path, context)

    def _from_json(self, line: str) -> tuple[Record, str]:
        record = flat_fields(load_object(line))
        path = record.pop("_path", None) or self._path
        if not isinstance(path, str) or not path:
            path = next((path for path, column in _TELLING if column in record), "")
        if not path or "ts" not in record:
            raise unreadable(msg("bản ghi JSON của Zeek có ts và _path, hoặc khai tùy chọn path"))
        return record, path

    def _from_tsv(self, line: str) -> tuple[Record, str]:
        values = line.split("\t")
        path, columns = self._path, self._columns
        if len(columns) != len(values):
            wanted = {path: _standard().get(path, ())} if path else _standard()
            path, columns = next(((name, names) for name, names in wanted.items() if _fits(names, values)), ("", ()))
        if not columns:
            raise unreadable(
                msg("dòng TSV của Zeek theo các cột mặc định; nếu khác, khai tùy chọn path và fields theo dòng #fields")
            )
        record: Record = {}
        for name, value in zip(columns, values, strict=True):
            if value not in {"-", "(empty)", ""}:
                record[name] = _value(path, name, value)
        return record, path or "log"


def _fits(columns: tuple[str, ...], values: list[str]) -> bool:
    if len(columns) != len(values) or _MOMENT.match(values[0]) is None:
        return False
    row = dict(zip(columns, values, strict=True))
    return _UID.fullmatch(row.get("uid", "-")) is not None and all(
        row.get(name, "-") == "-" or is_ip(row[name]) for name in ("id.orig_h", "id.resp_h")
    )


def _value(path: str, name: str, value: str) -> object:
    if name in _BOOLEANS:
        return value == "T"
    if name in _COUNTS and (number := whole(value)) is not None:
        return number
    if name in _LISTS and (name != "path" or path == "smtp"):
        return [_unescaped(part) for part in value.split(",")]
    return _unescaped(value)


def _unescaped(value: str) -> str:
    return (
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] != "00" else NUL_PICTURE, value)
        if "\\x" in value
        else value
    )


def _fields(record: Record, path: str, context: ParseContext) -> Record:
    raw = {name if name in _SHARED else f"{path}.{name}": value for name, value in record.items()}
    fields = bundled_table("zeek").apply(raw, context)
    category, types = _KINDS.get(path, (["network"], ["protocol"]))
    fields |= {"event.category": list(category), "event.type": list(types), "event.dataset": f"zeek.{path}"}
    if path in {"notice", "intel"}:
        fields["event.kind"] = "alert"
    if path not in _NO_PROTOCOL:
        fields.setdefault("network.protocol", _PROTOCOLS.get(path, path))
    _put_traffic(fields, raw)
    _put_names(fields, raw)
    _put_outcome(fields, raw, path)
    return fields


def _put_traffic(fields: Record, raw: Record) -> None:
    for unit in ("bytes", "packets"):
        sent, received = fields.get(f"source.{unit}"), fields.get(f"destination.{unit}")
        if isinstance(sent, int) and isinstance(received, int):
            fields[f"network.{unit}"] = sent + received
    ours, theirs = raw.get("conn.local_orig"), raw.get("conn.local_resp")
    if isinstance(ours, bool) and isinstance(theirs, bool):
        fields["network.direction"] = _DIRECTIONS[ours, theirs]


def _put_names(fields: Record, raw: Record) -> None:
    """What stands in one column and belongs into several fields."""
    if isinstance(name := fields.get("dns.question.name"), str):
        put_domain_parts(fields, "dns.question", name)
        fields["dns.type"] = "answer" if "dns.response_code" in fields else "query"
        if flags := [flag for flag in _FLAGS if raw.get(f"dns.{flag}") is True]:
            fields["dns.header_flags"] = flags
    answers = fields.get("dns.answers.data")
    if isinstance(answers, list) and (resolved := [one for one in answers if isinstance(one, str) and is_ip(one)]):
        fields["dns.resolved_ip"] = resolved
    if (proxied := fields.pop("network.forwarded_ip", None)) is not None:
        forwarded = [
            address
            for part in str(proxied).strip("[]'").split("', '")
            for address in addresses_in(part.rpartition("-> ")[2])
        ]
        if forwarded:
            fields["network.forwarded_ip"] = forwarded
    version = str(raw.get("ssl.version", ""))
    if version.startswith("TLSv1") and len(version) == 6:
        fields |= {"tls.version": f"1.{version[5]}", "tls.version_protocol": "tls"}
    client = raw.get("kerberos.client")
    if isinstance(client, str):
        fields["user.name"], _, realm = client.partition("/")
        if realm:
            fields["user.domain"] = realm
    for name in ("email.from.address", "email.to.address"):
        if (listed := fields.get(name)) is not None:
            fields[name] = [str(one).strip("<> ") for one in (listed if isinstance(listed, list) else [listed])]


def _put_outcome(fields: Record, raw: Record, path: str) -> None:
    status = fields.get("http.response.status_code")
    success = next(
        (raw[name] for name in (f"{path}.success", f"{path}.auth_success", f"{path}.established") if name in raw), None
    )
    if isinstance(status, int):
        fields["event.outcome"] = outcome_of(status)
    elif isinstance(success, bool):
        fields["event.outcome"] = "success" if success else "failure"
        if path == "ssh":
            fields |= {
                "event.category": ["network", "authentication"],
                "event.type": ["start"],
                "event.action": "ssh_login",
            }
    elif isinstance(code := fields.get("dns.response_code"), str):
        fields["event.outcome"] = "success" if code == "NOERROR" else "failure"
