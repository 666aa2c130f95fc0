"""Operations centres: Grafana request log (logfmt), field feedback and web watch (assumed forms)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def grafana(at: float, user: str, number: int, method: str, path: str, status: int, ip: str, ms: int) -> str:
    """One request to the dashboards."""
    level, text = ("info", "Request Completed") if status < 400 else ("warn", "Request Completed")
    return (
        f'logger=context userId={number} orgId=1 uname={user} t={stamps.iso_ms(at)}+07:00 level={level} msg="{text}" '
        f"method={method} path={path} status={status} remote_addr={ip} time_ms={ms}"
    )


def feedback(at: float, action: str, phone: str, device: str, ip: str, **more: object) -> str:
    """One act of the feedback application; `more` has ticketId, unit, fileName, mimeDeclared, mimeDetected, size."""
    record: dict[str, object] = {
        "time": stamps.iso(at),
        "action": action,
        "phoneHash": phone,
        "deviceId": device,
        "ip": ip,
    }
    return compact(record | {"result": "OK"} | more)


def webwatch(at: float, user: str, action: str, topic: str, keyword: str, count: int, ip: str) -> str:
    """One act of those who watch the web."""
    return compact(
        {
            "time": stamps.iso(at),
            "user": user,
            "action": action,
            "topicId": topic,
            "keywordHash": keyword,
            "count": count,
            "ip": ip,
        }
    )
