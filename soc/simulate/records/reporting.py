"""Reporting: IIS W3C, audit of indicators (assumed form), Windows application events of ASP.NET."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact

IIS_FIELDS = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    "sc-status sc-substatus time-taken"
)


def iis(
    at: float, server: str, method: str, stem: str, query: str, user: str, ip: str, agent: str, status: int, ms: int
) -> str:
    """One request; spaces are plus signs, the time is UTC."""
    return (
        f"{stamps.utc_plain(at)} {server} {method} {stem} {query or '-'} 443 {user or '-'} {ip} "
        f"{agent.replace(' ', '+')} {status} 0 {ms}"
    )


def indicator(
    at: float, user: str, unit: str, action: str, name: str, period: str, state: str, ip: str, **more: str
) -> str:
    """One act on a figure; `more` holds oldValue, newValue, ticket where they are."""
    record = {
        "time": stamps.iso(at),
        "user": user,
        "unit": unit,
        "action": action,
        "indicator": name,
        "period": period,
        "periodState": state,
    }
    return compact(record | more | {"ip": ip})


def aspnet(at: float, host: str, event: int, text: str) -> str:
    """One application event as Winlogbeat sends it."""
    return compact(
        {
            "@timestamp": stamps.utc_ms(at),
            "winlog": {
                "event_id": str(event),
                "provider_name": "ASP.NET 4.0.30319.0",
                "channel": "Application",
                "computer_name": host,
            },
            "message": text,
        }
    )


def process(at: float, host: str, name: str, command: str, parent: str, user: str) -> str:
    """A process start, in the short form of the web servers' agent."""
    return compact(
        {
            "@timestamp": stamps.utc_ms(at),
            "winlog": {
                "event_id": "4688",
                "provider_name": "Microsoft-Windows-Security-Auditing",
                "channel": "Security",
                "computer_name": host,
            },
            "process": {"name": name, "command_line": command, "parent": {"name": parent}},
            "user": {"name": user},
        }
    )
