"""Kong Gateway: the object that its file-log, http-log, syslog, tcp-log and udp-log plugins write."""

from __future__ import annotations

from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import unwrapped
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import outcome_of, put_url
from soc.core.i18n import msg


class KongParser:
    """One request a record. Headers are left out but for the agent, the referrer and the host: others carry credentials.

    `source.ip` is the address that Kong took for the client by its own list of trusted proxies.

    Source: developer.konghq.com, "File Log", log format and its fields.
    """

    id: ClassVar[str] = "kong"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, message = unwrapped(text.strip(), context)
        record = flat_fields(load_object(message.strip()))
        if "request.method" not in record and "started_at" not in record:
            raise unreadable(msg("bản ghi Kong có request, response, started_at"))
        for name in [name for name in record if name.startswith(("request.headers.", "response.headers."))]:
            if name not in _HEADERS:
                del record[name]
        fields = {**outer, **bundled_table("kong").apply(record, context)}
        uri, url = record.get("request.uri"), record.get("request.url")
        if isinstance(url, str) and "://" in url:
            put_url(fields, url)
        if isinstance(uri, str):
            put_url(fields, uri)
        status = fields.get("http.response.status_code")
        if isinstance(status, int):
            fields["event.outcome"] = outcome_of(status)
        return fields


_HEADERS = frozenset({"request.headers.user-agent", "request.headers.referer", "request.headers.host"})
