"""Speed of the way into the spool; run with `-m bench`, figures on stdout (`-s`)."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.inputs import open_input
from collectors.spool import SpoolItem
from tests.collectors.machinery.post import Post

LINE = (
    '192.0.2.1 - - [17/Nov/2026:08:05:11 +0700] "GET /dichvucong/hoso?id=000.00.12.H19-261117-0042 HTTP/1.1" 200 5123'
    ' "https://dvc.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/119.0"'
)

pytestmark = pytest.mark.bench


def test_appending_batches_of_a_thousand(post: Post, items: list[SpoolItem]) -> None:
    batch = [replace(item, data=LINE.encode()) for item in items * 100]
    began, busy = time.monotonic(), time.process_time()
    for number in range(100):
        post.spool.append(batch, {"file": {"offset": number}})
    wall, cpu = time.monotonic() - began, time.process_time() - busy
    print(f"spool append: {100_000 / wall:,.0f} records/s, {cpu * 10:.1f} us of processor each")


def test_from_a_file_into_the_spool(post: Post, logs: Path) -> None:
    (logs / "a.log").write_text(f"{LINE}\n" * 100_000)
    began, busy = time.monotonic(), time.process_time()
    post.collector.collect("portal", open_input(logs / "a.log"))
    wall, cpu = time.monotonic() - began, time.process_time() - busy
    print(f"file to spool: {100_000 / wall:,.0f} lines/s, {cpu * 10:.1f} us of processor each")
