"""The dedicated data network and the protection of departments in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.draw import Draw
from soc.simulate.records import network
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province

CISCO = "dedicated_data_network.cisco_ios.tinh"
VPN = "agency_security_system.fortigate_vpn.tinh"
EVE = "agency_security_system.suricata_eve.tinh"
WALL = "FG-TINH"


def _routers(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.communes)
        device, seq = f"ce-{unit.code}", int(at) % 99999
        kind = draw.random()
        if kind < 0.5:
            text = f"Line protocol on Interface GigabitEthernet0/{draw.upto(0, 3)}, changed state to {draw.pick(('up', 'down'))}"
            yield at, CISCO, network.cisco(at, 189, seq, device, "LINEPROTO-5-UPDOWN", text)
        elif kind < 0.75:
            user, ip = draw.pick(world.admins), draw.pick(world.admin_hosts)
            text = f"Login Success [user: {user}] [Source: {ip}] [localport: 22]"
            yield at, CISCO, network.cisco(at, 189, seq, device, "SEC_LOGIN-5-LOGIN_SUCCESS", text)
        elif kind < 0.97:
            user, ip = draw.pick(("admin", "cisco", "root")), draw.pick(world.noise)
            text = f"Login failed [user: {user}] [Source: {ip}] [localport: 22] [Reason: Login Authentication Failed]"
            yield at, CISCO, network.cisco(at, 188, seq, device, "SEC_LOGIN-4-LOGIN_FAILED", text)
        else:
            text = f"Configured from console by {world.admins[0]} on vty0 ({world.admin_hosts[0]})"
            yield at, CISCO, network.cisco(at, 189, seq, device, "SYS-5-CONFIG_I", text)


def _vpn(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.units)
        user, ip = unit.leader, world.homes[unit.leader]
        if draw.chance(0.15):
            yield at, VPN, network.vpn(at, WALL, user, ip, "ssl-login-fail")
        up = at + 20
        yield (
            up,
            VPN,
            network.vpn(up, WALL, user, ip, draw.pick(("tunnel-up", "tunnel-down")), f"192.0.2.{draw.upto(241, 249)}"),
        )


def _knocking(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        user = draw.pick(("admin", "vpn", "test", "user1", "guest"))
        yield (
            at,
            VPN,
            network.vpn(at, WALL, user, draw.pick(world.noise), "ssl-login-fail", reason="sslvpn_login_unknown_user"),
        )


def _eve(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    names = ("mail.dongnai.example", "eoffice.dongnai.example", "cdn.video.example", "update.os-vendor.example")
    for at in hour.times(number):
        unit = draw.pick(world.departments)
        src, sport, flow = draw.pick(unit.hosts).address, draw.upto(49152, 65000), draw.getrandbits(46)
        kind = draw.random()
        dst = draw.pick(tuple(world.servers.values()))
        if kind < 0.45:
            detail: dict[str, object] = {
                "pkts_toserver": draw.upto(3, 60),
                "bytes_toserver": draw.size(4000),
                "bytes_toclient": draw.size(30000),
                "state": "closed",
            }
            yield at, EVE, network.eve(at, "flow", flow, src, sport, dst, 443, detail)
        elif kind < 0.8:
            yield (
                at,
                EVE,
                network.eve(at, "tls", flow, src, sport, dst, 443, {"sni": draw.pick(names), "version": "TLS 1.3"}),
            )
        elif kind < 0.97:
            detail = {"type": "query", "id": draw.upto(1, 65000), "rrname": draw.pick(names), "rrtype": "A"}
            yield at, EVE, network.eve(at, "dns", flow, src, sport, world.servers["dns"], 53, detail)
        else:
            detail = {
                "action": "allowed",
                "signature_id": draw.pick((2013028, 2022913, 2027865)),
                "severity": 3,
                "category": "Not Suspicious Traffic",
                "signature": draw.pick(
                    (
                        "ET POLICY curl User-Agent Outbound",
                        "ET INFO Observed DNS Query to .cloud TLD",
                        "ET POLICY GNU/Linux APT User-Agent",
                    )
                ),
            }
            yield at, EVE, network.eve(at, "alert", flow, src, sport, dst, 443, detail)


def _mistyped(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An officer mistypes twice, then gets in from the address at home."""
    unit = draw.pick(world.departments)
    ip = world.homes[unit.leader]
    for number in range(2):
        yield at + 20 * number, VPN, network.vpn(at + 20 * number, WALL, unit.leader, ip, "ssl-login-fail")
    yield at + 60, VPN, network.vpn(at + 60, WALL, unit.leader, ip, "tunnel-up", "192.0.2.245")


def _ticketed_admin(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An administrator is added by ticket, from the management network, in hours."""
    ui = f"https({world.admin_hosts[0]})"
    yield (
        at,
        VPN,
        network.configured(
            at, WALL, world.admins[0], ui, "Add", "system.admin", "qt.ttcntt.09", "accprofile[read-only]"
        ),
    )


def _scan(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The province's scanner visits the communes, port by port."""
    ip = world.servers["scanner"]
    for unit in draw.sample(world.communes, 40):
        at += draw.upto(1, 9)
        detail: dict[str, object] = {"pkts_toserver": 2, "bytes_toserver": 120, "bytes_toclient": 60, "state": "new"}
        yield (
            at,
            EVE,
            network.eve(at, "flow", draw.getrandbits(46), ip, draw.upto(40000, 65000), unit.gates[0], 445, detail),
        )


def _cut_cable(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A cable is cut: many neighbours go down at once, and nobody configured anything."""
    for unit in draw.sample(world.communes, 8):
        when = at + draw.upto(0, 9)
        text = f"neighbor 192.0.2.{draw.upto(2, 9)} Down BGP Notification sent"
        yield when, CISCO, network.cisco(when, 189, int(when) % 99999, f"ce-{unit.code}", "BGP-5-ADJCHANGE", text)


def _change_window(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A change in its window, by ticket: configured, and a neighbour comes back."""
    text = f"Configured from console by {world.admins[0]} on vty0 ({world.admin_hosts[0]})"
    yield at, CISCO, network.cisco(at, 189, int(at) % 99999, "pe-tinh", "SYS-5-CONFIG_I", text)
    yield (
        at + 60,
        CISCO,
        network.cisco(at + 60, 189, int(at) % 99999 + 1, "pe-tinh", "BGP-5-ADJCHANGE", "neighbor 192.0.2.3 Up"),
    )


LIFE: tuple[Life, ...] = (
    Stream(_routers, 700, "flat"),
    Stream(_vpn, 400, "evening"),
    Stream(_knocking, 200, "internet"),
    Stream(_eve, 5_500, "power"),
    Scene(_mistyped, 5, (18, 21)),
    Scene(_ticketed_admin, 1),
    Scene(_scan, 2, (9, 11)),
    Scene(_cut_cable, 1, (0, 23), any_day=True),
    Scene(_change_window, 2, (22, 23)),
)
