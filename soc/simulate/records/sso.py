"""Single sign-on: Keycloak events, WSO2 Identity Server audit, the VNeID call-back (assumed form)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def keycloak(
    at: float, kind: str, client: str, user_id: str, ip: str, username: str, error: str = "", session: str = ""
) -> str:
    """A user event; with `error` one that failed."""
    middle = f', error="{error}"' if error else f', sessionId="{session}"'
    return (
        f"{stamps.comma_ms(at)} {'WARN ' if error else 'INFO '} [org.keycloak.events] (executor-thread-{int(at) % 24}) "
        f'type="{kind}", realmId="d0a1", realmName="dongnai", clientId="{client}", userId="{user_id or "null"}"{middle}, '
        f'ipAddress="{ip}", auth_method="openid-connect", redirect_uri="https://{client}.dongnai.example/cb", '
        f'username="{username}"'
    )


def keycloak_old(at: float, kind: str, client: str, ip: str, username: str, error: str) -> str:
    """The same of a version that did not quote values."""
    return (
        f"{stamps.comma_ms(at)} WARN  [org.keycloak.events] (executor-thread-{int(at) % 24}) type={kind}, realmId=d0a1, "
        f"clientId={client}, userId=null, ipAddress={ip}, error={error}, auth_method=openid-connect, "
        f"redirect_uri=https://{client}.dongnai.example/cb, username={username}"
    )


def keycloak_admin(at: float, operation: str, admin: str, ip: str, kind: str, path: str) -> str:
    """An act of an administrator."""
    return (
        f"{stamps.comma_ms(at)} INFO  [org.keycloak.events] (executor-thread-{int(at) % 24}) "
        f'operationType="{operation}", realmId="d0a1", clientId="security-admin-console", userId="{admin}", '
        f'ipAddress="{ip}", resourceType="{kind}", resourcePath="{path}", error="null"'
    )


def wso2_is(
    at: float, trace: str, by: str, action: str, target: str, data: dict[str, object], outcome: str = "Success"
) -> str:
    """One audit line of the identity server."""
    return (
        f"TID: [-1234] [{stamps.comma_ms(at)}] [{trace}]  INFO {{AUDIT_LOG}} - Initiator={by} Action={action} "
        f"Target={target} Data={compact(data)} Outcome={outcome}"
    )


def callback(
    at: float, iss: str, loa: str, sub: str, account: str, ip: str, result: str, agent: str, reason: str = ""
) -> str:
    """One return from VNeID."""
    record = {
        "time": stamps.iso(at),
        "client_id": "dvc-dongnai",
        "iss": iss,
        "loa": loa,
        "sub_hash": sub,
        "account_hash": account,
        "ip": ip,
        "result": result,
    }
    if reason:
        record["reason"] = reason
    return compact(record | {"user_agent": agent})
