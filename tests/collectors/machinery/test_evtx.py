"""Windows event log files."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from collectors.inputs import EvtxInput, open_input
from soc.core.i18n import Lang
from tests.collectors.machinery.post import Post


@pytest.fixture
def sample(shared: Path) -> Path:
    """The smallest file of more than one chunk (64 KiB each, after a header of 4 KiB)."""
    files = sorted((shared / "data" / "evtx").rglob("*.evtx"), key=lambda path: (path.stat().st_size, path.name))
    return next(path for path in files if path.stat().st_size > 4096 + 3 * 65536)


@pytest.mark.external
def test_records_are_nested_json_with_the_number_windows_gave(post: Post, sample: Path) -> None:
    inlet = open_input(sample)
    assert isinstance(inlet, EvtxInput)
    counts = post.collector.collect("dc", inlet)
    items = post.spool.read(0, 100_000)
    assert counts.accepted == len(items) > 10
    assert counts.faults == ()
    for item in items[:10]:
        document = orjson.loads(item.data)
        assert item.seq == document["Event"]["System"]["EventRecordID"]
    assert [item.where for item in items] == [f"{sample}#{n}" for n in range(1, len(items) + 1)]


@pytest.mark.external
def test_a_packed_file_gives_the_same(post: Post, sample: Path, logs: Path) -> None:
    (logs / "a.evtx.gz").write_bytes(gzip.compress(sample.read_bytes(), 1))
    first = post.collector.collect("dc", open_input(sample)).accepted
    assert post.collector.collect("dc", open_input(logs / "a.evtx.gz")).accepted == first
    idents = [item.ident for item in post.spool.read(0, 100_000)]
    assert idents[:first] == idents[first:]


@pytest.mark.external
def test_a_broken_chunk_is_one_fault_and_the_other_chunks_are_read(post: Post, sample: Path, logs: Path) -> None:
    whole = post.collector.collect("dc", open_input(sample)).accepted
    data = bytearray(sample.read_bytes())
    data[4096 + 128 : 4096 + 4096] = b"\xff" * (4096 - 128)
    (logs / "a.evtx").write_bytes(data)
    counts = post.collector.collect("dc", open_input(logs / "a.evtx"))
    assert 0 < counts.accepted < whole
    assert counts.faults
    assert "cannot read a part of the EVTX file" in counts.faults[0].render(Lang.EN)


def test_a_file_with_nothing_but_the_mark_is_a_fault(post: Post, logs: Path) -> None:
    (logs / "a.evtx").write_bytes(b"ElfFile\0" + b"junk" * 10)
    counts = post.collector.collect("dc", open_input(logs / "a.evtx"))
    assert counts.accepted == 0
    assert len(counts.faults) == 1
