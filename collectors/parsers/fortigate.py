"""FortiGate: FortiOS logs as key=value (blanks or commas), or as CEF, with or without a syslog header."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import split_cef
from collectors.parsers.pairs import read_pairs
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import epoch_time, iso_time, offset_zone, utc
from collectors.values import HTTP_METHODS
from soc.core.i18n import msg

_CEF_BODY = re.compile(r"(?:CEF: ?)?\d{1,2}\|")
_VENDOR_PREFIX = re.compile(r"FTNTFGT|FortinetFortiGate|ad\.")
_CEF_TO_FORTIOS = {
    "src": "srcip",
    "spt": "srcport",
    "dst": "dstip",
    "dpt": "dstport",
    "act": "action",
    "app": "service",
    "out": "sentbyte",
    "in": "rcvdbyte",
    "deviceInboundInterface": "srcintf",
    "deviceOutboundInterface": "dstintf",
    "deviceExternalId": "devid",
    "dvchost": "devname",
    "externalId": "sessionid",
    "externalID": "sessionid",
    "suser": "user",
    "shost": "srcname",
    "dhost": "hostname",
    "smac": "srcmac",
    "dmac": "dstmac",
    "sproc": "ui",
    "fname": "filename",
    "fsize": "filesize",
    "request": "url",
    "requestClientApplication": "agent",
    "requestContext": "catdesc",
    "outcome": "status",
    "deviceSeverity": "level",
    "deviceDirection": "direction",
    "sourceTranslatedAddress": "transip",
    "sourceTranslatedPort": "transport",
    "destinationTranslatedAddress": "tranip",
    "destinationTranslatedPort": "tranport",
}
"""CEF key -> FortiOS name. Source: Fortinet, FortiOS log message reference, "CEF support: FortiOS to CEF log field mapping"."""


class FortigateParser:
    """FortiOS traffic, UTM and event logs.

    The time is `eventtime` (seconds to nanoseconds since 1970), else `date` and `time` in the zone of `tz`, else in that of the source.
    Bytes of an interim traffic record (`sentdelta`) are those since the last one, so that a sum over a session is right.
    FortiOS names without a place in ECS stay as `fortinet.<name>`.

    Source: docs.fortinet.com, FortiOS log message reference 6.4 to 7.4 (log field format, log id numbers, CEF mapping).
    """

    id: ClassVar[str] = "fortigate"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        record: Record = _from_cef(body) if _CEF_BODY.match(body) else {**read_pairs(body)}
        if "type" not in record and "logid" not in record and "log_id" not in record:
            raise unreadable(msg("bản ghi FortiOS: danh sách khóa=giá trị có logid hoặc type"))
        moment = _moment(record, context)
        _tell_apart(record)
        fields = outer | bundled_table("fortigate").apply(record, context)
        if moment is not None:
            fields["@timestamp"] = moment
        _put_total(fields)
        return fields


def _from_cef(line: str) -> Record:
    """A CEF message in the names of FortiOS."""
    message = split_cef(line)
    record: Record = {}
    for key, value in message.extension.items():
        name = _VENDOR_PREFIX.sub("", key, count=1)
        record.setdefault(_CEF_TO_FORTIOS.get(key, name), value)
    kind, _, subtype = str(record.pop("cat", "")).partition(":")
    record.setdefault("type", kind)
    record.setdefault("subtype", subtype)
    record["cef_name"] = message.header["name"]
    # In CEF the one user field of FortiOS is duser; only where dstuser is there too is it known to be the source's.
    user = record.pop("duser", "")
    record.setdefault("user" if record.get("dstuser") else "dstuser", user)
    return record


def _moment(record: Record, context: ParseContext) -> object:
    """The time of the event; None when the record has none that can be read."""
    day, clock = record.pop("date", None), record.pop("time", None)
    zone = str(record.pop("tz", "")).strip('"')
    moment = record.pop("eventtime", None) or record.pop("timestamp", None)
    try:
        if isinstance(moment, str) and moment.isascii() and moment.isdecimal() and len(moment) <= 19:
            return epoch_time(int(moment))
        if day is not None and clock is not None:
            return utc(iso_time(f"{day}T{clock}", offset_zone(zone) if zone else context.zone), context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="date=YYYY-MM-DD time=hh:mm:ss")) from problem
    return None


def _tell_apart(record: Record) -> None:
    """Names that FortiOS gives two meanings: a method of HTTP or of filtering, the bytes of a session or of an interval, a user."""
    if record.get("method") in HTTP_METHODS or record.get("method") == "HTTP":
        record["http_method"] = record.pop("method")
    # A user who came with a certificate is written with its common name behind: `name,cn=name`.
    name, certificate, _ = str(record.get("user", "")).partition(",cn=")
    if certificate:
        record["user"], record["user_with_cn"] = name, record["user"]
    if "sentdelta" in record:
        record["total_sentbyte"] = record.pop("sentbyte", "")
    if "rcvddelta" in record:
        record["total_rcvdbyte"] = record.pop("rcvdbyte", "")


def _put_total(fields: Record) -> None:
    sent, received = fields.get("source.bytes"), fields.get("destination.bytes")
    if isinstance(sent, int) and isinstance(received, int):
        fields["network.bytes"] = sent + received
