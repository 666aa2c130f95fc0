"""JSON in its three shapes."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from collectors.inputs import INPUTS, FileInput, JsonInput, NdjsonInput, open_input
from collectors.quarantine import Kind
from soc.core.i18n import Lang
from tests.collectors.machinery.post import LIMIT, Post


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.ndjson", '{"a":1}\n{"a":2}\n', NdjsonInput),
        ("a.json", '{"a":1}\n{"a":2}\n', NdjsonInput),
        ("a.json", '\ufeff[{"a":1},{"a":2}]', JsonInput),
        ("a.json", '{\n  "a": 1\n}\n', JsonInput),
        ("a.log", '{"a":1}\nplain\n', NdjsonInput),
        ("a.log", "[Mon Nov 16] error\n", FileInput),
        ("a.txt", "plain\n", FileInput),
        ("a.log", "", FileInput),
    ],
)
def test_the_input_is_chosen_by_content_and_name(logs: Path, name: str, content: str, kind: type) -> None:
    (logs / name).write_text(content)
    assert type(open_input(logs / name)) is kind


def test_every_input_is_registered_under_its_id() -> None:
    assert {name: cls.id for name, cls in INPUTS.items()} == {name: name for name in INPUTS}


def test_an_array_gives_its_elements(post: Post, logs: Path) -> None:
    path = logs / "a.json.gz"
    path.write_bytes(gzip.compress('[{"a":"é"},\n {"password":"hush"}, 7]'.encode()))
    assert post.collector.collect("dc", open_input(path)).accepted == 3
    items = post.spool.read()
    assert [(i.seq, i.data.decode(), i.where) for i in items] == [
        (0, '{"a":"é"}', f"{path}#0"),
        (1, '{"password":"***"}', f"{path}#1"),
        (2, "7", f"{path}#2"),
    ]
    assert post.spool.cursors("") == {}


def test_a_broken_file_is_kept_in_quarantine_with_line_and_column(post: Post, logs: Path) -> None:
    path = logs / "a.json"
    path.write_text('[{"a":1},\n {"a":}]')
    counts = post.collector.collect("dc", open_input(path))
    assert (counts.accepted, counts.quarantined) == (0, 1)
    (entry,) = post.quarantine.list()
    assert entry.where.startswith(f"{path}:2:")
    assert "not JSON" in entry.reason.render(Lang.EN)
    assert post.quarantine.payload(entry.id) == path.read_bytes()


def test_an_element_that_is_too_long_goes_to_quarantine_alone(post: Post, logs: Path) -> None:
    path = logs / "a.json"
    path.write_bytes(orjson.dumps([{"a": 1}, {"a": "x" * 2 * LIMIT}, {"a": 3}]))
    counts = post.collector.collect("dc", open_input(path))
    assert (counts.accepted, counts.quarantined) == (2, 1)
    assert post.quarantine.list()[0].kind is Kind.OVERSIZE


def test_an_absent_or_cut_file_is_a_fault(post: Post, logs: Path) -> None:
    (logs / "cut.json").write_bytes(gzip.compress(b'[{"a":1}]' * 100)[:-12])
    for path in (logs / "absent.json", logs / "cut.json"):
        (fault,) = post.collector.collect("dc", JsonInput(path)).faults
        assert fault.where == str(path)


def test_a_broken_line_of_ndjson_is_left_to_its_parser(post: Post, logs: Path) -> None:
    (logs / "a.ndjson").write_text('{"a":1}\n{"a":\n{"a":3}\n')
    assert post.collector.collect("dc", open_input(logs / "a.ndjson")).accepted == 3
