"""Programs that judge mail beside Postfix and write into the same log: postgrey, SPF policy, SpamAssassin, amavis, OpenDKIM, Dovecot."""

from __future__ import annotations

import re
from collections.abc import Callable

from collectors.parsers.mail import Peer, find_peer, put_mailbox, put_peer
from collectors.parsing import Record
from collectors.values import is_ip, put_address, put_port, whole

_ACTION_PAIR = re.compile(r"(?:^|, )([a-z_]{2,40})=")
_SPF = re.compile(
    r"(?:Action: )?(?:(\w+):? )?(?:Text: )?(?:Received-SPF: )?([A-Z][a-z]{3,9})(?:;|\b[^;=]{0,200}?)\s?identity="
)
_SPF_REFUSED = re.compile(r"(?:Action: )?(\d{3}) (\d\.\d{1,2}\.\d{1,3}) Message rejected due to: ([^.]{1,200})\.")
_SPF_WHY = re.compile(r"[?;&](id|ip)=([^;&\s]{1,320})")
_SPF_PAIR = re.compile(r"\b(identity|client-ip|helo|envelope-from|receiver)=([^;\s]*)")
_SPAMD_RESULT = re.compile(r"spamd: result: (\S) (-?\d+) - (\S*) (scantime=.*)")
_SPAMD_CONNECTION = re.compile(
    r"spamd: connection from (\S{1,255}) \[([0-9A-Fa-f:.]{2,45})\]:(\d{1,5})(?: to port (\d{1,5}))?"
)
_SPAMD_MESSAGE = re.compile(
    r"spamd: (processing|checking) message (<[^\s]{0,400}>|\(unknown\)) .{0,400}?for (\S{1,255}?):(\d{1,10})"
)
_SPAMD_USER = re.compile(r"spamd: (?:setuid to (\S{1,255}) succeeded|handle_user [^:]{0,80}: '?([^'\s]{1,255}))")
_SPAMD_VERDICT = re.compile(
    r"spamd: (clean message|identified spam) \((-?[\d.]{1,12})/(-?[\d.]{1,12})\) for (\S{1,255}?):(\d{1,10})"
)
_AMAVIS = re.compile(r"\([\w-]{1,40}\) (Passed|Blocked) ([A-Z][A-Z-]{2,30})(?: \(([^()]{0,200})\))?")
_AMAVIS_ROUTE = re.compile(r"<([^<>\s]{0,320})> -> <([^<>\s]{0,320})>")
_AMAVIS_DETAIL = re.compile(r", (Queue-ID|Message-ID|queued_as|Hits|size): <?([^,\s>]{1,400})")
_DOVECOT = re.compile(r"(?:imap|pop3|managesieve|submission)-login: (?:Info: )?([^:(]{3,60})")
_DOVECOT_PAIR = re.compile(r"\b(user|method|rip|lip|rport|lport)=<?([^,<>\s]*)")
_WHITELISTED = re.compile(r"(white|allow)listed: ")
_OPENDKIM = ("DKIM-Signature field added", "no signature data", "bad signature data", "key retrieval failed")


def read_policy(fields: Record, body: str) -> bool:
    """Whether `body` is a line of one of these programs; writes what it says."""
    return any(read(fields, body) for read in _READERS)


def _postgrey(fields: Record, body: str) -> bool:
    """`action=greylist, reason=new, client_name=..., client_address=..., sender=..., recipient=...`; a reason may hold commas."""
    if not body.startswith("action="):
        found = _WHITELISTED.match(body)
        peer = find_peer(body, found.end()) if found is not None else None
        if peer is None:
            return False
        fields["event.action"] = "whitelisted"
        put_peer(fields, "source", peer)
        return True
    keys = list(_ACTION_PAIR.finditer(body))
    ends = [*(key.start() for key in keys[1:]), len(body)]
    pairs = {key[1]: body[key.end() : end] for key, end in zip(keys, ends, strict=True)}
    fields["event.action"] = pairs.get("action", "")
    if reason := pairs.get("reason"):
        fields["event.reason"] = reason
    address = pairs.get("client_address", "").partition("/")[0]
    name = pairs.get("client_name", "")
    put_peer(
        fields, "source", Peer("" if name == "unknown" else name, address if is_ip(address) else "unknown", "", 0, 0)
    )
    put_mailbox(fields, "email.from.address", pairs.get("sender", ""))
    put_mailbox(fields, "email.to.address", pairs.get("recipient", "").partition(" ")[0])
    if fields["event.action"] == "greylist":
        fields["event.outcome"] = "failure"
    return True


def _spf(fields: Record, body: str) -> bool:
    """`Pass; identity=mailfrom; client-ip=...`, with `prepend Received-SPF:` or `Action: prepend: Text:` before it."""
    at = body.find("identity=")
    found = _SPF.match(body) if 0 < at < 400 else None
    if found is None:
        return _spf_refused(fields, body)
    pairs = dict(_SPF_PAIR.findall(body[at : at + 2000]))
    fields["event.action"] = f"spf_{found[2].lower()}"
    fields["postfix.spf.result"] = found[2].lower()
    fields["postfix.spf.identity"] = pairs.get("identity", "")
    fields["event.outcome"] = "success" if found[2] == "Pass" else "failure"
    put_address(fields, "source", pairs.get("client-ip", ""))
    helo = pairs.get("helo", "").strip("[]")
    if helo:
        fields["postfix.helo"] = helo
    put_mailbox(fields, "email.from.address", pairs.get("envelope-from", ""))
    return True


def _spf_refused(fields: Record, body: str) -> bool:
    """`550 5.7.23 Message rejected due to: SPF fail - not authorized. Please see http://.../Why?s=mfrom;id=sender;ip=address;r=host`."""
    found = _SPF_REFUSED.match(body)
    if found is None:
        return False
    fields |= {"event.action": "reject", "event.type": ["denied"], "event.outcome": "failure", "event.reason": found[3]}
    fields |= {"postfix.reply_code": int(found[1]), "postfix.dsn": found[2]}
    why = dict(_SPF_WHY.findall(body[found.end() : found.end() + 1000]))
    put_address(fields, "source", why.get("ip", ""))
    put_mailbox(fields, "email.from.address", why.get("id", ""))
    return True


def _spamd(fields: Record, body: str) -> bool:
    if not body.startswith(("spamd: ", "prefork: ", "dns: ")):
        return False
    if not any(read(fields, body) for read in _SPAMD_READERS) and (user := _SPAMD_USER.match(body)) is not None:
        fields["user.name"] = user[1] or user[2]
    return True


def _spamd_result(fields: Record, body: str) -> bool:
    """`spamd: result: Y 12 - TESTS scantime=2.7,size=...,user=...,raddr=...,rport=...,mid=<...>`."""
    found = _SPAMD_RESULT.match(body)
    if found is None:
        return False
    pairs = dict(pair.partition("=")[::2] for pair in found[4].split(","))
    fields |= {"event.action": "spam" if found[1] == "Y" else "ham", "postfix.spam.score": int(found[2][:18])}
    fields["postfix.spam.tests"] = found[3].split(",")
    if pairs.get("user"):
        fields["user.name"] = pairs["user"]
    if pairs.get("uid"):
        fields["user.id"] = pairs["uid"]
    if pairs.get("mid", "").strip("<>"):
        fields["email.message_id"] = pairs["mid"].strip("<>")
    host, address = pairs.get("rhost", ""), pairs.get("raddr", "")
    put_peer(fields, "source", Peer(host, address if is_ip(address) else "unknown", pairs.get("rport", ""), 0, 0))
    return True


def _spamd_connection(fields: Record, body: str) -> bool:
    found = _SPAMD_CONNECTION.match(body)
    if found is None or not is_ip(found[2]):
        return False
    fields["event.action"] = "connect"
    put_peer(fields, "source", Peer(found[1], found[2], found[3], 0, 0))
    put_port(fields, "destination.port", found[4] or "")
    return True


def _spamd_message(fields: Record, body: str) -> bool:
    found = _SPAMD_MESSAGE.match(body)
    if found is None:
        return False
    fields |= {"event.action": found[1], "user.name": found[3], "user.id": found[4]}
    if found[2].startswith("<"):
        fields["email.message_id"] = found[2].strip("<>")
    return True


def _spamd_verdict(fields: Record, body: str) -> bool:
    found = _SPAMD_VERDICT.match(body)
    if found is None:
        return False
    fields |= {"event.action": found[1].replace(" ", "_"), "user.name": found[4], "user.id": found[5]}
    fields["postfix.spam.score_text"] = f"{found[2]}/{found[3]}"
    return True


def _amavis(fields: Record, body: str) -> bool:
    """`(01234-05) Blocked INFECTED (Eicar) {...}, [a]:1 [a] <from> -> <to>, Queue-ID: X, Message-ID: <>, Hits: -, size: 9, ...`."""
    found = _AMAVIS.match(body)
    if found is None:
        return False
    verdict, kind, what = found.groups()
    fields |= {"event.action": f"{verdict} {kind}".lower().replace(" ", "_")}
    fields["event.outcome"] = "failure" if verdict == "Blocked" else "success"
    if kind == "INFECTED":
        fields |= {"event.kind": "alert", "event.category": ["email", "malware"]}
    if what:
        fields["rule.name"] = what
    if (peer := find_peer(body, found.end())) is not None:
        put_peer(fields, "source", Peer("", peer.address, peer.port, 0, 0))
    if (route := _AMAVIS_ROUTE.search(body, found.end())) is not None:
        put_mailbox(fields, "email.from.address", route[1])
        put_mailbox(fields, "email.to.address", route[2])
    for name, value in _AMAVIS_DETAIL.findall(body):
        _put_amavis(fields, name, value)
    return True


def _put_amavis(fields: Record, name: str, value: str) -> None:
    target = {"Queue-ID": "transaction.id", "Message-ID": "email.message_id", "queued_as": "postfix.queued_as"}.get(
        name
    )
    if target is not None:
        fields[target] = value
    elif name == "size" and (size := whole(value)) is not None:
        fields["postfix.size"] = size


def _dovecot(fields: Record, body: str) -> bool:
    """`imap-login: Aborted login (auth failed, 3 attempts): user=<x>, method=PLAIN, rip=..., lip=..., TLS`."""
    found = _DOVECOT.match(body)
    if found is None:
        return False
    pairs = dict(_DOVECOT_PAIR.findall(body[found.start() : found.start() + 4000]))
    granted = found[1].strip() == "Login"
    fields |= {"event.category": ["authentication"], "event.type": ["start"]}
    fields |= {
        "event.action": "login" if granted else "login_failed",
        "event.outcome": "success" if granted else "failure",
    }
    fields["network.protocol"] = body.partition("-login")[0]
    if pairs.get("user"):
        fields["user.name"] = pairs["user"]
    for side, name in (("source", "rip"), ("destination", "lip")):
        if is_ip(pairs.get(name, "")):
            put_address(fields, side, pairs[name])
    put_port(fields, "source.port", pairs.get("rport", ""))
    put_port(fields, "destination.port", pairs.get("lport", ""))
    return True


def _opendkim(fields: Record, body: str) -> bool:
    if body.startswith(_OPENDKIM):
        fields["event.action"] = "dkim"
        return True
    if not body.endswith((" not internal", " not authenticated")):
        return False
    if (peer := find_peer(body, spaced=True)) is not None:
        put_peer(fields, "source", peer)
    return True


_SPAMD_READERS = (_spamd_result, _spamd_connection, _spamd_message, _spamd_verdict)
_READERS: tuple[Callable[[Record, str], bool], ...] = (_postgrey, _spf, _spamd, _amavis, _dovecot, _opendkim)
