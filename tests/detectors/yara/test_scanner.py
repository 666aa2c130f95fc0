"""The scan goes on whatever a single file does to it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.yara.rules import YaraRules, load_yara
from detectors.yara.scanner import ScanLimits, ScannedFile, YaraScanner
from detectors.yara.verdict import ScanContext, alerts_of
from soc.core.i18n import Lang

NEEDLE = 'rule needle { meta: attack = "T1505.003, T1190" strings: $a = "needle" condition: $a }'
SLOW = """rule slow { condition:
    filename == "slow.bin" and for all i in (0..2000000000) : ( for all j in (0..2000000000) : ( uint8(i + j) != 300 ) ) }"""
CONTEXT = ScanContext("xa-mau-01", "antivirus", "pc-01", datetime(2026, 11, 17, tzinfo=UTC))


def rules(folder: Path, *texts: str) -> YaraRules:
    for number, text in enumerate(texts):
        (folder / f"r{number}.yar").write_text(text)
    loaded = load_yara([folder])
    assert not loaded.refusals
    return loaded


@pytest.fixture
def rule_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def scan(loaded: YaraRules, folder: Path, limits: ScanLimits | None = None) -> dict[str, ScannedFile]:
    with YaraScanner(loaded, limits) as scanner:
        return {result.path.name: result for result in scanner.scan([folder])}


def test_a_file_that_takes_too_long_is_reported_and_the_next_one_is_scanned(rule_folder: Path, files: Path) -> None:
    (files / "a.txt").write_text("needle")
    (files / "slow.bin").write_bytes(b"x" * 100)
    (files / "z.txt").write_text("needle")
    results = scan(rules(rule_folder, NEEDLE, SLOW), files, ScanLimits(timeout_s=1))
    assert "over 1 seconds" in results["slow.bin"].problem.render(Lang.EN)  # type: ignore[union-attr]
    assert [match.rule.id for match in results["z.txt"].matches] == ["needle"]


def test_a_file_that_needs_too_much_memory_is_reported_and_the_next_one_is_scanned(
    rule_folder: Path, files: Path
) -> None:
    with (files / "big.bin").open("wb") as stream:
        stream.truncate(600 << 20)
    (files / "z.txt").write_text("needle")
    limits = ScanLimits(max_bytes=1 << 30, memory_bytes=300 << 20)
    results = scan(rules(rule_folder, NEEDLE), files, limits)
    assert "300 MB" in str(results["big.bin"].problem)
    assert results["z.txt"].matches


def test_a_file_over_the_size_limit_is_reported_not_scanned(rule_folder: Path, files: Path) -> None:
    (files / "big.bin").write_bytes(b"needle" * 1000)
    results = scan(rules(rule_folder, NEEDLE), files, ScanLimits(max_bytes=100))
    assert not results["big.bin"].scanned


def test_links_pipes_and_missing_files_are_reported_not_followed(rule_folder: Path, files: Path) -> None:
    (files / "link").symlink_to(rule_folder / "r0.yar")
    os.mkfifo(files / "pipe")
    with YaraScanner(rules(rule_folder, NEEDLE)) as scanner:
        results = list(scanner.scan([files, files / "gone.txt"]))
    assert [result.path.name for result in results] == ["link", "pipe", "gone.txt"]
    assert not any(result.scanned for result in results)


def test_folders_are_walked_in_the_order_of_names(rule_folder: Path, files: Path) -> None:
    for name in ("b/2.txt", "b/1.txt", "a.txt", "c.txt"):
        (files / name).parent.mkdir(exist_ok=True)
        (files / name).write_text("x")
    with YaraScanner(rules(rule_folder, NEEDLE)) as scanner:
        assert [str(result.path.relative_to(files)) for result in scanner.scan([files])] == [
            "a.txt",
            "b/1.txt",
            "b/2.txt",
            "c.txt",
        ]


def test_a_name_that_is_not_utf8_is_scanned_and_shown_with_escapes(rule_folder: Path, files: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(files) + b"/\xe9.txt"))
    path.write_text("needle")
    (result,) = scan(rules(rule_folder, NEEDLE), files).values()
    (alert,) = alerts_of(result, CONTEXT)
    assert alert.entities["file.path"].endswith("\\xe9.txt")


def test_a_verdict_is_an_alert_whose_id_stays_the_same_over_scans(rule_folder: Path, files: Path) -> None:
    (files / "a.php").write_text("x needle needle")
    loaded = rules(rule_folder, NEEDLE)
    (first,) = alerts_of(scan(loaded, files)["a.php"], CONTEXT)
    (second,) = alerts_of(scan(loaded, files)["a.php"], CONTEXT)
    assert first == second
    assert first.detector == "yara"
    assert first.attack == ("T1505.003", "T1190")
    assert first.matched == {"$a@2": "needle", "$a@9": "needle", "file.size": 15}


def test_another_agency_content_or_exercise_makes_another_alert(rule_folder: Path, files: Path) -> None:
    (files / "a.php").write_text("needle")
    loaded = rules(rule_folder, NEEDLE)
    result = scan(loaded, files)["a.php"]
    other = ScanContext("xa-mau-02", "antivirus", "pc-01", CONTEXT.moment)
    drill = ScanContext("xa-mau-01", "antivirus", "pc-01", CONTEXT.moment, exercise="run-1")
    (files / "a.php").write_text("needle!")
    changed = scan(loaded, files)["a.php"]
    ids = {alerts_of(r, c)[0].id for r, c in ((result, CONTEXT), (result, other), (result, drill), (changed, CONTEXT))}
    assert len(ids) == 4
