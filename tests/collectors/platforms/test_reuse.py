"""Formats taken over from another platform, named calendars, and the faults of both; a broken file stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.calendar import named_calendars
from collectors.platform import FOLDER, Platform, at_fault, load_platform, load_platforms
from collectors.sources import load_sources
from soc.core.errors import FaultsError
from soc.core.i18n import Lang

HEAD = """
id: {id}
name_vi: Nền tảng {id}
name_en: Platform {id}
klass: provincial
owner: null
proposed_level: null
level_reason_vi: hệ thống trung ương, chỉ thu phía tỉnh
level_reason_en: a national system, only our side is collected
confidence: {{name: stated, owner: not_stated, log_types: proposed, level: proposed}}
source: mẫu
log_types: [audit, authentication]
calendar: office
rhythm: {{in_hours_minutes: 60, off_hours_minutes: 960}}
inputs: [file, {{kind: syslog, note_vi: bật trước, note_en: switch it on}}]
threats: [usb-worm]
formats:
"""
KEPT = """
  - id: kept_json
    parser: json
    fidelity: assumed
    source: giả định
    log_type: audit
    logsource: {product: keeper, service: kept.audit}
    fields:
      set: {event.kind: event, event.dataset: kept.audit}
      fields: {thoiGian: "@timestamp", cong: {to: source.port, as: int}}
"""


def put(folder: Path, ident: str, formats: str) -> str:
    text = HEAD.format(id=ident).lstrip("\n") + formats.lstrip("\n")
    (folder / f"{ident}.yaml").write_text(text, "utf-8")
    return text


def faults_in(folder: Path) -> list[str]:
    return [fault.render(Lang.EN).removeprefix(f"{folder}/") for fault in load_platforms(folder, strict=False)[1]]


def test_a_reused_format_is_the_keepers_under_the_name_of_who_takes_it(tmp_path: Path) -> None:
    """Parser, table, source and fidelity; product of its own, log type and id where it says so; a chain goes on."""
    put(tmp_path, "keeper", KEPT)
    put(tmp_path, "again", "  - {reuse: taker/own_json}\n")  # sorts before both
    put(tmp_path, "taker", "  - {reuse: keeper/kept_json, id: own_json, log_type: authentication}\n")
    platforms = load_platforms(tmp_path)
    kept, taken, again = (platforms[ident].format() for ident in ("keeper", "taker", "again"))
    assert (taken.parser, taken.fields, taken.fidelity) == (kept.parser, kept.fields, kept.fidelity)
    assert (taken.id, taken.log_type, taken.logsource.product) == ("own_json", "authentication", "taker")
    assert (again.id, again.logsource.product, again.logsource.service) == ("own_json", "again", "kept.audit")
    assert (kept.reuse, taken.reuse, again.reuse) == (None, "keeper/kept_json", "taker/own_json")
    assert load_platform(tmp_path / "again.yaml") == platforms["again"]


def test_a_product_that_is_no_platform_stays(tmp_path: Path) -> None:
    """General rules look for windows, whoever sends it."""
    put(tmp_path, "keeper", KEPT.replace("product: keeper", "product: windows"))
    put(tmp_path, "taker", "  - {reuse: keeper/kept_json}\n")
    assert load_platforms(tmp_path)["taker"].format().logsource.product == "windows"


@pytest.mark.parametrize(
    ("formats", "line", "expected"),
    [
        ("  - {reuse: keeper/kept_jsn}\n", 17, "there is no format 'keeper/kept_jsn' to reuse"),
        ("  - {reuse: keepr/kept_json}\n", 17, "did you mean 'keeper/kept_json'?"),
        ("  - reuse: keeper/kept_json\n    parser: csv\n", 18, "'parser' does not go with reuse"),
        (
            "  - {reuse: taker/kept_json}\n",
            17,
            "formats reuse each other in a circle: taker/kept_json → taker/kept_json",
        ),
        ("  - {reuse: keeper/kept_json, log_type: camera}\n", 17, "log type 'camera' is not among the log_types"),
        ("  []\n", 16, "the platform has no format"),
    ],
)
def test_a_fault_of_reuse_names_its_line(tmp_path: Path, formats: str, line: int, expected: str) -> None:
    """The keeper works on."""
    put(tmp_path, "keeper", KEPT)
    put(tmp_path, "taker", formats)
    faults = faults_in(tmp_path)
    assert [one for one in faults if one.startswith(f"taker.yaml:{line}: ") and expected in one], faults
    assert list(load_platforms(tmp_path, strict=False)[0]) == ["keeper"]


def test_a_circle_of_three_is_told_at_each_and_who_only_leans_on_it_works_on(tmp_path: Path) -> None:
    """Whoever reuses a member of the circle keeps its other formats."""
    for one, other in (("aa", "bb"), ("bb", "cc"), ("cc", "aa")):
        put(tmp_path, one, f"  - {{reuse: {other}/x, id: x}}\n")
    put(tmp_path, "keeper", KEPT)
    put(tmp_path, "leaning", "  - {reuse: aa/x}\n  - {reuse: keeper/kept_json}\n")
    platforms, faults = load_platforms(tmp_path, strict=False)
    told = [fault.render(Lang.EN) for fault in faults]
    assert sum("in a circle" in one for one in told) == 3
    assert [one for one in told if "leaning.yaml:17: format 'aa/x' cannot be reused yet" in one]
    assert sorted(platforms) == ["keeper", "leaning"]
    assert [one.id for one in platforms["leaning"].formats] == ["kept_json"]


@pytest.mark.parametrize("broken", ["id: [", HEAD.format(id="keeper") + KEPT.replace("parser: json", "parser: jsn")])
def test_a_broken_keeper_costs_its_siblings_that_format_only(tmp_path: Path, broken: str) -> None:
    """They stay known, so that their sources do, and their records wait in quarantine."""
    (tmp_path / "keeper.yaml").write_text(broken, "utf-8")
    put(tmp_path, "taker", "  - {reuse: keeper/kept_json}\n")
    platforms, faults = load_platforms(tmp_path, strict=False)
    assert platforms["taker"].formats == []
    assert platforms["taker"].find_format() is None
    assert at_fault(faults) == {"keeper", "taker"}
    sources = tmp_path / "home-sources.txt"
    lines = [f"  - {{id: s-{one}, platform: {one}, agency: x}}\n" for one in ("keeper", "taker")]
    sources.write_text("sources:\n" + "".join(lines), "utf-8")
    assert set(load_sources(sources, platforms, at_fault(faults))) == {"s-keeper", "s-taker"}


def test_a_fault_elsewhere_in_the_keepers_file_costs_its_siblings_nothing(tmp_path: Path) -> None:
    put(tmp_path, "keeper", KEPT)
    file = tmp_path / "keeper.yaml"
    file.write_text(file.read_text("utf-8").replace("calendar: office", "calendar: ofice"), "utf-8")
    put(tmp_path, "taker", "  - {reuse: keeper/kept_json}\n")
    assert list(load_platforms(tmp_path, strict=False)[0]) == ["taker"]
    assert faults_in(tmp_path) == ["keeper.yaml:12: there is no calendar 'ofice' → did you mean 'office'?"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("as: int", "as: lower", "as: lower gives type keyword, which field 'source.port' cannot hold"),
        ("as: int", "as: epoch_ms", "as: epoch_ms gives type date"),
        ("to: source.port, as: int", "to: source.ip, as: address", "writes several fields below 'source.ip'"),
        ("to: source.port, as: int", "to: source", "'source' is a field set, not a field"),
        ("to: source.port", "to: source.prot", "ECS has no field 'source.prot' → did you mean 'source.port'?"),
        ("to: source.port", "to: sorce.port", "ECS has no field set 'sorce'"),
        (
            "to: source.port, as: int",
            "to: source.port, values: {a: b}",
            "'b' does not fit the type of field 'source.port'",
        ),
        ("event.kind: event", "event.severity: cao", "'cao' does not fit the type of field 'event.severity'"),
        ("event.kind: event", "event.knd: event, evnt.kind: event", "ECS has no field set 'evnt'"),
        ("id: keeper", "id: taker", "id 'taker' is that of taker.yaml already"),
        ("threats: [usb-worm]", "threats: [usb-worm, usb-worm]", "threat 'usb-worm' is given twice"),
        ("threats: [usb-worm]", "threats: [USB_worm]", "invalid value at 'threats.0'"),
        ("inputs: [file,", "inputs: [fax,", "invalid value at 'inputs.0.kind'"),
        ("calendar: office", "calendar: oficce", "there is no calendar 'oficce' → did you mean 'office'?"),
    ],
)
def test_each_kind_of_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """Whatever else is wrong with the file, and the other platforms work on."""
    put(tmp_path, "taker", "  - {reuse: keeper/kept_json}\n")
    text = put(tmp_path, "keeper", KEPT)
    assert old in text
    broken = text.replace(old, new, 1).replace("klass: provincial", "klas: provincial")
    (tmp_path / "keeper.yaml").write_text(broken, "utf-8")
    line = next(n for n, one in enumerate(broken.splitlines(), 1) if new in one)
    faults = faults_in(tmp_path)
    assert [one for one in faults if one.startswith(f"keeper.yaml:{line}: ") and expected in one], faults
    assert [one for one in faults if "unknown key 'klas'" in one]
    assert "taker" in load_platforms(tmp_path, strict=False)[0]


def test_strict_loading_tells_all(tmp_path: Path) -> None:
    put(tmp_path, "taker", "  - {reuse: keeper/kept_json}\n")
    with pytest.raises(FaultsError):
        load_platforms(tmp_path)
    with pytest.raises(FaultsError):
        load_platform(tmp_path / "taker.yaml")


def test_every_named_calendar_has_names_in_both_languages() -> None:
    assert {"office", "office_saturday", "service_desk", "around_the_clock"} <= set(named_calendars())
    assert all(one.name_vi and one.name_en != one.name_vi for one in named_calendars().values())


def test_ways_in_may_be_short(tmp_path: Path) -> None:
    put(tmp_path, "keeper", KEPT)
    file, syslog = load_platforms(tmp_path)["keeper"].inputs
    assert (file.kind, file.note(Lang.VI), syslog.note(Lang.EN)) == ("file", "", "switch it on")


def test_the_shipped_files_load_whatever_their_order() -> None:
    """No file of ours leans on the order in which it is read."""
    whole = load_platforms(FOLDER, strict=False)[0]
    last: Platform = whole[max(whole)]
    assert load_platform(FOLDER / f"{last.id}.yaml") == last
