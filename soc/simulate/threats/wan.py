"""Threats to the dedicated data network and to departments."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, Attempt, Threat
from soc.simulate.records import network
from soc.simulate.streams.commune import wall
from soc.simulate.streams.wan import CISCO, EVE, VPN, WALL

FAMILY = "wan-agency"


def _spray(deed: Attempt) -> None:
    ip, unit = deed.stranger(), deed.pick(*deed.world.units)
    user = deed.pick(*unit.people)
    for _ in range(deed.draw.upto(14, 80)):
        name = deed.pick(user, *unit.people)
        reason = deed.pick("sslvpn_login_permission_denied", "sslvpn_login_unknown_user")
        deed.log(VPN, network.vpn(deed.wait(2, 25), WALL, name, ip, "ssl-login-fail", reason=reason))
    deed.log(VPN, network.vpn(deed.wait(5, 200), WALL, user, ip, "tunnel-up", "192.0.2.246"))
    deed.about("user.name", user)


def _rogue_admin(deed: Attempt) -> None:
    name = deed.pick("fortinet-support", "forticloud-tech", "watchTowr", "sysadm", "backup_adm")
    ui = deed.way("jsconsole(127.0.0.1)", "https", "ssh")
    place = ui if ui.startswith("jsconsole") else f"{ui}({deed.pick(*deed.world.foreign)})"
    deed.log(
        VPN, network.configured(deed.now, WALL, "admin", place, "Add", "system.admin", name, "accprofile[super_admin]")
    )
    deed.about("soc.object.name", name)


def _lateral(deed: Attempt) -> None:
    unit = deed.pick(*[one for one in deed.world.communes if one.firewall == "fortigate"])
    host, port = deed.pick(*unit.hosts), int(deed.way("445", "135", "3389", "5985"))
    by_eve = deed.draw.chance(0.5)
    for other in deed.draw.sample([one for one in deed.world.units if one is not unit], deed.draw.upto(22, 70)):
        target, sport = deed.pick(*other.gates), deed.draw.upto(49152, 65000)
        at = deed.wait(0.5, 7)
        if by_eve:
            detail: dict[str, object] = {"pkts_toserver": 3, "bytes_toserver": 180, "bytes_toclient": 0, "state": "new"}
            deed.log(EVE, network.eve(at, "flow", deed.draw.getrandbits(46), host.address, sport, target, port, detail))
        else:
            action = deed.pick("deny", "accept", "timeout")
            deed.log(
                wall(unit),
                network.traffic(
                    at, unit.device, host.address, target, port, action, f"tcp/{port}", 180, 0, sport, out="tslcd"
                ),
            )
    deed.agency = unit.id
    deed.about("source.ip", host.address)


def _route(deed: Attempt) -> None:
    device, user = (
        deed.pick("pe-tinh", f"ce-{deed.pick(*deed.world.communes).code}"),
        deed.pick("admin", "cisco", *deed.world.admins[2:]),
    )
    seq = int(deed.now) % 99999
    text = f"Configured from console by {user} on vty1 ({deed.pick(*deed.world.foreign[:60])})"
    deed.log(CISCO, network.cisco(deed.now, 189, seq, device, "SYS-5-CONFIG_I", text))
    for number in range(deed.draw.upto(1, 4)):
        text = f"neighbor 192.0.2.{deed.draw.upto(2, 9)} {deed.pick('Down BGP Notification sent', 'Up', 'Down Peer closed the session')}"
        deed.log(CISCO, network.cisco(deed.wait(10, 300), 189, seq + 1 + number, device, "BGP-5-ADJCHANGE", text))
    deed.about("observer.name", device)


def _bridge(deed: Attempt) -> None:
    unit = deed.pick(*[one for one in deed.world.communes if one.firewall == "mikrotik"])
    mac, host = f"00:00:5E:00:53:{deed.draw.hex(2).upper()}", deed.pick(*unit.hosts[:2])
    for lease, address in (("dhcp-lan", host.address), ("dhcp-internet", f"203.0.113.{deed.draw.upto(170, 254)}")):
        text = f"{lease} assigned {address} to {mac} {host.name}"
        deed.log(wall(unit), network.mikrotik(deed.wait(20, 500), unit.device, "dhcp,info", text))
    deed.agency = unit.id
    deed.about("client.mac", mac, mac.replace(":", "-"))


def _two_places(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    first, second = deed.pick(*deed.world.foreign[:60]), deed.pick(*deed.world.foreign[60:])
    for ip in (first, second):
        deed.log(
            VPN,
            network.vpn(deed.wait(60, 2500), WALL, unit.leader, ip, "tunnel-up", f"192.0.2.{deed.draw.upto(241, 249)}"),
        )
    deed.about("source.ip", first, second)
    deed.about("user.name", unit.leader)


THREATS = (
    Threat("sslvpn-spray-success", FAMILY, ANY, _spray),
    Threat("fw-backdoor-admin", FAMILY, NIGHT, _rogue_admin),
    Threat("lateral-commune", FAMILY, ANY, _lateral),
    Threat("route-change", FAMILY, (2, 3, 11, 15, 19), _route),
    Threat("bridge-internet", FAMILY, ANY, _bridge),
    Threat("vpn-impossible", FAMILY, ANY, _two_places),
)
