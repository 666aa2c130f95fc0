"""The lines of a mail system that are lists of pairs: who sent, what the message is called, and how a delivery ended."""

from __future__ import annotations

import re
from collections.abc import Callable

from collectors.parsers.mail import find_peer, put_mailbox, put_peer
from collectors.parsing import Record
from collectors.values import is_ip, put_address, put_port, split_endpoint, whole

_PAIR = re.compile(r",? ?([a-z_][a-z_-]{0,40})=(<[^<>]{0,400}>?|[^\s,]{0,400})")
_STATUS = re.compile(r"([a-z]+)(?:,? \(?(.*?)\)?(?: \d{1,6})?)?$", re.DOTALL)

_FINAL = {"sent": "success", "bounced": "failure", "expired": "failure"}
_OUTCOME = _FINAL | {"deferred": "failure", "undeliverable": "failure", "deliverable": "success"}


def put_account(fields: Record, user: str) -> None:
    """Write the account that a sender logged in with."""
    if user:
        fields["user.name"] = user
        if "@" in user:
            fields["user.email"] = user


def read_delivery(fields: Record, body: str) -> bool:
    """Whether `body` is such a list; writes what it says.

    Forms: `client=...`, `from=<>, size=...`, `to=<>, relay=..., status=sent (...)`, `message-id=<>`, `uid=0 from=<root>`.
    """
    pairs: dict[str, str] = {}
    at = 0
    while (pair := _PAIR.match(body, at)) is not None:
        at = pair.end()
        if pair[1] == "status":
            _put_status(fields, body[pair.start(2) :])
            break
        pairs.setdefault(pair[1], pair[2])
    known = [name for name in pairs if name in _FROM_PAIRS]
    for name in known:
        _FROM_PAIRS[name](fields, pairs[name])
    if "client" in pairs and "sasl_username" in pairs:
        fields |= {"event.category": ["authentication", "email"], "event.type": ["start"], "event.outcome": "success"}
        fields["event.action"] = "sasl_login"
    _settle(fields)
    return bool(known)


def _put_status(fields: Record, text: str) -> None:
    status = _STATUS.match(text)
    if status is None:
        return
    fields["event.action"] = status[1]
    fields["event.outcome"] = _OUTCOME.get(status[1], "unknown")
    if status[2]:
        fields["event.reason"] = status[2]
        _, found, queued = status[2].partition("queued as ")
        if found and (words := queued.split(maxsplit=1)):
            fields["postfix.queued_as"] = words[0].strip(");.")


def _settle(fields: Record) -> None:
    """Mark the line that settles a recipient."""
    handed_over = "postfix.queued_as" in fields and str(fields.get("destination.ip")) in {"127.0.0.1", "::1"}
    if fields.get("event.action") in _FINAL and "email.to.address" in fields and not handed_over:
        fields["soc.act.main"] = True


def _relay(fields: Record, value: str) -> None:
    """`host[address]:port`, `address:port`, or the name of a transport: none, local, virtual, dovecot."""
    fields["postfix.relay"] = value
    peer = find_peer(value)
    if peer is not None:
        put_peer(fields, "destination", peer)
        return
    host, port = split_endpoint(value)
    if port and (is_ip(host) or "." in host):
        put_address(fields, "destination", host)
        put_port(fields, "destination.port", port)


def _client(fields: Record, value: str) -> None:
    peer = find_peer(value)
    if peer is not None:
        put_peer(fields, "source", peer)


def _forwarded(fields: Record, value: str) -> None:
    """The client that a front end reports: no more than its word."""
    peer = find_peer(value)
    if peer is not None and peer.address != "unknown":
        fields["network.forwarded_ip"] = [peer.address]


def _delay(fields: Record, value: str) -> None:
    if value.isascii() and value.replace(".", "", 1).isdecimal() and len(value) <= 12:
        fields["event.duration"] = round(float(value) * 1e9)


def _number_to(target: str) -> Callable[[Record, str], None]:
    def put(fields: Record, value: str) -> None:
        number = whole(value)
        if number is not None:
            fields[target] = number

    return put


def _text_to(target: str) -> Callable[[Record, str], None]:
    def put(fields: Record, value: str) -> None:
        if value.strip("<>"):
            fields.setdefault(target, value.strip("<>"))

    return put


_FROM_PAIRS: dict[str, Callable[[Record, str], None]] = {
    "client": _client,
    "orig_client": _forwarded,
    "from": lambda fields, value: put_mailbox(fields, "email.from.address", value),
    "to": lambda fields, value: put_mailbox(fields, "email.to.address", value),
    "orig_to": _text_to("postfix.orig_to"),
    "relay": _relay,
    "delay": _delay,
    "delays": _text_to("postfix.delays"),
    "dsn": _text_to("postfix.dsn"),
    "size": _number_to("postfix.size"),
    "nrcpt": _number_to("soc.email.recipients"),
    "uid": _text_to("user.id"),
    "message-id": _text_to("email.message_id"),
    "resent-message-id": _text_to("email.message_id"),
    "sasl_method": _text_to("postfix.sasl_method"),
    "sasl_username": put_account,
    "orig_queue_id": _text_to("postfix.orig_queue_id"),
}
