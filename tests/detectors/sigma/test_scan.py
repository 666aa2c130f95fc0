"""However a file is cut and however many processes read it, the documents and the output are the same."""

from __future__ import annotations

import gzip
import io
import json
import lzma
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.sigma import files
from detectors.sigma.files import documents, parts
from detectors.sigma.kept import Kept
from soc.cli.detect import Format, Job, run_detect
from soc.core.i18n import Lang

RULES = """\
title: failed
name: failed
id: 00000000-0000-4000-8000-000000000001
logsource: {category: any}
detection: {s: {result: fail}, condition: s}
---
title: strange words
id: 00000000-0000-4000-8000-000000000002
logsource: {category: any}
detection: {s: ['mimikatz'], condition: s}
---
title: three failures
id: 00000000-0000-4000-8000-000000000003
correlation:
  type: event_count
  rules: [failed]
  group-by: [user]
  timespan: 1h
  condition: {gte: 3}
"""
BROKEN = ('{"result": "fail"', "[1]", "\xff", "null", '{"a": 1} x')


def record(number: int) -> dict[str, object]:
    """Every third fails, for one of four users; a minute lies between two; some are long, some hold a keyword."""
    return {
        "@timestamp": f"2026-11-23T{number // 60 % 24:02}:{number % 60:02}:00Z",
        "result": "fail" if number % 3 == 0 else "ok",
        "user": f"cb.{number % 4}",
        "text": "x" * (number % 50) + ("MimiKatz" if number % 97 == 5 else "") + ("\u0111" if number % 7 == 0 else ""),
    }


def lines(number: int, *, faults: bool = False) -> bytes:
    """So many records; with faults and blank lines between them, the last line without an end."""
    found = []
    for index in range(number):
        found.append(orjson.dumps(record(index)))
        if faults and index % 41 == 7:
            found += [b"", BROKEN[index // 41 % len(BROKEN)].encode("latin-1"), b"  "]
    return b"\n".join(found)


def detected(
    file: Path, jobs: int, *, form: Format = Format.NDJSON, kept: Kept | None = None
) -> tuple[int, bytes, str]:
    rules = file.parent / "rules.yml"
    rules.write_text(RULES, "utf-8")
    out, err = io.BytesIO(), io.StringIO()
    job = Job([file], parts, [rules], jobs=jobs, lang=Lang.EN, format=form, kept=kept)
    return run_detect(job, out, err), out.getvalue(), err.getvalue()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many parts out of little."""
    monkeypatch.setattr(files, "_PART", 2_000)
    monkeypatch.setattr(files, "_BLOCK", 300)
    monkeypatch.setattr(files, "_EVTX_PART", 65536)


def packed(name: str, data: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(data)
    return lzma.compress(data) if name.endswith(".xz") else data


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "a.ndjson.xz"])
@pytest.mark.parametrize("form", list(Format))
@pytest.mark.usefixtures("small")
def test_two_processes_write_what_one_does(tmp_path: Path, name: str, form: Format) -> None:
    """Byte for byte: matches, correlations, and the places of faults."""
    file = tmp_path / name
    file.write_bytes(packed(name, lines(600, faults=True)))
    assert len(list(parts(file))) > 10
    code, out, err = detected(file, 1, form=form)
    assert (code, out, err) == detected(file, 2, form=form, kept=Kept(tmp_path / "cache"))
    assert out.count(b"three failures") > 1
    assert out.count(b"strange words") == 7
    assert err.count(name) == 15


def test_faults_are_told_by_their_line_in_the_file(tmp_path: Path, small: None) -> None:
    """Blank lines count as lines, and no line is told twice."""
    file = tmp_path / "a.ndjson"
    data = lines(600, faults=True)
    file.write_bytes(data)
    broken = [n for n, line in enumerate(data.split(b"\n"), 1) if line.strip() and not is_object(line)]
    for jobs in (1, 2):
        err = detected(file, jobs)[2]
        assert [int(line.split(":")[1]) for line in err.splitlines()] == broken


def is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def read(file: Path) -> tuple[list[Any], list[str]]:
    faults: list[str] = []
    found = list(documents(file, lambda error: faults.append(error.render(Lang.EN))))
    return found, faults


@given(
    records=st.lists(
        st.one_of(
            st.dictionaries(
                st.text("ab\n\u0111", max_size=3), st.text('x\n\\"\u0111', max_size=40) | st.integers(), max_size=3
            ),
            st.sampled_from(["", "  ", "\r", "{", "[]", "7"]),
        ),
        max_size=60,
    ),
    part=st.integers(1, 400),
    block=st.integers(1, 200),
    end=st.sampled_from(["", "\n", "\n\n", "\r\n"]),
    name=st.sampled_from(["a.ndjson", "a.json.gz", "a.xz"]),
    mark=st.booleans(),
)
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_documents_do_not_depend_on_how_a_file_is_cut(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    records: Sequence[Any],
    part: int,
    block: int,
    end: str,
    name: str,
    mark: bool,
) -> None:
    """Nor do the faults; the block is what is read at once."""
    text = "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in records) + end
    file = tmp_path / name
    file.write_bytes(packed(name, (b"\xef\xbb\xbf" if mark else b"") + text.encode()))
    whole = read(file)
    with monkeypatch.context() as patched:
        patched.setattr(files, "_PART", part)
        patched.setattr(files, "_BLOCK", max(block, 8))
        assert read(file) == whole


@pytest.mark.external
def test_the_records_of_evtx_do_not_depend_on_how_a_file_is_cut(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunk by chunk, plain and packed, as all at once."""
    for plain in sorted((shared / "data" / "evtx").rglob("*.evtx"), key=lambda file: -file.stat().st_size)[:2]:
        monkeypatch.setattr(files, "_EVTX_PART", 1 << 40)
        whole = read(plain)
        assert len(list(parts(plain))) == 1
        assert whole[0]
        monkeypatch.setattr(files, "_EVTX_PART", 2 * 65536)
        assert len(list(parts(plain))) > 4
        assert read(plain) == whole
        copy = tmp_path / "copy.evtx.gz"
        copy.write_bytes(gzip.compress(plain.read_bytes(), 1))
        assert read(copy) == whole
