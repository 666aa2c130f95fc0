"""Postfix: what its daemons write about connections, decisions and deliveries, and what stands beside it in the same mail.log."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.mail import Peer, decoded_words, find_peer, mailbox_in, put_mailbox, put_peer
from collectors.parsers.maildelivery import put_account, read_delivery
from collectors.parsers.mailpolicy import read_policy
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import is_ip, put_address, put_port
from soc.core.i18n import msg

_QUEUE = re.compile(r"(NOQUEUE|[0-9A-F]{5,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{7,20}|\d[0-9A-Za-z]{6,19}): ?")
_DECISION = re.compile(
    r"((?:milter-|proxy-)?(?:reject|hold|discard|accept)|filter|redirect|bcc|prepend|replace|strip|warn|warning|info|delay|pass|permit"
    r"|reject_warning|quarantine): (?:(END-OF-MESSAGE|CONNECT|EHLO|HELO|MAIL|RCPT|DATA|BDAT|VRFY|ETRN|AUTH|STARTTLS|UNKNOWN"
    r"|XCLIENT|XFORWARD)\b|((?:mime |nested )?header|body)\b)"
)
_CONTEXT = re.compile(
    r"(?:from=<([^<>]{0,320})>,?)?(?: ?to=<([^<>]{0,320})>,?)?(?: proto=(\w{1,10}),?)?(?: helo=<([^>]{0,255})>)?"
    r"(?:,? sasl_method=([\w-]{1,40}))?(?:,? sasl_username=([^\s,:;]{1,320}))?"
)
_REPLY = re.compile(r": (?:(\d{3})(?: (\d\.\d{1,3}\.\d{1,3}))?|(\d\.\d{1,3}\.\d{1,3}))[ -]")
_HEADER = re.compile(r"([A-Za-z][\w-]{0,60}): ?")
_FILE_NAME = re.compile(r"\b(?:file)?name\*?=\"{0,2}([^\";]{1,255})")
_FILE_SIZE = re.compile(r"; size=(\d{1,18})")
_SASL_FAILED = re.compile(r"SASL ([\w-]{1,40}) authentication failed")
_SASL_USER = re.compile(r"sasl_username=([^\s,]{1,320})")
_CONNECTION = re.compile(
    r"(connect|disconnect|lost connection|timeout|too many errors|improper command pipelining|setting up TLS connection|host"
    r"|conversation|enabling PIX workarounds|SSL_(?:accept|connect) error|Connection rate limit exceeded|certificate verification failed"
    r"|(?:(?:Anonymous|Trusted|Untrusted|Verified) )?TLS connection (?:established|reused)|Used TLS)\b(?: after ([A-Z-]{2,20}))?"
)
_TLS = re.compile(r"\b(TLS|SSL)v(\d(?:\.\d)?) with cipher (\S{3,80})")
_MAP_SERVER = re.compile(r"(?:from|to|server) ([^\s:\[\]]{1,255}):(\d{1,5})\b")
_ANVIL = re.compile(r"statistics: max (\w+(?: \w+)?) (\d+)(?:/\d+s)?(?: for \((?:[\w.-]{1,40}):([^\s()]{2,64})\))?")
_POSTSCREEN = re.compile(
    r"(CONNECT|DISCONNECT|PASS (?:OLD|NEW)|(?:WHITE|BLACK|ALLOW|DENY)LISTED|DNSBL|HANGUP|PREGREET|COMMAND [A-Z ]{4,20}|BARE NEWLINE"
    r"|NON-SMTP COMMAND|CACHE|LISTED)\b"
)
_ENDPOINT = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\]:(\d{1,5})")
_LEVEL = re.compile(r"(warning|error|fatal|panic|info): ")
_MAP_HOSTNAME = re.compile(
    r"hostname (\S{1,255}) (?:does not resolve to address|verification failed)[ :]*([0-9A-Fa-f:.]{2,45})?"
)
_OTHER = (
    "daemon started",
    "reload",
    "refreshing",
    "starting",
    "stopping",
    "terminating",
    "statistics:",
    "addr ",
    "cache ",
    "sender ",
    "table ",
    "name_mask:",
    "Server certificate",
    "Cannot start TLS",
    "Host offered STARTTLS",
    "certificate verification",
)

_DENIED = frozenset({"reject", "milter-reject", "proxy-reject", "discard", "milter-discard"})
_ACTIONS = {"host": "remote_reply", "conversation": "lost_connection"}
_TO_US = frozenset({"connect", "host", "conversation", "Used TLS", "enabling PIX workarounds"})

_CONSTANT: Record = {
    "event.kind": "event",
    "event.category": ["email"],
    "event.dataset": "postfix.log",
    "network.protocol": "smtp",
}


class PostfixParser:
    """Lines of Postfix, and of postgrey, policyd-spf, SpamAssassin, amavis, OpenDKIM and Dovecot that share its log.

    One message leaves several lines: they carry its queue id as `transaction.id`. The line that settles one recipient (sent, bounced,
    expired, or refused at the door) is the one to count: `soc.act.main`. A hand-over to a content filter on the same machine settles
    nothing and does not count, since the message comes back under the id in `postfix.queued_as`. The envelope sender is
    `email.from.address`.

    Source: postfix.org, source of smtpd_check.c (log_whatsup), smtpd.c, smtp_connect.c, deliver_completed and log_adhoc.c (delivery
    lines), cleanup_message.c (header checks), postscreen(8) and anvil(8); manuals of postgrey, spamd, amavis and Dovecot.
    """

    id: ClassVar[str] = "postfix"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        message = (line if envelope is None else envelope.message).strip()
        fields: Record = {**_CONSTANT, "event.type": ["info"], "message": message}
        if envelope is not None:
            fields.update(envelope.fields)
            _put_daemon(fields)
        if not message or not (_read(fields, message) or envelope is not None):
            raise unreadable(msg("một dòng của Postfix, ví dụ 4CzXyz1: to=<a@b.example>, relay=…, status=sent (…)"))
        return fields


def _put_daemon(fields: Record) -> None:
    """`postfix/submission/smtpd` is the program smtpd under the name of its service."""
    tag = fields.get("process.name")
    if isinstance(tag, str):
        fields["log.syslog.appname"] = tag
        fields["process.name"] = tag.rpartition("/")[2] or tag


def _read(fields: Record, message: str) -> bool:
    """Whether `message` has a shape that we know; writes what it says."""
    queue = _QUEUE.match(message)
    body = message
    if queue is not None:
        body = message[queue.end() :]
        if queue[1] != "NOQUEUE":
            fields["transaction.id"] = fields["email.local_id"] = queue[1]
    return any(read(fields, body) for read in _READERS) or queue is not None


def _decision(fields: Record, body: str) -> bool:
    """`reject: RCPT from host[address]: 554 5.7.1 ...; from=<> to=<> proto= helo=<>`, and what header checks do."""
    found = _DECISION.match(body)
    if found is None:
        return False
    verb, stage, content = found.groups()
    fields["event.action"] = verb
    fields["postfix.stage"] = stage or content
    # What a header holds may imitate the context, which stands behind it; elsewhere the text behind the context may.
    at = (
        body.rfind("; from=<")
        if content
        else max(body.find("; from=<"), body.find("; to=<") if "; from=<" not in body else -1)
    )
    end = len(body) if at < 0 else at
    if at >= 0:
        _put_context(fields, body, at + 2)
    if content:
        _put_header(fields, body[found.end() : end].strip())
    elif (peer := find_peer(body, found.end())) is not None and peer.start < end:
        put_peer(fields, "source", peer)
    _put_reply(fields, body[:end])
    if verb in _DENIED:
        fields |= {"event.type": ["denied"], "event.outcome": "failure", "soc.act.main": True}
    return True


def _put_context(fields: Record, body: str, at: int) -> None:
    context = _CONTEXT.match(body, at)
    if context is None:
        return
    sender, recipient, _, helo, method, user = context.groups()
    put_mailbox(fields, "email.from.address", sender or "")
    put_mailbox(fields, "email.to.address", recipient or "")
    for name, value in (("postfix.helo", helo), ("postfix.sasl_method", method)):
        if value:
            fields[name] = value
    put_account(fields, user or "")


def _put_header(fields: Record, text: str) -> None:
    """A header line that a check matched, with the client behind it: `Subject: ... from host[address]`."""
    header, _, client = text.rpartition(" from ")
    peer = find_peer(client)
    if peer is not None and peer.start == 0:
        put_peer(fields, "source", peer)
    elif client != "local":
        header = text
    name = _HEADER.match(header)
    if name is None:
        return
    value = decoded_words(header[name.end() :])
    kind = name[1].lower()
    if kind == "subject":
        fields["email.subject"] = value
    elif kind == "from" and "email.from.address" not in fields:
        put_mailbox(fields, "email.from.address", mailbox_in(value))
    elif kind.startswith("content-"):
        _put_file(fields, value)


def _put_file(fields: Record, value: str) -> None:
    name, size = _FILE_NAME.search(value), _FILE_SIZE.search(value)
    if name is not None and not name[1].startswith("=?"):
        fields["file.name"] = name[1]
        stem, dot, extension = name[1].rpartition(".")
        if dot and stem and extension:
            fields["file.extension"] = extension.lower()
    if size is not None:
        fields["file.size"] = int(size[1])


def _put_reply(fields: Record, text: str) -> None:
    reply = _REPLY.search(text)
    if reply is None:
        return
    if reply[1]:
        fields["postfix.reply_code"] = int(reply[1])
    if reply[2] or reply[3]:
        fields["postfix.dsn"] = reply[2] or reply[3]
    fields["event.reason"] = text[reply.end() :].strip()


def _screened(fields: Record, body: str) -> bool:
    """postscreen and tlsproxy: `CONNECT from [a]:1 to [b]:25`, `PREGREET 14 after 0.2 from [a]:1: EHLO x`, `PASS OLD [a]:1`."""
    found = _POSTSCREEN.match(body)
    ends = found and _ENDPOINT.search(body, found.end())
    if found is None or ends is None:
        return False
    fields["event.action"] = found[1].strip().lower().replace(" ", "_")
    put_peer(fields, "source", Peer("", ends[1], ends[2], 0, 0) if is_ip(ends[1]) else Peer("", "unknown", "", 0, 0))
    other = _ENDPOINT.match(body, ends.end() + 4) if body.startswith(" to ", ends.end()) else None
    if other is not None and is_ip(other[1]):
        put_peer(fields, "destination", Peer("", other[1], other[2], 0, 0))
    if found[1] in {"DENYLISTED", "BLACKLISTED", "PREGREET", "DNSBL"}:
        fields["event.type"] = ["denied"]
    return True


def _anvil(fields: Record, body: str) -> bool:
    found = _ANVIL.match(body)
    if found is None:
        return False
    fields["event.action"] = f"max_{found[1].replace(' ', '_')}"
    fields["postfix.anvil.value"] = int(found[2][-18:])
    if found[3]:
        put_address(fields, "source", found[3])
    return True


def _connection(fields: Record, body: str) -> bool:
    """Whatever names the other end: `connect from`, `lost connection after AUTH from`, `host x[y] said: ...`, TLS lines."""
    found = _CONNECTION.match(body)
    if found is None:
        return False
    fields["event.action"] = (
        "tls_session" if "TLS" in found[1] else _ACTIONS.get(found[1], found[1].lower().replace(" ", "_"))
    )
    if found[2]:
        fields["postfix.stage"] = found[2]
    peer = find_peer(body, found.end())
    if peer is not None:
        outwards = body[max(0, peer.start - 6) : peer.start].endswith((" to ", " for ", " with ", "host "))
        put_peer(fields, "destination" if outwards else "source", peer)
        _put_after_peer(fields, found[1], body[peer.end :])
    if (tls := _TLS.search(body)) is not None:
        fields |= {"tls.version_protocol": tls[1].lower(), "tls.version": tls[2], "tls.cipher": tls[3]}
        fields["tls.established"] = True
    return True


def _put_after_peer(fields: Record, what: str, rest: str) -> None:
    if what == "disconnect":
        if "=" in rest:
            fields["postfix.commands"] = rest.strip()
    elif rest.startswith((" said: ", " refused to talk to me: ")):
        fields["event.outcome"] = "failure"
        _put_reply(fields, rest[rest.index(": ") :])
    elif rest.startswith(": ") and what in _TO_US:
        fields |= {"event.outcome": "failure", "event.reason": rest[2:].strip()}


def _complaint(fields: Record, body: str) -> bool:
    """`warning: host[address]: SASL LOGIN authentication failed: ...` and other words to the administrator."""
    level = _LEVEL.match(body)
    if level is None:
        return False
    fields["log.level"] = level[1]
    text = body[level.end() :]
    peer = find_peer(text)
    if peer is not None:
        outwards = text[max(0, peer.start - 4) : peer.start].endswith((" to ", " for"))
        put_peer(fields, "destination" if outwards else "source", peer)
    elif (server := _MAP_SERVER.search(text)) is not None:
        put_address(fields, "destination", server[1])
        put_port(fields, "destination.port", server[2])
    elif (host := _MAP_HOSTNAME.match(text)) is not None:
        fields["source.domain"] = host[1]
        if host[2]:
            put_address(fields, "source", host[2].rstrip(":"))
    _put_sasl(fields, text)
    fields.setdefault("event.reason", text)
    return True


def _put_sasl(fields: Record, text: str) -> None:
    failed = _SASL_FAILED.search(text)
    if failed is None:
        return
    fields |= {"event.category": ["authentication", "email"], "event.type": ["start"], "event.outcome": "failure"}
    fields |= {"event.action": "sasl_login", "postfix.sasl_method": failed[1], "event.reason": text[failed.start() :]}
    if (user := _SASL_USER.search(text, failed.end())) is not None:
        put_account(fields, user[1])


def _other(fields: Record, body: str) -> bool:
    """Lines about the mail system itself, kept as message; `removed` and the notification ids of bounce."""
    if body == "removed" or body.startswith("removed "):
        fields["event.action"] = "removed"
        return True
    notice, _, ident = body.partition(" notification: ")
    if notice.startswith(("sender ", "postmaster ")) and ident:
        fields |= {"event.action": f"{notice.replace(' ', '_')}_notification", "postfix.queued_as": ident.split()[0]}
        return True
    peer = find_peer(body)
    if peer is not None and peer.start == 0:
        put_peer(fields, "destination" if peer.port else "source", peer)
        return True
    return body.startswith(_OTHER)


_READERS = (_decision, read_delivery, read_policy, _connection, _screened, _anvil, _complaint, _other)
