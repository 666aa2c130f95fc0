"""The client behind a proxy: `source.ip` from the forwarded-for list, believed only from machines that are ours."""

from __future__ import annotations

from collections.abc import Mapping

from collectors.enrich.facts import Facts
from soc.core.event import Value


def client_behind_proxy(fields: Mapping[str, Value], facts: Facts) -> Mapping[str, Value]:
    """`source.ip` = the last address of the list that is no trusted proxy; the proxy itself becomes `observer.ingress.ip`.

    Read from the right: each proxy appends what it saw, so everything left of the first foreign address is the client's own invention.
    Without a trusted proxy in front nothing changes, or anybody could choose the address that gets blamed.
    Source: RFC 7239 section 8.1; nginx ngx_http_realip_module (`real_ip_recursive`).
    """
    seen, forwarded = fields.get("source.ip"), fields.get("network.forwarded_ip")
    if forwarded is None or not isinstance(seen, str) or seen not in facts.trusted_proxies:
        return {}
    hops = forwarded if isinstance(forwarded, list) else [forwarded]
    client = next((str(hop) for hop in reversed(hops) if str(hop) not in facts.trusted_proxies), None)
    if client is None:
        return {}
    return {"source.ip": client, "source.address": client, "observer.ingress.ip": seen}
