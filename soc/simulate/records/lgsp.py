"""Integration bus and API gateway: WSO2 API Manager (apim.docs.wso2.com, Monitoring API Logs), Kong file-log (developer.konghq.com)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def wso2_call(at: float, api: str, ip: str, verb: str, to: str, correlation: str, flow: str, status: int = 0) -> str:
    """One of up to four lines of a call."""
    record = {"sourceIP": ip, "verb": verb, "correlationId": correlation, "apiTo": to, "flow": flow}
    if status:
        record["statusCode"] = str(status)
    return f"[{stamps.comma_ms(at)}]  INFO {{API_LOG}} {api} - {compact(record)}"


def wso2_access(at: float, ip: str, request: str, status: int | str, size: int | str, agent: str) -> str:
    """Its HTTP access log; the second line of a request has a dash for the code."""
    lead = "- " if status == "-" else ""
    return f'{lead}{ip} - - [{stamps.clf(at)}] "{request}" {status} {size} "-" "{agent}"'


def wso2_audit(at: float, by: str, action: str, kind: str, info: dict[str, str]) -> str:
    """What was done in Publisher, Developer Portal or Carbon; `info` is JSON within JSON."""
    record = {"performedBy": by, "action": action, "typ": kind, "info": compact(info)}
    return f"[{stamps.comma_ms(at)}]  INFO {{AUDIT_LOG}} - {compact(record)}"


def kong(
    at: float,
    ip: str,
    method: str,
    uri: str,
    status: int,
    size: int,
    consumer: str,
    service: str,
    route: str,
    agent: str,
    ms: int,
) -> str:
    """One request; `consumer` is empty where nobody was authenticated."""
    record: dict[str, object] = {
        "client_ip": ip,
        "started_at": int(at * 1000),
        "request": {
            "method": method,
            "uri": uri,
            "size": 420 + len(uri),
            "headers": {"user-agent": agent, "host": "api.dongnai.example"},
            "tls": {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "client_verify": "NONE"},
        },
        "response": {"status": status, "size": size},
    }
    if consumer:
        record["consumer"] = {"username": consumer}
    record |= {
        "service": {"name": service},
        "route": {"name": route},
        "latencies": {"kong": 2, "proxy": ms, "request": ms + 2},
    }
    return compact(record)
