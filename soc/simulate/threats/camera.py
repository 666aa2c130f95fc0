"""Threats to and by cameras."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, Attempt, Threat
from soc.simulate.records import camera as form
from soc.simulate.records import network
from soc.simulate.streams.camera import FLOW, alerts, recorder

FAMILY = "camera"


def _default_login(deed: Attempt) -> None:
    ip, name = deed.stranger(), deed.pick(*deed.world.nvrs)
    if deed.way("recorder", "camera") == "recorder":
        for _ in range(deed.draw.upto(7, 30)):
            text = form.recorder(
                deed.wait(2, 20), name, "LinkLog", "LoginFail", deed.pick("admin", "888888"), ip, "detail=WrongPassword"
            )
            deed.log(recorder(name), text)
        deed.log(recorder(name), form.recorder(deed.wait(2, 20), name, "LinkLog", "Login", "admin", ip, "detail=Web"))
        deed.about("observer.name", name)
        return
    camera = deed.draw.upto(0, 159)
    address = deed.world.cameras[camera][0]
    for number in range(deed.draw.upto(7, 20)):
        mac = f"00:00:5e:00:53:{camera:02x}"
        deed.log(
            alerts(camera),
            form.isapi(deed.wait(5, 50), address, mac, 0, "illAccess", "active", "illegal access", number + 1),
        )
    deed.about("host.ip", address)


def _exploit(deed: Attempt) -> None:
    ip, target = deed.stranger(), deed.pick(*deed.world.cameras)[0]
    attack, method, url = deed.pick(
        ("Hikvision.SDK.WebLanguage.Command.Injection", "PUT", "/SDK/webLanguage"),
        ("Hikvision.IP.Camera.Auth.Bypass", "GET", "/Security/users?auth=YWRtaW46MTEK"),
        ("Dahua.nobody.Access", "GET", "/cgi-bin/nobody/Search.cgi?action=cgi_query"),
    )
    deed.variant = url.partition("?")[0]
    deed.log(
        FLOW, network.ips(deed.now, "FG-CAM", ip, target, attack, deed.pick("detected", "pass_session"), method, url)
    )
    deed.about("destination.ip", target)


def _flow(deed: Attempt, src: str, dst: str, port: int, action: str, sent: int) -> None:
    sport = deed.draw.upto(30000, 65000)
    deed.log(
        FLOW,
        network.traffic(
            deed.now, "FG-CAM", src, dst, port, action, f"tcp/{port}", sent, 900, sport, "vlan-cam", "wan1", policy=99
        ),
    )


def _egress(deed: Attempt) -> None:
    camera, target = deed.pick(*deed.world.cameras)[0], deed.pick(*deed.world.foreign)
    port = deed.pick(443, 8443, 6667, 80)
    parts = 1 if deed.way("at once", "in parts") == "at once" else deed.draw.upto(8, 30)
    for _ in range(parts):
        deed.wait(5, 90)
        _flow(
            deed,
            camera,
            target,
            port,
            deed.pick("accept", "close"),
            deed.draw.upto(9_000_000, 60_000_000) // parts + 600_000,
        )
    deed.about("source.ip", camera)
    deed.about("destination.ip", target)


def _mass_loss(deed: Attempt) -> None:
    line, kind = deed.draw.upto(0, 7), deed.way("videoloss", "tamperdetection")
    numbers = [n for n in range(160) if n % 8 == line]
    for camera in deed.draw.sample(numbers, deed.draw.upto(13, 20)):
        address = deed.world.cameras[camera][0]
        mac = f"00:00:5e:00:53:{camera:02x}"
        deed.log(alerts(camera), form.isapi(deed.wait(1, 12), address, mac, 1, kind, "active", f"{kind} alarm"))
        deed.about("host.ip", address)
    deed.about("soc.site", f"tuyen-{line + 1}")


def _export(deed: Attempt) -> None:
    name, ip = deed.pick(*deed.world.nvrs), deed.stranger()
    user = deed.pick("admin", "truc03", "kythuat")
    for _ in range(deed.draw.upto(4, 12)):
        rest = f"channel={deed.draw.upto(1, 16)} detail=02:00-02:30"
        deed.log(recorder(name), form.recorder(deed.wait(30, 250), name, "UserLog", "ExportRecord", user, ip, rest))
    deed.about("user.name", user)
    deed.about("observer.name", name)


def _scan(deed: Attempt) -> None:
    camera, port = deed.pick(*deed.world.cameras)[0], int(deed.way("23", "2323", "5555", "37777", "8000"))
    for _ in range(deed.draw.upto(80, 300)):
        deed.wait(0.1, 1.5)
        target = (
            f"2001:db8:{deed.draw.upto(0x1000, 0x1070):x}::{deed.draw.upto(1, 60000):x}"
            if deed.draw.chance(0.5)
            else f"203.0.113.{deed.draw.upto(1, 254)}"
        )
        _flow(deed, camera, target, port, deed.pick("deny", "accept", "timeout"), 60)
    deed.about("source.ip", camera)


THREATS = (
    Threat("cam-default-login", FAMILY, ANY, _default_login),
    Threat("cam-known-exploit", FAMILY, ANY, _exploit),
    Threat("cam-egress", FAMILY, ANY, _egress),
    Threat("cam-mass-loss", FAMILY, ANY, _mass_loss),
    Threat("cam-export-night", FAMILY, NIGHT, _export),
    Threat("cam-botnet-scan", FAMILY, ANY, _scan),
)
