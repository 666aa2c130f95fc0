"""nginx: access log in the combined form or as JSON, and the error log. One file may mix them."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.accesslog import parse_access, without_header
from collectors.parsers.json import flat_fields, load_object
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from collectors.values import outcome_of, put_address, put_port, put_request, put_url, split_endpoint
from soc.core.i18n import msg

_ERROR = re.compile(r"(\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}) \[([a-z]+)\] (\d{1,10})#(\d{1,10}): (?:\*(\d{1,18}) )?")
_DETAIL = re.compile(
    r", (client|server|request|upstream|host|referrer|responder|peer): (\"[^\"\\]*(?:\\.[^\"\\]*)*\"|[^,\"]*)"
)


class NginxParser:
    """nginx access and error logs.

    The JSON form takes the names of nginx's own variables and those of the `log_format` that docs/add-a-platform.md recommends
    (`collectors/parsers/nginx.yaml` lists both). `source.ip` is the address that nginx saw; a forwarded-for list goes to
    `network.forwarded_ip`, and only the normaliser, which knows the trusted proxies, may promote it. A syslog header in front is taken off.

    Source: nginx.org ngx_http_log_module (`combined`, `escape=json`) and ngx_core_module (`error_log`); ngx_log.c for the context
    that follows an error message.
    """

    id: ClassVar[str] = "nginx"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, line = without_header(text.strip(), context)
        if line.startswith("{"):
            return outer | _parse_json(line, context)
        fields = parse_access(line)
        if fields is not None:
            fields["event.dataset"] = "nginx.access"
            return outer | fields
        return outer | _parse_error(line, context)


def _parse_json(line: str, context: ParseContext) -> Record:
    fields = bundled_table("nginx").apply(flat_fields(load_object(line)), context)
    request = fields.pop("nginx.request", None)
    if isinstance(request, str):
        given = dict(fields)
        put_request(fields, request)
        fields.update(given)
    if "url.original" not in fields and "url.path" in fields:
        query = fields.get("url.query")
        fields["url.original"] = f"{fields['url.path']}?{query}" if query else fields["url.path"]
    status = fields.get("http.response.status_code")
    if isinstance(status, int):
        fields["event.outcome"] = outcome_of(status)
    return fields


def _parse_error(line: str, context: ParseContext) -> Record:
    head = _ERROR.match(line)
    if head is None:
        raise unreadable(msg("dòng nginx: access dạng combined hoặc JSON, hoặc error log"))
    fields: Record = {"event.kind": "event", "event.category": ["web"], "event.type": ["error"]}
    try:
        fields["@timestamp"] = iso_time(head[1], context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY/MM/DD hh:mm:ss")) from problem
    fields |= {
        "event.dataset": "nginx.error",
        "log.level": head[2],
        "process.pid": int(head[3]),
        "process.thread.id": int(head[4]),
    }
    details = list(_DETAIL.finditer(line, head.end()))
    fields["message"] = fields["error.message"] = line[head.end() : details[0].start() if details else len(line)]
    for detail in details:
        _put_detail(fields, detail[1], detail[2].strip('"'))
    return fields


def _put_detail(fields: Record, name: str, value: str) -> None:
    if name == "client":
        put_address(fields, "source", value)
    elif name == "server":
        put_address(fields, "destination", value)
    elif name == "request":
        put_request(fields, value)
    elif name == "host":
        fields["host.name"] = value
    elif name == "referrer":
        fields["http.request.referrer"] = value
    elif name in {"upstream", "peer"}:
        # The only whole URL of the line; the request's own path stays in url.path, its virtual host in host.name.
        upstream: Record = {}
        put_url(upstream, value if "://" in value else f"//{value}")
        host, port = split_endpoint(value.partition("://")[2].partition("/")[0] or value)
        fields["url.domain"] = host
        put_port(fields, "url.port", port)
