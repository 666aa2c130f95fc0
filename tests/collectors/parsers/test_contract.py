"""What holds for every parser."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.normalise import normalise_line, parser_of
from collectors.parsers import PARSERS
from soc.core.errors import NotFoundError, ParseError, TypeConflictError

from .conftest import CONTEXT, parse

ALL = sorted(PARSERS)
SEEDS = [
    '{"time":"2026-11-17T08:05:11+07:00","remote_addr":"192.0.2.5","status":200,"a":{"b":[1,{"c":"x"}]}}',
    '203.0.113.80 - - [17/Nov/2026:03:20:01 +0700] "GET /a?b HTTP/1.1" 200 48211 "-" "Mozilla/5.0"',
    '2026/11/17 09:00:02 [error] 711#711: *42 open() failed, client: 203.0.113.84, request: "GET /.env HTTP/1.1"',
    "[Thu Feb 29 14:23:43.643358 2024] [ssl:info] [pid 24237] message [client 192.0.2.1:42114] AH01991: x",
    '<34>1 2026-11-17T08:01:11.003Z web app 1234 ID47 [id@1 a="b\\"c"] text',
    "<34>Nov 17 08:01:11 web sshd[77]: Failed password for invalid user a b from 192.0.2.1 port 22 ssh2",
    'date=2026-11-17 time=08:01:12 tz="+0700" logid="0000000013" type="traffic" srcip=192.0.2.1 msg="a \\" b"',
    "CEF:0|Vendor|Product|1.0|42|name|5|rt=1794877200000 src=192.0.2.1 cs1=a\\=b cs1Label=Label msg=c\\nd",
    '2026-11-17 08:01:12,345 INFO  [org.keycloak.events] (t-1) type="LOGIN", userId=null, ipAddress="192.0.2.1", username=a b',
]
PIECES = st.sampled_from([*SEEDS, *(piece for seed in SEEDS for piece in seed.split(" "))])
MUTATED = st.builds(
    lambda seed, cut, filling, end: seed[:cut] + filling + seed[end:],
    st.sampled_from(SEEDS),
    st.integers(0, 120),
    st.text(max_size=8) | PIECES,
    st.integers(0, 120),
)
HOSTILE = [
    'a="',
    "[client ",
    '"\\',
    "<34>",
    "{",
    "[",
    "a=b ",
    " from x port 1",
    "\\|",
    ", k=",
    " port ",
    "CEF:0|",
    "\U0001f600",
]


@pytest.mark.parametrize("parser", ALL)
@given(text=st.text(max_size=200) | MUTATED | st.lists(PIECES, max_size=6).map(" ".join))
def test_any_text_gives_fields_or_a_parse_error(parser: str, text: str) -> None:
    """Nothing else comes out, and what comes out can be typed or names the field that cannot."""
    try:
        fields = parse(parser, text)
    except ParseError:
        return
    assert all(isinstance(name, str) and value is not None for name, value in fields.items())
    moment = fields.get("@timestamp")
    assert PARSERS[parser].raw or moment is None or (isinstance(moment, datetime) and moment.tzinfo is not None)


@pytest.mark.parametrize("parser", ALL)
@given(text=st.text(max_size=60) | MUTATED)
def test_a_line_becomes_a_document_or_a_named_fault(parser: str, text: str) -> None:
    """`soc normalise` prints one document or one error for each line, whatever the line."""
    try:
        document = normalise_line(parser_of(parser), text, CONTEXT)
    except (ParseError, TypeConflictError):
        return
    assert document["event"]["original"] == text  # type: ignore[index]


@pytest.mark.parametrize("parser", ALL)
@pytest.mark.parametrize("piece", HOSTILE)
def test_long_hostile_text_is_read_in_one_pass(parser: str, piece: str) -> None:
    """Repetition that backtracking would punish: with quadratic work these tests would not end."""
    for seed in ("", *SEEDS):
        for text in (seed + piece * 30_000, piece * 30_000 + seed):
            try:
                parse(parser, text)
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
def test_a_refusal_says_what_was_expected_and_where(parser: str) -> None:
    """The text itself stays out of the message: it may hold personal data."""
    with pytest.raises(ParseError) as caught:
        parse(parser, "" if parser == "openssh" else "Nguyễn 075000000001")
    assert caught.value.column >= 1
    assert caught.value.expected is not None
    assert "075000000001" not in str(caught.value)
