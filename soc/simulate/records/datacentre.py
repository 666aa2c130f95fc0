"""Data centre: ESXi and vCenter syslog, Veeam (RFC 5424), Linux authentication."""

from __future__ import annotations

from soc.simulate import stamps


def esxi(at: float, host: str, program: str, pid: int, text: str) -> str:
    """One line of a host; UTC."""
    return f"{stamps.utc_ms(at)} {host} {program}[{pid}]: {text}"


def esxi_login(at: float, host: str, user: str, ip: str, agent: str) -> str:
    """A sign-in that hostd tells of."""
    text = (
        f"info hostd[2099720] [Originator@6876 sub=Vimsvc.ha-eventmgr opID={int(at) % 65536:x}] Event {int(at) % 90000} : "
        f"User {user}@{ip} logged in as {agent}"
    )
    return esxi(at, host, "hostd", 2099712, text)


def vcenter(at: float, ident: int, kind: str, user: str, site: str, text: str) -> str:
    """One event of vCenter."""
    return f"Event [{ident}] [1-1] [{stamps.utc_ms(at)}] [vim.event.{kind}] [info] [{user}] [{site}] [{ident}] [{text}]"


def veeam(at: float, instance: int, keys: str, text: str) -> str:
    """One event of Veeam Backup & Replication; `keys` are its pairs."""
    return (
        f'1 {stamps.iso_ms(at)}000+07:00 VBR01 Veeam_MP - - [origin enterpriseId="31023"] [categoryId=0 '
        f'instanceId={instance} {keys} Version="1" Description="{text}"]'
    )


def linux(at: float, host: str, program: str, pid: int, text: str) -> str:
    """One line of syslog; without a `pid` the program stands alone."""
    return f"{stamps.syslog(at)} {host} {program}{f'[{pid}]' if pid else ''}: {text}"
