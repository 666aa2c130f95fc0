"""Operations centre and protection of endpoints in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.draw import Draw
from soc.simulate.records import windows as form
from soc.simulate.spec import Entry, Hour, Life, Scene, Stream
from soc.simulate.world import Province, Unit

KSC = "antivirus.ksc_cef.tinh"
ESET = "antivirus.eset_json.tinh"
EDR = "antivirus.ajiant_alert.tinh"
WATCH = "soc.vonggac_audit.tinh"
ANALYSTS = ("pt.soc.01", "pt.soc.02", "pt.soc.03", "pt.soc.04")
_TASKS = ("Quick scan", "Update databases", "Full scan", "Inventory", "Find vulnerabilities")
_VIRUSES = (
    "Worm.Win32.AutoRun.hfp",
    "Trojan.WinLNK.Agent.gen",
    "HEUR:Trojan.Script.Generic",
    "Virus.Win32.Sality.gen",
    "not-a-virus:AdWare.Win32.Neoreklami",
)


def group(unit: Unit) -> str:
    """Group of the console for a unit."""
    return f"Xa {unit.code[2:]}" if unit.kind == "commune" else f"So {unit.code[2:]}"


def _console(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.units)
        host = draw.pick(unit.hosts)
        if draw.chance(0.97):
            name = draw.often(("Completed successfully", "Running", "Completed successfully", "Failed"))
            yield at, KSC, form.ksc_task(at, group(unit), host.name, host.address, draw.pick(_TASKS), name)
        else:
            code = draw.pick(("GNRL_EV_VIRUS_FOUND", "GNRL_EV_OBJECT_CURED", "GNRL_EV_OBJECT_DELETED"))
            virus = f"{draw.pick(_VIRUSES)}.{draw.hex(3)}"
            yield (
                at,
                KSC,
                form.ksc_virus(
                    at,
                    group(unit),
                    host.name,
                    host.address,
                    virus,
                    "E:\\TaiLieu.lnk",
                    f"{unit.code.upper()}\\{host.user}",
                    code,
                ),
            )


def _eset(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.communes)
        host = draw.pick(unit.hosts)
        if draw.chance(0.3):
            yield (
                at,
                ESET,
                form.eset(
                    at,
                    "Threat_Event",
                    host.address,
                    host.name.lower(),
                    "Warning",
                    group_name=f"All/{unit.code}",
                    threat_type="Trojan",
                    threat_name=f"Win32/Agent.{draw.hex(3)}",
                    object_uri="file:///C:/Users/Public/Downloads/setup.exe",
                    action_taken="Cleaned by deleting",
                    username=host.user,
                ),
            )
        else:
            yield (
                at,
                ESET,
                form.eset(
                    at,
                    "Audit_Event",
                    world.servers["eset"],
                    "eset-srv",
                    "Information",
                    domain="Native user",
                    action="Login attempt",
                    user=draw.pick(world.admins),
                    result=draw.often(("Success", "Success", "Failure")),
                ),
            )


def _edr(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        unit = draw.pick(world.units)
        host = draw.pick(unit.hosts)
        rule, severity = draw.pick(
            (
                ("Agent updated", "low"),
                ("Unsigned driver loaded", "low"),
                ("Suspicious macro blocked", "medium"),
                ("Agent started", "low"),
            )
        )
        yield at, EDR, form.edr(at, severity, rule, host.name, host.address, unit.id, "log", process="winword.exe")


def _analysts(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        actor = draw.pick(ANALYSTS)
        action, thing, reason = draw.often(
            (
                (
                    "alert.close",
                    f"AL-{draw.upto(1, 99999)}",
                    draw.pick(("false positive, known batch", "true positive, contained", "duplicate")),
                ),
                ("alert.assign", f"AL-{draw.upto(1, 99999)}", "nhan xu ly"),
                ("incident.note", f"SC-{draw.upto(1, 999)}", "ghi chu"),
                ("playbook.run", f"PB-{draw.upto(1, 99)}", "theo quy trinh"),
                ("data.export", "bao-cao-ca-truc", "ban giao ca"),
            )
        )
        yield (
            at,
            WATCH,
            form.watch(at, actor, "analyst", action, thing, reason, world.servers["soc"], prev_hash=draw.hex(16)),
        )


def _cracked_office(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Licence crackers on many machines: a matter of licences."""
    for unit in draw.sample(world.communes, 7):
        at += draw.upto(60, 1500)
        host = draw.pick(unit.hosts)
        yield (
            at,
            KSC,
            form.ksc_virus(
                at,
                group(unit),
                host.name,
                host.address,
                "HackTool.Win32.KMSAuto.gen",
                "C:\\Tools\\KMSAuto.exe",
                host.user,
                "GNRL_EV_VIRUS_FOUND",
            ),
        )


def _draft_rule(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A rule that is only a draft is switched off again, with the reason."""
    yield (
        at,
        WATCH,
        form.watch(
            at,
            ANALYSTS[3],
            "engineer",
            "rule.disable",
            f"draft-{draw.hex(4)}",
            "luat thu nghiem, chua ban hanh",
            world.servers["soc"],
            state="draft",
        ),
    )


def _merged_close(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Alerts of one merged incident are closed together."""
    incident = f"SC-{stamps.yymmdd(at)}"
    for _ in range(draw.upto(42, 70)):
        at += draw.random() * 2
        yield (
            at,
            WATCH,
            form.watch(
                at,
                ANALYSTS[0],
                "analyst",
                "alert.close",
                f"AL-{draw.upto(1, 99999)}",
                f"thuoc {incident}",
                world.servers["soc"],
                incident=incident,
            ),
        )


def _collected(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The operations centre collects memory under a playbook, and says so."""
    yield (
        at,
        EDR,
        form.edr(
            at,
            "low",
            "Forensic collection",
            "SRV-AD-01",
            world.servers["ad01"],
            "tinh",
            "log",
            user="svc-thuthap",
            process="winpmem.exe",
            cmdline="winpmem.exe memory.raw",
            playbookRun=f"PB-{draw.upto(1, 99)}",
        ),
    )


def _evening(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Machines are switched off: the agent says goodbye, and there is no traffic either."""
    for unit in draw.sample(world.communes, 3):
        host = unit.hosts[-1]
        yield at, EDR, form.edr(at, "low", "Agent shutdown with system", host.name, host.address, unit.id, "log")


LIFE: tuple[Life, ...] = (
    Stream(_console, 2_500, "power"),
    Stream(_eset, 700, "power"),
    Stream(_edr, 300, "power"),
    Stream(_analysts, 450, "flat"),
    Scene(_cracked_office, 1),
    Scene(_draft_rule, 2),
    Scene(_merged_close, 2),
    Scene(_collected, 1),
    Scene(_evening, 4, (17, 18)),
)
