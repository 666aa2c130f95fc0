"""Network devices: FortiGate key=value, MikroTik, BIND query log, Cisco IOS, Suricata EVE."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def fortigate(at: float, device: str, logid: str, kind: str, subtype: str, level: str, rest: str) -> str:
    """Head that every FortiGate record has, and the rest of it."""
    return (
        f'{stamps.form("date=%Y-%m-%d time=%H:", at)} devname="{device}" devid="FGT60FTK{hash_of(device):08d}" '
        f'eventtime={int(at * 1e6)}000 tz="+0700" logid="{logid}" type="{kind}" subtype="{subtype}" level="{level}" vd="root" {rest}'
    )


def hash_of(text: str) -> int:
    """A number of up to eight digits that is the same in every run."""
    number = 7
    for letter in text.encode():
        number = (number * 131 + letter) % 99999989
    return number


def traffic(
    at: float,
    device: str,
    src: str,
    dst: str,
    port: int,
    action: str,
    service: str,
    sent: int,
    received: int,
    source_port: int,
    interface: str = "lan",
    out: str = "wan1",
    proto: int = 6,
    policy: int = 1,
) -> str:
    """One session."""
    rest = (
        f'srcip={src} srcport={source_port} srcintf="{interface}" dstip={dst} dstport={port} dstintf="{out}" proto={proto} '
        f'action="{action}" policyid={policy} service="{service}" duration={sent % 120} sentbyte={sent} rcvdbyte={received}'
    )
    return fortigate(at, device, "0000000013", "traffic", "forward", "notice", rest)


def admin_login(at: float, device: str, user: str, ip: str, ok: bool, method: str = "https") -> str:
    """Sign-in to the device itself."""
    if ok:
        rest = (
            f'logdesc="Admin login successful" sn="{int(at)}" user="{user}" ui="{method}({ip})" method="{method}" srcip={ip} '
            f'action="login" status="success" reason="none" msg="Administrator {user} logged in successfully from {method}({ip})"'
        )
        return fortigate(at, device, "0100032001", "event", "system", "information", rest)
    rest = (
        f'logdesc="Admin login failed" sn="0" user="{user}" ui="{method}({ip})" method="{method}" srcip={ip} action="login" '
        f'status="failed" reason="passwd_invalid" msg="Administrator {user} login failed from {method}({ip}) because of invalid '
        'password"'
    )
    return fortigate(at, device, "0100032002", "event", "system", "alert", rest)


def vpn(at: float, device: str, user: str, ip: str, action: str, tunnel: str = "", reason: str = "") -> str:
    """SSL-VPN: `ssl-login-fail`, `tunnel-up`, `tunnel-down`."""
    if action == "ssl-login-fail":
        rest = (
            f'logdesc="SSL VPN login fail" action="{action}" tunneltype="ssl-web" tunnelid=0 remip={ip} user="{user}" '
            f'group="N/A" dst_host="N/A" reason="{reason or "sslvpn_login_permission_denied"}" msg="SSL user failed to logged in"'
        )
        return fortigate(at, device, "0101039426", "event", "vpn", "alert", rest)
    logid, text = (
        ("0101039947", "SSL VPN tunnel up") if action == "tunnel-up" else ("0101039948", "SSL VPN tunnel down")
    )
    rest = (
        f'logdesc="{text}" action="{action}" tunneltype="ssl-tunnel" tunnelid={int(at) % 99999} remip={ip} '
        f'tunnelip={tunnel or "::"} user="{user}" group="vpn-tinh" dst_host="N/A" reason="{reason or "tunnel established"}" '
        f'msg="{text}"'
    )
    return fortigate(at, device, logid, "event", "vpn", "information", rest)


def configured(at: float, device: str, user: str, ui: str, action: str, path: str, name: str, attribute: str) -> str:
    """A change of the configuration."""
    rest = (
        f'logdesc="Object attribute configured" user="{user}" ui="{ui}" action="{action}" cfgtid={int(at) % 999999} '
        f'cfgpath="{path}" cfgobj="{name}" cfgattr="{attribute}" msg="{action} {path} {name}"'
    )
    return fortigate(at, device, "0100044547", "event", "system", "information", rest)


def dns_filter(at: float, device: str, src: str, name: str, kind: str) -> str:
    """A name asked for through the DNS filter."""
    rest = f'eventtype="dns-response" srcip={src} srcport=50211 dstip=192.0.2.53 dstport=53 qname="{name}" qtype="{kind}" action="pass"'
    return fortigate(at, device, "1501054802", "utm", "dns", "notice", rest)


def ips(at: float, device: str, src: str, dst: str, attack: str, action: str, method: str, url: str) -> str:
    """An attack that the intrusion prevention saw."""
    rest = (
        f'eventtype="signature" severity="critical" srcip={src} srcport=50110 srcintf="wan1" dstip={dst} dstport=80 '
        f'dstintf="vlan-cam" proto=6 service="HTTP" action="{action}" attack="{attack}" httpmethod="{method}" hostname="{dst}" '
        f'url="{url}"'
    )
    return fortigate(at, device, "0419016384", "utm", "ips", "alert", rest)


def mikrotik(at: float, device: str, topics: str, text: str) -> str:
    """One message of RouterOS, which writes no year."""
    return f"{stamps.syslog(at)} {device} {topics} {text}"


def bind(at: float, client: str, port: int, name: str, kind: str, server: str, handle: str, flags: str = "+") -> str:
    """One question to the province's name server."""
    return f"{stamps.bind(at)} queries: info: client @0x{handle} {client}#{port} ({name}): query: {name} IN {kind} {flags} ({server})"


def cisco(at: float, priority: int, seq: int, device: str, mnemonic: str, text: str) -> str:
    """One message of IOS."""
    when = f"{stamps.form('%b %e %H:', at)}.{int(at * 1000) % 1000:03d} ICT"
    return f"<{priority}>{seq}: {device}: {when}: %{mnemonic}: {text}"


def eve(at: float, kind: str, flow: int, src: str, sport: int, dst: str, dport: int, detail: dict[str, object]) -> str:
    """One EVE record; `detail` is the object named as its kind."""
    return compact(
        {
            "timestamp": stamps.iso_us(at),
            "flow_id": flow,
            "event_type": kind,
            "src_ip": src,
            "src_port": sport,
            "dest_ip": dst,
            "dest_port": dport,
            "proto": "TCP",
            kind: detail,
        }
    )
