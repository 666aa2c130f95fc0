"""The test bench itself: what is missing or wrong in the cases of a rule is told, and a failing case fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from detectors.cases import Series
from detectors.rulepack import cases_of, own_rules
from detectors.testing import Needed, Normalise, run_all, run_cases
from soc.core.errors import DefinitionError
from soc.core.i18n import Lang

RULE = own_rules() / "sigma" / "one_stop" / "onestop_mass_export.yml"


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    for file in (RULE, cases_of(RULE)):
        shutil.copy(file, tmp_path)
    return tmp_path / RULE.name


def change(rule: Path, old: str, new: str) -> None:
    text = cases_of(rule).read_text("utf-8")
    assert old in text
    cases_of(rule).write_text(text.replace(old, new, 1), "utf-8")


def test_a_rule_without_cases_is_refused(rule: Path, normalise: Normalise) -> None:
    cases_of(rule).unlink()
    with pytest.raises(DefinitionError, match="không có ca thử"):
        run_cases(rule, normalise)


@pytest.mark.parametrize("kind", ["must_fire", "must_not_fire"])
def test_a_rule_without_one_kind_of_case_is_refused(kind: str, rule: Path, normalise: Normalise) -> None:
    head, _, tail = cases_of(rule).read_text("utf-8").partition("must_not_fire:")
    cases_of(rule).write_text(
        f"{head}must_not_fire: []"
        if kind == "must_not_fire"
        else f"platform: one_stop\nmust_fire: []\nmust_not_fire:{tail}"
    )
    with pytest.raises(DefinitionError, match=kind):
        run_cases(rule, normalise)


def test_each_alerting_rule_of_a_file_needs_both_kinds(normalise: Normalise, tmp_path: Path) -> None:
    source = own_rules() / "sigma" / "public_service_portal" / "gambling_seo_spam.yml"
    rule = tmp_path / source.name
    shutil.copy(source, rule)
    text = cases_of(source).read_text("utf-8").replace("    rule: gambling_seo_spam_query\n", "")
    cases_of(rule).write_text(text, "utf-8")
    with pytest.raises(DefinitionError) as caught:
        run_cases(rule, normalise)
    assert "rule gambling_seo_spam_query has 0 cases of kind must_fire" in caught.value.render(Lang.EN)


def test_a_case_that_does_not_do_as_it_should_fails_with_the_reason(rule: Path, normalise: Normalise) -> None:
    change(rule, '"soBanGhi":18450', '"soBanGhi":18')
    change(rule, '"soBanGhi":2950', '"soBanGhi":29500')
    failed = [result for result in run_cases(rule, normalise) if not result.passed]
    assert [result.must_fire for result in failed] == [True, False]


def test_an_alert_about_somebody_else_fails_the_case(rule: Path, normalise: Normalise) -> None:
    change(rule, "{user.name: canbo.motcua.017}", "{user.name: somebody.else}")
    (failed,) = (result for result in run_cases(rule, normalise) if not result.passed)
    assert "somebody.else" in str(failed.fault)


def test_a_case_that_names_an_unknown_rule_is_refused(rule: Path, normalise: Normalise) -> None:
    change(rule, "    entities:", "    rule: none_such\n    entities:")
    with pytest.raises(DefinitionError, match="none_such"):
        run_cases(rule, normalise)


def test_an_unknown_key_in_the_cases_is_refused_with_its_place(rule: Path, normalise: Normalise) -> None:
    change(rule, "    entities:", "    entitys:")
    with pytest.raises(DefinitionError, match=r"must_fire\.0\.entitys"):
        run_cases(rule, normalise)


def test_one_broken_rule_stops_no_other(rule: Path, normalise: Normalise) -> None:
    (rule.parent / "broken.yml").write_text(
        "title: x\nlogsource: {product: lgsp}\ndetection: {s: {a|nope: 1}, condition: s}"
    )
    outcomes = list(run_all(rule.parent, normalise))
    assert isinstance(outcomes[0], DefinitionError)
    assert isinstance(outcomes[1], list)
    assert all(result.passed for result in outcomes[1])


def test_a_series_fills_in_number_and_time() -> None:
    series = Series.model_validate(
        {
            "line": "{{n}} {{iso}} {{epoch_ms}} {{date}} {{time}} {{x}}",
            "repeat": 2,
            "start": "2026-11-17T01:30:00+07:00",
            "every_s": 1.5,
        }
    )
    assert list(series.lines()) == [
        "0001 2026-11-17T01:30:00+07:00 1794853800000 2026-11-17 01:30:00 {{x}}",
        "0002 2026-11-17T01:30:01.500000+07:00 1794853801500 2026-11-17 01:30:01 {{x}}",
    ]


PROGRAM_RULE = """
title: Evil program
id: 00000000-0000-4000-8000-0000000000e1
name: evil
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\evil.exe'}, condition: s}
level: high
"""
PROGRAM_CASES = """
must_fire:
  - name: as EVTX
    entities: {Computer: ws01.example}
    documents:
      - Event:
          System:
            {Channel: SYSMON, EventID: 1, Computer: ws01.example, TimeCreated: {"#attributes": {SystemTime: 2026-11-17T01:30:00Z}}}
          EventData: {Image: 'C:\\temp\\evil.exe'}
  - name: as Winlogbeat
    documents:
      - "@timestamp": 2026-11-17T01:30:00Z
        winlog: {channel: SYSMON, event_id: 1, event_data: {Image: 'C:\\temp\\evil.exe'}}
must_not_fire:
  - name: another program, thrice
    documents:
      - repeat: 3
        start: "2026-11-17T01:30:00+07:00"
        document: {"@timestamp": "{{iso}}", Channel: SYSMON, EventID: 1, Image: 'C:\\temp\\good-{{n}}.exe'}
""".replace("SYSMON", "Microsoft-Windows-Sysmon/Operational")
COUNT_RULE = """
title: Evil programs
id: 00000000-0000-4000-8000-0000000000e2
name: many_evil
correlation: {type: event_count, rules: [evil], group-by: [Computer], timespan: 1m, condition: {gte: 3}}
level: high
"""
COUNT_CASES = """
must_fire:
  - name: three
    documents:
      - repeat: 3
        start: "2026-11-17T01:30:00+07:00"
        every_s: 10
        document: {"@timestamp": "{{iso}}", Channel: SYSMON, EventID: 1, Computer: ws01.example, Image: 'C:\\temp\\evil.exe'}
must_not_fire:
  - name: slowly
    documents:
      - repeat: 3
        start: "2026-11-17T01:30:00+07:00"
        every_s: 60
        document: {"@timestamp": "{{iso}}", Channel: SYSMON, EventID: 1, Computer: ws01.example, Image: 'C:\\temp\\evil.exe'}
""".replace("SYSMON", "Microsoft-Windows-Sysmon/Operational")


def written(folder: Path, name: str, rule: str, cases: str) -> Path:
    (folder / f"{name}.yml").write_text(rule)
    (folder / f"{name}.test.yaml").write_text(cases)
    return folder / f"{name}.yml"


def test_documents_are_taken_in_the_shapes_that_detect_reads(tmp_path: Path, normalise: Normalise) -> None:
    rule = written(tmp_path, "evil", PROGRAM_RULE, PROGRAM_CASES)
    assert [(result.name, result.fault) for result in run_cases(rule, normalise) if not result.passed] == []


def test_a_correlation_may_count_a_rule_of_another_file_in_its_folder(tmp_path: Path, normalise: Normalise) -> None:
    written(tmp_path, "evil", PROGRAM_RULE, PROGRAM_CASES)
    count = written(tmp_path, "many_evil", COUNT_RULE, COUNT_CASES)
    results = run_cases(count, normalise)
    assert [(result.rule, result.fault) for result in results] == [("many_evil", None)] * 2
    assert len(results[0].alerts[0].event_ids) == 3


def test_two_cases_to_leave_alone_can_be_demanded(tmp_path: Path, normalise: Normalise) -> None:
    rule = written(tmp_path, "evil", PROGRAM_RULE, PROGRAM_CASES)
    with pytest.raises(DefinitionError, match="ít nhất 2 ca"):
        run_cases(rule, normalise, Needed(spare=2))


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        (PROGRAM_CASES.replace("documents:", "lines:"), "line"),
        (PROGRAM_CASES.replace("documents:", "lines: [x]\n    x:"), "Extra inputs"),
        ("must_fire: [{name: a, lines: [x]}]\nmust_not_fire: [{name: a, lines: [x]}]", "need a platform"),
        ("must_fire: [{name: a}]\nmust_not_fire: [{name: a, documents: [{a: 1}]}]", "needs lines or documents"),
        ("must_fire: [&a [*a]]", "unhashable|recursive|không đọc được|sai"),
    ],
)
def test_wrong_cases_are_refused_with_the_reason(cases: str, reason: str, tmp_path: Path, normalise: Normalise) -> None:
    rule = written(tmp_path, "evil", PROGRAM_RULE, cases)
    with pytest.raises(DefinitionError, match=reason):
        run_cases(rule, normalise)


LISTED_RULE = """title: Export by somebody who is no reporter
id: 00000000-0000-4000-8000-000000000777
name: listed
logsource: {service: onestop.audit}
detection:
  export: {event.action: XUAT_EXCEL}
  flagged: {soc.lookup.kiosk: true}
  known: {user.name|expand: "%vip_handlers%"}
  condition: export and not flagged and not known
level: low
"""
LISTED_CASES = """platform: one_stop
lookups: {vip_handlers: {kind: list, values: [canbo.2]}}
must_fire:
  - name: nobody lists the account or the address
    lines: ['LINE']
must_not_fire:
  - name: the address is listed for this case
    lookups: {kiosk: {kind: list, values: [198.51.100.0/28]}}
    lines: ['LINE']
  - name: the account is listed for all cases
    lines: ['OTHER']
"""
LISTED_LINE = (
    '{"thoiGian":"2026-11-17T09:00:00+07:00","taiKhoan":"canbo.1","donVi":"xa-mau-02","ip":"198.51.100.9",'
    '"hanhDong":"XUAT_EXCEL","soBanGhi":1,"ketQua":"OK"}'
)


def test_a_case_declares_what_the_province_would(tmp_path: Path, normalise: Normalise) -> None:
    cases = LISTED_CASES.replace("LINE", LISTED_LINE).replace("OTHER", LISTED_LINE.replace("canbo.1", "canbo.2"))
    rule = written(tmp_path, "listed", LISTED_RULE, cases)
    assert [(result.name, str(result.fault)) for result in run_cases(rule, normalise) if not result.passed] == []


def test_a_declaration_of_no_known_kind_is_refused(tmp_path: Path, normalise: Normalise) -> None:
    cases = LISTED_CASES.replace("LINE", LISTED_LINE).replace("kind: list, values: [canbo.2]", "kind: lists")
    rule = written(tmp_path, "listed", LISTED_RULE, cases)
    with pytest.raises(DefinitionError, match="kind"):
        run_cases(rule, normalise)
