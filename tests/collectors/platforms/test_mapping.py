"""Field tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.mapping import RESERVED, FieldTable, TableSpec, is_reserved
from collectors.parsing import ParseContext
from collectors.transforms import TRANSFORMS
from soc.core.clock import LOCAL_ZONE
from soc.core.errors import ParseError

CONTEXT = ParseContext(datetime(2026, 11, 18, tzinfo=UTC), LOCAL_ZONE)


def table(**spec: object) -> FieldTable:
    return FieldTable(TableSpec.model_validate(spec))


def applied(raw: dict[str, object], **spec: object) -> dict[str, object]:
    return table(**spec).apply(raw, CONTEXT)


def test_names_constants_and_several_targets() -> None:
    """Only what the table names gets in."""
    assert applied(
        {"a": "x", "b": 1, "c": 2},
        set={"event.kind": "event"},
        fields={"a": "user.name", "b": ["soc.doc.id", "event.code"]},
    ) == {
        "event.kind": "event",
        "user.name": "x",
        "soc.doc.id": 1,
        "event.code": 1,
    }


def test_the_first_name_of_the_table_that_holds_a_value_wins() -> None:
    """Aliases of one field; words for nothing count as nothing."""
    fields = {"a": "user.name", "b": "user.name"}
    assert applied({"b": "y", "a": "x"}, fields=fields) == {"user.name": "x"}
    assert applied({"b": "y", "a": "-"}, fields=fields, absent=["-"]) == {"user.name": "y"}


@pytest.mark.parametrize(
    ("transform", "value", "expected"),
    [
        ("epoch_ms", 1794877261412, datetime(2026, 11, 17, 1, 1, 1, 412000, tzinfo=UTC)),
        ("epoch_ns", "1794877261412345678", datetime(2026, 11, 17, 1, 1, 1, 412345, tzinfo=UTC)),
        ("epoch_s", "1794877261", datetime(2026, 11, 17, 1, 1, 1, tzinfo=UTC)),
        ("iso8601", "2026-11-17 08:01:01,412", datetime(2026, 11, 17, 1, 1, 1, 412000, tzinfo=UTC)),
        ("iso8601", "2026-11-17T01:01:01Z", datetime(2026, 11, 17, 1, 1, 1, tzinfo=UTC)),
        ("s_to_ns", "0.412", 412_000_000),
        ("ms_to_ns", 173, 173_000_000),
        ("int", "42", 42),
        ("lower", "HTTPS", "https"),
        ("basename", r"C:\a\b.exe", "b.exe"),
        ("in_parentheses", "https(203.0.113.50)", "203.0.113.50"),
        ("transport", "58", "ipv6-icmp"),
        ("outcome", "/Success", "success"),
    ],
)
def test_transforms_turn_one_value_into_another(transform: str, value: object, expected: object) -> None:
    """By name, as `as:` gives it."""
    assert applied({"a": value}, fields={"a": {"to": "labels.x", "as": transform}}) == {"labels.x": expected}


@pytest.mark.parametrize(
    ("transform", "to", "value", "expected"),
    [
        ("split_url", "url", "/a?b=c", {"url.path": "/a", "url.query": "b=c"}),
        ("address", "source", "may-01", {"source.address": "may-01", "source.domain": "may-01"}),
        (
            "endpoint",
            "destination",
            "[2001:db8::1]:80",
            {"destination.address": "2001:db8::1", "destination.ip": "2001:db8::1", "destination.port": 80},
        ),
        ("user", "user", r"TINH\can.bo", {"user.name": "can.bo", "user.domain": "TINH"}),
        (
            "file",
            "file",
            "/x/Bao Cao.PDF",
            {"file.path": "/x/Bao Cao.PDF", "file.name": "Bao Cao.PDF", "file.extension": "pdf"},
        ),
        ("hash", "file.hash", "A" * 64, {"file.hash.sha256": "a" * 64}),
        ("hash", "file.hash", "3f0c", {}),
    ],
)
def test_spreading_transforms_write_several_fields(
    transform: str, to: str, value: str, expected: dict[str, object]
) -> None:
    """Under the prefix that `to` names."""
    assert applied({"a": value}, fields={"a": {"to": to, "as": transform}}) == expected


def test_values_are_translated_with_a_word_for_the_rest() -> None:
    """Without `otherwise` an unknown value stays as it is."""
    values = {"OK": "success"}
    assert applied({"a": "OK"}, fields={"a": {"to": "event.outcome", "values": values}}) == {"event.outcome": "success"}
    assert applied({"a": "?"}, fields={"a": {"to": "event.outcome", "values": values}}) == {"event.outcome": "?"}
    assert applied({"a": "?"}, fields={"a": {"to": "event.outcome", "values": values, "otherwise": "unknown"}}) == {
        "event.outcome": "unknown"
    }


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("LOGIN", "LOGIN", True),
        (["A", "B"], "B", True),
        ({"not": "A"}, "B", True),
        ({"not": "A"}, None, True),
        ({"lt": 400}, "399", True),
        ({"lt": 400}, 400, False),
        ({"gte": 400, "lt": 500}, 404, True),
        ({"gte": 400, "lt": 500}, 500, False),
        ({"lt": 400}, "abc", False),
        ({"lt": 400}, None, False),
        ({"startswith": "KL"}, "KLAUD", True),
        ({"endswith": "_ERROR"}, "LOGIN_ERROR", True),
        ({"contains": "GI"}, "LOGIN", True),
        ({"exists": True}, "x", True),
        ({"exists": False}, None, True),
        ({"exists": True}, None, False),
        (200, "200", True),
    ],
)
def test_conditions_read_the_raw_value(condition: object, value: object, holds: bool) -> None:
    """Several tests of one condition must all hold."""
    raw = {} if value is None else {"a": value}
    made = applied(raw, when=[{"if": {"a": condition}, "set": {"event.outcome": "x"}}])
    assert made == ({"event.outcome": "x"} if holds else {})


def test_a_case_replaces_or_adds() -> None:
    """`set` replaces, `add` appends what is not there yet; the table itself never changes."""
    made = table(set={"event.type": ["info"]}, when=[{"if": {"a": "deny"}, "add": {"event.type": ["denied", "info"]}}])
    assert made.apply({"a": "deny"}, CONTEXT) == {"event.type": ["info", "denied"]}
    assert made.apply({"a": "pass"}, CONTEXT) == {"event.type": ["info"]}


def test_a_table_on_top_of_an_ecs_parser_moves_what_it_names() -> None:
    """Everything else stays; an empty target leaves a field out."""
    made = table(fields={"destination.ip": "host.ip", "url.path": []}, set={"event.dataset": "x"})
    assert made.refine(
        {"destination.ip": "192.0.2.1", "url.path": "/", "user.name": "a", "event.dataset": "y"}, CONTEXT
    ) == {
        "host.ip": "192.0.2.1",
        "user.name": "a",
        "event.dataset": "x",
    }


def test_an_unreadable_value_names_its_field_and_not_its_content() -> None:
    """The record goes to the quarantine; its content stays out of the message."""
    with pytest.raises(ParseError) as caught:
        applied({"thoiGian": "hôm qua 075000000001"}, fields={"thoiGian": "@timestamp"})
    assert caught.value.where == "thoiGian"
    assert "075000000001" not in str(caught.value)


@pytest.mark.parametrize("name", [*RESERVED, "soc.time.local_hour", "soc.net.zone", "soc.baseline.new_source", "soc"])
@pytest.mark.parametrize("where", ["fields", "set", "case", "add", "keep"])
def test_no_table_can_write_what_is_ours(name: str, where: str) -> None:
    """Marks decide who may see an event; enrichment decides what rules read."""
    spec: dict[str, object] = {
        "fields": {"fields": {"a": name}},
        "set": {"set": {name: "x"}},
        "case": {"when": [{"if": {"a": "b"}, "set": {name: "x"}}]},
        "add": {"when": [{"if": {"a": "b"}, "add": {name: ["x"]}}]},
        "keep": {"keep": name},
    }[where]
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        TableSpec.model_validate(spec)


@given(
    raw=st.dictionaries(
        st.sampled_from([*"abc", "soc.agency"]), st.text(max_size=12) | st.integers() | st.booleans(), max_size=4
    ),
    transform=st.sampled_from(TRANSFORMS),
)
def test_whatever_the_values_a_table_maps_or_refuses(raw: dict[str, object], transform: str) -> None:
    """Any transform on any value: fields, or a ParseError; and never a field of ours."""
    made = table(fields={"a": {"to": "labels", "as": transform}, "b": "user.name"}, keep="labels.raw")
    try:
        fields = made.apply(raw, CONTEXT)
    except ParseError:
        return
    assert not [name for name in fields if is_reserved(name)]
