"""Which day an event id was written to, over all days: so that create-only needs no look into every day.

An index of its own, `ids/`. It is committed before the days, so it may know ids that a crash kept from their day; therefore a hit is
only a hint where to look, and the day decides. Deleted days leave such hints too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path

import tantivy
from tantivy import Order, Query

FOLDER = "ids"
_HEAP_BYTES = 32_000_000
_FEW = 64
"""Hits read at first: the ids of a batch are mostly new."""


def _schema() -> tantivy.Schema:
    build = tantivy.SchemaBuilder()
    build.add_text_field("id", tokenizer_name="raw", index_option="basic")
    build.add_integer_field("day", indexed=True, fast=True)
    return build.build()


@lru_cache(maxsize=1024)
def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


class Register:
    """The register as readers see it, and as the one writer extends it.

    Args:
        root: folder of the store.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._index: tantivy.Index | None = None
        self._writer: tantivy.IndexWriter | None = None
        self._commit = b""

    def days(self, ids: Iterable[str]) -> list[str]:
        """Names of the days that may hold some of the ids, oldest first."""
        if not (self._folder / "meta.json").is_file():
            return []
        index = self._fresh()
        searcher, query = index.searcher(), Query.term_set_query(index.schema, "id", list(ids))
        limit = _FEW
        while True:
            found = searcher.search(query, limit=limit, order_by_field="day", order=Order.Asc)
            if found.count <= limit:  # type: ignore[attr-defined]
                return [date.fromordinal(day).isoformat() for day in sorted({int(day) for day, _ in found.hits})]
            limit = found.count  # type: ignore[attr-defined]

    def add(self, ids: Iterable[tuple[str, str]]) -> None:
        """Keep (id, day), durable on return."""
        writer = self._writing()
        self._writer = None  # a writer that failed takes nothing any more; the next call opens another
        for event_id, day in ids:
            document = tantivy.Document()
            document.add_text("id", event_id)
            document.add_integer("day", _ordinal(day))
            writer.add_document(document)
        writer.commit()
        self._writer = writer

    def drop(self, days: Iterable[str]) -> None:
        """Forget all ids of the days."""
        writer = self._writing()
        for day in days:
            writer.delete_documents_by_term("day", _ordinal(day))
        writer.commit()

    def is_sound(self) -> bool:
        """Whether it can be read; False for a missing one too."""
        return (self._folder / "meta.json").is_file() and self._fresh().searcher().num_docs >= 0

    def clear(self) -> None:
        """Begin an empty register."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Release writer and files."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
        self._index = self._writer = None
        self._commit = b""

    def _fresh(self) -> tantivy.Index:
        if self._index is None:
            self._index = tantivy.Index.open(str(self._folder))
            self._index.config_reader("manual")
        commit = (self._folder / "meta.json").read_bytes()
        if commit != self._commit:
            self._index.reload()
            self._commit = commit
        return self._index

    def _writing(self) -> tantivy.IndexWriter:
        if self._writer is None:
            if not (self._folder / "meta.json").is_file():
                self._folder.mkdir(parents=True, exist_ok=True)
                tantivy.Index(_schema(), path=str(self._folder))
            self._writer = self._fresh().writer(heap_size=_HEAP_BYTES, num_threads=1)
        return self._writer
