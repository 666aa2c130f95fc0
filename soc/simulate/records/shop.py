"""Electronic market: application (assumed form), reports of the content security policy."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def shop(at: float, action: str, user: str, role: str, ip: str, result: str = "OK", **more: object) -> str:
    """One act; `more` has orderId, sellerId, amount, voucher, oldValue, newValue, productName."""
    record: dict[str, object] = {"time": stamps.iso(at), "action": action, "user": user, "role": role, "ip": ip}
    return compact(record | more | {"result": result})


def csp(page: str, directive: str, blocked: str, disposition: str = "report") -> str:
    """What a browser refused to load; no time is in it."""
    return compact(
        {
            "csp-report": {
                "document-uri": f"https://san.dongnai.example{page}",
                "violated-directive": directive,
                "blocked-uri": blocked,
                "disposition": disposition,
            }
        }
    )
