"""The access line that nginx and Apache share: common, combined, and what sites put before and after it."""

from __future__ import annotations

import re

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record
from collectors.times import clf_time
from collectors.values import addresses_in, is_ip, outcome_of, put_address, put_port, put_request, split_endpoint, whole

_MIDDLE = re.compile(r" \[(\d{2}/[A-Za-z]{3}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\] \"")
_QUOTED_REST = re.compile(r"([^\"\\]*(?:\\.[^\"\\]*)*)\"")
_QUOTED = re.compile(r"\s*\"([^\"\\]*(?:\\.[^\"\\]*)*)\"")
_STATUS = re.compile(r" (\d{3}|-) (\d+|-)")
_SECONDS = re.compile(r"\d{1,9}\.\d{3,6}")


def without_header(text: str, context: ParseContext) -> tuple[Record, str]:
    """The fields of a syslog header in front of `text`, and the rest; nothing and all of `text` when there is none.

    For formats whose own lines never begin with `<`, a letter or an ISO time, so that most are passed without a look.
    """
    if text[:1] != "<" and not text[:1].isalpha() and text[10:11] != "T":
        return {}, text
    envelope = open_envelope(text, context)
    return ({}, text) if envelope is None else (envelope.fields, envelope.message.strip())


def parse_access(text: str) -> Record | None:
    """One access line; None when it is not one.

    Fields: `[vhost[:port]] address [(name)] ident user [time] "request" status bytes ["referrer" "agent" ["x-forwarded-for" ["seconds"]]]`,
    anything after that is kept in `event.original` only. `-` means absent.
    """
    middle = _MIDDLE.search(text)
    request = middle and _QUOTED_REST.match(text, middle.end())
    status = request and _STATUS.match(text, request.end())
    if middle is None or request is None or status is None:
        return None
    fields: Record = {"event.kind": "event", "event.category": ["web"], "event.type": ["access"]}
    try:
        fields["@timestamp"] = clf_time(middle[1])
    except ValueError:
        return None
    if not _put_client(fields, text[: middle.start()].split()):
        return None
    _put_exchange(fields, request[1], status[1], status[2])
    _put_tail(fields, text, status.end())
    return fields


def _put_client(fields: Record, words: list[str]) -> bool:
    """Read what stands before the time: virtual host, client, ident, user (which may hold blanks)."""
    if len(words) > 1 and is_ip(words[1]) and not is_ip(words[0]):
        host, port = split_endpoint(words.pop(0))
        if host != "-":
            put_address(fields, "destination", host)
            fields["url.domain"] = host
            put_port(fields, "destination.port", port)
    if len(words) < 3:
        return False
    put_address(fields, "source", words[0])
    named = 2 if words[1].startswith("(") else 1
    user = " ".join(words[named + 1 :])
    if user not in {"-", ""}:
        fields["user.name"] = user
    return True


def _put_exchange(fields: Record, request: str, status: str, size: str) -> None:
    if not put_request(fields, request):
        # Not HTTP at all: a TLS hello or a probe sent to the plain port. Kept whole, as it is what an analyst looks for.
        fields["url.original"] = request
    if status != "-":
        fields["http.response.status_code"] = int(status)
        fields["event.outcome"] = outcome_of(int(status))
    if (bytes_sent := whole(size)) is not None:
        fields["http.response.body.bytes"] = bytes_sent


def _put_tail(fields: Record, text: str, at: int) -> None:
    """Read referrer and agent, then a forwarded-for list and a duration where the site logs them."""
    quoted: list[str] = []
    while len(quoted) < 6 and (part := _QUOTED.match(text, at)) is not None:
        quoted.append(part[1])
        at = part.end()
    for name, value in zip(("http.request.referrer", "user_agent.original"), quoted, strict=False):
        if value not in {"-", ""}:
            fields[name] = value
    for value in quoted[2:]:
        if forwarded := addresses_in(value):
            fields.setdefault("network.forwarded_ip", forwarded)
        elif _SECONDS.fullmatch(value):
            fields.setdefault("event.duration", round(float(value) * 1e9))
