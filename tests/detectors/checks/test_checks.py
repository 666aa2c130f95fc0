"""Every check on a rule that deserves it, and on one that is near and does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.checks import Checked, FieldBook, IssueSeverity, check_rules
from detectors.checks.attack import attack_table
from detectors.checks.regexes import repeats_nest
from detectors.rulepack import own_rules
from detectors.threats import threats_of
from soc.core.i18n import Lang

HEAD = "title: t\nid: 00000000-0000-4000-8000-0000000000{0:02x}\nlevel: high\n"
BOOK = FieldBook({"one_stop": frozenset({"user.name", "source.ip", "file."})}, frozenset({"soc.time."}))


def checked(folder: Path, *rules: str, own: bool = False, tests: bool | None = False) -> Checked:
    for number, rule in enumerate(rules):
        text = rule if rule.startswith("title:") else HEAD.format(number) + rule
        (folder / f"r{number}.yml").write_text(text, "utf-8")
    return check_rules([folder], BOOK, lambda file: own, tests=tests)


def detection(body: str, source: str = "{category: test}") -> str:
    return f"logsource: {source}\ndetection:\n{body}\n"


def found(result: Checked) -> list[tuple[str, str, str]]:
    """Check, severity, and place without the folder."""
    return [(i.check, i.severity.value, i.where.rpartition("/")[2].partition(":")[2]) for i in result.issues]


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("  s: {a: x}\n  f: {a: x}\n  condition: s and not f", "impossible"),
        ("  s: {a: x}\n  f: {a: y}\n  condition: s and f", "impossible"),
        ("  s: {a: x}\n  f: {a: [y, z]}\n  condition: all of them", "impossible"),
        ("  s: {a|startswith: abc}\n  f: {a|contains: b}\n  condition: s and not f", "impossible"),
        ("  s: {a|startswith: ab}\n  f: {a|startswith: b}\n  condition: s and f", "impossible"),
        ("  s: {a: 5}\n  f: {a|lt: 3}\n  condition: s and f", "impossible"),
        ("  s: {a|gt: 5}\n  f: {a|lte: 5}\n  condition: s and f", "impossible"),
        ("  s: {a: null}\n  f: {a: x}\n  condition: s and f", "impossible"),
        ("  s: {a|exists: false}\n  f: {a|contains: x}\n  condition: s and f", "impossible"),
        ("  s: {a: x}\n  f: {a: x}\n  condition: s or not f", "certain"),
        ("  s: {a: x}\n  condition: not s", "broad"),
        ("  s: {a: null}\n  condition: s", "broad"),
        ("  s: {a: x}\n  t: {b: y}\n  condition: s", "unused"),
        ("  s: {a: x}\n  t: {b|contains|all: [q]}\n  condition: s", "load"),
        ("  s: {a: x}\n  t: {b|gt: 5, b|lt: 3}\n  condition: s or t", "dead"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_told(body: str, check: str, tmp_path: Path) -> None:
    assert [name for name, _, _ in found(checked(tmp_path, detection(body)))] == [check]


@pytest.mark.parametrize(
    "body",
    [
        "  s: {a: x}\n  f: {b: x}\n  condition: s and not f",
        "  s: {a: [x, y]}\n  f: {a: x}\n  condition: s and not f",
        "  s: {a|contains: x}\n  f: {a|contains: y}\n  condition: s and f",
        "  s: {a|startswith: ab}\n  f: {a|startswith: abc}\n  condition: s and f",
        "  s: {a|gte: 5}\n  f: {a|lte: 5}\n  condition: s and f",
        "  s: {event.category: x}\n  f: {event.category: y}\n  condition: s and f",
        "  s: {a: x}\n  f: {b: y}\n  condition: s or f and not s",
        "  s: {a|re: '^x$'}\n  f: {a: y}\n  condition: s and f",
        "  s: [word, other]\n  f: {a: null}\n  condition: s and not f",
        "  s: {a: x}\n  _t: {b: y}\n  condition: s and _t",
    ],
)
def test_a_condition_that_can_hold_and_fail_is_left_alone(body: str, tmp_path: Path) -> None:
    assert found(checked(tmp_path, detection(body))) == []


@pytest.mark.parametrize(("number", "checks"), [("4624", ["impossible"]), ("4688", []), ("1", []), ("[1, 4624]", [])])
def test_an_event_number_that_the_category_does_not_have_is_told(
    number: str, checks: list[str], tmp_path: Path
) -> None:
    source = "{product: windows, category: process_creation}"
    result = checked(tmp_path, detection(f"  s: {{EventID: {number}, Image: x}}\n  condition: s", source))
    assert [issue.check for issue in result.issues] == checks


def test_a_filter_on_the_rule_is_no_fault_of_the_rule(tmp_path: Path) -> None:
    rule = detection("  s: {a: x}\n  condition: s")
    hide = "logsource: {category: test}\nfilter:\n  rules: any\n  f: {a: x}\n  condition: not f\n"
    assert found(checked(tmp_path, rule, "title: u\n" + hide)) == []


def test_an_unknown_field_of_a_platform_is_an_error_with_the_name_that_was_meant(tmp_path: Path) -> None:
    source = "{product: one_stop, service: x}"
    body = "  s: {usr.name: a, user.name: b, file.hash.sha256: c, soc.time.in_hours: false, '@timestamp|exists': true}"
    result = checked(tmp_path, detection(body + "\n  condition: s", source))
    assert found(result) == [("field", "error", "6:7")]
    assert "did you mean user.name?" in result.issues[0].render(Lang.EN)


def test_a_correlation_over_fields_that_its_rules_lack_is_told(tmp_path: Path) -> None:
    base = "name: b\n" + detection("  s: {user.name: x}\n  condition: s", "{product: one_stop}")
    count = "title: c\nlevel: low\ncorrelation:\n  type: value_count\n  rules: [b]\n  timespan: 1m\n  group-by: [user.nam]\n"
    count += "  condition: {gte: 2, field: source.ip}\n"
    result = checked(tmp_path, base, count)
    assert found(result) == [("field", "error", "7:3")]
    assert "user.nam " in result.issues[0].render(Lang.EN)


@pytest.mark.parametrize(
    ("source", "field", "severity"),
    [
        ("{product: windows, category: process_creation}", "ComandLine", "warning"),
        ("{product: windows, category: process_creation}", "CommandLine", None),
        ("{product: windows, category: process_creation}", "NewProcessName", None),
        ("{category: webserver}", "cs-uri-quary", "warning"),
        ("{category: webserver}", "cs-uri-query", None),
        ("{category: webserver}", "url.path", None),
        ("{product: aws, service: cloudtrail}", "anything", None),
    ],
)
def test_a_field_of_a_known_log_is_judged_by_its_list(
    source: str, field: str, severity: str | None, tmp_path: Path
) -> None:
    result = checked(tmp_path, detection(f"  s: {{{field}: a}}\n  condition: s", source))
    assert [issue.severity.value for issue in result.issues] == ([severity] if severity else [])


def test_a_rare_name_beside_a_usual_one_is_told_where_nothing_else_is_known(tmp_path: Path) -> None:
    rules = [f"  s: {{requestName: a{number}}}\n  condition: s" for number in range(8)]
    texts = [detection(body, "{product: aws}").join([f"title: t{n}\n", ""]) for n, body in enumerate(rules)]
    wrong = "title: wrong\n" + detection("  s: {requestname: b}\n  condition: s", "{product: aws}")
    result = checked(tmp_path, *(text + "level: low\n" for text in (*texts, wrong)))
    assert [issue.check for issue in result.issues] == ["field"]


@pytest.mark.parametrize(
    ("tags", "check"),
    [
        (
            "[attack.t1110.003, attack.credential-access, attack.credential_access, attack.g0001, attack.s0002, cve.2021-1, tlp.red]",
            None,
        ),
        ("[attack.t0856, attack.t0832, atlas.aml.t0051, atlas.aml.t0051.001]", None),
        ("[attack.t9999]", ("attack", "error", "4:8")),
        ("[attack.t0999]", ("attack", "error", "4:8")),
        ("[atlas.aml.t9051]", ("attack", "error", "4:8")),
        ("[attack.credential-acess]", ("attack", "error", "4:8")),
        ("[attack.t1562.001]", ("attack", "warning", "4:8")),
        ("[attack.T1110]", ("tag", "warning", "4:8")),
    ],
)
def test_tags_of_attack_must_exist(tags: str, check: tuple[str, str, str] | None, tmp_path: Path) -> None:
    result = checked(tmp_path, f"tags: {tags}\n" + detection("  s: {a: x}\n  condition: s"))
    assert found(result) == ([check] if check else [])


def test_the_table_of_attack_is_whole() -> None:
    table = attack_table()
    assert len(table.tactics) == 15
    assert len(table.techniques) > 650
    assert table.techniques["T1110.003"] == "Password Spraying"
    assert table.tactics_of["T1110.003"] == ("credential-access",)
    assert not table.retired.keys() & (table.techniques.keys() | table.tactics.keys())


@pytest.mark.parametrize(
    ("regex", "check"),
    [
        (".*", "regex"),
        ("a?", "regex"),
        ("(a+)+b", "regex"),
        ("^$", None),
        ("^(?:[a-z]+\\\\.)+$", None),
    ],
)
def test_a_regex_that_holds_for_all_or_may_never_end_is_told(regex: str, check: str | None, tmp_path: Path) -> None:
    result = checked(tmp_path, detection(f"  s: {{'a|re': [\"{regex}\", 'fix']}}\n  condition: s"))
    assert [issue.check for issue in result.issues] == ([check] if check else [])


@pytest.mark.parametrize(
    "regex", [r"(?:a|.)+x", r"(?:.*\))+", r"(\s*\S*)*", r"((ab*)*)*", r"(x+x+)+y", r"(?:(?:a+))+$"]
)
def test_repetitions_that_share_characters_nest(regex: str) -> None:
    assert repeats_nest(regex)


@pytest.mark.parametrize(
    "regex", [r"(\w+\.)+", r"(?:\d{1,3}\.){3}\d+", r"\s+\S+\s+", r"(?:a,)*b+", r"(\d+ )*", r"(?:[^\\]+\\)+x"]
)
def test_fenced_repetitions_do_not(regex: str) -> None:
    assert not repeats_nest(regex)


def test_doubles_are_told_once_each_with_the_first_place(tmp_path: Path) -> None:
    rule = "title: same\nname: twin\nid: {0}\nlevel: low\n" + detection("  s: {a: x}\n  condition: s").replace(
        "{", "{{"
    ).replace("}", "}}")
    ids = [f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 1)]
    result = checked(tmp_path, *(rule.format(ident) for ident in ids))
    assert found(result) == [("same-title", "warning", "1:1"), ("same-name", "error", "2:1"), ("load", "error", "3:1")]
    assert "r0.yml:1" in result.issues[0].render(Lang.EN)


def test_what_our_own_rules_owe(tmp_path: Path) -> None:
    result = checked(tmp_path, detection("  s: {a: x}\n  condition: s"), own=True, tests=None)
    assert [issue.check for issue in result.issues] == ["cases", "own", "own", "own"]
    assert result.errors == 4


def test_a_threat_must_have_the_form_of_its_id(tmp_path: Path) -> None:
    """Ours or not: whoever writes `vonggac` means us; what the rule answers can be read from it, loaded or not."""
    head = (
        "title: x\nvonggac: {title_vi: x, threats: [usb-worm, USB_worm]}\nid: 5a8f0a58-0000-4000-8000-000000000001\n"
        "name: n\nstatus: test\n"
    )
    result = checked(
        tmp_path,
        head + "level: low\ntags: [attack.t0856, atlas.aml.t0051]\n" + detection("  s: {a: x}\n  condition: s"),
    )
    told = [issue.render(Lang.EN) for issue in result.issues if "threats" in issue.render(Lang.EN)]
    assert len(told) == 1
    assert "'USB_worm' is no id of a threat" in told[0]
    (rule,) = result.ruleset.rules
    assert threats_of(rule.custom) == ("usb-worm",)
    assert rule.attack == ("T0856", "AML.T0051")


def test_metadata_that_cannot_be_meant_is_told_at_its_line(tmp_path: Path) -> None:
    rule = "title: t\ndate: 2026-11-17\nmodified: 2025-01-01\nfalsepositive: [x]\n" + detection(
        "  s: {a: x}\n  condition: s"
    )
    assert found(checked(tmp_path, rule)) == [
        ("level", "warning", "1:1"),
        ("date", "warning", "3:1"),
        ("key", "warning", "4:1"),
    ]


def test_our_own_rules_are_without_errors() -> None:
    result = check_rules([own_rules() / "sigma"], FieldBook(), lambda file: True)
    assert [issue.render(Lang.EN) for issue in result.issues if issue.severity is IssueSeverity.ERROR] == []
