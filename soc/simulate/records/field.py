"""The field: readings of stations (TXT by FTP), vsftpd, Mosquitto and EMQX, positions of buses (assumed form)."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def reading(at: float, station: str, parameter: str, value: str, unit: str, status: str) -> str:
    """One reading; `status` 00 measuring, 01 calibrating, 02 fault. The collector adds the name of the file it came in."""
    when = stamps.digits(at)
    return f"{parameter}\t{value}\t{unit}\t{when}\t{status}\t{station.upper()}_{when}.txt"


def ftp(at: float, pid: int, user: str, result: str, action: str, ip: str, rest: str = "") -> str:
    """One act of vsftpd; `rest` holds path, size and speed of a transfer."""
    return f'{stamps.ctime(at)} [pid {pid}] [{user}] {result} {action}: Client "{ip}"{rest}'


def mosquitto(at: float, text: str) -> str:
    """One notice of Mosquitto, which writes epoch seconds."""
    return f"{int(at)}: {text}"


def emqx(at: float, client: str, text: str, peer: str, user: str, topic: str, action: str) -> str:
    """One notice of EMQX 5."""
    when = f"{stamps.iso(at)[:19]}.{int(at * 1e6) % 1000000:06d}+07:00"
    return (
        f"{when} [warning] clientid: {client}, msg: {text}, peername: {peer}, username: {user}, topic: {topic}, "
        f"action: {action}, source: file"
    )


def position(
    at: float, vehicle: str, driver: str, lat: float, lon: float, speed: int, running: bool, route: str, client: str
) -> str:
    """Where a bus is."""
    return compact(
        {
            "vehicle": vehicle,
            "driver": driver,
            "time": stamps.iso(at),
            "lat": round(lat, 5),
            "lon": round(lon, 5),
            "speed": speed,
            "ignition": running,
            "route": route,
            "clientid": client,
        }
    )
