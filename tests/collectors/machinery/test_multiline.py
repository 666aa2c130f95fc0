"""Records of several lines: each once and whole, over blocks, stops, limits and quiet files."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.inputs import FileInput
from collectors.inputs.joiner import LineJoiner, Multiline
from collectors.inputs.splitter import LineSplitter
from collectors.quarantine import Kind
from tests.collectors.machinery.post import LIMIT, NOW, Post

JAVA = Multiline(starts=r"\d{4}-\d{2}-\d{2} ")
TRACE = "2026-11-17 08:00:01 ERROR hỏng\njava.lang.IllegalStateException: x\n\tat a.B.c(B.java:7)\nCaused by: y\n"
SERIAL = "--1a2b3c4d-A--\n[17/Nov/2026] x\n\n--1a2b3c4d-B--\nGET / HTTP/1.1\n--1a2b3c4d-Z--\n"


def follow(post: Post, path: Path, rule: Multiline = JAVA) -> list[str]:
    """One pass of a follower that knows only what is on disk; gives the new records."""
    before = post.spool.depth()
    post.collector.collect("portal", FileInput(path, True, rule))
    return post.lines()[before:]


def test_a_stack_trace_is_one_record_once_the_next_one_starts(post: Post, logs: Path) -> None:
    """The cursor stays in front of the unfinished record, whoever looks."""
    path = logs / "app.log"
    path.write_text(TRACE)
    assert follow(post, path) == []
    with path.open("a") as stream:
        stream.write("\tat d.E.f(E.java:9)\n2026-11-17 08:00:02 INFO tiếp\n")
    assert follow(post, path) == [TRACE + "\tat d.E.f(E.java:9)"]
    post = post.again()
    assert follow(post, path) == []
    (item,) = post.spool.read()
    assert (item.seq, item.where) == (0, f"{path}:1")
    post.close()


def test_an_unfinished_record_is_taken_when_nothing_comes_for_long_enough(post: Post, logs: Path) -> None:
    """By the time of the file's last change; once."""
    path = logs / "app.log"
    path.write_text(TRACE)
    os.utime(path, (NOW.timestamp() - 4, NOW.timestamp() - 4))
    assert follow(post, path) == []
    os.utime(path, (NOW.timestamp() - 6, NOW.timestamp() - 6))
    assert follow(post, path) == [TRACE.rstrip("\n")]
    assert follow(post, path) == []


def test_lines_that_continue_may_be_told_instead(post: Post, logs: Path) -> None:
    """For logs whose continuation is easier to tell than their start."""
    path = logs / "pg.log"
    path.write_text("a\n\tb\nc\n\td\ne\n")
    assert follow(post, path, Multiline(continues=r"\t")) == ["a\n\tb", "c\n\td"]


def test_an_audit_serial_keeps_its_blank_lines(post: Post, logs: Path) -> None:
    """As modsecurity writes them, one serial after the other."""
    path = logs / "modsec.log"
    path.write_text(SERIAL + SERIAL)
    assert follow(post, path, Multiline(starts="--[0-9a-f]{8}-A--")) == [SERIAL.rstrip("\n")]


def test_a_record_without_end_is_cut_by_lines_and_by_bytes(post: Post, logs: Path) -> None:
    """By lines into records, by bytes into the quarantine; the next record is whole."""
    path = logs / "app.log"
    path.write_text(
        "2026-11-17 a\n" + "x\n" * 5 + "2026-11-17 b\n" + "y" * 40_000 + "\n" + "z" * 40_000 + "\n2026-11-17 c\n"
    )
    post.collector.collect("portal", FileInput(path, True, Multiline(starts=r"\d{4}-", max_lines=3)))
    assert post.lines() == ["2026-11-17 a\nx\nx", "x\nx\nx"]
    (entry,) = post.quarantine.list()
    assert entry.kind is Kind.OVERSIZE
    assert len("2026-11-17 b\n") + 80_001 > LIMIT


@given(
    lines=st.lists(st.sampled_from(["# a", "# b", "  c", "  d", ""]), max_size=30),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_wherever_blocks_end_the_records_are_the_same(lines: list[str], cuts: list[int]) -> None:
    """And each begins at its place in the file."""
    data = "".join(f"{line}\n" for line in lines).encode()
    marks = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    splitter, joiner = LineSplitter("", 1000), LineJoiner(Multiline(starts="#"), "", 1000)
    records = []
    for start, end in pairwise(marks):
        records += joiner.take(splitter.feed(data[start:end]))
    records += joiner.flush()
    assert b"".join(record.data + b"\n" for record in records) == data
    for record in records:
        assert data[record.offset : record.offset + record.size] == record.data
    assert all(record.data.startswith(b"#") for record in records[1:])


@pytest.mark.parametrize(
    "given_rule", [{}, {"starts": "a", "continues": "b"}, {"starts": "(a"}, {"starts": "a", "max_lines": 1}]
)
def test_a_rule_that_says_nothing_or_too_much_is_refused(given_rule: dict[str, object]) -> None:
    """When it is declared."""
    with pytest.raises(ValidationError):
        Multiline.model_validate(given_rule)
