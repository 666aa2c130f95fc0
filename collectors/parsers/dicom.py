"""DICOM servers: Orthanc and dcm4chee."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time, yearless_time
from collectors.values import put_address
from soc.core.i18n import msg

_ORTHANC = re.compile(
    r"([EWITF])(\d{2})(\d{2}) (\d{2}:\d{2}:\d{2}\.\d{6}) (?:([\w-]{1,64}) +)?([\w./-]{1,128}):(\d{1,6})\] (?:\(\w{1,16}\) )?"
)
_DCM4CHE = re.compile(
    r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[.,]\d{3}) (\w{4,5}) {1,2}\[([\w.$]{1,200})\](?: \(([^()]{0,200})\))? "
)
_RECEIVED = re.compile(r"Association Received(?: from AET| from) ([^\s]{1,64}) on IP (\S{1,64})")
_AET = re.compile(r"\bAET[: ] ?\"?([^\s\",;]{1,64})")
_IP = re.compile(r"\bIP[: ] ?(\S{1,64})")
_SERVICE = re.compile(
    r"\b(C-(?:ECHO|STORE|FIND|MOVE|GET)|N-(?:CREATE|SET|ACTION|DELETE|GET|EVENT-REPORT)|A-(?:ASSOCIATE|RELEASE|ABORT))(?:-(RQ|AC|RJ|RSP))?"
)
_PEERS = re.compile(r"([^\s<>()+-]{1,64})(<-|->|\+)([^\s<>()]{1,64})\((\d{1,10})\)")
_LEVELS = {"E": "error", "W": "warning", "I": "info", "T": "trace", "F": "fatal"}


class DicomParser:
    """Associations and services between application entities (`soc.dicom.calling_aet`, `.called_aet`).

    Orthanc writes no year; that of the receipt is taken. dcm4chee shows the direction by an arrow: `CALLED<-CALLING`, `CALLING->CALLED`.

    Source: Orthanc book, "Log messages" and CommandDispatcher.cpp; dcm4che Association.java.
    """

    id: ClassVar[str] = "dicom"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields: Record = {
            "event.kind": "event",
            "event.category": ["network"],
            "event.type": ["info"],
            "event.dataset": "dicom",
        }
        fields["network.protocol"] = "dicom"
        try:
            at = _head(fields, line, context)
        except ValueError as problem:
            raise unreadable(msg("thời gian dạng {form}", form="mmdd hh:mm:ss")) from problem
        message = line[at:]
        fields["message"] = message
        _put_peers(fields, message[:2000])
        service = _SERVICE.search(message[:2000])
        if service is not None:
            fields["event.action"] = service[1].lower()
            if service[2] == "RJ":
                fields["event.outcome"] = "failure"
        elif "event.action" not in fields and "rejected" in message[:300].lower():
            fields |= {"event.action": "a-associate", "event.outcome": "failure"}
        return fields


def _head(fields: Record, line: str, context: ParseContext) -> int:
    orthanc = _ORTHANC.match(line)
    if orthanc is not None:
        fields["@timestamp"] = yearless_time(
            int(orthanc[2]), int(orthanc[3]), orthanc[4], context.received, context.zone
        )
        fields |= {
            "log.level": _LEVELS[orthanc[1]],
            "log.origin.file.name": orthanc[6],
            "log.origin.file.line": int(orthanc[7]),
        }
        if orthanc[5]:
            fields["process.thread.name"] = orthanc[5]
        return orthanc.end()
    archive = _DCM4CHE.match(line)
    if archive is None:
        raise unreadable(msg("dòng Orthanc (I1117 08:30:11.123456 …]) hoặc dcm4chee"))
    fields["@timestamp"] = iso_time(archive[1], context.zone)
    fields |= {"log.level": archive[2].lower(), "log.logger": archive[3]}
    return archive.end()


def _put_peers(fields: Record, message: str) -> None:
    received = _RECEIVED.search(message)
    if received is not None:
        fields |= {
            "soc.dicom.calling_aet": received[1],
            "event.action": "a-associate",
            "event.type": ["connection", "start"],
        }
        put_address(fields, "source", received[2])
        return
    if (peers := _PEERS.search(message)) is not None and peers[2] != "+":
        first, second = ("called_aet", "calling_aet") if peers[2] == "<-" else ("calling_aet", "called_aet")
        fields |= {f"soc.dicom.{first}": peers[1], f"soc.dicom.{second}": peers[3], "soc.session.id": peers[4]}
        return
    if (name := _AET.search(message)) is not None:
        fields["soc.dicom.calling_aet"] = name[1]
    if (address := _IP.search(message)) is not None:
        put_address(fields, "source", address[1])
