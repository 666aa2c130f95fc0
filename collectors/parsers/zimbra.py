"""Zimbra: audit.log and mailbox.log of the mail store."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.domains import domain_parts
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from collectors.values import is_ip, put_address, put_port, whole
from soc.core.i18n import msg

_HEAD = re.compile(
    r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[,.]\d{3}) ?(?:\[?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\]?) +\[([^\]]{0,400})\] \[([^\]]?)"
)
_CLOSING = re.compile(r"(;?)\] ([\w.]{1,60}) - ")
_CONTEXT_END = re.compile(r";(?=[A-Za-z]{2,12}=|$)")
_MESSAGE_END = re.compile(r"; (?=[A-Za-z]{2,48}=)|;$")
_ELAPSED = re.compile(r"\belapsed=(\d{1,12})\b")
_VERB = re.compile(r"([A-Z][A-Za-z]{2,60}(?:Request)?)\b")
_FORWARDING = re.compile(
    r"\b(?:zimbra(?:Pref)?MailForwardingAddress\w{0,20}[=: ]|redirect[\w ]{0,20}[=:]?) ?[\"'<]{0,2}([^\s@\"'<>]{1,64}@[\w.-]{3,255})",
    re.IGNORECASE,
)
_FAILED_FOR = re.compile(r"authentication failed for \[([^\[\]]{1,320})\]")
_VIA = re.compile(r"([0-9A-Fa-f:.]{2,45})\(")

_CHANGES = frozenset(
    (
        *(
            "CreateAccount",
            "DeleteAccount",
            "ModifyAccount",
            "RenameAccount",
            "SetPassword",
            "ChangePassword",
            "LockoutAccount",
        ),
        *(
            "CreateDomain",
            "ModifyDomain",
            "DeleteDomain",
            "CreateCos",
            "ModifyCos",
            "GrantRight",
            "RevokeRight",
            "ModifyConfig",
        ),
        *("CreateDistributionList", "ModifyDistributionList", "DeleteDistributionList", "AddDistributionListMember"),
    )
)
_LOGINS = frozenset({"Auth", "AdminAuth", "DelegateAuth", "PreAuth", "Logout", "TwoFactorAuth"})


class ZimbraParser:
    """Log-ins, administration and mail store actions of Zimbra.

    `source.ip` is the address that the store saw (`ip`); what its proxy reported (`oip`) goes to `network.forwarded_ip`, and takes its
    place where the source names that proxy as trusted. A line with `oip` alone has no other address: Zimbra writes it only of proxies that
    it trusts. Agent and account are the client's words and may imitate the rest: the first end of the context counts, and an `error`
    anywhere behind it makes the attempt a failure.

    Source: Zimbra administrator guide, "Monitoring, log files"; ZimbraLog.java and AccountUtil (context keys), ZimbraLog.encodeAttrs.
    """

    id: ClassVar[str] = "zimbra"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line, outer = text.strip(), Record()
        head = _HEAD.match(line)
        if head is None and (envelope := open_envelope(line, context)) is not None:
            line, outer = envelope.message.strip(), envelope.fields
            head = _HEAD.match(line)
        closing = head and _CLOSING.search(line, head.start(4))
        if head is None or closing is None:
            raise unreadable(
                msg("dòng audit.log hoặc mailbox.log của Zimbra: thời gian, mức, [luồng], [ngữ cảnh], nhóm - câu")
            )
        fields: Record = {
            "event.kind": "event",
            "process.thread.name": head[3],
            "log.level": head[2],
            "log.logger": closing[2],
        }
        try:
            fields["@timestamp"] = iso_time(head[1], context.zone)
        except ValueError as problem:
            raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss,mmm")) from problem
        fields["message"] = message = line[closing.end() :]
        _put_context(fields, line[head.start(4) : closing.start()])
        if message.startswith("cmd=") or closing[2] == "security":
            _put_command(fields, message)
        else:
            _put_action(fields, message)
        return outer | fields


def _put_context(fields: Record, text: str) -> None:
    """`name=...;mid=...;ip=...;oip=...;port=...;via=...;ua=...`."""
    pairs: dict[str, str] = {}
    for part in _CONTEXT_END.split(text):
        name, _, value = part.partition("=")
        pairs.setdefault(name, value)
    direct, reported = pairs.get("ip", ""), pairs.get("oip", "")
    via = _VIA.match(pairs.get("via", ""))
    if not is_ip(direct) and via is not None and is_ip(via[1]):
        direct = via[1]
    if is_ip(direct):
        put_address(fields, "source", direct)
        if is_ip(reported) and reported != direct:
            fields["network.forwarded_ip"] = [reported]
    elif is_ip(reported):
        put_address(fields, "source", reported)
    put_port(fields, "source.port", pairs.get("port", ""))
    if pairs.get("ua"):
        fields["user_agent.original"] = pairs["ua"]
    _put_account(fields, pairs.get("name", ""))
    if pairs.get("aname"):
        fields["zimbra.authenticated_as"] = pairs["aname"]
    if pairs.get("mid"):
        fields["zimbra.mailbox"] = pairs["mid"]


def _put_command(fields: Record, message: str) -> None:
    """`cmd=Auth; account=...; protocol=imap; error=...`: what the audit log is made of."""
    pairs: dict[str, str] = {}
    for part in _MESSAGE_END.split(message):
        name, _, value = part.partition("=")
        pairs.setdefault(name.strip(), value.rstrip(";"))
    command, error = pairs.get("cmd", ""), pairs.get("error", "")
    login = command in _LOGINS
    fields |= {"event.dataset": "zimbra.audit", "event.outcome": "failure" if error else "success"}
    fields["event.category"] = (
        ["authentication"] if login or not command else ["iam"] if command in _CHANGES else ["configuration"]
    )
    fields["event.type"] = ["end"] if command == "Logout" else ["start"] if login else ["change"]
    if command:
        fields["event.action"] = command
    if pairs.get("protocol", "").isalnum():
        fields["network.protocol"] = pairs["protocol"]
    target = pairs.get("account") or pairs.get("name", "")
    if login:
        _put_account(fields, target, first=False)
    elif target:
        fields["user.target.name"] = target
    if (forwarding := _FORWARDING.search(message)) is not None:
        _put_forwarding(fields, forwarding[1], target)
    if error:
        fields["error.message"] = error
        if "user.name" not in fields and (failed := _FAILED_FOR.search(error)) is not None:
            _put_account(fields, failed[1])


def _put_action(fields: Record, message: str) -> None:
    """A line of mailbox.log: `soap - ModifyPrefsRequest elapsed=12`, `imap - LOGIN elapsed=3`, `account - Error occurred ...`."""
    fields |= {"event.dataset": "zimbra.mailbox", "event.category": ["email"], "event.type": ["info"]}
    verb = _VERB.match(message)
    if verb is not None and fields["log.logger"] in {"soap", "imap", "pop", "mailop", "lmtp", "smtp"}:
        fields["event.action"] = verb[1]
    if (elapsed := _ELAPSED.search(message)) is not None and (number := whole(elapsed[1])) is not None:
        fields["event.duration"] = number * 10**6
    if (forwarding := _FORWARDING.search(message)) is not None:
        fields |= {"event.category": ["email", "configuration"], "event.type": ["change"]}
        _put_forwarding(fields, forwarding[1])
    if (failed := _FAILED_FOR.search(message)) is not None:
        fields |= {
            "event.category": ["authentication"],
            "event.type": ["start"],
            "event.outcome": "failure",
            "error.message": message,
        }
        _put_account(fields, failed[1])


def _put_forwarding(fields: Record, target: str, mailbox: str = "") -> None:
    """Where letters are to go, and whether that is below the domain that the mailbox itself is registered under."""
    fields["soc.change.new"] = address = target.rstrip(";,>\"'")
    own = mailbox or str(fields.get("user.name", ""))
    here, there = (domain_parts(text.rpartition("@")[2]) for text in (own, address))
    if here is not None and there is not None:
        fields["soc.email.same_domain"] = here[1] == there[1]


def _put_account(fields: Record, account: str, *, first: bool = True) -> None:
    """`first`: a name that is known already stays."""
    if not account or (first and "user.name" in fields):
        return
    fields["user.name"] = account
    if "@" in account:
        fields["user.email"] = account
