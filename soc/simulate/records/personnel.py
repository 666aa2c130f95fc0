"""Personnel: audit (assumed form), file access on Windows (Security 5145, 4663)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def audit(at: float, user: str, unit: str, action: str, ip: str, **more: object) -> str:
    """One act on personnel records; `more` has recordId, recordUnit, fieldGroup, count, oldValue, newValue, decisionNo."""
    record: dict[str, object] = {"time": stamps.iso(at), "user": user, "unit": unit, "action": action}
    return compact(record | more | {"ip": ip})


def share(at: float, host: str, user: str, ip: str, path: str, mask: str = "0x1") -> str:
    """A file asked for over the network."""
    data = {
        "SubjectUserName": user,
        "IpAddress": ip,
        "ShareName": "\\\\*\\HoSoCanBo",
        "RelativeTargetName": path,
        "AccessMask": mask,
    }
    return _event(at, 5145, host, data)


def file(at: float, host: str, user: str, path: str, process: str, mask: str) -> str:
    """A file opened on a machine whose auditing is on."""
    return _event(
        at, 4663, host, {"SubjectUserName": user, "ObjectName": path, "ProcessName": process, "AccessMask": mask}
    )


def _event(at: float, event: int, host: str, data: dict[str, str]) -> str:
    return compact(
        {
            "@timestamp": stamps.utc_ms(at),
            "winlog": {"event_id": str(event), "channel": "Security", "computer_name": host, "event_data": data},
        }
    )
