"""F5 BIG-IP: LTM, APM, ASM, AFM, PSM, audit and iRule records, as text, key=value or CEF."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import labelled, split_cef
from collectors.parsers.openssh import OpensshParser
from collectors.parsers.pairs import read_pairs
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, clf_time
from collectors.values import put_address, put_port, put_request, put_url, split_endpoint, whole
from soc.core.i18n import msg

_LONGEST = 16384
_CEF = re.compile(r"(?:[A-Z]{2,4}: ?)?(?:CEF: ?)?\d{1,2}\|F5", re.IGNORECASE)
_HEAD = re.compile(
    r"(?:(emerg|alert|crit|err|error|warning|notice|info|debug) )?"
    r"(?:([A-Za-z][\w./-]{0,63})(?:\[(\d{1,10})\])?: ?)?(?:([0-9a-f]{8}):([0-7]): ?)?"
)
_PAIRS = re.compile(r"(?:ASM: ?)?[\"\s]*[a-zA-Z_]\w{1,63}=\"")
_APM = re.compile(
    r"(?P<profile>/[\w./-]{1,255}):(?P<partition>[\w.-]{1,128}):(?P<session>[0-9a-f]{1,32}): (?P<text>.*)", re.DOTALL
)
_RULE = re.compile(r"Rule (?P<rule>/?[\w./-]{1,255}) <(?P<event>\w{1,64})>: ?(?P<text>.*)", re.DOTALL)
_IRULE_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z_][\w-]{0,63})=")
_HTTP = re.compile(
    r"(?P<client>\S{1,80}): HTTP: (?P<status>\d{3}) response to ?\S{0,80} from (?P<server>\S{1,80})"
    r"(?: URL: (?P<url>\S{1,4096}))?(?: in (?P<tls>\S{1,16}))?"
)
_ACL = re.compile(r"(?P<action>\w{1,32}) ACL: (?P<acl>\S{1,255}?)(?::\d{1,6})? packet: (?P<proto>\w{1,16}) ")
_ARROW = re.compile(r"(?P<src>[^\s,()]{2,80}) -> (?P<dst>[^\s,()]{2,80})")
_ACCESS = re.compile(
    r"\[ssl_acc\] (?P<ip>\S{1,64}) \S{1,255} (?P<user>\S{1,255}) \[(?P<time>[^\]]{1,40})\] "
    r"\"(?P<request>[^\"]{0,8192})\" (?P<status>\d{3})(?: (?P<bytes>\d{1,18}))?"
)
_REQUEST = re.compile(
    r"\[ssl_req\]\[(?P<time>[^\]]{1,40})\] (?P<ip>\S{1,64}) (?P<tls>\S{1,16}) (?P<cipher>\S{1,64}) "
    r"\"(?P<request>[^\"]{0,8192})\"(?: (?P<bytes>\d{1,18}))?"
)
_HEADER = re.compile(r"^(user-agent|referer|host): ?(.{1,2048}?)\r?$", re.IGNORECASE | re.MULTILINE)
_AUDIT_PAIR = re.compile(
    r"\b(user|host|status|cmd_data|partition|level|attempts)=(\[[^\]]{0,256}\]|\"[^\"]{0,1024}\"|[^\s(,]{1,1024})"
)
_AUDIT_USER = re.compile(r"\buser ([^\s,]{1,256}) - ")
_TLS = re.compile(r"TLSv?(\d(?:\.\d)?)")
_LEVELS = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
_SAYS = tuple(
    re.compile(text)
    for text in (
        r"(?:Retry )?Username '(?P<user>[^']{1,256})'",
        r"(?:authenticate with|authentication with|authentication for|Auth\w* of user|logon attempt for) '(?P<user>[^']{1,256})'",
        r"Following rule '(?P<rule>[^']{1,256})' from item '(?P<item>[^']{1,256})' to (?:item|ending|terminal) '(?P<ending>[^']{1,256})'",
        r"Access policy result: (?P<result>.{1,255})",
        r"New session from client IP (?P<client>\S{1,64})"
        r"(?: \(ST=(?P<region>[^/)]{0,64})/CC=(?P<country>[^/)]{0,8})[^)]{0,64}\))?(?: at VIP (?P<server>\S{1,64}))?",
        r"session\.user\.clientip is (?P<client>\S{1,64})",
        r"session\.user\.agent is (?P<agent>.{1,1024})",
        r"session\.logon\.last\.username is (?P<user>\S{1,256})",
        r"User-Agent header: (?P<agent>.{1,1024})",
        r"Assigned PPP Dynamic IPv[46]: (?P<assigned>\S{1,64})",
        r"Session statistics - bytes in: (?P<sent>\d{1,18}), bytes out: (?P<received>\d{1,18})",
    )
)
_FAILED = ("failed", "Deny", "denied", "invalid", "Error", "rejected", "not allowed", "locked")


class F5BigipParser:
    """BIG-IP records of every module.

    A message number (`01490005:5:`) is the event's code. APM records name access profile, partition and session; the profile is the rule
    unless the record names one. What sshd writes is read as OpenSSH. iRules write what their author chose: `name=value` lists and the
    common response line are read, all else stays in `message`.

    Source: F5, "BIG-IP Log Messages Reference"; "Configuring Application Security Event Logging" (CEF and key-value forms of ASM and PSM);
    "BIG-IP AFM: Network Firewall Policies" (event fields); K16197 (log levels and format of APM).
    """

    id: ClassVar[str] = "f5_bigip"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        if _CEF.match(body):
            return outer | _from_cef(body, context)
        if _PAIRS.match(body):
            return outer | _from_pairs(body, context)
        fields = _from_text(body, context)
        if envelope is None and len(fields) == len(_CONSTANT):
            raise unreadable(msg("bản ghi BIG-IP: mã số, khóa=giá trị hoặc CEF của F5"))
        fields = outer | fields
        fields["message"] = body
        return fields


_CONSTANT: Record = {
    "event.kind": "event",
    "event.dataset": "f5.bigip",
    "event.category": ["network"],
    "event.type": ["info"],
    "observer.vendor": "F5",
    "observer.type": "firewall",
}


def _from_cef(body: str, context: ParseContext) -> Record:
    message = split_cef(body)
    raw = {name: value for name, value in labelled(message).items() if f"{name}Label" not in message.extension}
    raw["action"] = raw.get("name")
    return _mapped(raw, str(raw.get("product") or ""), raw.get("rt"), context)


def _from_pairs(body: str, context: ParseContext) -> Record:
    raw: Record = {**read_pairs(body.removeprefix("ASM:").lstrip(' "'))}
    product = "ASM" if "support_id" in raw or "web_application_name" in raw else "Advanced Firewall Module"
    return _mapped(raw, product, raw.get("date_time"), context)


def _mapped(raw: Record, product: str, moment: object, context: ParseContext) -> Record:
    """CEF or key-value fields as ECS, with the headers of the request that ASM copies."""
    fields = bundled_table("f5_bigip").apply(raw, context)
    fields |= {"event.dataset": f"f5.{product.lower().replace(' ', '_') or 'bigip'}", "event.category": ["network"]}
    fields["event.type"] = ["info"]
    if product in {"ASM", "PSM"}:
        fields |= {"event.kind": "alert", "event.category": ["intrusion_detection", "web"]}
    fields.setdefault("observer.product", product)
    request = str(
        raw.get("label.full_request") or (raw.get("request") if "\n" in str(raw.get("request")) else "") or ""
    )
    _put_headers(fields, request.replace("\\r\\n", "\n"))
    target = str(raw.get("request") or "")
    if target.startswith("/") or "://" in target[:12]:
        fields.pop("f5.request", None)
        host = fields.get("url.domain")
        put_url(fields, target)
        if host is not None:
            fields["url.domain"] = host
    time = _time(moment, context)
    if time is not None:
        fields["@timestamp"] = time
    return fields


def _time(value: object, context: ParseContext) -> datetime | None:
    try:
        return any_time(value, context.zone) if value else None
    except (ValueError, OverflowError):
        return None


def _put_headers(fields: Record, request: str) -> None:
    names = {"user-agent": "user_agent.original", "referer": "http.request.referrer", "host": "url.domain"}
    for name, value in _HEADER.findall(request):
        fields.setdefault(names[name.lower()], value.strip())


def _from_text(body: str, context: ParseContext) -> Record:
    head = _HEAD.match(body)
    fields: Record = {**_CONSTANT, "event.category": ["network"], "event.type": ["info"]}
    rest = body
    if head is not None:
        level, process, pid, number, severity = head.groups()
        rest = body[head.end() :]
        if process == "sshd":
            return fields | OpensshParser().parse(body, context)
        named = {"log.level": level, "process.name": process, "event.code": number}
        fields.update({name: value for name, value in named.items() if value})
        if pid:
            fields["process.pid"] = int(pid)
        if severity:
            fields.setdefault("log.level", _LEVELS[int(severity)])
    for read in _READERS:
        if read(fields, rest[:_LONGEST]):
            break
    return fields


def _apm(fields: Record, text: str) -> bool:
    """`/Common/profile:partition:session: text`."""
    found = _APM.match(text)
    if found is None:
        return False
    fields |= {"event.category": ["authentication"], "rule.name": found["profile"], "soc.session.id": found["session"]}
    fields["f5.partition"] = found["partition"]
    if _acl(fields, found["text"]):
        return True
    fields["event.reason"] = found["text"]
    fields["event.outcome"] = "failure" if any(word in found["text"] for word in _FAILED) else "success"
    _put_said(fields, found["text"])
    return True


def _put_said(fields: Record, text: str) -> None:
    said = {
        name: value
        for phrase in _SAYS
        if (found := phrase.search(text))
        for name, value in found.groupdict().items()
        if value
    }
    for name, side in (("client", "source"), ("server", "destination")):
        if name in said:
            put_address(fields, side, said[name])
    named = {
        "user": "user.name",
        "rule": "rule.name",
        "item": "f5.item",
        "ending": "event.action",
        "result": "event.action",
        "country": "source.geo.country_iso_code",
        "agent": "user_agent.original",
        "assigned": "source.nat.ip",
    }
    fields.update({named[name]: value for name, value in said.items() if name in named})
    for name, field in (("sent", "source.bytes"), ("received", "destination.bytes")):
        if name in said:
            fields[field] = whole(said[name])


def _acl(fields: Record, text: str) -> bool:
    """`discard ACL: /Common/acl:0 packet: tcp 192.0.2.1:1 -> 192.0.2.2:2`."""
    found = _ACL.match(text)
    if found is None:
        return False
    denied = found["action"].lower() in {"discard", "reject", "deny", "drop"}
    fields |= {
        "event.category": ["network"],
        "event.type": ["connection", "denied" if denied else "allowed"],
        "event.action": found["action"],
        "rule.name": found["acl"],
        "network.transport": found["proto"].lower(),
    }
    _arrow(fields, text)
    return True


def _arrow(fields: Record, text: str) -> bool:
    """Two endpoints with an arrow between them."""
    found = _ARROW.search(text)
    if found is None:
        return False
    _put_end(fields, "source", found["src"])
    _put_end(fields, "destination", found["dst"])
    return True


def _put_end(fields: Record, side: str, text: str) -> None:
    address, port = split_endpoint(text.rstrip(":."))
    if not port and address.count(".") == 4:
        address, _, port = address.rpartition(".")  # 192.0.2.1.443, as tmm writes IPv6 and some IPv4 ends
    put_address(fields, side, address)
    put_port(fields, f"{side}.port", port)


def _irule(fields: Record, text: str) -> bool:
    """`Rule /Common/name <EVENT>: what its author chose to log`."""
    found = _RULE.match(text)
    if found is None:
        return False
    fields |= {"rule.name": found["rule"], "event.action": found["event"]}
    body = found["text"]
    response = _HTTP.match(body)
    if response is not None:
        _put_response(fields, response)
        return True
    raw = _irule_pairs(body)
    if raw:
        request = str(raw.pop("request", ""))
        fields |= {
            name: value
            for name, value in bundled_table("f5_bigip").apply(raw, _NOWHERE).items()
            if name not in _CONSTANT
        }
        mime = str(fields.get("http.response.mime_type", ""))
        if mime:
            fields["http.response.mime_type"] = mime.partition(";")[0].strip()
        host = fields.get("url.domain")
        if request and not put_request(fields, request):
            put_url(fields, request)
        if host is not None:
            fields["url.domain"] = host
    else:
        fields["event.reason"] = body.removeprefix("LOGS: ")
    return True


_NOWHERE = ParseContext(datetime.min.replace(tzinfo=UTC), UTC)
"""The keys that iRules write hold no times."""


def _irule_pairs(text: str) -> Record:
    """`name=value` parted by blanks, values with blanks in them; a blank behind the equals sign means an empty value."""
    keys = list(_IRULE_KEY.finditer(text))
    ends = [*(key.start() for key in keys[1:]), len(text)]
    raw: Record = {}
    for key, end in zip(keys, ends, strict=False):
        value = text[key.end() : end]
        raw.setdefault(key[1], "" if value.startswith(" ") else value.strip().strip('"'))
    return raw if len(raw) > 1 else {}


def _put_response(fields: Record, found: re.Match[str]) -> None:
    """A response travels from the server to the client."""
    _put_end(fields, "source", found["server"])
    _put_end(fields, "destination", found["client"])
    fields["http.response.status_code"] = int(found["status"])
    if found["url"]:
        host, slash, path = found["url"].partition("/")
        put_url(fields, f"/{path}" if slash else "/")
        fields |= {"url.original": found["url"], "url.domain": host}
    _put_tls(fields, found["tls"] or "")


def _put_tls(fields: Record, text: str) -> None:
    version = _TLS.match(text)
    if version is not None:
        fields["tls.version"] = version[1]
        fields["tls.version_protocol"] = "tls"


def _web_access(fields: Record, text: str) -> bool:
    """`[ssl_acc]` and `[ssl_req]` lines of the web server of the management interface."""
    found = _ACCESS.match(text) or _REQUEST.match(text)
    if found is None:
        return False
    named = found.groupdict()
    put_address(fields, "source", named["ip"])
    if named["request"] and not put_request(fields, named["request"]):
        put_url(fields, named["request"])
    if named.get("user") not in {None, "-"}:
        fields["user.name"] = named["user"]
    if named.get("status"):
        fields["http.response.status_code"] = int(named["status"])
    if named.get("bytes"):
        fields["http.response.bytes"] = int(named["bytes"])
    if named.get("cipher"):
        _put_tls(fields, named["tls"])
        fields["tls.cipher"] = named["cipher"]
    fields["event.category"] = ["network", "web"]
    try:
        fields["@timestamp"] = clf_time(named["time"])
    except ValueError:
        return True
    return True


def _audit(fields: Record, text: str) -> bool:
    """`AUDIT - pid=... user=root ... cmd_data=...` and the records of logins to the management interface."""
    if "AUDIT" not in text:
        return False
    pairs = {name: value.strip('[]"') for name, value in reversed(_AUDIT_PAIR.findall(text))}
    user = _AUDIT_USER.search(text)
    name = pairs.get("user") or (user[1] if user is not None else "")
    if name:
        fields["user.name"] = name
    if pairs.get("host"):
        put_address(fields, "source", pairs["host"])
    if "cmd_data=" in text:
        fields["process.command_line"] = text.partition("cmd_data=")[2].strip()
    fields |= {"event.category": ["configuration"], "event.type": ["change"], "event.reason": text}
    return True


def _other(fields: Record, text: str) -> bool:
    _arrow(fields, text)
    if "event.code" in fields or "process.name" in fields:
        fields["event.reason"] = text
    return True


_READERS: tuple[Callable[[Record, str], bool], ...] = (_apm, _acl, _irule, _web_access, _audit, _other)
