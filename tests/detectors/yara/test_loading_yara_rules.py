"""A broken rule file is refused with its place and stops nothing else."""

from __future__ import annotations

from pathlib import Path

from detectors.yara.rules import load_yara
from detectors.yara.scanner import YaraScanner
from soc.core.i18n import Lang
from soc.core.severity import Severity

GOOD = 'rule good { strings: $a = "needle" condition: $a }'


def test_a_broken_file_is_refused_with_its_line_and_the_others_still_scan(tmp_path: Path) -> None:
    (tmp_path / "bad.yar").write_text('rule bad {\n  strings:\n    $a = "x"\n  condition: $b }')
    (tmp_path / "good.yar").write_text(GOOD)
    loaded = load_yara([tmp_path])
    (fault,) = loaded.refusals
    assert fault.where == f"{tmp_path / 'bad.yar'}:4"
    assert 'undefined string "$b"' in fault.render(Lang.EN)
    target = tmp_path / "x.txt"
    target.write_text("a needle")
    with YaraScanner(loaded) as scanner:
        (result,) = scanner.scan([target])
    assert [match.rule.id for match in result.matches] == ["good"]


def test_a_module_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "m.yar").write_text('import "cuckoo"\nrule m { condition: cuckoo.network.http_request(/x/) }')
    (fault,) = load_yara([tmp_path]).refusals
    assert fault.where.endswith("m.yar:1")
    assert "“cuckoo”" in str(fault)
    assert "pe" in str(fault.expected)


def test_an_include_is_refused(tmp_path: Path) -> None:
    (tmp_path / "i.yar").write_text('include "/etc/passwd"\n' + GOOD)
    (fault,) = load_yara([tmp_path]).refusals
    assert "includes are disabled" in str(fault)


def test_an_unknown_severity_is_refused_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "s.yar").write_text('rule s {\n  meta:\n    severity = "severe"\n  condition: true\n}')
    loaded = load_yara([tmp_path])
    assert loaded.refusals[0].where.endswith("s.yar:3")
    assert not loaded.sources


def test_a_file_that_is_not_utf8_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.yar").write_bytes(b'rule l { meta: t = "\xe9" condition: true }')
    loaded = load_yara([tmp_path, tmp_path / "none.yar"])
    assert [fault.where for fault in loaded.refusals] == [str(tmp_path / "l.yar"), str(tmp_path / "none.yar")]


def test_two_files_may_use_the_same_rule_name(tmp_path: Path) -> None:
    (tmp_path / "a.yar").write_text(GOOD)
    (tmp_path / "b.yar").write_text(GOOD)
    loaded = load_yara([tmp_path])
    assert len(loaded.rules) == 2
    assert not loaded.refusals


def test_a_rule_without_meta_gets_its_name_as_title_and_the_digest_of_its_file_as_version(tmp_path: Path) -> None:
    (tmp_path / "a.yar").write_text(GOOD)
    (rule,) = load_yara([tmp_path]).rules.values()
    assert rule.title == {"vi": "good", "en": "good"}
    assert rule.severity is Severity.MEDIUM
    assert len(rule.version) == 8
