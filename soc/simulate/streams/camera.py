"""Cameras in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.draw import Draw
from soc.simulate.records import camera as form
from soc.simulate.records import network
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

PLATFORMS = ("traffic_camera", "port_camera", "security_camera")
FLOW = "security_camera.camera_vlan_flow.tinh"


def alerts(camera: int) -> str:
    """Source of a camera's alerts, by its number."""
    return f"{PLATFORMS[camera % 8 % 3]}.hik_isapi_alert.tuyen-{camera % 8 + 1}"


def recorder(name: str) -> str:
    """Source of a recorder's log."""
    return f"{PLATFORMS[int(name[-1]) % 3]}.nvr_syslog.{name}"


def _alerts(hour: Hour, number: int) -> Iterator[Entry]:
    draw, cameras = hour.draw, hour.world.cameras
    for at in hour.times(number):
        camera = draw.upto(0, len(cameras) - 1)
        kind, text, extra = draw.often(
            (
                ("VMD", "Motion alarm", ""),
                ("VMD", "Motion alarm", ""),
                ("linedetection", "Line crossing", ""),
                ("ANPR", "ANPR", f"<ANPR><licensePlate>60A{draw.upto(10000, 99999)}</licensePlate></ANPR>"),
                ("videoloss", "videoloss alarm", ""),
                ("diskerror", "disk error", ""),
            )
        )
        if kind in ("videoloss", "diskerror") and not draw.chance(0.05):
            kind, text = "VMD", "Motion alarm"
        state = "inactive" if draw.chance(0.3) else "active"
        mac = f"00:00:5e:00:53:{camera:02x}"
        yield (
            at,
            alerts(camera),
            form.isapi(at, cameras[camera][0], mac, camera % 4 + 1, kind, state, text, extra=extra),
        )


def _recorders(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        name = draw.pick(world.nvrs)
        user, ip = f"truc{draw.upto(1, 6):02d}", world.servers["vms"]
        kind, subtype, rest = draw.pick(
            (
                ("LinkLog", "Login", "detail=VMS"),
                ("LinkLog", "Logout", "detail=VMS"),
                ("UserLog", "PlaybackRecord", f"channel={draw.upto(1, 16)} detail=1h"),
                ("SystemLog", "HDDStatus", "detail=Normal"),
                ("LinkLog", "LoginFail", "detail=WrongPassword"),
            )
        )
        if subtype == "LoginFail" and draw.chance(0.8):
            subtype, rest = "Login", "detail=VMS"
        yield at, recorder(name), form.recorder(at, name, kind, subtype, user, ip, rest)


def _flows(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        ip = draw.pick(world.cameras)[0]
        kind = draw.random()
        if kind < 0.5:
            target, port, service, action, sent = world.servers["ntp"], 123, "NTP", "accept", 76
        elif kind < 0.95:
            target, port, service, action, sent = world.servers["vms"], 554, "RTSP", "accept", draw.size(2_000_000)
        else:
            target, port, service, action, sent = f"203.0.113.{draw.upto(1, 118)}", 443, "HTTPS", "deny", 0
        out = "wan1" if action == "deny" else "dc"
        yield (
            at,
            FLOW,
            network.traffic(
                at, "FG-CAM", ip, target, port, action, service, sent, 76, draw.upto(40000, 65000), "vlan-cam", out
            ),
        )


def _power_cut(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Power fails in a district: pictures are lost one after another within half an hour; the supply says so first."""
    line = draw.upto(0, 7)
    cameras = [n for n in range(len(world.cameras)) if n % 8 == line][:8]
    name = world.nvrs[line]
    yield at, recorder(name), form.recorder(at, name, "EventLog", "PowerLoss", "-", world.servers["nvr"], "detail=UPS")
    for number, camera in enumerate(cameras):
        when = at + 120 + 200 * number
        address, mac = world.cameras[camera][0], f"00:00:5e:00:53:{camera:02x}"
        yield when, alerts(camera), form.isapi(when, address, mac, 1, "videoloss", "active", "videoloss alarm")


def _police_copy(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The ward's police take a copy by request, under an account of their own."""
    name = draw.pick(world.nvrs)
    rest = f"channel={draw.upto(1, 16)} detail=PYC-{draw.upto(10, 99)}"
    yield (
        at,
        recorder(name),
        form.recorder(at, name, "UserLog", "ExportRecord", f"cax.{draw.upto(1, 30):02d}", world.servers["vms"], rest),
    )


def _new_recorder(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A technician sets up a recorder, mistyping twice, from the management network."""
    name = draw.pick(world.nvrs)
    ip = world.admin_hosts[5]
    for number, subtype in enumerate(("LoginFail", "LoginFail", "Login")):
        when = at + 30 * number
        yield when, recorder(name), form.recorder(when, name, "LinkLog", subtype, "admin", ip, "detail=Web")


def _firmware(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A camera asks its maker for updates: little, and once."""
    ip = draw.pick(world.cameras)[0]
    yield (
        at,
        FLOW,
        network.traffic(
            at,
            "FG-CAM",
            ip,
            "203.0.113.101",
            443,
            "accept",
            "HTTPS",
            draw.upto(2000, 90000),
            9000,
            40112,
            "vlan-cam",
            "wan1",
        ),
    )


def _discovery(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The video management finds cameras by ONVIF when one is added."""
    for number in range(12):
        when = at + number
        yield (
            when,
            FLOW,
            network.traffic(
                when,
                "FG-CAM",
                world.servers["vms"],
                "239.255.255.250",
                3702,
                "accept",
                "udp/3702",
                600,
                0,
                3702,
                "dc",
                "vlan-cam",
                17,
            ),
        )


LIFE: tuple[Life, ...] = (
    Stream(_alerts, 4_000, "flat"),
    Stream(_recorders, 600, "hospital"),
    Stream(_flows, 4_000, "flat"),
    Scene(_power_cut, 1, (0, 23), any_day=True),
    Scene(_police_copy, 6),
    Scene(_new_recorder, 1),
    Scene(_firmware, 4, (0, 23), any_day=True),
    Scene(_discovery, 2),
)
