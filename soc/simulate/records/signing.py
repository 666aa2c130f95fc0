"""Signing: Thales Luna audit log and LunaSH syslog (thalesdocs.com), signing service (assumed form)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact

OK = "RC_OK(0x00000000)"
BAD_PIN = "LUNA_RET_UM_PIN_INCORRECT(0x00a00400)"


def luna(at: float, seq: int, session: int, operation: str, code: str, rest: str, hmac: str) -> str:
    """One record of the appliance's audit log; `seq` runs without gaps."""
    return (
        f"{seq},{stamps.form('%y/%m/%d %H:', at)},S/N 1190033 session {session} Access 2147483651:22621 "
        f"operation {operation} returned {code} {rest},{hmac}"
    )


def lunash(at: float, pid: int, command: str, user: str, ip: str, port: int, code: int = 0) -> str:
    """One command in the shell of the appliance."""
    return (
        f"{stamps.form('%Y %b %d %H:', at)} hsm-tinh  local5 info  lunash [{pid}]: info : {code} : "
        f"Command: {command}  : {user} : {ip}/{port}"
    )


def lunash_refused(at: float, pid: int) -> str:
    """A wrong password of the HSM administrator; no address is told."""
    return (
        f"{stamps.form('%Y %b %d %H:', at)} hsm-tinh  local5 warn  lunash [{pid}]: "
        "HSM Admin Login: incorrect password or PED key"
    )


def sign(
    at: float,
    user: str,
    serial: str,
    key: int,
    doc: str,
    digest: str,
    flow: str,
    ip: str,
    device: str,
    ocsp: str = "good",
    result: str = "OK",
    error: str = "",
    issuer: str = "CA phuc vu co quan Dang, Nha nuoc",
) -> str:
    """One signature."""
    record = {
        "time": stamps.iso(at),
        "user": user,
        "certSerial": serial,
        "certIssuer": issuer,
        "certNotAfter": "2028-05-01",
        "keyId": str(key),
        "docId": doc,
        "docHash": digest,
        "flow": flow,
        "ip": ip,
        "device": device,
        "ocsp": ocsp,
        "result": result,
    }
    if error:
        record["error"] = error
    return compact(record)
