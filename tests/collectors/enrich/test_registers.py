"""What is declared reaches the events it concerns, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from collectors.enrich import Enricher, default_enrichers, versions
from collectors.enrich.book import FixedLookups, LookupBook
from collectors.enrich.facts import Facts
from collectors.enrich.geo import Atlas, GeoOfSource, open_geo
from collectors.enrich.lookups import load_lookups, parsed_lookups
from collectors.enrich.networks import Networks
from collectors.platform import load_platforms
from soc.core.errors import SetupError
from soc.core.event import Fields, Value
from soc.core.shipped_lists import shipped_values

MONDAY = datetime(2026, 11, 16, 18, 30, tzinfo=UTC)  # Tuesday 01:30 local time
FILES = {
    "units": "kind: units\nunits: {xa-a: [192.0.2.0/26], xa-b: [192.0.2.64/26]}\n",
    "assets": "kind: assets\nassets:\n  - {names: [DB-01], addresses: [192.0.2.70], site: TTDL, system: lgsp, owner: so-mau}\n",
    "batches": """kind: batches
batches: [{platform: one_stop, accounts: [svc-etl], days: [mon], since: "22:00", until: "05:00"}]
""",
    "changes": """kind: changes
changes: [{ticket: CR-7, platform: one_stop, hosts: [db-01], since: 2026-11-17 01:00:00, until: 2026-11-17 02:00:00}]
""",
    "meetings": "kind: meetings\nmeetings: [{room: giao-ban, since: 2026-11-16T18:00:00Z, until: 2026-11-16T19:00:00Z}]\n",
    "documents": "kind: documents\ndocuments: {vb-1: {owner: so-mau, shared: true}}\n",
    "stations": "kind: stations\nlimits: {tram-1: {pH: 9}, '*': {COD: 75}}\n",
    "cu": "kind: list\nfield: user.name\nvalues: [CB.Cu]\nagencies: {xa-a: [cb.nghi]}\n",
    "consumer_ip": "kind: pairs\nfields: [soc.api.consumer, source.ip]\npairs: {svc-etl: [192.0.2.0/26]}\n",
}
Enrich = Callable[..., Fields]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def enrich(folder: Path) -> Enrich:
    """Enriches fields of the platform one_stop with everything declared."""
    lookups, faults = load_lookups(folder)
    assert not faults
    enrichers = default_enrichers(declared=FixedLookups(lookups))
    facts = Facts(load_platforms()["one_stop"], MONDAY, Networks({}))

    def run(**given: Value) -> Fields:
        fields: Fields = {name.replace("__", "."): value for name, value in given.items()}
        return added_by(enrichers, fields, facts)

    return run


def added_by(enrichers: tuple[Enricher, ...], fields: Fields, facts: Facts) -> Fields:
    added: Fields = {}
    for one in enrichers:
        added |= dict(one.add(fields, facts))
    return {name: value for name, value in added.items() if not name.startswith("soc.time.")}


CASES: tuple[tuple[Mapping[str, Value], Mapping[str, Value]], ...] = (
    ({"source__ip": "192.0.2.1"}, {"soc.net.src_unit": "xa-a"}),
    (
        {"source__ip": "192.0.2.1", "destination__ip": "192.0.2.71"},
        {"soc.net.src_unit": "xa-a", "soc.net.dst_unit": "xa-b", "soc.net.cross_unit": True},
    ),
    ({"source__ip": "203.0.113.1"}, {}),
    (
        {"host__name": "db-01"},
        {"soc.site": "TTDL", "soc.asset.system": "lgsp", "soc.asset.owner": "so-mau", "soc.change.ticket": "CR-7"},
    ),
    ({"user__name": "svc-etl"}, {"soc.batch.declared": True, "soc.lookup.cu": False}),
    ({"user__name": "cb.cu"}, {"soc.lookup.cu": True}),
    ({"user__name": "cb.nghi", "soc__agency": "xa-a"}, {"soc.lookup.cu": True}),
    ({"user__name": "cb.nghi", "soc__agency": "xa-b"}, {"soc.lookup.cu": False}),
    ({"soc__meeting__room": "Giao-ban"}, {"soc.meeting.scheduled": True}),
    ({"soc__meeting__room": "kin"}, {"soc.meeting.scheduled": False}),
    ({"soc__doc__id": "vb-1"}, {"soc.doc.owner_unit": "so-mau", "soc.doc.shared": True}),
    ({"soc__doc__id": "vb-2"}, {}),
    (
        {"soc__station__id": "tram-1", "soc__station__parameter": "pH", "soc__station__value": "9.5"},
        {"soc.station.limit": 9.0, "soc.station.exceeded": True},
    ),
    ({"soc__station__id": "tram-2", "soc__station__parameter": "COD"}, {"soc.station.limit": 75.0}),
    (
        {"soc__api__consumer": "svc-etl", "source__ip": "192.0.2.9"},
        {"soc.net.src_unit": "xa-a", "soc.batch.declared": True, "soc.lookup.consumer_ip": True},
    ),
    (
        {"soc__api__consumer": "svc-etl", "source__ip": "203.0.113.9"},
        {"soc.batch.declared": True, "soc.lookup.consumer_ip": False},
    ),
    ({"soc__api__consumer": "khac", "source__ip": "203.0.113.9"}, {}),
)


@pytest.mark.parametrize(("fields", "expected"), CASES)
def test_what_is_declared_is_added(enrich: Enrich, fields: Mapping[str, Value], expected: Mapping[str, Value]) -> None:
    assert enrich(**fields) == expected


def test_a_batch_over_midnight_belongs_to_the_day_it_began_on(folder: Path) -> None:
    """22:00 on Monday to 05:00 on Tuesday; on Tuesday evening nothing is declared."""
    declared = FixedLookups(load_lookups(folder)[0])
    batch = next(one for one in default_enrichers(declared=declared) if one.id == "batch")
    platform = load_platforms()["one_stop"]
    seen = {
        hour: batch.add(
            {"user.name": "svc-etl"}, Facts(platform, datetime(2026, 11, day, hour, tzinfo=UTC), Networks({}))
        )
        for day, hour in ((16, 14), (16, 15), (16, 21), (16, 22), (17, 16))
    }
    assert [one["soc.batch.declared"] for one in seen.values()] == [False, True, True, False, False]


def test_all_faults_are_told_and_the_sound_files_taken(folder: Path) -> None:
    (folder / "units.yaml").write_text("kind: units\nunits:\n  a: [192.0.2.0/99]\n  b: [x]\n")
    (folder / "odd.yaml").write_text("kind: lits\nvalues: [a]\n")
    lookups, faults = load_lookups(folder)
    assert {fault.where for fault in faults} == {
        f"{folder}/units.yaml:3",
        f"{folder}/units.yaml:4",
        f"{folder}/odd.yaml:1",
    }
    assert not lookups.units
    assert lookups.documents


def test_a_changed_file_counts_at_once_and_a_broken_one_takes_nothing_away(folder: Path) -> None:
    """`refresh` tells whether rules have to be compiled anew."""
    book = LookupBook(folder)
    assert book.refresh()
    assert not book.refresh()
    (folder / "cu.yaml").write_text("kind: list\nvalues: [x, yz]\n")
    assert book.refresh()
    assert book.current.placeholders["cu"] == ["x", "yz"]
    (folder / "cu.yaml").write_text("kind: list\nvalues: {}\n")
    assert not book.refresh()
    assert book.faults
    assert book.current.placeholders["cu"] == ["x", "yz"]
    (folder / "documents.yaml").write_text("kind: documents\ndocuments: {vb-9: {owner: b}}\n")
    assert not book.refresh()
    assert (list(book.current.documents), len(book.faults)) == (["vb-9"], 1)
    (folder / "cu.yaml").unlink()
    assert book.refresh()
    assert (book.faults, "cu" in book.current.placeholders) == ((), False)


def test_places_are_added_where_they_are_known() -> None:
    facts = Facts(load_platforms()["one_stop"], MONDAY, Networks({}))
    atlas = Atlas({"203.0.113.7": {"geo.country_iso_code": "XX", "as.number": 64500}})
    geo = GeoOfSource(atlas)
    assert geo({"source.ip": "203.0.113.7"}, facts) == {"source.geo.country_iso_code": "XX", "source.as.number": 64500}
    assert geo({"source.ip": "203.0.113.8"}, facts) == {}


def test_files_of_the_maxmind_format_become_ecs_fields(tmp_path: Path) -> None:
    """The country file first; the file of operators adds its own. An address of neither, or no address, has no place."""
    assert open_geo(tmp_path) is None
    country = {
        "country": {"iso_code": "VN", "names": {"en": "Vietnam"}},
        "location": {"latitude": 10.9, "longitude": 106.8},
    }
    operator = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}
    for name, network, record in (("1-country", "203.0.113.0/24", country), ("2-as", "203.0.113.0/25", operator)):
        writer = MMDBWriter()
        writer.insert_network(IPSet([network]), record)
        writer.to_db_file(str(tmp_path / f"{name}.mmdb"))
    geo = open_geo(tmp_path)
    assert geo is not None
    placed = {
        "geo.country_iso_code": "VN",
        "geo.country_name": "Vietnam",
        "geo.location.lat": pytest.approx(10.9),
        "geo.location.lon": pytest.approx(106.8),
    }
    assert geo.find("203.0.113.200") == placed
    assert geo.find("203.0.113.7") == {**placed, "as.number": 64500, "as.organization.name": "Example"}
    assert [geo.find(text) for text in ("192.0.2.1", "2001:db8::1", "máy-01")] == [{}, {}, {}]


def test_a_damaged_geography_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "country.mmdb").write_bytes(b"no such file")
    with pytest.raises(SetupError):
        open_geo(tmp_path)


def test_the_versions_that_ran_are_named() -> None:
    assert versions(default_enrichers()).startswith("proxy@1 time@1 zone@2 unit@1")


@pytest.mark.bench
def test_enrichment_costs_microseconds(enrich: Enrich) -> None:
    began = process_time()
    for _ in range(10_000):
        enrich(source__ip="192.0.2.1", user__name="svc-etl", host__name="db-01")
    print(f"all enrichers: {(process_time() - began) * 100:.1f} us a record")


def test_an_address_it_goes_to_has_a_zone_too() -> None:
    zones = Networks({"tslcd": ["198.51.100.0/24"]})
    facts = Facts(load_platforms()["one_stop"], MONDAY, Networks({}))
    fields: Fields = {"source.ip": "198.51.100.7", "destination.ip": "203.0.113.9"}
    assert added_by(default_enrichers(zones), fields, facts)["soc.net.dst_zone"] == "internet"


def flags(declared: Mapping[str, object], fields: Fields) -> Fields:
    """What the lists say of an event of one_stop."""
    facts = Facts(load_platforms()["one_stop"], MONDAY, Networks({}))
    added = added_by(default_enrichers(declared=FixedLookups(parsed_lookups(declared))), fields, facts)
    return {name: value for name, value in added.items() if name.startswith("soc.lookup.")}


def test_a_site_fills_a_shipped_list_without_naming_its_field() -> None:
    """Networks and patterns count as their members; an empty list says nothing of anybody."""
    kiosk = {"kiosk": {"kind": "list", "values": ["198.51.100.0/28"]}}
    assert flags(kiosk, {"source.ip": "198.51.100.9"}) == {"soc.lookup.kiosk": True}
    assert flags(kiosk, {"source.ip": "203.0.113.9"}) == {"soc.lookup.kiosk": False}
    assert flags({}, {"source.ip": "203.0.113.9"}) == {}


def test_a_shipped_list_concerns_its_datasets_alone() -> None:
    of_database: Fields = {"user.name": "DBA_01", "event.dataset": "oracle.audit"}
    assert flags({}, of_database) == {"soc.lookup.dba": True}
    assert flags({}, {**of_database, "event.dataset": "onestop.audit"}) == {}
    without = {"dba": {"kind": "list", "without": ["dba*"], "values": ["ql.csdl"]}}
    assert flags(without, of_database) == {"soc.lookup.dba": False}


def test_rules_expand_shipped_lists_with_what_the_site_adds() -> None:
    lists = parsed_lookups(
        {"mining_domains": {"kind": "list", "values": ["pool.example"], "without": ["btc.com"]}}
    ).placeholders
    assert {"nanopool.org", "pool.example"} <= set(lists["mining_domains"])
    assert "btc.com" not in lists["mining_domains"]
    assert lists["kiosk"] == []


def test_shipped_values_stand_once_and_in_small_letters() -> None:
    for name, values in shipped_values().items():
        assert len(set(values)) == len(values), name
        assert [value for value in values if value != value.casefold()] == [], name


def test_a_document_of_another_unit_is_told(enrich: Enrich) -> None:
    assert enrich(soc__doc__id="vb-1", soc__unit="So-Mau")["soc.doc.cross_owner"] is False
    assert enrich(soc__doc__id="vb-1", soc__unit="xa-a")["soc.doc.cross_owner"] is True
    assert "soc.doc.cross_owner" not in enrich(soc__doc__id="vb-2", soc__unit="xa-a")
