"""OpenSSH: what sshd and its PAM stack write, bare or in a syslog envelope."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import put_address, put_port, put_user
from soc.core.i18n import msg

_METHOD = re.compile(r"(Accepted|Failed|Postponed|Partial) ([\w/.-]{1,40}) for ")
_USER_FROM = re.compile(r"(?:(?:invalid|illegal) user )?(.*) from (\S+)(?: port (\d+))?(?: |$)")
_PEER = re.compile(r"(?:^| )(?:from|with|by|Connection from) (\S+?):?(?: port (\d+)|:| |$)")
_CLOSING = re.compile(
    r"(?:Connection (?:closed|reset) by|Disconnect(?:ed from|ing)|Received disconnect from) "
    r"(?:(?:invalid|authenticating) )?(user )?"
)
_PORT_AT_END = re.compile(r"(\d{1,5})(?::|$|[ \[])")
_PAM_PAIR = re.compile(r"(?:^|[ ;])(rhost|user)=(\S*)")
_SESSION_USER = re.compile(r"session (?:opened|closed) for user ([^\s(]+)(?:\(uid=(\d+)\))?")
_INVALID_USER = re.compile(r"(?:[Ii]nvalid|illegal) user (\S+)")
_KEY = re.compile(r"(?:ssh2: |key )([\w-]{2,40}) (SHA256:[A-Za-z0-9+/=]{20,64}|MD5:[0-9a-f:]{47})")
_STARTING = re.compile(r"Starting session: (\S+)(?: on \S+)? for (\S+) from (\S+) port (\d+)")

_FAILED = (
    "Failed ",
    "Invalid user",
    "invalid user",
    "authentication failure",
    "not allowed because",
    "maximum authentication attempts",
    "Too many authentication failures",
    "User unknown",
    "Unable to negotiate",
    "Did not receive identification",
    "Bad protocol version",
    "Failed to create session",
    "error:",
    "fatal:",
    "Connection closed by authenticating user",
    "Connection reset by authenticating user",
    "more authentication failure",
)
_SUCCEEDED = ("Accepted ", "session opened", "Starting session")


_CONSTANT: Record = {
    "event.kind": "event",
    "event.category": ["authentication"],
    "event.dataset": "openssh.auth",
    "process.name": "sshd",
}


class OpensshParser:
    """Log lines of sshd and of PAM modules called by it.

    The user of an attempt is both `user.name` and `source.user.name`; an attempt on an unknown account keeps the name that was tried.

    Source: openssh-portable auth.c (`auth_log`), sshconnect and packet.c messages; Linux-PAM pam_unix and pam_faillock messages.
    """

    id: ClassVar[str] = "openssh"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        envelope = open_envelope(text.strip(), context)
        fields = dict(_CONSTANT)
        if envelope is not None:
            fields.update(envelope.fields)
        message = (text if envelope is None else envelope.message).strip()
        if not message:
            raise unreadable(msg("một dòng của sshd"))
        fields["message"] = message
        _put_outcome(fields, message)
        _put_who(fields, message)
        if "user.name" in fields:
            fields["source.user.name"] = fields["user.name"]
        return fields


def _put_outcome(fields: Record, message: str) -> None:
    if message.startswith(_SUCCEEDED) or ("session opened" in message and "Failed" not in message):
        fields |= {"event.outcome": "success", "event.type": ["start"]}
    elif any(sign in message for sign in _FAILED):
        fields |= {"event.outcome": "failure", "event.type": ["end"]}
    elif "isconnect" in message or "Connection closed" in message or "session closed" in message:
        fields |= {"event.type": ["end"]}
    else:
        fields |= {"event.type": ["info"]}


def _put_who(fields: Record, message: str) -> None:
    """User, address, port and method of `message`, by the first shape that fits."""
    for read in (_attempt, _starting_session, _closing, _pam, _other):
        if read(fields, message):
            break
    if (key := _KEY.search(message)) is not None:
        fields["ssh.key.type"], fields["ssh.key.fingerprint"] = key[1], key[2]


def _attempt(fields: Record, message: str) -> bool:
    """`Accepted password for NAME from ADDRESS port N`, `Failed none for invalid user NAME from ...`."""
    method = _METHOD.match(message)
    who = method and _USER_FROM.match(message, method.end())
    if method is None or who is None:
        return False
    fields["event.action"] = "ssh_login"
    fields["ssh.method"] = method[2]
    _put_peer(fields, who[2], who[3])
    _put_name(fields, who[1])
    return True


def _starting_session(fields: Record, message: str) -> bool:
    session = _STARTING.match(message)
    if session is None:
        return False
    fields["event.action"] = f"session_{session[1]}"
    _put_name(fields, session[2])
    _put_peer(fields, session[3], session[4])
    return True


def _closing(fields: Record, message: str) -> bool:
    """`Connection closed by [invalid|authenticating] user NAME ADDRESS port N`.

    Read from the right: the name is the sender's choice, may be empty, hold blanks, or imitate an address and a port.
    """
    head = _CLOSING.match(message)
    named, found, tail = message.rpartition(" port ")
    port = _PORT_AT_END.match(tail)
    if head is None or not found or port is None:
        return False
    name, _, address = named[head.end() :].rpartition(" ")
    fields["event.action"] = "ssh_disconnect"
    _put_peer(fields, address, port[1])
    if head[1]:
        _put_name(fields, name)
    return True


def _pam(fields: Record, message: str) -> bool:
    if not message.startswith(("pam_", "PAM ")):
        return False
    fields["event.action"] = "pam_session" if ":session)" in message else "pam_auth"
    if (session := _SESSION_USER.search(message)) is not None:
        _put_name(fields, session[1])
        if session[2]:
            fields["user.id"] = session[2]
    pairs = {name: value for name, value in _PAM_PAIR.findall(message) if value}
    if "rhost" in pairs:
        put_address(fields, "source", pairs["rhost"])
    if "user" in pairs:
        _put_name(fields, pairs["user"])
    return True


def _other(fields: Record, message: str) -> bool:
    """Whatever names a user, `from ADDRESS`, `port N` somewhere."""
    if message.startswith("User ") and " from " in message:
        _put_name(fields, message[5:].partition(" from ")[0])
    elif (user := _INVALID_USER.search(message)) is not None and user[1] != "from":
        _put_name(fields, user[1])
    elif (tried := message.partition(" exceeded for ")[2]) and " from " in tried:
        _put_name(fields, tried.partition(" from ")[0])
    if (peer := _PEER.search(message)) is not None and not peer[1].startswith(("remote", "(uid")):
        _put_peer(fields, peer[1], peer[2])
    return True


def _put_peer(fields: Record, address: str, port: str | None) -> None:
    put_address(fields, "source", address)
    if port:
        put_port(fields, "source.port", port)


def _put_name(fields: Record, name: str) -> None:
    if name:
        put_user(fields, "user", name)
