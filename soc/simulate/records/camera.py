"""Cameras: Hikvision ISAPI alerts, recorder syslog (assumed form)."""

from __future__ import annotations

from soc.simulate import stamps

_XMLNS = "http://www.hikvision.com/ver20/XMLSchema"


def isapi(
    at: float, ip: str, mac: str, channel: int, kind: str, state: str, text: str, count: int = 1, extra: str = ""
) -> str:
    """One alert of a camera."""
    return (
        f'<EventNotificationAlert version="2.0" xmlns="{_XMLNS}"><ipAddress>{ip}</ipAddress><portNo>80</portNo>'
        f"<protocol>HTTP</protocol><macAddress>{mac}</macAddress><channelID>{channel}</channelID>"
        f"<dateTime>{stamps.iso(at)}</dateTime><activePostCount>{count}</activePostCount><eventType>{kind}</eventType>"
        f"<eventState>{state}</eventState><eventDescription>{text}</eventDescription>{extra}</EventNotificationAlert>"
    )


def recorder(at: float, device: str, kind: str, subtype: str, user: str, ip: str, rest: str) -> str:
    """One act at a recorder."""
    return f"<134>{stamps.syslog(at)} {device} nvr: type={kind} subtype={subtype} user={user} ip={ip} {rest}"
