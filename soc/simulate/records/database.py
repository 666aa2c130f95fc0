"""Databases and lake: Oracle unified audit, pgAudit, SQL Server audit (33205), MinIO audit."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def oracle(
    at: float, pid: int, session: int, user: str, action: int, code: int = 0, schema: str = "", name: str = ""
) -> str:
    """One record: 100 logon, 3 select, 2 insert, 6 update, 7 delete, 12 drop table."""
    body = (
        f'TYPE:"4" DBID:"1000000001" SESID:"{session}" CLIENTID:"" ENTRYID:"1" STMTID:"{session % 40}" DBUSER:"{user}" CURUSER:"{user}" '
        f'ACTION:"{action}" RETCODE:"{code}" SCHEMA:"{schema}" OBJNAME:"{name}" PDB_GUID:"00000000000000000000000000000001"'
    )
    return f"{stamps.syslog(at)} db-tinh journal: Oracle Unified Audit[{pid}]: LENGTH: '{len(body)}' {body}"


def pgaudit(
    at: float,
    pid: int,
    user: str,
    database: str,
    ip: str,
    number: int,
    group: str,
    command: str,
    table: str,
    statement: str,
) -> str:
    """One statement."""
    kind, name = ("TABLE", f"public.{table}") if table else ("", "")
    return (
        f"{stamps.plain_ms(at)} +07 [{pid}] {user}@{database} {ip} LOG:  AUDIT: SESSION,{number},1,{group},{command},{kind},"
        f'{name},"{statement}",<not logged>'
    )


def pg_refused(at: float, pid: int, user: str, database: str, ip: str) -> str:
    """A password that PostgreSQL did not take."""
    return f'{stamps.plain_ms(at)} +07 [{pid}] {user}@{database} {ip} FATAL:  password authentication failed for user "{user}"'


def mssql(
    at: float, host: str, action: str, ok: bool, user: str, database: str, ip: str, name: str = "", statement: str = ""
) -> str:
    """One audit event; its time is UTC."""
    parts = [
        f"audit_schema_version:1 event_time:{stamps.utc_plain(at)} action_id:{action} succeeded:{'true' if ok else 'false'}",
        f"server_principal_name:{user} database_name:{database}",
    ]
    if name:
        parts.append(f"object_name:{name}")
    if statement:
        parts.append(f"statement:{statement}")
    message = " ".join([*parts, f"client_ip:{ip}"])
    return compact(
        {
            "@timestamp": stamps.utc_ms(at),
            "winlog": {"event_id": "33205", "channel": "Application", "computer_name": host},
            "message": message,
        }
    )


def minio(
    at: float,
    call: str,
    bucket: str,
    name: str,
    status: int,
    sent: int,
    ip: str,
    key: str,
    agent: str,
    request: str,
    parent: str = "",
) -> str:
    """One call."""
    api: dict[str, object] = {"name": call, "bucket": bucket}
    if name:
        api["object"] = name
    api |= {"status": "OK" if status < 400 else "AccessDenied", "statusCode": status, "rx": 412, "tx": sent}
    record: dict[str, object] = {
        "version": "1",
        "deploymentid": "dn-lake",
        "time": stamps.utc_ms(at),
        "trigger": "incoming",
        "api": api,
        "remotehost": ip,
        "requestID": request,
        "userAgent": agent,
        "accessKey": key,
    }
    if parent:
        record["parentUser"] = parent
    return compact(record)
