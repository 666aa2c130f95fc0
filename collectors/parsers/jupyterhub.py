"""JupyterHub, its proxy and the servers of its users: lines of the Tornado and traitlets loggers."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from collectors.values import outcome_of, put_address, put_url
from soc.core.i18n import msg

_HEAD = re.compile(
    r"\[([DIWEC]) (\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:[.,]\d{1,6})?) ([\w.-]{1,64})(?: ([\w.-]{1,64}):(\d{1,6}))?\] "
)
_REQUEST = re.compile(r"(\d{3}) ([A-Z]{3,8}) (\S{1,4096}) \(([^()\s]{0,256})\) (\d{1,12}(?:\.\d{1,6})?)ms")
_LEVELS = {"D": "debug", "I": "info", "W": "warning", "E": "error", "C": "critical"}
_LOGIN = re.compile(
    r"(User logged in|User logged out|Failed login|Login failed|Failed login for)(?: for)?(?: user)?:? ?([^\s,]{1,128})"
)


class JupyterhubParser:
    """Requests (`user@address` in parentheses) and acts of the hub; the opening of a terminal is a request to `/terminals`.

    Source: jupyterhub log.py (log_request, CoroutineLogFormatter) and auth handlers; jupyter_server log.py.
    """

    id: ClassVar[str] = "jupyterhub"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        head = _HEAD.match(line)
        if head is None:
            raise unreadable(msg("dòng JupyterHub: [mức thời gian ứng dụng mô-đun:dòng] câu"))
        try:
            fields: Record = {"@timestamp": iso_time(head[2], context.zone)}
        except ValueError as problem:
            raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss.mmm")) from problem
        fields |= {
            "event.kind": "event",
            "event.dataset": "jupyterhub",
            "event.category": ["web"],
            "event.type": ["info"],
        }
        fields |= {"log.level": _LEVELS[head[1]], "service.name": head[3], "message": line[head.end() :]}
        if head[4]:
            fields |= {"log.logger": head[4], "log.origin.file.line": int(head[5])}
        _put_request(fields, line, head.end()) or _put_login(fields, line[head.end() :])
        return fields


def _put_request(fields: Record, line: str, at: int) -> bool:
    request = _REQUEST.match(line, at)
    if request is None:
        return False
    status, method, target, who, millis = request.groups()
    put_url(fields, target)
    fields |= {
        "http.request.method": method,
        "http.response.status_code": int(status),
        "event.outcome": outcome_of(int(status)),
    }
    fields |= {"event.duration": round(float(millis) * 1e6), "event.type": ["access"]}
    user, _, address = who.rpartition("@")
    put_address(fields, "source", address.removeprefix("::ffff:"))
    if user:
        fields["user.name"] = user
    return True


def _put_login(fields: Record, message: str) -> bool:
    login = _LOGIN.match(message)
    if login is None:
        return False
    out = login[1].endswith("out")
    fields |= {
        "event.category": ["authentication"],
        "event.type": ["end" if out else "start"],
        "event.action": "logout" if out else "login",
    }
    fields |= {"event.outcome": "failure" if "ail" in login[1] else "success", "user.name": login[2]}
    return True
