"""Links to national systems: X-Road operational monitoring (PR-OPMON) and audit log (SPEC-AL), document axis gateway (assumed form)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def opmon(
    at: float,
    server: str,
    subsystem: str,
    target: str,
    service: str,
    message: str,
    user: str,
    issue: str,
    size: int,
    fault: tuple[str, str] | None = None,
) -> str:
    """One exchange; without `issue` it belongs to no dossier."""
    end = int(at * 1000)
    record: dict[str, object] = {
        "monitoringDataTs": int(at) + 9,
        "securityServerInternalIp": server,
        "securityServerType": "Client",
        "requestInTs": end - 390,
        "responseOutTs": end,
        "clientMemberClass": "GOV",
        "clientMemberCode": "H19",
        "clientSubsystemCode": subsystem,
        "serviceMemberCode": "G01",
        "serviceSubsystemCode": target,
        "serviceCode": service,
        "serviceVersion": "v1",
        "messageId": message,
        "messageUserId": user,
    }
    if issue:
        record["messageIssue"] = issue
    record |= {"requestSize": 1400 + size % 190, "responseSize": size, "succeeded": fault is None}
    if fault is not None:
        record |= {"faultCode": fault[0], "faultString": fault[1]}
    return compact(record)


def xroad_audit(
    at: float, event: str, user: str, ip: str, url: str, auth: str = "Session", reason: str = "", **data: object
) -> str:
    """One act in the administration of the security server."""
    record: dict[str, object] = {"event": event, "user": user, "ipaddress": ip, "auth": auth, "url": url}
    if reason:
        record["reason"] = reason
    record["data"] = data
    when = stamps.plain(at)
    return f"{stamps.iso(at)} ss-tinh INFO  [X-Road Proxy Admin REST API] {when}+0700 - {compact(record)}"


def edoc(
    at: float,
    op: str,
    doc: str,
    sender: str,
    receiver: str,
    kind: str,
    file: str,
    size: int,
    sha256: str,
    valid: bool,
    signer: str,
    result: str = "OK",
    error: str = "",
) -> str:
    """One document or notice sent or fetched over the axis."""
    record: dict[str, object] = {
        "time": stamps.iso(at),
        "op": op,
        "docId": doc,
        "fromCode": sender,
        "toCode": receiver,
        "messageType": kind,
    }
    if file:
        record["fileName"] = file
    record |= {"sizeBytes": size, "sha256": sha256, "signValid": valid, "signer": signer, "result": result}
    if error:
        record["error"] = error
    return compact(record)
