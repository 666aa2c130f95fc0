"""Every parser on sample records of its format; `SOC_UPDATE_GOLDEN=1` rewrites the documents, which are then reviewed like code."""

from __future__ import annotations

import os

import orjson
import pytest

from collectors.normalise import normalise_line
from collectors.parsers import PARSERS

from .golden_pairs import CONTEXT, GOLDEN, reader_of, records_of

UPDATE = os.environ.get("SOC_UPDATE_GOLDEN") == "1"


def documents_of(parser: str) -> list[dict[str, object]]:
    """The documents without `event.original`, which is the record itself."""
    reader = reader_of(parser)
    documents = []
    for record in records_of(parser):
        document = normalise_line(reader, record, CONTEXT)
        event = document["event"]
        assert isinstance(event, dict)
        assert event.pop("original") == record
        documents.append(document)
    return documents


@pytest.mark.parametrize("parser", sorted(PARSERS))
def test_the_sample_records_become_the_expected_documents(parser: str) -> None:
    """Field by field; a parser without samples fails."""
    documents = documents_of(parser)
    assert documents, f"golden/{parser}.log holds no record"
    expected = GOLDEN / f"{parser}.json"
    if UPDATE:
        expected.write_bytes(orjson.dumps(documents, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    assert documents == orjson.loads(expected.read_bytes())


def test_no_golden_file_is_left_over() -> None:
    """A pair whose parser is gone would pass for tested."""
    known = {f"{parser}.{end}" for parser in PARSERS for end in ("log", "json", "options.yaml")}
    assert {path.name for path in GOLDEN.iterdir()} <= known
