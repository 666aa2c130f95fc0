"""Platform and source files: all faults at once, each at its line, and a broken file stops nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collectors.inputs.spec import FileSpec
from collectors.platform import FOLDER, Confidence, Platform, load_platforms, platform_of
from collectors.sources import load_sources
from soc.core.errors import FaultsError, NotFoundError
from soc.core.i18n import Lang

GOOD = re.sub(r"(?m)^  - (\{reuse:.*\}|reuse:.*(\n    .*)*)\n", "", (FOLDER / "one_stop.yaml").read_text("utf-8"))
"""A shipped file as it stands alone: without the formats that it takes over."""


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        load_platforms(folder)
    return [fault.render(Lang.EN).removeprefix(f"{folder}/") for fault in caught.value.faults]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_every_shipped_platform_is_complete(platforms: dict[str, Platform]) -> None:
    """Both names, both reasons, a fidelity with its source."""
    for platform in platforms.values():
        assert platform.name(Lang.VI) != platform.name(Lang.EN)
        assert platform.level_reason_vi
        assert platform.level_reason_en
        assert all(one.source for one in platform.formats)


def test_every_confidence_has_words_in_both_languages() -> None:
    """It is shown beside the fact."""
    assert len({one.label.render(Lang.EN) for one in Confidence}) == len(Confidence)
    assert all(one.label.render(Lang.EN) != one.label.render(Lang.VI) for one in Confidence)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("klass: provincial", "klas: provincial", "unknown key 'klas' → did you mean 'klass'?"),
        ("parser: json", "parser: jsn", "there is no parser 'jsn' → did you mean 'json'?"),
        ("log_type: audit", "log_type: audti", "unknown log type 'audti' → did you mean 'audit'?"),
        ("log_type: audit", "log_type: camera", "log type 'camera' is not among the log_types"),
        ("to: file, as: file", "to: file, as: fiel", "unknown transform 'fiel' → did you mean 'file'?"),
        ("donVi: soc.unit", "donVi: soc.agency", "field 'soc.agency' is a mark of the system"),
        ("donVi: soc.unit", "donVi: soc.time.in_hours", "field 'soc.time.in_hours' is a mark of the system"),
        ("event.kind: event", "event.id: x", "field 'event.id' is a mark of the system"),
        ("donVi: soc.unit", "donVi: 'so unit'", "'so unit' is no field name"),
        ('"07:30-11:30"', '"07:30-25:30"', "invalid span of hours '07:30-25:30'"),
        ('"07:30-11:30"', '"11:30-07:30"', "invalid span of hours '11:30-07:30'"),
        ("in_hours_minutes: 60", "in_hours_minutes: 0", "invalid value at 'rhythm.in_hours_minutes'"),
        ("proposed_level: 3", "proposed_level: 9", "invalid value at 'proposed_level'"),
        ("owner: null", "owner: null\nowner: ai", "key 'owner' is given twice"),
        ("{product: one_stop, category: application, service: onestop.audit}", "{}", "logsource is empty"),
        (
            "id: one_stop",
            "id: two_stop",
            "id 'two_stop' differs from the file name; expected the file name two_stop.yaml",
        ),
    ],
)
def test_a_fault_names_its_line_and_what_was_meant(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """file:line, what was found, and the closest right word."""
    assert old in GOOD
    broken = GOOD.replace(old, new, 1)
    faults = faults_of(written(tmp_path, one_stop=broken))
    last = new.splitlines()[-1]
    assert [fault for fault in faults if fault.startswith(f"one_stop.yaml:{line_of(broken, last)}: {expected}")], faults


def test_all_faults_of_all_files_are_reported_at_once(tmp_path: Path) -> None:
    """An operator mends a folder in one go."""
    twice = GOOD.replace("klass: provincial", "klass: provinciall").replace("calendar:", "calender:")
    faults = faults_of(written(tmp_path, one_stop=twice, lgsp="id: [", dnis=""))
    assert any(fault.startswith("dnis.yaml:1: key 'id' is missing") for fault in faults)
    assert any(fault.startswith("lgsp.yaml:") and "YAML syntax error" in fault for fault in faults)
    assert [fault for fault in faults if fault.startswith("one_stop.yaml") and "did you mean 'calendar'" in fault]
    assert [fault for fault in faults if fault.startswith(f"one_stop.yaml:{line_of(twice, 'provinciall')}")]


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff\xfe\x00",
        b"!!python/object/apply:os.system [id]",
        b"a: &x [*x]",
        b"- 1",
        b"a: 2026-99-99",
        b"[" * 20_000,
        b"\x00",
    ],
)
def test_a_broken_file_stops_no_other(tmp_path: Path, broken: bytes) -> None:
    """The good ones load, the faults come with them; no tag of a file is ever run."""
    written(tmp_path, one_stop=GOOD)
    (tmp_path / "lgsp.yaml").write_bytes(broken)
    platforms, faults = load_platforms(tmp_path, strict=False)
    assert list(platforms) == ["one_stop"]
    assert faults
    assert all(str(tmp_path / "lgsp.yaml") in fault.where for fault in faults)


def test_an_unknown_platform_or_format_gets_a_close_match(platforms: dict[str, Platform]) -> None:
    """The advice names the one that was probably meant."""
    with pytest.raises(NotFoundError, match="one_stop"):
        platform_of(platforms, "onestop")
    with pytest.raises(NotFoundError, match="onestop_audit_json"):
        platforms["one_stop"].format("onestop_json")


def test_sources_are_read_with_their_defaults(tmp_path: Path, platforms: dict[str, Platform]) -> None:
    """No parser of its own, times without a zone are local."""
    file = tmp_path / "sources.yaml"
    assert load_sources(file, platforms) == {}
    file.write_text(
        "sources:\n  - {id: web-01, platform: payment_ereceipt, format: payment_ipn_json, agency: so-mau-01,"
        " input: {kind: file, paths: ['/var/log/*.log']}}\n"
    )
    loaded = load_sources(file, platforms)["web-01"]
    assert isinstance(loaded.input, FileSpec)
    assert (loaded.zone, loaded.parser, loaded.input.paths) == ("Asia/Ho_Chi_Minh", None, ["/var/log/*.log"])


def test_all_faults_of_the_sources_are_reported_at_once(tmp_path: Path, platforms: dict[str, Platform]) -> None:
    """First the shape of the file, then what it refers to."""
    file = tmp_path / "sources.yaml"
    first = "  - id: a\n    platform: lgps\n    agency: x\n"
    second = "  - id: a\n    platform: lgsp\n    agency: x\n    format: kong\n"
    file.write_text(f"sources:\n{first}{second}")
    with pytest.raises(FaultsError) as caught:
        load_sources(file, platforms)
    lgsp = ", ".join(one.id for one in platforms["lgsp"].formats)
    assert [fault.render(Lang.EN).removeprefix(f"{file}:") for fault in caught.value.faults] == [
        "3: there is no platform 'lgps' → did you mean 'lgsp'?",
        "5: source id 'a' is given twice → choose another id",
        f"8: platform lgsp has no format 'kong' → use one of: {lgsp}",
    ]
    broken = "    zone: Asia/Bien_Hoa\n    parser: jsn\n    trusted_proxies: [10.0.0.0/99]\n"
    file.write_text("sources:\n  - id: a\n    platform: lgsp\n    agency: x\n" + broken)
    with pytest.raises(FaultsError) as caught:
        load_sources(file, platforms)
    assert [fault.where.rpartition(":")[2] for fault in caught.value.faults] == ["6", "5", "7"]
