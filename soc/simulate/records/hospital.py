"""Hospital: HIS audit and cash desk (assumed forms), Orthanc and dcm4chee."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def his(
    at: float,
    user: str,
    ward: str,
    action: str,
    ip: str,
    workstation: str,
    patient: str = "",
    encounter: str = "",
    count: int = 1,
    glass: bool = False,
    result: str = "OK",
) -> str:
    """One act on patient records; `glass` is an emergency opening."""
    record: dict[str, object] = {"time": stamps.iso(at), "user": user, "dept": ward, "action": action}
    if patient:
        record |= {"patientHash": patient, "encounterId": encounter}
    return compact(
        record | {"count": count, "breakGlass": glass, "ip": ip, "workstation": workstation, "result": result}
    )


def pos(
    at: float,
    terminal: str,
    kind: str,
    rrn: str,
    amount: int,
    channel: str,
    code: str,
    cashier: str,
    encounter: str,
    last4: str = "",
) -> str:
    """One transaction at the cash desk."""
    record: dict[str, object] = {
        "time": stamps.iso(at),
        "tid": terminal,
        "mid": "BVDK01",
        "type": kind,
        "rrn": rrn,
        "amount": amount,
    }
    if last4:
        record["cardLast4"] = last4
    return compact(record | {"channel": channel, "respCode": code, "cashier": cashier, "encounterId": encounter})


def orthanc(at: float, caller: str, ip: str) -> str:
    """An association with Orthanc, whose log has neither year nor zone."""
    when = f"{stamps.form('%m%d %H:', at)}.{int(at * 1e6) % 1000000:06d}"
    return f"I{when} DICOM-0 CommandDispatcher.cpp:327] Association Received from AET {caller} on IP {ip}"


def dcm4chee(at: float, called: str, caller: str, number: int, command: str) -> str:
    """A request to dcm4chee."""
    return (
        f"{stamps.comma_ms(at)} INFO  [org.dcm4che3.net.Association] {called}<-{caller}({number}) >> "
        f"1:{command}-RQ[pcid=1, prior=0 cuid=1.2.840.10008.5.1.4.1.2.2.1]"
    )
