"""Asterisk: registrations and calls that its SIP channels refuse or accept, by chan_pjsip and by the old chan_sip."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.syslog import unwrapped
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import MONTHS, any_time, yearless_time
from collectors.values import put_address, put_port, split_endpoint
from soc.core.i18n import msg

_HEAD = re.compile(
    r"\[([^\[\]]{8,32})\] (NOTICE|WARNING|ERROR|SECURITY|VERBOSE|DEBUG|LOG)\[(\d{1,10})\](?:\[(C-[0-9a-f]{8})\])? ([\w./-]{1,128}): "
)
_YEARLESS = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)")
_PJSIP = re.compile(
    r"Request '?(\w{2,16})'? from '([^']{0,300})' failed for '([^']{1,100})' \(callid: ([^()\s]{1,200})\) - (.*)",
    re.DOTALL,
)
_CHAN_SIP = re.compile(
    r"(Registration|Call) from '([^']{0,300})'(?: \([^()]{1,100}\))? failed for '([^']{1,100})' - (.*)", re.DOTALL
)
_SECURITY = re.compile(r"SecurityEvent=\"(\w{1,64})\"")
_SECURITY_PAIR = re.compile(r"(\w{1,40})=\"([^\"]{0,500})\"")
_ACCOUNT = re.compile(r"sips?:([^@;>\s:]{1,128})")
_ENDPOINT = re.compile(r"IPV[46]/\w{2,4}/([0-9A-Fa-f.:]{2,45})/(\d{1,5})")


class SipParser:
    """Refused requests with account, address, call and reason, and the events of the security log.

    Source: Asterisk, res_pjsip/pjsip_distributor.c, chan_sip.c; docs.asterisk.org, "Asterisk Security Event Logger".
    """

    id: ClassVar[str] = "sip"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, line = ({}, text.strip()) if text.lstrip().startswith("[") else unwrapped(text.strip(), context)
        head = _HEAD.match(line)
        if head is None:
            raise unreadable(msg("dòng Asterisk: [thời gian] MỨC[số] tệp: câu"))
        fields: Record = {
            **outer,
            "event.kind": "event",
            "event.category": ["network"],
            "event.type": ["info"],
            "event.dataset": "sip.asterisk",
        }
        fields |= {
            "@timestamp": _moment(head[1], context),
            "log.level": head[2].lower(),
            "process.thread.id": int(head[3]),
        }
        fields |= {"log.origin.file.name": head[5], "network.protocol": "sip", "message": line[head.end() :]}
        if head[4]:
            fields["transaction.id"] = head[4]
        _put_refusal(fields, line[head.end() :])
        return fields


def _moment(text: str, context: ParseContext) -> object:
    yearless = _YEARLESS.fullmatch(text)
    try:
        if yearless is not None:
            month = MONTHS.get(yearless[1].lower(), 0)
            return yearless_time(month, int(yearless[2]), yearless[3], context.received, context.zone)
        return any_time(text, context.zone)
    except (ValueError, OverflowError) as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss")) from problem


def _put_refusal(fields: Record, message: str) -> None:
    request, old = _PJSIP.match(message), _CHAN_SIP.match(message)
    if request is not None:
        method, sender, peer, call, reason = request.groups()
        fields["transaction.id"] = call
    elif old is not None:
        method, sender, peer, reason = "REGISTER" if old[1] == "Registration" else "INVITE", old[2], old[3], old[4]
    else:
        _put_security(fields, message)
        return
    fields |= {
        "event.category": ["authentication"],
        "event.type": ["start"],
        "event.outcome": "failure",
        "event.action": method.lower(),
    }
    fields |= {"event.dataset": "sip.auth", "error.message": reason}
    account = _ACCOUNT.search(sender)
    if account is not None:
        fields["user.name"] = account[1]
    address, port = split_endpoint(peer)
    put_address(fields, "source", address)
    put_port(fields, "source.port", port)


_FAILED = frozenset(
    {
        "InvalidAccountID",
        "InvalidPassword",
        "ChallengeResponseFailed",
        "FailedACL",
        "UnexpectedAddress",
        "AuthMethodNotAllowed",
    }
)


def _put_security(fields: Record, message: str) -> None:
    kind = _SECURITY.search(message[:200])
    if kind is None:
        return
    pairs = dict(_SECURITY_PAIR.findall(message))
    fields |= {
        "event.dataset": "sip.auth",
        "event.category": ["authentication"],
        "event.type": ["start"],
        "event.action": kind[1],
    }
    fields["event.outcome"] = (
        "failure" if kind[1] in _FAILED else "success" if kind[1] == "SuccessfulAuth" else "unknown"
    )
    if pairs.get("AccountID"):
        found = _ACCOUNT.search(pairs["AccountID"])
        fields["user.name"] = found[1] if found is not None else pairs["AccountID"]
    if pairs.get("SessionID"):
        fields["soc.session.id"] = pairs["SessionID"]
    if (peer := _ENDPOINT.match(pairs.get("RemoteAddress", ""))) is not None:
        put_address(fields, "source", peer[1])
        put_port(fields, "source.port", peer[2])
