"""Windows events as Winlogbeat sends them; Kaspersky Security Center CEF; ESET PROTECT; domestic EDR and our own audit (assumed forms)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def event(at: float, ident: int, host: str, channel: str = "Security", **data: str) -> str:
    """One event with its data."""
    provider = "Microsoft-Windows-Security-Auditing" if channel == "Security" else "Service Control Manager"
    return compact(
        {
            "@timestamp": stamps.utc_ms(at),
            "winlog": {
                "event_id": str(ident),
                "provider_name": provider,
                "channel": channel,
                "computer_name": host,
                "event_data": data,
            },
        }
    )


def process(at: float, host: str, user: str, path: str, parent: str, command: str) -> str:
    """A process start (4688)."""
    return event(
        at,
        4688,
        host,
        SubjectUserName=user,
        SubjectDomainName=host,
        NewProcessName=path,
        ParentProcessName=parent,
        CommandLine=command,
    )


def logon(at: float, host: str, user: str, kind: int, ip: str, ok: bool = True) -> str:
    """A logon: 4624, or 4625 when it failed."""
    data = {"TargetUserName": user, "LogonType": str(kind), "IpAddress": ip}
    return (
        event(at, 4624, host, **data)
        if ok
        else event(at, 4625, host, **data, Status="0xc000006d", SubStatus="0xc000006a")
    )


def printed(at: float, host: str, user: str, document: str, pages: int) -> str:
    """A print job (307)."""
    data = {
        "Param1": "12",
        "Param2": document,
        "Param3": user,
        "Param4": f"\\\\{host}",
        "Param5": "HP-01",
        "Param8": str(pages),
    }
    return compact(
        {
            "@timestamp": stamps.utc_ms(at),
            "winlog": {
                "event_id": "307",
                "channel": "Microsoft-Windows-PrintService/Operational",
                "computer_name": host,
                "user_data": data,
            },
        }
    )


def ksc(at: float, code: str, name: str, level: int, group: str, host: str, ip: str, rest: str) -> str:
    """One event of Kaspersky Security Center."""
    return (
        f"CEF:0|KasperskyLab|SecurityCenter|13.2.0.1511|{code}|{name}|{level}|rt={int(at * 1000)} cs9={group} cs9Label=GroupName "
        f"dhost={host} dst={ip} cs2=KES cs2Label=ProductName cs3=11.0.0.0 cs3Label=ProductVersion {rest}"
    )


def ksc_task(at: float, group: str, host: str, ip: str, task: str, name: str = "Completed successfully") -> str:
    """A task of it that changed its state."""
    rest = f"cs10={task} cs10Label=TaskName cn2=4 cn2Label=TaskNewState cn1=1 cn1Label=TaskOldState"
    return ksc(at, "KLPRCI_TaskState", name, 1, group, host, ip, rest)


def ksc_virus(at: float, group: str, host: str, ip: str, virus: str, path: str, user: str, code: str) -> str:
    """Malware found, cured or removed."""
    escaped = path.replace("\\", "\\\\")
    rest = f"cs1={virus} cs1Label=VirusName filePath={escaped} duser={user}"
    return ksc(at, code, "Malicious object detected", 4, group, host, ip, rest)


def eset(at: float, kind: str, ip: str, host: str, severity: str, **more: object) -> str:
    """One event of ESET PROTECT; the time is UTC."""
    record: dict[str, object] = {
        "event_type": kind,
        "ipv4": ip,
        "hostname": host,
        "occured": stamps.utc_month(at),
        "severity": severity,
    }
    return compact(record | more)


def edr(
    at: float, severity: str, rule: str, host: str, ip: str, agency: str, action: str = "alert", **more: str
) -> str:
    """One alert of the domestic EDR; `more` has user, process, cmdline, parent."""
    record = {
        "time": stamps.iso(at),
        "severity": severity,
        "rule": rule,
        "host": host,
        "ip": ip,
        "agency": agency,
    }
    return compact(record | more | {"action": action})


def watch(at: float, actor: str, role: str, action: str, thing: str, reason: str, ip: str, **more: str) -> str:
    """One act of an analyst in this suite."""
    record = {
        "time": stamps.iso(at),
        "actor": actor,
        "role": role,
        "action": action,
        "object": thing,
        "reason": reason,
        "ip": ip,
    }
    return compact(record | more)
