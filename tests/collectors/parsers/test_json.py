"""JSON records."""

from __future__ import annotations

import pytest

from collectors.normalise import normalise_line
from collectors.options import parser_of
from collectors.parsers.json import MAX_DEPTH, MAX_FIELDS
from soc.core.errors import ParseError

from .conftest import CONTEXT, parse


def test_nested_objects_become_dotted_names() -> None:
    """Lists of objects give one list for each name inside; null is left out."""
    text = '{"a":{"b":1,"c":null},"m":[{"d":{"id":"x"}},{"d":{"id":"y"},"t":["p"]}],"l":[1,"2"],"a.b":9}'
    assert parse("json", text) == {"a.b": 1, "m.d.id": ["x", "y"], "m.t": ["p"], "l": [1, "2"]}


@pytest.mark.parametrize("text", ["", "[]", "7", '"x"', "{", '{"a":}', "NaN", "\x00"])
def test_what_is_no_object_is_refused(text: str) -> None:
    """A JSON record is one object."""
    with pytest.raises(ParseError):
        parse("json", text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * (MAX_DEPTH + 2) + "1" + "}" * (MAX_DEPTH + 2),
        '{"a":' * 5000 + "1" + "}" * 5000,
        "{" + ",".join(f'"k{i}":1' for i in range(MAX_FIELDS + 1)) + "}",
        '{"' + "k" * 100_000 + '":{"a":1,"b":2}}',
    ],
)
def test_an_object_without_measure_is_refused(text: str) -> None:
    """Depth, number and length of names are the sender's choice; the work is not."""
    with pytest.raises(ParseError):
        parse("json", text)


def test_a_record_without_a_table_is_ecs_less_what_is_ours() -> None:
    """No line may say whose it is, nor what enrichment would find."""
    text = '{"user":{"name":"a"},"soc":{"agency":"x","time":{"in_hours":true}},"soc.exercise":"r","event":{"id":"1","code":7},'
    text += '"@timestamp":"2026-11-17 08:00:00"}'
    document = normalise_line(parser_of("json"), text, CONTEXT)
    assert document["user"] == {"name": "a"}
    assert document["@timestamp"] == "2026-11-17T01:00:00Z"
    assert document["soc"] == {"parser": "json@1"}
    assert set(document["event"]) == {"code", "original"}  # type: ignore[call-overload]


def test_a_value_named_like_an_object_of_ecs_stays_under_the_parser() -> None:
    """`event` as a word would stand in the way of `event.original`, `soc` of every mark."""
    text = '{"event":"login","soc":"x","host":["a","b"],"host.name":"web-01","message":"m","tags":["t"],"ban":"1"}'
    document = normalise_line(parser_of("json"), text, CONTEXT)
    assert document["json"] == {"event": "login", "soc": "x", "host": ["a", "b"]}
    assert document["soc"] == {"parser": "json@1"}
    assert document["host"] == {"name": "web-01"}
    assert (document["message"], document["tags"], document["ban"]) == ("m", ["t"], "1")
