"""Data centres, virtual machines and backups in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.calendar import local_date, local_hour
from soc.simulate.draw import Draw
from soc.simulate.records import datacentre as form
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

ESXI = "data_integration_centre.esxi_syslog.tinh"
VCENTER = "data_integration_centre.vcenter_event.tinh"
VCENTER_BH = "data_center_bien_hoa.vcenter_event.bienhoa"
VEEAM = "data_integration_centre.veeam_syslog.tinh"
VEEAM_DX = "data_center_dong_xoai.veeam_syslog.dongxoai"
LINUX = "data_integration_centre.linux_auth.tinh"
HOSTS = ("esxi01", "esxi02", "esxi03")
MACHINES = (
    "IGATE-DB01",
    "IGATE-APP01",
    "EOFFICE-APP",
    "EOFFICE-DB",
    "MAIL01",
    "SSO01",
    "LGSP01",
    "LGSP02",
    "GIS01",
    "BC-WEB",
    "BC-SQL",
    "IOC01",
)
JOBS = ("BK-MOTCUA", "BK-EOFFICE", "BK-MAIL", "BK-SSO", "BK-LGSP", "BK-GIS")
_SERVERS = ("web-bc02", "bk-repo01", "lgsp01", "pg-a", "minio01", "gpu01")
ADMIN = r"VSPHERE.LOCAL\qt.ttcntt.01"


def _hosts(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        host = draw.pick(HOSTS)
        kind = draw.random()
        if kind < 0.25:
            yield at, ESXI, form.esxi_login(at, host, "vpxuser", world.servers["vcenter"], "VMware-client/8.0.2")
        elif kind < 0.8:
            text = f"cpu{draw.upto(0, 31)}:2097{draw.upto(100, 999)})NMP: nmp_ThrottleLogForDevice: Cmd 0x1a succeeded"
            yield at, ESXI, form.esxi(at, host, "vmkernel", 2097, text)
        else:
            thread, task = draw.upto(2099000, 2099999), draw.upto(1, 400)
            text = f"info hostd[{thread}] [Originator@6876 sub=Vimsvc.TaskManager] Task Completed : haTask-{task}"
            yield at, ESXI, form.esxi(at, host, "hostd", 2099712, text)


def _vcenter(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        ident = int(at) % 1_000_000
        source, site = draw.pick(((VCENTER, "DC-Tinh"), (VCENTER_BH, "DC-BienHoa")))
        machine, host = draw.pick(MACHINES), draw.pick(HOSTS)
        kind, text = draw.pick(
            (
                ("UserLoginSessionEvent", f"User {ADMIN}@{world.servers['jump']} logged in as VMware-client"),
                ("UserLogoutSessionEvent", f"User {ADMIN}@{world.servers['jump']} logged out"),
                ("TaskEvent", "Task: Create virtual machine snapshot"),
                ("VmResourceReallocatedEvent", f"Changed resource allocation for {machine}"),
                (
                    "VmMigratedEvent",
                    f"Migration of virtual machine {machine} from {host} to {draw.pick(HOSTS)} completed",
                ),
                (
                    "AlarmStatusChangedEvent",
                    f"Alarm 'Virtual machine CPU usage' on {machine} changed from Green to Yellow",
                ),
            )
        )
        yield at, source, form.vcenter(at, ident, kind, ADMIN, site, text)


def _backups(hour: Hour) -> Iterator[Entry]:
    """From one o'clock the jobs run, one after another; old points go by the rules of retention."""
    if local_hour(hour.start) != 1:
        return
    draw = hour.draw
    full = local_date(hour.start).weekday() == 6
    for source in (VEEAM, VEEAM_DX):
        for number, job in enumerate(JOBS):
            at = hour.start + 300 + 500 * number + draw.upto(0, 90)
            warned = draw.chance(0.04)
            keys = f'JobID="{number}e15a2c2-9200-4c57-9608-fdeded8fb2b{number}" JobName="{job}" JobResult="{1 if warned else 0}"'
            text = f"Backup job '{job}' finished with {'Warning' if warned else 'Success'}."
            yield at, source, form.veeam(at, 190, keys, text)
            if full or draw.chance(0.3):
                point = f'JobName="{job}" VmName="{MACHINES[number]}"'
                text = f"Restore point for VM '{MACHINES[number]}' has been removed according to the configured retention policy."
                yield at + 30, source, form.veeam(at + 30, 10050, point, text)


def _linux(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        host = draw.pick(_SERVERS)
        pid = draw.upto(900, 30000)
        kind = draw.random()
        admin = draw.pick(world.admins)
        if kind < 0.45:
            command = draw.pick(
                (
                    "/usr/lib/sysstat/sa1 1 1",
                    "/opt/monitor/check.sh",
                    "run-parts /etc/cron.hourly",
                    "/usr/bin/certbot -q renew",
                )
            )
            yield at, LINUX, form.linux(at, host, "CRON", pid, f"(root) CMD ({command})")
        elif kind < 0.6:
            text = f"Accepted publickey for {admin} from {world.servers['jump']} port {draw.upto(40000, 60000)} ssh2"
            yield at, LINUX, form.linux(at, host, "sshd", pid, text)
        elif kind < 0.75:
            command = draw.pick(
                (
                    "/usr/bin/systemctl status nginx",
                    "/usr/bin/journalctl -u app",
                    "/usr/bin/apt-get update",
                    "/usr/bin/df -h",
                )
            )
            text = f"{admin} : TTY=pts/0 ; PWD=/home/{admin} ; USER=root ; COMMAND={command}"
            yield at, LINUX, form.linux(at, host, "sudo", 0, text)
        elif kind < 0.9:
            user = draw.pick(("root", "admin", "ubuntu", "test", "oracle"))
            text = f"Failed password for invalid user {user} from {draw.pick(world.noise)} port {draw.upto(40000, 60000)} ssh2"
            yield at, LINUX, form.linux(at, host, "sshd", pid, text)
        else:
            yield (
                at,
                LINUX,
                form.linux(at, host, "sshd", pid, f"pam_unix(sshd:session): session closed for user {admin}"),
            )


def _maintenance(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The cluster is maintained: machines move before a host is rebooted; SSH is opened from the jump host and closed again."""
    for number, machine in enumerate(MACHINES[:8]):
        when = at + 60 * number
        text = f"Migration of virtual machine {machine} from esxi02 to esxi01 completed"
        yield when, VCENTER, form.vcenter(when, int(when) % 1_000_000, "VmMigratedEvent", ADMIN, "DC-Tinh", text)
    text = "[UserLevelCorrelator] 91234567us: [esx.audit.ssh.enabled] SSH access has been enabled."
    yield at + 600, ESXI, form.esxi(at + 600, "esxi02", "vobd", 2097800, text)
    yield at + 660, ESXI, form.esxi_login(at + 660, "esxi02", "root", world.servers["jump"], "Mozilla/5.0")
    yield at + 720, ESXI, form.esxi(at + 720, "esxi02", "shell", 2101200, "[root]: esxcli software vib list")
    text = "[UserLevelCorrelator] 91239567us: [esx.audit.ssh.disabled] SSH access has been disabled."
    yield at + 1800, ESXI, form.esxi(at + 1800, "esxi02", "vobd", 2097800, text)


def _one_machine_off(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """One or two test machines are switched off."""
    for number in range(draw.upto(1, 2)):
        when = at + 200 * number
        text = f"TEST-{number} on esxi03 in DC-Tinh is powered off"
        yield when, VCENTER, form.vcenter(when, int(when) % 1_000_000, "VmPoweredOffEvent", ADMIN, "DC-Tinh", text)


def _agent_setup(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An agent is set up by root from the province's own repository."""
    command = f"curl -s http://{world.servers['nms']}/agent/setup.sh | bash"
    text = f"{world.admins[0]} : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/bin/sh -c {command}"
    yield at, LINUX, form.linux(at, draw.pick(_SERVERS), "sudo", 0, text)


def _new_collector(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Logs go to another collector, by ticket."""
    for host in HOSTS:
        text = f"[root]: esxcli system syslog config set --loghost=tcp://{world.servers['soc']}:1514"
        yield at, ESXI, form.esxi(at, host, "shell", 2101200, text)


LIFE: tuple[Life, ...] = (
    Stream(_hosts, 2_400, "flat"),
    Stream(_vcenter, 1_200, "office"),
    Routine(_backups),
    Stream(_linux, 2_400, "flat"),
    Scene(_maintenance, 1, (22, 23)),
    Scene(_one_machine_off, 3),
    Scene(_agent_setup, 1),
    Scene(_new_collector, 1, (22, 23)),
)
