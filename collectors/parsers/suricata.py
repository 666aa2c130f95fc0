"""Suricata: one EVE record a line, of any event type, and the alert lines that Snort writes too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.dns import put_question
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, iso_time, yearless_time
from collectors.values import is_ip, outcome_of, split_endpoint
from soc.core.i18n import msg

_SHARED = frozenset(
    (
        *(
            "timestamp",
            "event_type",
            "flow_id",
            "community_id",
            "host",
            "sensor_name",
            "in_iface",
            "vlan",
            "proto",
            "app_proto",
        ),
        *(
            "src_ip",
            "src_port",
            "dest_ip",
            "dest_port",
            "ether",
            "direction",
            "xff",
            "tx_id",
            "email",
            "alert",
            "http",
            "tls",
            "flow",
        ),
        *(
            "icmp_type",
            "icmp_code",
            "response_icmp_type",
            "response_icmp_code",
            "tunnel",
            "metadata",
            "pkt_src",
            "verdict",
            "files",
        ),
    )
)
"""Members that a record of any type may have; of the others only the one named like the type is kept, so that what a shipper added
does not grow the index."""

_KINDS: dict[str, tuple[list[str], list[str]]] = {
    "alert": (["intrusion_detection", "network"], ["info"]),
    "anomaly": (["network"], ["info"]),
    "drop": (["network"], ["denied"]),
    "flow": (["network"], ["connection", "end"]),
    "netflow": (["network"], ["connection", "end"]),
    "http": (["network", "web"], ["access"]),
    "fileinfo": (["network", "file"], ["info"]),
    "smtp": (["network", "email"], ["protocol"]),
    "krb5": (["network", "authentication"], ["protocol"]),
    "rdp": (["network"], ["connection", "start"]),
    "ssh": (["network"], ["connection", "start"]),
    "tls": (["network"], ["connection", "start"]),
    "stats": (["host"], ["info"]),
}
_STATS = (
    *("uptime", "capture.kernel_packets", "capture.kernel_drops", "decoder.pkts", "decoder.bytes", "decoder.invalid"),
    *("flow.memuse", "tcp.memuse", "tcp.sessions", "detect.alert"),
    *("app_layer.flow.http", "app_layer.flow.tls", "app_layer.flow.dns_udp"),
)
_FAST = re.compile(
    r"(?:(\d{2})/(\d{2})(?:/(\d{4}))?-(\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?) +)?(?:\[(w?[Dd]rop)\] +)?(?:\[\*\*\] )?"
    r"\[(\d{1,10}):(\d{1,10}):(\d{1,10})\] "
    r"([^\[{]{1,500}?) ?(?:\[\*\*\] ?)?(?:\[Classification: ([^\]]{1,200})\] ?)?(?:\[Priority: (\d{1,3})\]:? ?)?(?:<[^<>]{1,60}> ?)?"
    r"(?:\{([\w-]{1,20})\} )?([0-9A-Fa-f:.\[\]]{2,60}) -> ([0-9A-Fa-f:.\[\]]{2,60})$"
)
_DNS_TYPES = {"request": "query", "response": "answer"}
_ANSWER = ("rrname", "rrtype", "rdata")
_FLAGS = ("aa", "tc", "rd", "ra")
_PROTOCOLS = frozenset({"http", "smtp", "krb5", "rdp", "ssh", "tls"})
_SECRET_COMMANDS = frozenset({"PASS", "ACCT"})
_NO_PROTOCOL = frozenset({"failed", "unknown", "template"})


class SuricataParser:
    """EVE records: alerts, flows, and what the application layers log.

    The bytes of a flow belong to its two ends: where the packet of an alert ran from the server to the client they are swapped, so that
    `source.bytes` is what `source.ip` sent. `soc.flow.id` joins the records of one flow. Members without a place in ECS stay as
    `suricata.<name>`; payloads, bodies, cookies and the arguments of a password command are left to the raw record.

    An alert of fast.log or of the syslog output, Snort's too, has the time of its line or of its header.

    Source: docs.suricata.io, "EVE JSON format" (event types, DNS versions 1 to 3, alert, flow and file records), releases 4 to 8.
    """

    id: ClassVar[str] = "suricata"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        outer: Record = {}
        if not line.startswith("{") and (envelope := open_envelope(line, context)) is not None:
            outer, line = envelope.fields, envelope.message.removeprefix("@cee:").lstrip()
        if not line.startswith("{") and (alert := _FAST.match(line)) is not None:
            return outer | _fast(alert, context)
        document = load_object(line)
        kind = document.get("event_type")
        if not isinstance(kind, str):
            raise unreadable(msg("bản ghi EVE của Suricata, có event_type"))
        if kind == "stats":
            return outer | _stats(document, context)
        kept = {name: value for name, value in document.items() if name in _SHARED or name == kind}
        dns = kept.pop("dns", None) or (document.get("dns") if kind == "alert" else None)
        raw = flat_fields(kept)
        if str(raw.get("ftp.command")) in _SECRET_COMMANDS:
            raw.pop("ftp.command_data", None)
        fields = outer | bundled_table("suricata").apply(raw, context)
        _put_kind(fields, kind, raw)
        _put_flow(fields, raw, context)
        _put_versions(fields, raw)
        if isinstance(dns, dict):
            _put_dns(fields, dns)
        if isinstance(smtp := document.get("smtp"), dict):
            _put_mailboxes(fields, smtp.get("mail_from"), smtp.get("rcpt_to"))
        return fields


def _fast(alert: re.Match[str], context: ParseContext) -> Record:
    """A line of fast.log, or what Suricata and Snort send to syslog: `[1:9000001:2] name [Classification: ...] [Priority: 1] {TCP} ...`."""
    month, day, year, clock, verdict, gid, rule, revision, name, category, priority, transport, sender, receiver = (
        alert.groups()
    )
    raw: Record = {
        "event_type": "alert",
        "alert.signature_id": rule,
        "alert.signature": name,
        "alert.rev": revision,
        "alert.gid": int(gid),
    }
    raw |= {
        "alert.action": "blocked" if verdict else "allowed",
        "proto": transport or "",
        "alert.category": category or "",
    }
    if priority:
        raw["alert.severity"] = priority
    for side, end in (("src", sender), ("dest", receiver)):
        # Suricata, which writes the year, puts a port behind an IPv6 address without brackets, be it the type of an ICMP message.
        bare = end if not year and is_ip(end) else ""
        address, port = (bare, "") if bare else end.rpartition(":")[::2] if end.count(":") > 1 else split_endpoint(end)
        raw |= {f"{side}_ip": address.strip("[]"), f"{side}_port": "" if str(transport).startswith("ICMP") else port}
    fields = bundled_table("suricata").apply(raw, context)
    try:
        if year:
            fields["@timestamp"] = iso_time(f"{year}-{month}-{day}T{clock}", context.zone)
        elif month:
            fields["@timestamp"] = yearless_time(int(month), int(day), clock, context.received, context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="11/17/2026-08:12:01.112233")) from problem
    _put_kind(fields, "alert", raw)
    return fields


def _stats(document: Mapping[str, object], context: ParseContext) -> Record:
    """A few counters of the hundreds: what tells that the sensor works, and how much it loses."""
    raw = flat_fields({name: document[name] for name in ("timestamp", "event_type", "host") if name in document})
    counters = document.get("stats")
    counted = flat_fields(counters) if isinstance(counters, dict) else {}
    raw |= {f"stats.{name}": value for name in _STATS if isinstance(value := counted.get(name), (int, float))}
    fields = bundled_table("suricata").apply(raw, context)
    return fields | {
        "event.kind": "metric",
        "event.category": ["host"],
        "event.type": ["info"],
        "event.action": "stats",
    }


def _put_kind(fields: Record, kind: str, raw: Record) -> None:
    category, types = _KINDS.get(kind, (["network"], ["protocol"]))
    if kind == "alert":
        fields["event.kind"] = "alert"
        types = ["denied"] if raw.get("alert.action") == "blocked" else ["allowed"]
    fields |= {"event.category": list(category), "event.type": list(types)}
    fields.setdefault("event.action", kind)
    if str(fields.get("network.protocol")) in _NO_PROTOCOL:
        del fields["network.protocol"]
    elif kind not in _KINDS or kind in _PROTOCOLS:
        fields.setdefault("network.protocol", kind)
    if isinstance(status := fields.get("http.response.status_code"), int):
        fields["event.outcome"] = outcome_of(status)
    elif (failed := _failed(raw)) is not None:
        fields["event.outcome"] = "failure" if failed else "success"
    if raw.get("ftp.command") == "PASS" or "smb.ntlmssp.user" in raw:
        fields["event.category"] = ["network", "authentication"]


def _failed(raw: Record) -> bool | None:
    """Whether the answer of the application protocol was a refusal; None when the record holds no answer."""
    if isinstance(status := raw.get("smb.status"), str):
        return status not in {"STATUS_SUCCESS", "STATUS_MORE_PROCESSING_REQUIRED"}
    if isinstance(codes := raw.get("ftp.completion_code"), list) and codes:
        return str(codes[-1]) >= "4"
    return True if "krb5.error_code" in raw else None


def _put_flow(fields: Record, raw: Record, context: ParseContext) -> None:
    """Bytes and packets by end, begin, end and length of the flow. A netflow record counts one direction only."""
    to_server, to_client = ("destination", "source") if _from_server(raw) else ("source", "destination")
    for name, target in (("toserver", to_server), ("toclient", to_client)):
        for unit, field in (("bytes", "bytes"), ("pkts", "packets")):
            value = raw.get(f"flow.{unit}_{name}", raw.get(f"netflow.{unit}") if name == "toserver" else None)
            if isinstance(value, int):
                fields[f"{target}.{field}"] = value
    for unit in ("bytes", "packets"):
        sent, received = fields.get(f"source.{unit}"), fields.get(f"destination.{unit}")
        if isinstance(sent, int) and isinstance(received, int):
            fields[f"network.{unit}"] = sent + received
    for name in ("start", "end"):
        moment = raw.get(f"flow.{name}", raw.get(f"netflow.{name}"))
        try:
            fields[f"event.{name}"] = any_time(moment, context.zone)
        except (ValueError, OverflowError):
            continue
    if isinstance(age := raw.get("flow.age", raw.get("netflow.age")), int):
        fields["event.duration"] = age * 10**9


def _from_server(raw: Record) -> bool:
    """Whether the packet of this record ran from the server of its flow to the client."""
    client = raw.get("flow.src_ip")
    if client is not None:
        return client != raw.get("src_ip")
    return raw.get("direction") == "to_client" and raw.get("event_type") == "alert"


def _put_versions(fields: Record, raw: Record) -> None:
    """`TLS 1.3`, `TLSv1`, `SSLv3` as number and protocol."""
    version = str(raw.get("tls.version", ""))
    number = version.lstrip("TLSv ")
    if number.replace(".", "", 1).isdecimal():
        fields |= {"tls.version": number, "tls.version_protocol": "ssl" if version.startswith("SSL") else "tls"}
    if "tls.client.server_name" in fields:
        fields.setdefault("destination.domain", fields["tls.client.server_name"])


def _put_dns(fields: Record, dns: Mapping[str, object]) -> None:
    """Question, answers and code of the versions 1 (one record an answer), 2 (lists, grouped lists) and 3 (queries)."""
    kind = str(dns.get("type", ""))
    fields["dns.type"] = _DNS_TYPES.get(kind, kind) or "query"
    question = _first(dns.get("queries")) or _first(dns.get("query")) or dns
    if isinstance(name := question.get("rrname"), str) and name:
        put_question(fields, name, str(question.get("rrtype") or ""), "")
    _put_text(fields, "dns.id", dns.get("id", question.get("id")))
    _put_text(fields, "dns.response_code", dns.get("rcode"))
    if flags := [flag.upper() for flag in _FLAGS if dns.get(flag) is True]:
        fields["dns.header_flags"] = flags
    if "dns.response_code" in fields:
        fields["event.outcome"] = "success" if fields["dns.response_code"] == "NOERROR" else "failure"
    answer = dns.get("answer")
    _put_answers(fields, answer if isinstance(answer, dict) else dns)


def _put_answers(fields: Record, dns: Mapping[str, object]) -> None:
    listed = dns.get("answers")
    answers = listed if isinstance(listed, list) else [dns] if "rdata" in dns else []
    found = [tuple(str(one.get(name, "")) for name in _ANSWER) for one in answers if isinstance(one, dict)]
    grouped = dns.get("grouped")
    if not found and isinstance(grouped, dict):
        found = [
            ("", str(kind), str(value))
            for kind, values in grouped.items()
            if isinstance(values, list)
            for value in values
        ]
    for at, name in enumerate(("name", "type", "data")):
        if values := [one[at] for one in found if one[at]]:
            fields[f"dns.answers.{name}"] = values
    if addresses := [data for _, _, data in found if is_ip(data)]:
        fields["dns.resolved_ip"] = addresses


def _put_mailboxes(fields: Record, sender: object, recipients: object) -> None:
    if isinstance(sender, str) and sender.strip("<> "):
        fields["email.from.address"] = [sender.strip("<> ")]
    if isinstance(recipients, list) and (to := [one.strip("<> ") for one in recipients if isinstance(one, str)]):
        fields["email.to.address"] = to


def _first(value: object) -> Mapping[str, object] | None:
    first = value[0] if isinstance(value, Sequence) and not isinstance(value, str) and value else value
    return first if isinstance(first, dict) else None


def _put_text(fields: Record, name: str, value: object) -> None:
    if isinstance(value, (str, int)) and value != "":
        fields[name] = str(value)
