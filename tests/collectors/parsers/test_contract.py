"""What holds for every parser, whatever it is fed. The true records of its golden pair are the seeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.normalise import normalise_line
from collectors.options import parser_of
from collectors.parsers import PARSERS
from collectors.parsing import Parser
from collectors.text import decode
from soc.core.errors import NotFoundError, ParseError, TypeConflictError
from soc.core.event import flatten

from .golden_pairs import CONTEXT, reader_of, records_of
from .mutate import HOSTILE, hostile_shapes, mutated

ALL = sorted(PARSERS)
LINES = 2_000
LINES_FULL = 1_000_000
LONG = 1 << 16


def fed(parser: Parser, lines: Iterator[bytes]) -> int:
    """How many lines came out as a document of their own text, or as a named fault. Anything else is an exception."""
    count = 0
    for line in lines:
        text = decode(line).text
        count += 1
        try:
            document = normalise_line(parser, text, CONTEXT)
        except (ParseError, TypeConflictError):
            continue
        assert flatten(document)["event.original"] == text
    return count


@pytest.mark.parametrize("parser", ALL)
def test_mutated_records_give_documents_or_named_faults(parser: str) -> None:
    """One for each line, in order; no other exception."""
    assert fed(reader_of(parser), mutated(records_of(parser), LINES, parser)) == LINES


@pytest.mark.full
@pytest.mark.parametrize("parser", ALL)
def test_a_million_mutated_records_give_documents_or_named_faults(parser: str) -> None:
    """The same at the size that the issue names."""
    assert fed(reader_of(parser), mutated(records_of(parser), LINES_FULL, f"{parser} full")) == LINES_FULL


@pytest.mark.parametrize("parser", ALL)
@given(data=st.data())
def test_any_text_gives_fields_or_a_parse_error(parser: str, data: st.DataObject) -> None:
    """A parser itself raises nothing else; a small case that shrinks."""
    seed = data.draw(st.sampled_from(records_of(parser)))
    cut, end = data.draw(st.integers(0, len(seed))), data.draw(st.integers(0, len(seed)))
    text = seed[:cut] + data.draw(st.text(max_size=8) | st.sampled_from(HOSTILE)) + seed[end:]
    try:
        fields = reader_of(parser).parse(text, CONTEXT)
    except ParseError:
        return
    assert all(isinstance(name, str) and value is not None for name, value in fields.items())
    moment = fields.get("@timestamp")
    assert PARSERS[parser].raw or moment is None or (isinstance(moment, datetime) and moment.tzinfo is not None)


@pytest.mark.parametrize("parser", ALL)
def test_long_hostile_text_is_read_in_one_pass(parser: str) -> None:
    """Repetition that backtracking would punish: with quadratic work this test would take minutes. `tests/bench/parsers` measures it."""
    reader = reader_of(parser)
    for _, text in hostile_shapes(records_of(parser), LONG):
        try:
            reader.parse(text, CONTEXT)
        except ParseError:
            continue


@pytest.mark.parametrize("parser", ALL)
def test_a_parser_says_where_its_truth_comes_from(parser: str) -> None:
    """Each docstring names its source; the registry key is the parser's own id."""
    made = PARSERS[parser]
    assert made.id == parser
    assert made.version >= 1
    assert "Source:" in (made.__doc__ or "")


def test_an_unknown_parser_gets_a_close_match() -> None:
    """The advice names the parser that was probably meant."""
    with pytest.raises(NotFoundError) as caught:
        parser_of("ngnix")
    assert "nginx" in str(caught.value)


@pytest.mark.parametrize("parser", ALL)
@pytest.mark.parametrize("text", ["", "Nguyễn 075000000001", '{"075000000001"', "<34>075000000001 x"])
def test_a_refusal_says_what_was_expected_and_where(parser: str, text: str) -> None:
    """The text itself stays out of the message, as it may hold personal data; an empty record is refused by all."""
    refusal = refusal_of(reader_of(parser), text)
    assert text or refusal, "an empty record holds nothing to read"
    if refusal is not None:
        assert refusal.column >= 1
        assert refusal.expected is not None
        assert "075000000001" not in str(refusal)


def refusal_of(parser: Parser, text: str) -> ParseError | None:
    try:
        parser.parse(text, CONTEXT)
    except ParseError as problem:
        return problem
    return None
