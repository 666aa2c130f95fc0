"""The simulated province: its units, people's accounts, machines and addresses, all from one seed.

Names are systematic, nobody's own: `cb.xa037.04` is an officer of commune 037. Addresses are those kept for documentation: 192.0.2.0/24 the
servers, 198.51.100.0/24 the data network, 203.0.113.0/24 the Internet; 2001:db8::/32 where those are too few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from soc.simulate.draw import Draw

COMMUNES = 95
_DEPARTMENTS = (
    "vpubnd noivu taichinh xaydung tuphap yte gddt vhtt congthuong nongnghiep khcn thanhtra bqlkcn ttcntt ttpvhcc btctu "
    "vptinhuy dantoc bvdk cnvpdk"
)
_SERVERS = (
    "proxy waf portal motcua eoffice mail mx sso report-web report-sql hsm sign payment receipt sip mcu jitsi ftp mqtt vms "
    "nvr hr-sql hr-file gis arcgis land ioc feedback webwatch his pos pacs shop dns router fw-tinh esxi01 esxi02 esxi03 "
    "vcenter vbr bk-repo jump ora pg-a pg-b sql minio etl llm hub gpu ksc eset edr soc scanner ss edoc kong wso2 psp bus av "
    "backup kiosk nms ntp ad01 ad02"
)


@dataclass(frozen=True, slots=True)
class Host:
    """A workstation: name, address, the account that works at it."""

    name: str
    address: str
    user: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A commune, a department or a unit of the province.

    Attributes:
        id: agency id, `xa-037`, `so-noivu`.
        code: the same as accounts and domains carry it, `xa037`.
        gates: its two addresses on the data network, which the province's servers see.
        prefix: IPv6 prefix of its local network.
        firewall: what stands at its edge.
    """

    id: str
    code: str
    index: int
    kind: Literal["commune", "department"]
    gates: tuple[str, str]
    prefix: str
    clerk: str
    leader: str
    accountant: str
    officers: tuple[str, ...]
    hosts: tuple[Host, ...]
    firewall: Literal["fortigate", "mikrotik"]

    @property
    def domain(self) -> str:
        """Its mail domain."""
        return f"{self.code}.dongnai.example"

    @property
    def device(self) -> str:
        """Name of the device at its edge."""
        return f"{'FG' if self.firewall == 'fortigate' else 'rt'}-{self.code.upper()}"

    @property
    def dossier_code(self) -> str:
        """Its number in dossier codes (QCVN 102 form)."""
        return f"000.{self.index // 100 + 10:02d}.{self.index % 100:02d}.H19"

    @property
    def people(self) -> tuple[str, ...]:
        """Every account of a person."""
        return (*self.officers, self.clerk, self.leader, self.accountant)


class Province:
    """The province of a seed. Two of the same seed are the same; nothing is drawn after it is made.

    Args:
        seed: decides addresses, accounts and which unit has which equipment.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Communes first, then departments."""
        draw = Draw(f"units-{self.seed}")
        names = [(f"xa-{n:03d}", f"xa{n:03d}") for n in draw.sample(range(100, 400), COMMUNES)]
        names += [(f"so-{name}", f"so{name}") for name in _DEPARTMENTS.split()]
        return tuple(_unit(draw, index, *name) for index, name in enumerate(names))

    @cached_property
    def communes(self) -> tuple[Unit, ...]:
        return self.units[:COMMUNES]

    @cached_property
    def departments(self) -> tuple[Unit, ...]:
        return self.units[COMMUNES:]

    def department(self, name: str) -> Unit:
        """The department of that short name, `noivu`."""
        return self.departments[_DEPARTMENTS.split().index(name)]

    @cached_property
    def servers(self) -> dict[str, str]:
        """Role -> address in the management network."""
        numbers = Draw(f"servers-{self.seed}").sample(range(10, 230), len(_SERVERS.split()))
        return {name: f"192.0.2.{number}" for name, number in zip(_SERVERS.split(), numbers, strict=True)}

    @cached_property
    def admins(self) -> tuple[str, ...]:
        """Accounts of system administrators; they work from `admin_hosts`."""
        return tuple(f"qt.ttcntt.{n:02d}" for n in range(1, 9))

    @cached_property
    def admin_hosts(self) -> tuple[str, ...]:
        """Addresses of the administrators' machines, in the management network."""
        return tuple(f"192.0.2.{n}" for n in range(231, 241))

    @cached_property
    def citizens(self) -> tuple[str, ...]:
        """Addresses of the public: a third behind shared IPv4, the others each with their own IPv6."""
        draw = Draw(f"citizens-{self.seed}")
        shared = [f"203.0.113.{draw.upto(1, 119)}" for _ in range(1200)]
        own = [f"2001:db8:4{draw.hex(3)}:{draw.hex(4)}::{draw.hex(4)}" for _ in range(2800)]
        pool = shared + own
        draw.shuffle(pool)
        return tuple(pool)

    @cached_property
    def bots(self) -> tuple[str, ...]:
        """Search engines and other crawlers."""
        return tuple(f"2001:db8:b07:{n:x}::{n + 9:x}" for n in range(24))

    @cached_property
    def noise(self) -> tuple[str, ...]:
        """Scanners of the Internet that knock at everything, all the time; lawful background as far as alarms go."""
        draw = Draw(f"noise-{self.seed}")
        few = [f"203.0.113.{n}" for n in draw.sample(range(120, 150), 12)]
        return tuple(few + [f"2001:db8:5ca:{draw.hex(4)}::{draw.upto(2, 99)}" for _ in range(300)])

    @cached_property
    def foreign(self) -> tuple[str, ...]:
        """Addresses from which attackers come; never used by lawful life."""
        draw = Draw(f"foreign-{self.seed}")
        few = [f"203.0.113.{n}" for n in draw.sample(range(170, 255), 60)]
        return tuple(few + [f"2001:db8:e{draw.hex(3)}:{draw.hex(4)}::{draw.upto(2, 99)}" for _ in range(60)])

    @cached_property
    def homes(self) -> dict[str, str]:
        """Account of a leader -> the address at home, from which the office is lawfully read in the evening."""
        return {unit.leader: f"2001:db8:4a0:{unit.index:x}::7" for unit in self.units}

    def papers(self, unit: Unit) -> tuple[str, ...]:
        """Ids of the documents of a unit that are in the register of documents; the last may be read by everybody."""
        return tuple(f"VB-{unit.code}-R{number:02d}" for number in range(1, 13))

    @cached_property
    def stations(self) -> tuple[str, ...]:
        """Signs of the measuring stations."""
        return tuple(f"dn_kcn{n:02d}_nt01" for n in range(1, 5))

    @cached_property
    def station_addresses(self) -> dict[str, str]:
        """Sign of a station -> address of its data logger."""
        return {sign: f"198.51.100.{231 + n}" for n, sign in enumerate(self.stations)}

    @cached_property
    def cameras(self) -> tuple[tuple[str, str], ...]:
        """Address and line (site) of every camera."""
        return tuple((f"2001:db8:ca:{n % 8}::{n + 16:x}", f"tuyen-{n % 8 + 1}") for n in range(160))

    @cached_property
    def nvrs(self) -> tuple[str, ...]:
        """Names of the recorders."""
        return tuple(f"nvr-t{n}" for n in range(1, 9))

    @cached_property
    def wards(self) -> dict[str, tuple[str, ...]]:
        """Ward of the hospital -> accounts of its people."""
        wards = ("kkb", "noi1", "noi2", "ngoai", "cc", "hstc", "san", "nhi")
        return {ward: tuple(f"{role}.{ward}{n:02d}" for role in ("bs", "dd") for n in range(1, 7)) for ward in wards}

    @cached_property
    def dissolved_units(self) -> tuple[str, ...]:
        """Units of the district level, which is no more."""
        return tuple(f"huyen-{n:02d}" for n in range(1, 12))

    @cached_property
    def stale_accounts(self) -> tuple[str, ...]:
        """Accounts of those units."""
        return tuple(f"cb.{unit.replace('-', '')}.{m:02d}" for unit in self.dissolved_units for m in range(1, 5))

    def names(self) -> Iterator[str]:
        """What was invented for this province and no rule may know: accounts, machines, units."""
        for unit in self.units:
            yield from (unit.id, unit.code, unit.device, *unit.people)
            yield from (host.name for host in unit.hosts)
        yield from self.admins
        yield from self.stations


def _unit(draw: Draw, index: int, ident: str, code: str) -> Unit:
    commune = index < COMMUNES
    officers = tuple(f"cb.{code}.{n:02d}" for n in range(1, draw.upto(5, 12)))
    gates = (f"198.51.100.{2 * index + 1}", f"198.51.100.{2 * index + 2}")
    prefix = f"2001:db8:{0x1000 + index:x}:"
    rooms = ("MC", "VT", "KT", "VP", "TP", "DC", "VH", "LD", "TT", "HC", "QS", "CA")
    hosts = tuple(
        Host(f"PC-{code.upper()}-{rooms[n % 12]}{n + 1:02d}", gates[n] if n < 2 else f"{prefix}:{n + 16:x}", user)
        for n, user in enumerate(officers)
    )
    return Unit(
        ident,
        code,
        index,
        "commune" if commune else "department",
        gates,
        prefix,
        f"vt.{code}",
        f"ld.{code}",
        f"kt.{code}",
        officers,
        hosts,
        "fortigate" if not commune or draw.chance(0.65) else "mikrotik",
    )
