"""Stations, buses and things of the field in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.calendar import Day, kind_of, local_date, local_hour
from soc.simulate.draw import Draw
from soc.simulate.records import field as form
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

FTP = "env_monitoring.vsftpd_log.tinh"
MQTT = "bus_management.mosquitto_log.tinh"
EMQX = "resource_iot.mosquitto_log.tinh"
BUS = "bus_management.bus_telemetry_json.tinh"
PARAMETERS = (("COD", "mg/l", 31.0, 75.0), ("pH", "-", 7.1, 9.0), ("NH4", "mg/l", 3.2, 10.0))
"""Name, unit, usual value, limit."""


def readings(sign: str) -> str:
    """Source of a station's readings."""
    return f"env_monitoring.env_txt.{sign}"


def upload(at: float, draw: Draw, sign: str, ip: str) -> Iterator[Entry]:
    """The FTP session of one file of a station."""
    name = f"/{sign.upper()}_{stamps.digits(at)}.txt"
    yield at, FTP, form.ftp(at, 2211, sign, "OK", "LOGIN", ip)
    yield (
        at + 1,
        FTP,
        form.ftp(at + 1, 2213, sign, "OK", "UPLOAD", ip, f', "{name}", {draw.upto(190, 230)} bytes, 12.30Kbyte/sec'),
    )


def _stations(hour: Hour) -> Iterator[Entry]:
    """Every five minutes a file; calibration on the first working morning of the week, as declared."""
    draw, world = hour.draw, hour.world
    day = local_date(hour.start)
    calibrating = kind_of(day) is Day.WORK and day.weekday() == 1 and local_hour(hour.start) == 9
    for number, sign in enumerate(world.stations[: max(1, round(4 * min(hour.scale, 1.0)))]):
        for minute in range(0, 60, 5):
            at = hour.start + 60 * minute + number
            status = (
                "01" if calibrating and minute >= 30 and number == day.day % 4 else "02" if draw.chance(0.001) else "00"
            )
            for name, unit, usual, _ in PARAMETERS:
                value = 0.0 if status != "00" else usual * (1 + 0.06 * draw.gauss(0, 1))
                yield at, readings(sign), form.reading(at, sign, name, f"{max(value, 0):.2f}", unit, status)
            yield from upload(at, draw, sign, world.station_addresses[sign])


def _brokers(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        bus = draw.upto(1, 120)
        ip = f"203.0.113.{draw.upto(1, 118)}"
        text = draw.pick(
            (
                f"New client connected from {ip}:{draw.upto(40000, 65000)} as dn-bus-{bus:03d} (p2, c1, k60, u'bus{bus:03d}').",
                f"Client dn-bus-{bus:03d} closed its connection.",
                f"Client dn-bus-{bus:03d} has exceeded timeout, disconnecting.",
                "Client <unknown> disconnected, not authorised.",
            )
        )
        yield at, MQTT, form.mosquitto(at, text)


def _backend(hour: Hour, number: int) -> Iterator[Entry]:
    """The collector in the middle listens to everything, under the account for it; a tower asks for a topic that is not its own."""
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        port = draw.upto(40000, 65000)
        if draw.chance(0.5):
            ip = world.servers["mqtt"]
            yield (
                at,
                MQTT,
                form.mosquitto(
                    at, f"New client connected from {ip}:{port} as backend-{draw.upto(1, 4)} (p2, c0, k30, u'backend')."
                ),
            )
        else:
            tower = draw.upto(1, 40)
            peer = f"198.51.100.235:{port}"
            topic = f"lk/{tower + 1:03d}/cfg"
            yield (
                at,
                EMQX,
                form.emqx(
                    at,
                    f"dn-lk-{tower:03d}",
                    "authorization_permission_denied",
                    peer,
                    f"tram{tower:03d}",
                    topic,
                    "SUBSCRIBE(Q0)",
                ),
            )


def _buses(hour: Hour, number: int) -> Iterator[Entry]:
    """Buses on their routes: each moves on a circle, so that two positions are never far apart."""
    draw = hour.draw
    running = 4 <= local_hour(hour.start) <= 21
    for at in hour.times(number):
        bus = draw.upto(1, 120)
        turn = (int(at) // 10 % 720) / 720
        lat = 10.9 + bus * 0.002 + 0.03 * abs(turn - 0.5)
        lon = 106.8 + bus * 0.002 + 0.03 * abs(turn - 0.5)
        speed = draw.upto(12, 48) if running else 0
        yield (
            at,
            BUS,
            form.position(
                at,
                f"60B-{bus:03d}.{bus % 100:02d}",
                f"hash{bus:02x}",
                lat,
                lon,
                speed,
                running,
                f"R{bus % 12:02d}",
                f"dn-bus-{bus:03d}",
            ),
        )


def _knocking(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        ip = draw.pick(world.noise)
        yield (
            at,
            FTP,
            form.ftp(at, draw.upto(3000, 4000), draw.pick(("admin", "ftp", "anonymous")), "FAIL", "LOGIN", ip),
        )


def _tunnel(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A bus comes out of a tunnel: one jump, then normal again."""
    bus = draw.upto(121, 140)
    for number in range(5):
        when = at + 30 * number
        lat = 10.95 + (0.03 if number >= 2 else 0) + 0.0003 * number
        yield (
            when,
            BUS,
            form.position(
                when, f"60B-{bus:03d}.00", f"hash{bus:02x}", lat, 106.84, 40, True, "R07", f"dn-bus-{bus:03d}"
            ),
        )


def _logger_replaced(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A new data logger with a wrong password, from the station's own line, until somebody mends it."""
    sign = world.stations[0]
    ip = world.station_addresses[sign]
    for number in range(draw.upto(5, 9)):
        yield at + 100 * number, FTP, form.ftp(at + 100 * number, 2300, sign, "FAIL", "LOGIN", ip)


def _photograph(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A photograph of a station in the folder for it."""
    sign = world.stations[0]
    rest = f', "/anh/{sign}_{stamps.day(at)}.jpg", 812331 bytes, 900.10Kbyte/sec'
    yield at, FTP, form.ftp(at, 2310, sign, "OK", "UPLOAD", world.station_addresses[sign], rest)


LIFE: tuple[Life, ...] = (
    Routine(_stations),
    Stream(_brokers, 2_000, "bus"),
    Stream(_backend, 200, "flat"),
    Stream(_buses, 14_000, "bus"),
    Stream(_knocking, 120, "internet"),
    Scene(_tunnel, 6, (6, 20), any_day=True),
    Scene(_logger_replaced, 1),
    Scene(_photograph, 3),
)
