"""What the province has declared, in the form of SOC_HOME: lookups, networks, agencies and sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from soc.simulate import stamps
from soc.simulate.engine import Simulation
from soc.simulate.streams import datacentre, hospital, land, lgsp, meeting, personnel, signing
from soc.simulate.world import Province

PROVINCE = "province"


def write_registers(simulation: Simulation, sources: Sequence[str], home: Path, logs: Path) -> None:
    """Write `lookups/*.yaml`, `networks.yaml`, `agencies.yaml` and `sources.yaml` into `home`."""
    (home / "lookups").mkdir(parents=True, exist_ok=True)
    world = simulation.world
    begin = simulation.spec.begin
    for name, content in {**_registers(world, begin, simulation.spec.days), **_lists(world)}.items():
        _write(home / "lookups" / f"{name}.yaml", content)
    _write(home / "networks.yaml", {"zones": zones()})
    _write(home / "agencies.yaml", agencies(world))
    _write(home / "sources.yaml", {"sources": [_source(world, source, logs) for source in sources]})


class _Plain(yaml.SafeDumper):
    """Writes a value again where it comes again: readers of ours take no YAML aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _write(file: Path, content: object) -> None:
    file.write_text(yaml.dump(content, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=140), encoding="utf-8")


def zones() -> dict[str, list[str]]:
    """The declared networks; whatever is outside is the Internet."""
    return {
        "quantri": ["192.0.2.0/24"],
        "vpn": ["192.0.2.240/28"],
        "tslcd": ["198.51.100.0/24", "2001:db8:1000::/36"],
        "camera": ["2001:db8:ca::/48"],
    }


def agencies(world: Province) -> list[dict[str, Any]]:
    """The tree of agencies."""
    root = {
        "id": PROVINCE,
        "name_vi": "Tỉnh mô phỏng",
        "name_en": "Simulated province",
        "kind": "province",
        "parent": None,
    }
    return [root] + [
        {
            "id": unit.id,
            "name_vi": f"{'Xã' if unit.kind == 'commune' else 'Sở'} {unit.code[2:]}",
            "name_en": f"{'Commune' if unit.kind == 'commune' else 'Department'} {unit.code[2:]}",
            "kind": unit.kind,
            "parent": PROVINCE,
        }
        for unit in world.units
    ]


def _source(world: Province, source: str, logs: Path) -> dict[str, Any]:
    platform, form, site = source.split(".", 2)
    agency = {unit.code: unit.id for unit in world.units}.get(site, PROVINCE)
    entry: dict[str, Any] = {"id": source, "platform": platform, "agency": agency, "format": form}
    if form == "nginx_access_json":
        entry["trusted_proxies"] = [world.servers["waf"], world.servers["proxy"]]
    return entry | {"input": {"kind": "file", "paths": [str(logs.resolve() / f"{source}.log")]}}


def _registers(world: Province, begin: int, days: int) -> dict[str, dict[str, Any]]:
    return {
        "units": {
            "kind": "units",
            "units": {unit.id: [*(f"{gate}/32" for gate in unit.gates), f"{unit.prefix}:/48"] for unit in world.units},
        },
        "assets": {"kind": "assets", "assets": _assets(world)},
        "batches": {"kind": "batches", "batches": _batches()},
        "changes": {"kind": "changes", "changes": _changes(world, begin, days)},
        "meetings": {"kind": "meetings", "meetings": _meetings(begin, days)},
        "documents": {
            "kind": "documents",
            "documents": {
                paper: {"owner": unit.id, "shared": number == 11}
                for unit in world.units
                for number, paper in enumerate(world.papers(unit))
            },
        },
        "stations": {"kind": "stations", "limits": {"*": {"COD": 75.0, "pH": 9.0, "NH4": 10.0}}},
    }


def _assets(world: Province) -> list[dict[str, Any]]:
    servers = [{"names": [name], "addresses": [address], "site": "TTDL"} for name, address in world.servers.items()]
    cameras = [{"addresses": [address], "site": site, "system": "camera"} for address, site in world.cameras]
    recorders = [{"names": [name], "site": f"tuyen-{name[-1]}", "system": "camera"} for name in world.nvrs]
    return servers + cameras + recorders + [{"names": list(datacentre.HOSTS), "site": "TTDL"}]


def _batches() -> list[dict[str, Any]]:
    night = {"since": "22:00", "until": "05:00"}
    return [
        {"platform": platform, "accounts": [account], **night}
        for platform, account in (
            ("lgsp", lgsp.BATCH),
            ("api_gateway", lgsp.BATCH),
            ("population_database", "DONGBO"),
            ("population_database", "svc-dongbo"),
            ("national_public_service_portal", "svc-dongbo"),
            ("one_card_hospital", "svc-bhyt"),
            ("merged_databases", "backup"),
            ("merged_databases", "etl_dw"),
            ("merged_databases", "BACKUP_EXP"),
            ("cadre_management", "svc-dongbo"),
            ("reporting_system", "svc.tonghop"),
            ("data_lake", "svc-etl"),
        )
    ] + [
        {"platform": "hsm_signing", "accounts": [signing.SYSTEM], "since": "00:00", "until": "23:59"},
        {"platform": "hsm_signing", "accounts": ["ld.sonoivu"], "since": "07:00", "until": "17:30"},
    ]


def _changes(world: Province, begin: int, days: int) -> list[dict[str, Any]]:
    """Tickets for what is lawful and unusual: each names the account and holds in the windows where scenes of it begin."""
    wanted: tuple[tuple[str, list[str], int, int], ...] = (
        ("lgsp", [world.admins[0]], 20, 5),
        ("data_integration_centre", [], 22, 3),
        ("dedicated_data_network", [world.admins[0]], 22, 2),
        ("sso_eid", [world.admins[0]], 18, 3),
        ("sso_eid", [world.admins[4]], 8, 9),
        ("agency_security_system", [world.admins[0]], 8, 9),
        ("ndxp", [world.admins[0]], 8, 9),
        ("land_database", ["MIG_XA2025"], 8, 9),
        ("data_lake", [world.admins[0]], 8, 9),
        ("shared_database_list", ["dba01"], 8, 9),
    )
    changes = []
    for day in range(days):
        for number, (platform, accounts, hour, length) in enumerate(wanted):
            since = begin + 86400 * day + 3600 * hour
            change: dict[str, Any] = {
                "ticket": f"CR-{stamps.yymmdd(since)}-{number}",
                "platform": platform,
                "since": stamps.iso(since),
                "until": stamps.iso(since + 3600 * length),
            }
            hosts = {"hosts": ["esxi02"]} if platform == "data_integration_centre" else {}
            changes.append(change | hosts | ({"accounts": accounts} if accounts else {}))
    return changes


def _meetings(begin: int, days: int) -> list[dict[str, Any]]:
    return [
        {
            "room": room,
            "since": stamps.iso(begin + 86400 * day + 7 * 3600),
            "until": stamps.iso(begin + 86400 * day + 17 * 3600),
        }
        for day in range(days)
        for room in meeting.ROOMS
    ]


def _list(values: Sequence[str], field: str | None = None) -> dict[str, Any]:
    return {"kind": "list", **({"field": field} if field else {}), "values": sorted(values)}


def _lists(world: Province) -> dict[str, dict[str, Any]]:
    """Lists by the names that the descriptions of the threats give them."""
    servers = world.servers
    ips: Mapping[str, list[str]] = {
        "pentest": [servers["scanner"]],
        "scanner": [servers["scanner"]],
        "agency_ip": [gate for unit in world.units for gate in unit.gates],
        "psp_ip": [servers["psp"], servers["payment"]],
        "service_ip": [servers["ioc"], servers["report-sql"]],
        "hsm_clients": [servers["sign"], servers["receipt"]],
        "kiosk": [servers["kiosk"]],
        "jump_hosts": [servers["jump"], servers["vcenter"]],
    }
    users: Mapping[str, list[str]] = {
        "disabled_unit_accounts": list(world.stale_accounts),
        "dual_unit": [world.communes[0].officers[0]],
        "mqtt_backend": ["backend"],
        "vip_handlers": list(personnel.HANDLERS),
        "notary": list(land.NOTARIES),
        "dba": ["DBA01", "DBA02", "dba01", "dba02", "SYS", "SYSTEM", "postgres"],
    }
    return {
        **{name: _list(values, "source.ip") for name, values in ips.items()},
        **{name: _list(values, "user.name") for name, values in users.items()},
        "consumer_ip": {
            "kind": "pairs",
            "fields": ["soc.api.consumer", "source.ip"],
            "pairs": {
                name: [servers[server], *(["198.51.100.0/24"] if name == "datdai-tinh" else [])]
                for name, (server, _) in lgsp.CONSUMERS.items()
            },
        },
        "gov_domains": _list(["dongnai.example", *(unit.domain for unit in world.units)]),
        "protected_rooms": _list(meeting.ROOMS, "soc.meeting.room"),
        "personal_certs": _list(
            [signing.serial_of(unit, user) for unit in world.units for user in unit.people], "soc.signature.serial"
        ),
        "vip_records": _list([f"h-vip-{n:02d}" for n in range(1, 13)], "soc.record.id_hash"),
        "vip_patients": _list(hospital.VIPS, "soc.patient.id_hash"),
        "dissolved_units": _list(world.dissolved_units, "soc.unit"),
        "public_dashboards": _list(["thoi-tiet-cong-khai"]),
        "shop_domains": _list(["san.dongnai.example", "stat.do-luong.example"], "destination.domain"),
        "dns_noise": _list(["av-vendor.example", "cdn.example"], "dns.question.registered_domain"),
    }
