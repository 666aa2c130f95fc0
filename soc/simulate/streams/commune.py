"""Networks and workstations of communes and service centres in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.calendar import local_hour
from soc.simulate.draw import Draw
from soc.simulate.records import network, windows
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province, Unit

DNS = "commune_network.bind_query.tinh"
_SITES = (
    ("HTTPS", 443),
    ("HTTPS", 443),
    ("HTTPS", 443),
    ("HTTPS", 443),
    ("HTTP", 80),
    ("DNS", 53),
    ("NTP", 123),
    ("QUIC", 443),
    ("SMB", 445),
    ("IMAPS", 993),
    ("MS-RDP", 3389),
)
_NAMES = (
    "dichvucong.dongnai.example",
    "motcua.dongnai.example",
    "mail.dongnai.example",
    "eoffice.dongnai.example",
    "www.bao-moi.example",
    "update.os-vendor.example",
    "time.os-vendor.example",
    "cdn.video.example",
    "fonts.static.example",
    "zalo-web.example",
    "swimming-pool.thietbi-beboi.example",
    "carpool.dixechung.example",
    "dichvucong.dongnai.gov.vn",
    "sub.dongnai.gov.vn",
    "dichvucong.gov.vn",
    "vneid.gov.vn",
    "dancuquocgia.gov.vn",
    "bocongan.gov.vn",
)
_PROGRAMS = (
    ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "chrome.exe --type=renderer"),
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE", "WINWORD.EXE /n BaoCao.docx"),
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE", "EXCEL.EXE DanhSach.xlsx"),
    ("C:\\Windows\\System32\\svchost.exe", "svchost.exe -k netsvcs -p"),
    ("C:\\Windows\\System32\\notepad.exe", "notepad.exe ghichu.txt"),
    ("C:\\Program Files\\UniKey\\UniKeyNT.exe", "UniKeyNT.exe"),
    ("C:\\Program Files (x86)\\VGCA\\VGCASignService.exe", "VGCASignService.exe"),
    ("C:\\Windows\\System32\\taskhostw.exe", "taskhostw.exe"),
)
_DOCUMENTS = ("BaoCao.docx", "GiayMoi.docx", "PhieuTiepNhan.pdf", "KetQua.pdf", "BangLuong.xlsx", "CongVan.pdf")
EXPLORER = "C:\\Windows\\explorer.exe"


def wall(unit: Unit) -> str:
    """Source of the device at a unit's edge."""
    kind, platform = (
        ("fortigate_kv", "commune_network") if unit.firewall == "fortigate" else ("mikrotik_syslog", "commune_network")
    )
    return f"{platform}.{kind}.{unit.code}"


def desktops(unit: Unit) -> str:
    """Source of a unit's workstations."""
    return f"{'commune_service_centre' if unit.index % 4 == 0 else 'commune_network'}.windows_commune.{unit.code}"


def _fortigates(world: Province) -> tuple[Unit, ...]:
    return tuple(unit for unit in world.units if unit.firewall == "fortigate")


def _mikrotiks(world: Province) -> tuple[Unit, ...]:
    return tuple(unit for unit in world.units if unit.firewall == "mikrotik")


def _traffic(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    units = _fortigates(world)
    servers = tuple(world.servers.values())
    for at in hour.times(number):
        unit = draw.pick(units)
        host = draw.pick(unit.hosts)
        service, port = draw.pick(_SITES)
        inside = port in (445, 3389) or draw.chance(0.3)
        target = (
            draw.pick(servers)
            if inside
            else draw.pick(world.bots)
            if draw.chance(0.2)
            else f"203.0.113.{draw.upto(1, 118)}"
        )
        action = "deny" if port in (445, 3389) else draw.often(("close", "close", "accept", "client-rst", "timeout"))
        yield (
            at,
            wall(unit),
            network.traffic(
                at,
                unit.device,
                host.address,
                target,
                port,
                action,
                service,
                draw.size(6_000, 1.2),
                draw.size(30_000, 1.4),
                draw.upto(49152, 65000),
            ),
        )


def _idle_devices(hour: Hour, number: int) -> Iterator[Entry]:
    """By night the routers are still there: time, updates, and the Internet knocking."""
    draw, world = hour.draw, hour.world
    units = _fortigates(world)
    for at in hour.times(number):
        unit = draw.pick(units)
        kind = draw.random()
        if kind < 0.6:
            port = draw.pick((22, 23, 80, 443, 445, 3389, 8080, 8443, 5060))
            yield (
                at,
                wall(unit),
                network.traffic(
                    at,
                    unit.device,
                    draw.pick(world.noise),
                    f"203.0.113.{unit.index + 1}",
                    port,
                    "deny",
                    f"tcp/{port}",
                    60,
                    0,
                    draw.upto(1024, 65000),
                    "wan1",
                    "root",
                    6,
                    0,
                ),
            )
        elif kind < 0.95:
            yield (
                at,
                wall(unit),
                network.traffic(
                    at,
                    unit.device,
                    unit.gates[0],
                    world.servers["ntp"],
                    123,
                    "accept",
                    "NTP",
                    76,
                    76,
                    123,
                    "root",
                    "tslcd",
                    17,
                ),
            )
        elif kind < 0.97:
            user = draw.pick(("admin", "root", "administrator"))
            yield at, wall(unit), network.admin_login(at, unit.device, user, draw.pick(world.noise), False)
        else:
            yield (
                at,
                wall(unit),
                network.dns_filter(at, unit.device, draw.pick(unit.hosts).address, draw.pick(_NAMES), "A"),
            )


def _mikrotik(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    units = _mikrotiks(world)
    for at in hour.times(number):
        unit = draw.pick(units)
        host = draw.pick(unit.hosts[:2])
        mac = f"00:00:5E:00:53:{draw.upto(1, 254):02X}"
        kind = draw.random()
        if kind < 0.5:
            text = f"dhcp-lan {draw.pick(('assigned', 'deassigned'))} {host.address} to {mac} {host.name}"
            yield at, wall(unit), network.mikrotik(at, unit.device, "dhcp,info", text)
        elif kind < 0.93:
            text = (
                f"forward: in:bridge out:wan1, connection-state:new proto TCP (SYN), {host.address}:{draw.upto(40000, 65000)}->"
                f"203.0.113.{draw.upto(1, 118)}:443, len 52"
            )
            yield at, wall(unit), network.mikrotik(at, unit.device, "firewall,info", text)
        elif kind < 0.97:
            user, way = draw.pick(("admin", "root", "user")), draw.pick(("ssh", "winbox"))
            text = f"login failure for user {user} from 203.0.113.{draw.upto(120, 149)} via {way}"
            yield at, wall(unit), network.mikrotik(at, unit.device, "system,error,critical", text)
        else:
            text = f"user {world.admins[2]} logged in from {draw.pick(world.admin_hosts)} via winbox"
            yield at, wall(unit), network.mikrotik(at, unit.device, "system,info,account", text)


def _questions(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    server = world.servers["dns"]
    for at in hour.times(number):
        host = draw.pick(draw.pick(world.units).hosts)
        kind = draw.random()
        name = draw.pick(_NAMES)
        if kind < 0.03:
            name = f"{draw.hex(28)}.avts.av-vendor.example"
        elif kind < 0.06:
            name = f"e{draw.hex(22)}.edge.cdn.example"
        record = draw.often(("A", "A", "A", "AAAA", "AAAA", "HTTPS", "PTR"))
        yield at, DNS, network.bind(at, host.address, draw.upto(49152, 65000), name, record, server, draw.hex(12))


def _desktops(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    morning = local_hour(hour.start) == 7
    for at in hour.times(number):
        unit = draw.pick(world.units)
        host = draw.pick(unit.hosts)
        source = desktops(unit)
        kind = draw.random()
        if kind < (0.5 if morning else 0.12):
            yield (
                at,
                source,
                windows.logon(at, host.name, host.user, draw.pick((2, 2, 7, 3)), host.address, not draw.chance(0.04)),
            )
        elif kind < 0.9:
            path, command = draw.pick(_PROGRAMS)
            yield at, source, windows.process(at, host.name, host.user, path, EXPLORER, command)
        elif kind < 0.98:
            yield (
                at,
                source,
                windows.printed(at, host.name, host.user, draw.pick(_DOCUMENTS), draw.often((1, 1, 2, 3, 5, 12, 20))),
            )
        else:
            device = f"USB\\VID_0951&PID_{draw.upto(1000, 9999)}"
            yield (
                at,
                source,
                windows.event(at, 6416, host.name, SubjectUserName=host.user, DeviceId=device, ClassName="DiskDrive"),
            )


def _fixed_drive(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """D: is a fixed drive, with programs installed on it."""
    unit = draw.pick(world.units)
    host = draw.pick(unit.hosts)
    for program in ("KeToanHCSN\\MisaMimosa.exe", "QLHoTich\\hotich.exe"):
        at += draw.upto(5, 300)
        path = f"D:\\{program}"
        yield at, desktops(unit), windows.process(at, host.name, host.user, path, EXPLORER, f'"{path}"')


def _signer_setup(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The signing program is set up from a stick."""
    unit = draw.pick(world.communes)
    host = draw.pick(unit.hosts)
    path = "E:\\VGCA\\VGCASignServiceSetup.exe"
    yield at, desktops(unit), windows.process(at, host.name, host.user, path, EXPLORER, f'"{path}" /S')


def _net_drive(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A network drive with an old password, within the commune's own network."""
    unit = draw.pick(world.communes)
    host, server = unit.hosts[2], unit.hosts[0]
    for _ in range(draw.upto(10, 40)):
        at += draw.upto(5, 30)
        yield at, desktops(unit), windows.logon(at, server.name, host.user, 3, host.address, False)


def _vendor_support(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A vendor supports an officer from a distance, in hours."""
    unit = draw.pick(world.communes)
    host = draw.pick(unit.hosts)
    path = "C:\\Program Files (x86)\\UltraViewer\\UltraViewer_Desktop.exe"
    yield at, desktops(unit), windows.process(at, host.name, host.user, path, EXPLORER, f'"{path}"')


def _invitations(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Invitations are printed in hours, many pages in all."""
    unit = draw.pick(world.communes)
    host = draw.pick(unit.hosts)
    for _ in range(draw.upto(3, 6)):
        at += draw.upto(100, 900)
        yield at, desktops(unit), windows.printed(at, host.name, host.user, "GiayMoi_hop_dan.docx", draw.upto(20, 45))


def _technician(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An administrator of the province signs in to a commune's device, mistyping once."""
    unit = draw.pick(_fortigates(world))
    ip = draw.pick(world.admin_hosts)
    user = draw.pick(world.admins)
    yield at, wall(unit), network.admin_login(at, unit.device, user, ip, False)
    yield at + 15, wall(unit), network.admin_login(at + 15, unit.device, user, ip, True)


LIFE: tuple[Life, ...] = (
    Stream(_traffic, 24_000, "power"),
    Stream(_idle_devices, 3_000, "internet"),
    Stream(_mikrotik, 3_500, "power"),
    Stream(_questions, 9_000, "power"),
    Stream(_desktops, 12_000, "power"),
    Scene(_fixed_drive, 12),
    Scene(_signer_setup, 3),
    Scene(_net_drive, 3),
    Scene(_vendor_support, 6),
    Scene(_invitations, 4),
    Scene(_technician, 6),
)
