"""Keycloak: user events and admin events in server.log, and the other lines of that file."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import load_object
from collectors.parsers.pairs import read_listed_pairs
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, iso_time
from soc.core.i18n import msg

EVENTS = "org.keycloak.events"

_HEAD = re.compile(
    r"(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}[.,]\d{3,9}\S{0,6}) +([A-Z]{4,7}) +\[([\w.$:-]{1,200})\] \(([^()]{0,200})\) ?"
)
_TARGET = re.compile(r"users/([^/]{1,64})(?:/|$)")
"""Whose account an administrator's event is about: `resourcePath` of the admin API."""


class KeycloakParser:
    """Events that Keycloak's `jboss-logging` listener writes, as text or as JSON console log.

    Both forms are read: values bare (older releases) and in double quotes (newer ones, with `realmName`); the word null means absent.
    An administrator's event names the account it is about in `user.target.id`. A line of another logger becomes an event of dataset
    `keycloak.server` with its message.

    Source: keycloak.org server administration guide, "Auditing user events"; JBossLoggingEventListenerProvider for both forms;
    docs.redhat.com event types; quarkus.io logging guide for the JSON form.
    """

    id: ClassVar[str] = "keycloak"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        head, logger, message = _from_json(line, context) if line.startswith("{") else _from_text(line, context)
        if logger != EVENTS:
            return {"event.kind": "event", "event.dataset": "keycloak.server", "message": message, **head}
        pairs = read_listed_pairs(message)
        if not pairs:
            raise unreadable(msg("danh sách khóa=giá trị của sự kiện Keycloak"))
        if target := _TARGET.match(pairs.get("resourcePath", "")):
            pairs["targetUser"] = target[1]
        return bundled_table("keycloak").apply(pairs, context) | head


def _from_text(line: str, context: ParseContext) -> tuple[Record, str, str]:
    head = _HEAD.match(line)
    if head is None:
        raise unreadable(msg("dòng server.log của Keycloak: thời gian, mức, [logger], (luồng)"))
    try:
        moment = iso_time(head[1], context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss,mmm")) from problem
    fields: Record = {"@timestamp": moment, "log.level": head[2], "log.logger": head[3], "process.thread.name": head[4]}
    return fields, head[3], line[head.end() :]


def _from_json(line: str, context: ParseContext) -> tuple[Record, str, str]:
    entry = load_object(line)
    logger, message = entry.get("loggerName"), entry.get("message")
    if not isinstance(logger, str) or not isinstance(message, str):
        raise unreadable(msg("nhật ký JSON của Keycloak có loggerName và message"))
    named = {"log.level": "level", "process.thread.name": "threadName", "host.name": "hostName"}
    fields: Record = {target: entry[name] for target, name in named.items() if isinstance(entry.get(name), str)}
    fields["log.logger"] = logger
    try:
        fields["@timestamp"] = any_time(entry.get("timestamp"), context.zone)
    except (ValueError, OverflowError) as problem:
        raise unreadable(msg("thời gian dạng {form}", form="ISO 8601")) from problem
    return fields, logger, message
