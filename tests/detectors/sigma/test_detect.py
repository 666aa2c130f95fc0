"""`soc detect`: lines, exit codes, refusals."""

from __future__ import annotations

import gzip
import io
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from detectors.sigma.files import parts
from soc.cli.detect import (
    EXIT_CLEAN,
    EXIT_MATCHES,
    EXIT_NOTHING_RAN,
    EXIT_REFUSED,
    Format,
    Job,
    read_placeholders,
    run_detect,
)
from soc.cli.raw_documents import raw_parts
from soc.core.errors import InputError
from soc.core.i18n import Lang

RULE = """\
title: found
id: 5b0a3d10-7f7a-4a55-9a3c-8d5cf1f7b001
level: high
logsource: {product: test}
detection:
    s: {F: x}
    condition: s
"""
BROKEN = """\
title: broken
logsource: {product: test}
detection:
    s: {F|containz: x}
    condition: s
"""
COUNTED = f"""\
name: found
{RULE}---
title: three
correlation:
    type: event_count
    rules: [found]
    group-by: [u]
    timespan: 5m
    condition: {{gte: 2}}
"""


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    file = tmp_path / "rule.yml"
    file.write_text(RULE, "utf-8")
    return file


def lines(tmp_path: Path, *events: Any, name: str = "events.ndjson") -> Path:
    file = tmp_path / name
    file.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    return file


def run(*paths: Path, rules: Path, **options: Any) -> tuple[int, list[dict[str, Any]], str]:
    out, err = io.BytesIO(), io.StringIO()
    code = run_detect(Job(paths, parts, [rules], lang=Lang.EN, **options), out, err)
    rows = (
        [json.loads(line) for line in out.getvalue().splitlines()] if options.get("format") is not Format.TABLE else []
    )
    return code, rows, err.getvalue() + (out.getvalue().decode() if options.get("format") is Format.TABLE else "")


def test_a_match_is_one_line_with_its_place(tmp_path: Path, rule: Path) -> None:
    """Record numbers count from 0; `matched` holds the value of the event."""
    file = lines(tmp_path, {"F": "y"}, {"F": "X", "@timestamp": "2026-11-17T08:00:00+07:00", "event": {"id": "e1"}})
    code, rows, _ = run(file, rules=rule)
    assert code == EXIT_MATCHES
    assert rows == [
        {
            "file": str(file),
            "record": 1,
            "rule_id": "5b0a3d10-7f7a-4a55-9a3c-8d5cf1f7b001",
            "rule_title": "found",
            "level": "high",
            "event_id": "e1",
            "@timestamp": "2026-11-17T01:00:00Z",
            "matched": {"F": "X"},
        }
    ]


def test_nothing_found_is_zero(tmp_path: Path, rule: Path) -> None:
    """Also for an empty file."""
    assert run(lines(tmp_path, {"F": "y"}), rules=rule)[0] == EXIT_CLEAN
    assert run(lines(tmp_path), rules=rule)[0] == EXIT_CLEAN


def test_nothing_could_run_is_two(tmp_path: Path, rule: Path) -> None:
    """No readable input, or no rule."""
    assert run(tmp_path / "absent.ndjson", rules=rule)[0] == EXIT_NOTHING_RAN
    rule.write_text(BROKEN, "utf-8")
    code, rows, err = run(lines(tmp_path, {"F": "x"}), rules=rule)
    assert (code, rows) == (EXIT_NOTHING_RAN, [])
    assert f"{rule}:4:9: unknown modifier: containz" in err


def test_a_refused_rule_is_three_and_the_matches_are_written(tmp_path: Path, rule: Path) -> None:
    """One bad rule stops nothing else."""
    rule.write_text(f"{BROKEN}---\n{RULE}", "utf-8")
    code, rows, err = run(lines(tmp_path, {"F": "x"}), rules=rule)
    assert code == EXIT_REFUSED
    assert [row["rule_title"] for row in rows] == ["found"]
    assert f"{rule}:4:" in err


def test_a_broken_line_is_three_and_the_others_keep_their_numbers(tmp_path: Path, rule: Path) -> None:
    """The broken record is a record, too."""
    file = tmp_path / "e.ndjson"
    file.write_bytes(b'{"F":"x"}\n{"F":\n[1]\n{"F":"x"}\n')
    code, rows, err = run(file, rules=rule)
    assert code == EXIT_REFUSED
    assert [row["record"] for row in rows] == [0, 3]
    assert f"{file}:2: bad JSON" in err
    assert f"{file}:3: the record is no object" in err


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (lzma.compress, ".xz")])
def test_packed_files_are_read_and_a_cut_one_is_said(tmp_path: Path, rule: Path, pack: Any, suffix: str) -> None:
    """What could be unpacked before the cut is used."""
    data = b"".join(
        b'{"F":"%c","n":"%d-%d"}\n' % (b"xyyyyyyyyy"[i % 10], i, i * i * 7919 % 10007) for i in range(200_000)
    )
    file = tmp_path / f"e.ndjson{suffix}"
    file.write_bytes(pack(data[: data.index(b"\n", 600) + 1]))
    assert run(file, rules=rule)[0] == EXIT_MATCHES
    file.write_bytes(pack(data)[:-2000])
    code, rows, err = run(file, rules=rule)
    assert code == EXIT_REFUSED
    assert len(rows) > 1000
    assert str(file) in err


def test_json_arrays_and_single_objects_are_read(tmp_path: Path, rule: Path) -> None:
    """Pretty-printed or not."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps([{"F": "y"}, {"F": "x"}], indent=1), "utf-8")
    (tmp_path / "in" / "b.json").write_text(json.dumps({"F": "x"}, indent=1), "utf-8")
    (tmp_path / "in" / "notes.txt").write_text("no log", "utf-8")
    code, rows, _ = run(tmp_path / "in", rules=rule)
    assert code == EXIT_MATCHES
    assert [(Path(row["file"]).name, row["record"]) for row in rows] == [("a.json", 1), ("b.json", 0)]


def test_a_correlation_names_its_group_and_the_record_that_completed_it(tmp_path: Path, rule: Path) -> None:
    """Its base rule is silent, and it is told once."""
    rule.write_text(COUNTED, "utf-8")
    events = [{"F": "x", "u": u, "@timestamp": f"2026-11-17T01:00:0{i}Z"} for i, u in enumerate("aabaa")]
    code, rows, _ = run(lines(tmp_path, *events), rules=rule)
    assert code == EXIT_MATCHES
    assert [(row["rule_title"], row["record"], row["group"]) for row in rows] == [("three", 1, {"u": "a"})]


def test_statistics_go_to_stderr(tmp_path: Path, rule: Path) -> None:
    """One JSON document."""
    file = lines(tmp_path, {"F": "x"}, {"F": "y"})
    stats = json.loads(run(file, rules=rule, stats=True)[2])
    assert (stats["rules"], stats["refused"], stats["events"], stats["matches"]) == (1, 0, 2, 1)
    assert stats["matches_by_file"] == {str(file): 1}


def test_the_table_is_for_people(tmp_path: Path, rule: Path) -> None:
    """Level, time, title and place on one line."""
    assert "high" in run(lines(tmp_path, {"F": "x"}), rules=rule, format=Format.TABLE)[2]


def test_a_bad_file_of_placeholders_is_refused(tmp_path: Path) -> None:
    """With line and column."""
    file = tmp_path / "p.json"
    file.write_text('{"a": [1}', "utf-8")
    with pytest.raises(InputError) as caught:
        read_placeholders(file)
    assert caught.value.where.startswith(f"{file}:1:")
    file.write_text('{"a": "one", "b": [1, "two"]}', "utf-8")
    assert read_placeholders(file) == {"a": ["one"], "b": [1, "two"]}


def test_raw_lines_of_a_parser_meet_generic_rules_and_show_no_citizen_number(tmp_path: Path) -> None:
    """Masked as on the way into the store; a line the parser cannot read is a refusal with its place."""
    rule = tmp_path / "web.yml"
    rule.write_text(
        RULE.replace("{product: test}", "{category: webserver}").replace("{F: x}", "{c-uri|contains: /tra-cuu}"),
        "utf-8",
    )
    log = tmp_path / "access.log"
    line = '192.0.2.1 - - [17/Nov/2026:08:00:00 +0700] "GET /tra-cuu?cccd=075090000123 HTTP/1.1" 200 5 "-" "-"'
    log.write_text(f"{line}\nnot a log line\n", "utf-8")
    out, err = io.BytesIO(), io.StringIO()
    job = Job([log], raw_parts(None, "nginx"), [rule], suffixes=None, lang=Lang.EN)
    assert run_detect(job, out, err) == EXIT_REFUSED
    row = json.loads(out.getvalue())
    assert (row["record"], row["@timestamp"]) == (0, "2026-11-17T01:00:00Z")
    assert "075090000123" not in out.getvalue().decode()
    assert f"{log}:2" in err.getvalue()
