"""Records of four formats with the novelty of real traffic: few devices and addresses that come often, numbers that are always new.

Nothing is repeated to make a stream longer: what is remembered from one record to the next would then be measured and not the work.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
HOME = timedelta(hours=7)
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
PATHS = (
    "/dichvucong/hoso?id=H19.{}",
    "/tin-tuc/bai-{}",
    "/static/app.{}.js",
    "/api/v1/tra-cuu?trang={}",
    "/uploads/anh-{}.jpg",
)


def _moments(step: timedelta) -> Iterator[datetime]:
    moment = START
    while True:
        yield moment
        moment += step


def _address(dice: random.Random) -> str:
    """A few addresses send most of the requests, many send one."""
    often = dice.random() < 0.6
    return f"203.0.113.{min(255, int(dice.expovariate(1 / 60)))}" if often else f"198.51.100.{dice.randrange(256)}"


def nginx(count: int, dice: random.Random) -> Iterator[str]:
    """Requests in the combined form."""
    for _, moment in zip(range(count), _moments(timedelta(milliseconds=37)), strict=False):
        target = dice.choice(PATHS).format(dice.randrange(50_000))
        status = dice.choice((200, 200, 200, 200, 200, 304, 404, 500))
        yield (
            f"{_address(dice)} - - [{moment + HOME:%d/%b/%Y:%H:%M:%S} +0700] "
            f'"GET {target} HTTP/1.1" {status} {dice.randrange(200, 90_000)} "https://dvc.example/" '
            f'"{AGENT.format(dice.randrange(90, 130))}"'
        )


def fortigate(count: int, dice: random.Random) -> Iterator[str]:
    """Sessions that a firewall has let through or closed."""
    for _, moment in zip(range(count), _moments(timedelta(milliseconds=37)), strict=False):
        device, port = dice.randrange(95), dice.choice((443, 443, 80, 53, 8443))
        yield (
            f"<189>date={moment + HOME:%Y-%m-%d} time={moment + HOME:%H:%M:%S} "
            f'devname="FGT-XA-{device:02d}" devid="FGT60F0000000{device:03d}" '
            f'eventtime={int(moment.timestamp() * 1000)}000000 tz="+0700" logid="0000000013" type="traffic" '
            f'subtype="forward" level="notice" vd="root" srcip={_address(dice)} srcport={dice.randrange(1024, 65535)} '
            f'srcintf="internal" srcintfrole="lan" dstip=192.0.2.{dice.randrange(256)} dstport={port} dstintf="wan1" '
            f'dstintfrole="wan" srccountry="Reserved" dstcountry="Vietnam" sessionid={dice.randrange(10**8)} proto=6 '
            f'action="{dice.choice(("close", "accept", "deny", "timeout"))}" policyid={dice.randrange(30)} '
            f'policytype="policy" service="HTTPS" trandisp="snat" transip=192.0.2.1 '
            f"transport={dice.randrange(1024, 65535)} duration={dice.randrange(300)} sentbyte={dice.randrange(10**6)} "
            f'rcvdbyte={dice.randrange(10**7)} sentpkt={dice.randrange(900)} rcvdpkt={dice.randrange(9000)} appcat="unscanned"'
        )


def syslog(count: int, dice: random.Random) -> Iterator[str]:
    """Messages of machines, RFC 3164."""
    for _, moment in zip(range(count), _moments(timedelta(milliseconds=7)), strict=False):
        local = moment + HOME
        yield (
            f"<{dice.randrange(30, 40)}>{local:%b} {local.day:2d} {local:%H:%M:%S} may-{dice.randrange(95):02d} "
            f"{dice.choice(('sshd', 'cron', 'named', 'systemd'))}[{dice.randrange(300, 32_000)}]: "
            f"session {dice.randrange(10**7)} opened for client {_address(dice)} port {dice.randrange(1024, 65535)}"
        )


def cef(count: int, dice: random.Random) -> Iterator[str]:
    """Findings of an antivirus, in Vietnamese."""
    for _, moment in zip(range(count), _moments(timedelta(milliseconds=37)), strict=False):
        local = moment + HOME
        yield (
            f"<134>{local:%b} {local.day:2d} {local:%H:%M:%S} ksc-01 CEF:0|KasperskyLab|SecurityCenter|14.2|"
            f"GNRL_EV_VIRUS_FOUND|Phát hiện đối tượng độc hại|{dice.randrange(3, 9)}|"
            f"rt={int(moment.timestamp() * 1000)} src={_address(dice)} dhost=MAY-{dice.randrange(4000):04d} "
            f"duser=xa{dice.randrange(95):02d}\\\\canbo{dice.randrange(30)} "
            f"filePath=C:\\\\Users\\\\canbo\\\\Downloads\\\\tep-{dice.randrange(9999)}.exe "
            f"cs1=HEUR:Trojan.Win32.Generic cs1Label=VirusName msg=Đã xóa đối tượng số {dice.randrange(10**6)}"
        )


FORMATS: Mapping[str, Callable[[int, random.Random], Iterator[str]]] = {
    "nginx": nginx,
    "fortigate": fortigate,
    "syslog": syslog,
    "cef": cef,
}
