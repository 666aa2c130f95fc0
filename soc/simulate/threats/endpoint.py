"""Threats to endpoints and to the operations centre itself."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.records import network
from soc.simulate.records import windows as form
from soc.simulate.streams.commune import desktops, wall
from soc.simulate.streams.endpoint import ANALYSTS, EDR, ESET, KSC, WATCH, group

FAMILY = "soc-endpoint"


def _uninstall(deed: Attempt) -> None:
    task = deed.way(
        "Uninstall EDR", "Remove Kaspersky Endpoint Security", "Gỡ bảo vệ máy trạm", "Remote uninstallation"
    )
    for unit in deed.draw.sample(deed.world.units, deed.draw.upto(5, 30)):
        host = deed.pick(*unit.hosts)
        deed.log(KSC, form.ksc_task(deed.wait(2, 60), group(unit), host.name, host.address, task))
        deed.about("host.name", host.name)


def _outbreak(deed: Attempt) -> None:
    eset = deed.way("kaspersky", "eset") == "eset"
    name = (
        deed.pick("Worm.Win32.Phorpiex", "Trojan-Ransom.Win32.Crypmod", "Backdoor.Win32.PlugX", "Win32/Ramnit")
        + f".{deed.draw.hex(2)}"
    )
    for unit in deed.draw.sample(deed.world.communes, deed.draw.upto(7, 20)):
        host = deed.pick(*unit.hosts)
        at = deed.wait(30, 600)
        if eset:
            text = form.eset(
                at,
                "Threat_Event",
                host.address,
                host.name.lower(),
                "Warning",
                group_name=f"All/{unit.code}",
                threat_type="Trojan",
                threat_name=name,
                object_uri="file:///E:/HoSo.exe",
                action_taken="Cleaned by deleting",
                username=host.user,
            )
            deed.log(ESET, text)
        else:
            deed.log(
                KSC,
                form.ksc_virus(
                    at, group(unit), host.name, host.address, name, "E:\\HoSo.exe", host.user, "GNRL_EV_VIRUS_FOUND"
                ),
            )
        deed.about("host.name", host.name, host.name.lower())
    deed.about("threat.indicator.name", name)


def _lsass(deed: Attempt) -> None:
    command = deed.pick(
        "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 640 C:\\Users\\Public\\t.dmp full",
        "rundll32 comsvcs.dll MiniDump 712 C:\\t.dmp full",
        "procdump64.exe -accepteula -ma lsass.exe out.dmp",
        "procdump.exe -ma lsass C:\\x.dmp",
    )
    unit = deed.pick(*deed.world.units)
    host = deed.pick(*unit.hosts)
    if deed.way("edr", "windows") == "edr":
        text = form.edr(
            deed.now,
            "high",
            "Credential dumping",
            host.name,
            host.address,
            unit.id,
            user=host.user,
            process=command.split()[0],
            cmdline=command,
            parent="cmd.exe",
        )
        deed.log(EDR, text)
    else:
        path = "C:\\Windows\\System32\\rundll32.exe" if "comsvcs" in command else "C:\\Temp\\procdump.exe"
        deed.log(
            desktops(unit),
            form.process(deed.now, host.name, host.user, path, "C:\\Windows\\System32\\cmd.exe", command),
        )
    deed.agency = unit.id
    deed.about("host.name", host.name)


def _rule_disabled(deed: Attempt) -> None:
    actor, ip = deed.pick(*ANALYSTS), deed.stranger()
    for action in deed.pick(("rule.disable",), ("exception.add",), ("rule.disable", "exception.add")):
        thing = (
            deed.pick("backup-destroy", "esxi-mass-poweroff") if action == "rule.disable" else "user.name=backupadmin"
        )
        deed.log(
            WATCH,
            form.watch(
                deed.wait(20, 900),
                actor,
                "engineer",
                action,
                thing,
                deed.pick("", "nhieu"),
                ip,
                prev_hash=deed.draw.hex(16),
            ),
        )
    deed.about("user.name", actor)


def _closing(deed: Attempt) -> None:
    actor = deed.pick(*ANALYSTS)
    for _ in range(deed.draw.upto(60, 150)):
        thing = f"AL-{deed.draw.upto(1, 99999)}"
        deed.log(
            WATCH,
            form.watch(
                deed.wait(0.3, 2.2),
                actor,
                "analyst",
                "alert.close",
                thing,
                deed.pick("", "ok"),
                deed.world.servers["soc"],
                prev_hash=deed.draw.hex(16),
            ),
        )
    deed.about("user.name", actor)


def _agent_stop(deed: Attempt) -> None:
    """The agent stops and is not heard of again, while the firewall goes on seeing the machine."""
    unit = deed.pick(*[one for one in deed.world.communes if one.firewall == "fortigate"])
    host = deed.pick(*unit.hosts)
    deed.log(EDR, form.edr(deed.now, "medium", "Agent service stopped", host.name, host.address, unit.id))
    for source in (EDR, desktops(unit), KSC):
        deed.silence(source, 3 * 3600, f'"{host.name}"' if source != KSC else f"dhost={host.name} ")
    for _ in range(deed.draw.upto(20, 50)):
        at, sport = deed.wait(60, 220), deed.draw.upto(49152, 65000)
        deed.log(
            wall(unit),
            network.traffic(at, unit.device, host.address, "203.0.113.77", 443, "close", "HTTPS", 9000, 30_000, sport),
        )
    deed.agency = unit.id
    deed.about("host.name", host.name)


THREATS = (
    Threat("av-uninstall-task", FAMILY, ANY, _uninstall),
    Threat("malware-outbreak", FAMILY, OFFICE, _outbreak),
    Threat("lsass-dump", FAMILY, ANY, _lsass),
    Threat("soc-rule-disabled", FAMILY, NIGHT, _rule_disabled),
    Threat("alert-close-burst", FAMILY, ANY, _closing),
    Threat("agent-stop-then-silence", FAMILY, OFFICE, _agent_stop),
)
