"""Threats to stations, buses and things of the field."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.records import field as form
from soc.simulate.streams.field import BUS, EMQX, FTP, MQTT, PARAMETERS, readings

FAMILY = "iot-field"


def _calibration(deed: Attempt) -> None:
    sign = deed.world.stations[0]
    name, unit, _, limit = deed.pick(PARAMETERS[0], PARAMETERS[2])
    deed.silence(readings(sign), 7200, f"{name}\t")
    high = deed.draw.upto(2, 4)
    for number in range(high + deed.draw.upto(6, 20)):
        status = "00" if number < high else "01"
        value = limit * (1.3 + deed.draw.random()) if status == "00" else 0.0
        deed.log(readings(sign), form.reading(deed.now, sign, name, f"{value:.2f}", unit, status))
        deed.now += 300
    deed.about("soc.station.id", sign, sign.upper())


def _flatline(deed: Attempt) -> None:
    sign = deed.world.stations[0]
    name, unit, usual, _ = deed.pick(PARAMETERS[0], PARAMETERS[2])
    value = f"{usual * (0.9 + 0.2 * deed.draw.random()):.2f}"
    count = deed.draw.upto(26, 60)
    deed.silence(readings(sign), 300 * count, f"{name}\t")
    for _ in range(count):
        deed.log(readings(sign), form.reading(deed.now, sign, name, value, unit, "00"))
        deed.now += 300
    deed.about("soc.station.id", sign, sign.upper())


def _web_upload(deed: Attempt) -> None:
    sign, ip = deed.pick(*deed.world.stations), deed.stranger()
    name = deed.pick("/update.php", "/cmd.aspx", "/x.jsp", "/setup.exe", "/run.sh")
    deed.log(
        FTP,
        form.ftp(
            deed.now, 3044, sign, "OK", "UPLOAD", ip, f', "{name}", {deed.draw.upto(500, 90000)} bytes, 40.10Kbyte/sec'
        ),
    )
    deed.about("user.name", sign)
    deed.about("file.path", name)


def _ftp_brute(deed: Attempt) -> None:
    sign, ip = deed.pick(*deed.world.stations), deed.stranger()
    for _ in range(deed.draw.upto(14, 80)):
        user = deed.pick(sign, sign, "admin", "ftp")
        deed.log(FTP, form.ftp(deed.wait(1, 9), 3001, user, "FAIL", "LOGIN", ip))
    deed.log(FTP, form.ftp(deed.wait(1, 9), 3002, sign, "OK", "LOGIN", ip))
    deed.about("user.name", sign)


def _wildcard(deed: Attempt) -> None:
    topic = deed.way("#", "+/#", "$SYS/#")
    ip, client = deed.stranger(), f"dn-lk-{deed.draw.upto(1, 40):03d}"
    peer = f"{ip}:{deed.draw.upto(40000, 65000)}" if ":" not in ip else f"[{ip}]:{deed.draw.upto(40000, 65000)}"
    text = deed.pick("authorization_permission_denied", "authorization_permission_allowed")
    deed.log(
        deed.pick(EMQX, MQTT), form.emqx(deed.now, client, text, peer, f"tram{client[-3:]}", topic, "SUBSCRIBE(Q0)")
    )
    deed.about("device.id", client)


def _gps(deed: Attempt) -> None:
    bus = deed.draw.upto(141, 160)
    client = f"dn-bus-{bus:03d}"
    for number in range(deed.draw.upto(7, 14)):
        far = 0.6 + deed.draw.random() if number % 2 else 0.0
        deed.log(
            BUS,
            form.position(
                deed.wait(25, 40),
                f"60B-{bus:03d}.00",
                f"hash{bus:02x}",
                10.95 + far,
                106.84 + far,
                38,
                True,
                "R07",
                client,
            ),
        )
    deed.about("device.id", client)


THREATS = (
    Threat("env-calibration-abuse", FAMILY, NIGHT, _calibration),
    Threat("env-flatline", FAMILY, ANY, _flatline),
    Threat("ftp-web-upload", FAMILY, ANY, _web_upload),
    Threat("ftp-brute-station", FAMILY, NIGHT, _ftp_brute),
    Threat("mqtt-wildcard", FAMILY, ANY, _wildcard),
    Threat("gps-jump", FAMILY, OFFICE, _gps),
)
