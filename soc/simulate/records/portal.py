"""Public service portal and one-stop: nginx JSON and combined, ModSecurity v3 audit JSON, one-stop audit (assumed), NukeViet nv*_logs."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def nginx(
    at: float,
    proxy: str,
    ip: str,
    method: str,
    uri: str,
    args: str,
    status: int,
    size: int,
    host: str,
    agent: str,
    request: str,
    referer: str = "-",
    seconds: float = 0.1,
) -> str:
    """One request behind the WAF at `proxy`; the client is in X-Forwarded-For."""
    return compact(
        {
            "time": stamps.iso(at),
            "remote_addr": proxy,
            "xff": ip,
            "method": method,
            "uri": uri,
            "args": args,
            "status": status,
            "bytes": size,
            "referer": referer,
            "ua": agent,
            "rt": round(seconds, 3),
            "host": host,
            "ssl": "TLSv1.3",
            "req_id": request,
        }
    )


def combined(at: float, ip: str, request: str, status: int, size: int, referer: str, agent: str) -> str:
    """nginx and Apache combined."""
    return f'{ip} - - [{stamps.clf(at)}] "{request}" {status} {size} "{referer}" "{agent}"'


def modsecurity(
    at: float,
    ip: str,
    method: str,
    uri: str,
    code: int,
    rule: str,
    text: str,
    tags: list[str],
    host: str,
    ident: str,
    engine: str = "Enabled",
    agent: str = "Mozilla/5.0",
) -> str:
    """One transaction with the rule of the core rule set that it matched."""
    details = {"ruleId": rule, "severity": "2", "tags": tags}
    return compact(
        {
            "transaction": {
                "client_ip": ip,
                "time_stamp": stamps.ctime(at),
                "client_port": 50000 + int(at) % 9000,
                "host_ip": host,
                "unique_id": ident,
                "request": {"method": method, "uri": uri, "headers": {"User-Agent": agent}},
                "response": {"http_code": code},
                "producer": {"secrules_engine": engine},
                "messages": [{"message": text, "details": details}],
            }
        }
    )


def onestop(
    at: float,
    user: str,
    unit: str,
    ip: str,
    action: str,
    dossier: str,
    procedure: str,
    count: int = 1,
    file: str = "",
    result: str = "OK",
) -> str:
    """One act on a dossier."""
    record: dict[str, object] = {
        "thoiGian": stamps.iso(at),
        "taiKhoan": user,
        "donVi": unit,
        "ip": ip,
        "hanhDong": action,
        "maHoSo": dossier,
        "maThuTuc": procedure,
        "soBanGhi": count,
        "ketQua": result,
    }
    if file:
        record["tepTin"] = file
    return compact(record)


def nukeviet(at: float, ident: int, module: str, key: str, note: str, user: int) -> str:
    """One row of the administration log of the content management system."""
    return compact(
        {
            "id": ident,
            "lang": "vi",
            "module_name": module,
            "name_key": key,
            "note_action": note,
            "link_acess": "",
            "userid": user,
            "log_time": int(at),
        }
    )
