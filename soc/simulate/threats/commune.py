"""Threats to communes: their networks and workstations."""

from __future__ import annotations

from soc.simulate.deeds import ANY, EVENING, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.records import network, windows
from soc.simulate.streams.commune import DNS, EXPLORER, desktops, wall

FAMILY = "commune"


def _usb_worm(deed: Attempt) -> None:
    drive, name = (
        deed.pick("E", "F", "G", "H"),
        deed.pick("HoSo.exe", "TaiLieu.scr", "AnhChup.exe", "New Folder.exe", "danhsach.vbs", "photo.bat"),
    )
    path = f"{drive}:\\{name}"
    number = 1 if deed.way("one machine", "several") == "one machine" else deed.draw.upto(3, 6)
    for unit in deed.draw.sample(deed.world.communes, number):
        host = deed.pick(*unit.hosts)
        deed.log(
            desktops(unit), windows.process(deed.wait(60, 1500), host.name, host.user, path, EXPLORER, f'"{path}"')
        )
        deed.about("host.name", host.name)
    deed.about("process.name", name)


def _tunnel(deed: Attempt) -> None:
    host = deed.pick(*deed.pick(*deed.world.communes).hosts)
    domain = deed.pick("t.evil.example", "ns1.tunnel.test", "x.data.invalid")
    kind = deed.way("TXT", "NULL", "A with long names")
    for _ in range(deed.draw.upto(280, 900)):
        name = f"{deed.draw.hex(deed.draw.upto(26, 50))}.{domain}"
        record = kind if kind in ("TXT", "NULL") else "A"
        deed.log(
            DNS,
            network.bind(
                deed.wait(0.1, 1.2),
                host.address,
                deed.draw.upto(49152, 65000),
                name,
                record,
                deed.world.servers["dns"],
                "7f1a22",
                "+E(0)K",
            ),
        )
    deed.about("source.ip", host.address)


def _router(deed: Attempt) -> None:
    unit, ip = deed.pick(*deed.world.communes), deed.stranger()
    user = deed.pick("admin", "support", "root")
    if unit.firewall == "fortigate":
        deed.variant = "fortigate"
        deed.log(wall(unit), network.admin_login(deed.now, unit.device, user, ip, True, deed.pick("https", "ssh")))
    else:
        deed.variant = "mikrotik"
        text = f"user {user} logged in from {ip} via {deed.pick('winbox', 'ssh', 'web')}"
        deed.log(wall(unit), network.mikrotik(deed.now, unit.device, "system,info,account", text))
    deed.agency = unit.id
    deed.about("observer.name", unit.device)


def _rdp(deed: Attempt) -> None:
    unit, ip = deed.pick(*deed.world.communes), deed.stranger()
    host, kind = deed.pick(*unit.hosts), deed.pick(3, 10)
    for _ in range(deed.draw.upto(30, 200)):
        user = deed.pick("administrator", "admin", "ketoan", host.user)
        deed.log(desktops(unit), windows.logon(deed.wait(0.5, 9), host.name, user, kind, ip, False))
    if deed.way("in vain", "gets in") == "gets in":
        deed.log(desktops(unit), windows.logon(deed.wait(1, 30), host.name, host.user, 10, ip, True))
    deed.agency = unit.id
    deed.about("host.name", host.name)


def _remote_tool(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    host = deed.pick(*unit.hosts)
    folder, name = deed.pick(
        ("UltraViewer", "UltraViewer_Desktop.exe"),
        ("AnyDesk", "AnyDesk.exe"),
        ("TeamViewer", "TeamViewer.exe"),
        ("RustDesk", "rustdesk.exe"),
    )
    place = deed.pick("Program Files (x86)", r"Users\Public")
    path = f"{deed.pick('C:', 'D:')}\\{place}\\{folder}\\{name}"
    deed.variant = name
    deed.log(desktops(unit), windows.process(deed.now, host.name, host.user, path, EXPLORER, f'"{path}"'))
    deed.agency = unit.id
    deed.about("host.name", host.name)


def _miner(deed: Attempt) -> None:
    unit = deed.pick(*[one for one in deed.world.communes if one.firewall == "fortigate"])
    host = deed.pick(*unit.hosts)
    by_name = deed.way("names", "ports") == "names"
    name = deed.pick("pool.mine.example", "xmr.pool.test", "eu.nanopool.example", "stratum.minexmr.example")
    for _ in range(deed.draw.upto(16, 60)):
        at, sport = deed.wait(20, 110), deed.draw.upto(49152, 65000)
        if by_name:
            deed.log(DNS, network.bind(at, host.address, sport, name, "A", deed.world.servers["dns"], "7f1c"))
        else:
            port = deed.pick(3333, 4444, 5555, 7777, 14444)
            deed.log(
                wall(unit),
                network.traffic(
                    at, unit.device, host.address, "203.0.113.251", port, "accept", f"tcp/{port}", 3000, 2000, sport
                ),
            )
    deed.agency = unit.id
    deed.about("source.ip", host.address)


def _printing(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.communes)
    host = deed.pick(*unit.hosts)
    by_day = deed.way("by night", "by day") == "by day"
    name = "ds_cong_dan.pdf" if by_day else deed.pick("ds_cong_dan.pdf", "danhsach_ho_ngheo.xlsx", "so_ho_tich.pdf")
    deed.now -= 9 * 3600 if by_day else 0
    for _ in range(deed.draw.upto(2, 5)):
        deed.log(
            desktops(unit), windows.printed(deed.wait(60, 900), host.name, host.user, name, deed.draw.upto(180, 420))
        )
    deed.agency = unit.id
    deed.about("user.name", host.user)


def _fake_domain(deed: Attempt) -> None:
    host = deed.pick(*deed.pick(*deed.world.communes).hosts)
    name = (
        deed.pick("vneid-capnhat", "dichvucong-gov", "dancuquocgia-vn", "bocongan-xacthuc", "vneid2")
        + "."
        + deed.pick("evil.example", "com.test", "click.invalid", "example")
    )
    name = (
        name.replace(".evil.example", "-evil.example")
        .replace(".com.test", "-com.test")
        .replace(".click.invalid", "-click.invalid")
    )
    for _ in range(deed.draw.upto(1, 6)):
        deed.log(
            DNS,
            network.bind(
                deed.wait(1, 60),
                host.address,
                deed.draw.upto(49152, 65000),
                name,
                deed.pick("A", "AAAA"),
                deed.world.servers["dns"],
                "7f1d",
            ),
        )
    deed.about("source.ip", host.address)
    deed.about("dns.question.name", name)


THREATS = (
    Threat("usb-worm", FAMILY, OFFICE, _usb_worm),
    Threat("dns-tunnel", FAMILY, ANY, _tunnel),
    Threat("router-admin-internet", FAMILY, NIGHT, _router),
    Threat("rdp-exposed-brute", FAMILY, ANY, _rdp),
    Threat("remote-tool-night", FAMILY, NIGHT, _remote_tool),
    Threat("miner-pool", FAMILY, ANY, _miner),
    Threat("mass-print-citizens", FAMILY, EVENING[:2], _printing),
    Threat("fake-vneid-domain", FAMILY, OFFICE, _fake_domain),
)
