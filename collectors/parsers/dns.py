"""What the logs of DNS servers share: the question with its parts, and who asked."""

from __future__ import annotations

from collectors.domains import put_domain_parts
from collectors.parsing import Record
from collectors.values import is_ip, put_address, put_port


def put_question(fields: Record, name: str, dns_type: str, dns_class: str) -> None:
    """Write `dns.question.*` of a name with or without its final dot; an empty type or class is left out."""
    bare = name.rstrip(".") or "."
    fields["dns.question.name"] = bare
    put_domain_parts(fields, "dns.question", bare)
    for field, value in (("type", dns_type), ("class", dns_class)):
        if value:
            fields[f"dns.question.{field}"] = value


def put_end(fields: Record, side: str, address: str, port: str) -> None:
    """Write address and port under `side`; the zone of a link-local address is dropped, what is no address left out."""
    bare = address.partition("%")[0]
    if is_ip(bare):
        put_address(fields, side, bare)
        put_port(fields, f"{side}.port", port)
