"""E-office and mail: e-office audit (assumed form), Zimbra audit.log, Postfix."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def audit(
    at: float,
    user: str,
    unit: str,
    ip: str,
    action: str,
    doc: str,
    number: str,
    file: str,
    size: int,
    secrecy: str = "THUONG",
    device: str = "web",
    result: str = "OK",
) -> str:
    """One act on a document."""
    return compact(
        {
            "thoiGian": stamps.iso(at),
            "nguoiDung": user,
            "donVi": unit,
            "ip": ip,
            "thietBi": device,
            "hanhDong": action,
            "vanBanId": doc,
            "soKyHieu": number,
            "doMat": secrecy,
            "tep": file,
            "kichThuoc": size,
            "ketQua": result,
        }
    )


def zimbra_auth(at: float, thread: str, box: str, ip: str, agent: str, protocol: str = "soap", error: str = "") -> str:
    """One sign-in over the web, or with `error` one that failed."""
    level = "WARN " if error else "INFO "
    tail = f" error={error};" if error else ""
    return (
        f"{stamps.comma_ms(at)} {level} [qtp{thread}:https://mail.dongnai.example/service/soap/AuthRequest] "
        f"[name={box};oip={ip};ua={agent};] security - cmd=Auth; account={box}; protocol={protocol};{tail}"
    )


def zimbra_client(at: float, proxy: str, ip: str, box: str, protocol: str, thread: int, error: str = "") -> str:
    """One sign-in by a mail program (imap, pop3, smtp)."""
    server = {"imap": "ImapSSLServer", "pop3": "Pop3SSLServer", "smtp": "qtp-smtp"}[protocol]
    level = "WARN " if error else "INFO "
    tail = f" error={error};" if error else ""
    return (
        f"{stamps.comma_ms(at)} {level} [{server}-{thread}] [ip={proxy};oip={ip};via={proxy}(nginx/1.20.0);] "
        f"security - cmd=Auth; account={box}; protocol={protocol};{tail}"
    )


def zimbra_soap(at: float, thread: str, box: str, ip: str, agent: str, request: str, rest: str) -> str:
    """One request that changes something, with what it changes."""
    return (
        f"{stamps.comma_ms(at)} INFO  [qtp{thread}:https://mail.dongnai.example/service/soap/{request}] "
        f"[name={box};oip={ip};ua={agent};] soap - {request} elapsed=12 {rest}"
    )


def postfix(at: float, program: str, pid: int, queue: str, text: str) -> str:
    """One line of a message's way."""
    return f"{stamps.syslog(at)} mx01 postfix/{program}[{pid}]: {queue}: {text}"
