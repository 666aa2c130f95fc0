"""The event and its ECS types."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.core.ecs import FieldType, coerce, field_type
from soc.core.errors import TypeConflictError
from soc.core.event import Event, flatten, nest, typed
from soc.core.i18n import Lang

NAMES = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4).map(".".join)


def test_values_take_the_type_of_their_field() -> None:
    """Text of a log becomes what ECS wants; an unknown field keeps its value."""
    fields = typed(
        {
            "source.port": "443",
            "source.ip": "2001:DB8:0:0::1",
            "@timestamp": datetime(2026, 11, 17, 1, 5, 11, 412000, UTC),
            "soc.time.in_hours": "true",
            "user.name": "canbo.motcua.017",
            "x.count": 3,
        }
    )
    assert fields == {
        "source.port": 443,
        "source.ip": "2001:db8::1",
        "@timestamp": "2026-11-17T01:05:11.412000Z",
        "soc.time.in_hours": True,
        "user.name": "canbo.motcua.017",
        "x.count": 3,
    }


def test_nothing_is_left_out() -> None:
    """None, empty text and empty lists have no key; 0 and False stay."""
    assert typed({"a": None, "b": "", "c": [], "d": [None, ""], "e": 0, "f": False}) == {"e": 0, "f": False}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source.port", "https"),
        ("source.port", 1.5),
        ("source.port", True),
        ("source.port", 2**63),
        ("source.ip", "192.0.2.300"),
        ("@timestamp", "yesterday"),
        ("@timestamp", "2026-11-17T01:05:11"),
        ("soc.time.in_hours", "maybe"),
        ("user.name", {"first": "a"}),
        ("event.risk_score", "high"),
    ],
)
def test_a_value_the_type_cannot_hold_is_a_conflict(name: str, value: object) -> None:
    """The error names the field, the value and the type, in both languages."""
    with pytest.raises(TypeConflictError) as caught:
        coerce(name, value)
    assert caught.value.where == name
    assert field_type(name).value in caught.value.render(Lang.EN)
    assert caught.value.render(Lang.EN) != caught.value.render(Lang.VI)


def test_hexadecimal_process_ids_are_numbers() -> None:
    """Windows writes process ids as 0x1f4."""
    assert coerce("process.pid", "0x1F4") == 500
    assert field_type("process.pid") is FieldType.LONG


@given(st.dictionaries(NAMES, st.integers(), max_size=8))
def test_nesting_then_flattening_gives_the_same_fields(fields: dict[str, int]) -> None:
    """Also where one name is the prefix of another."""
    assert flatten(nest(fields)) == fields


@given(
    st.dictionaries(
        NAMES, st.one_of(st.text(), st.integers(-(2**53), 2**53), st.booleans(), st.lists(st.text(), min_size=1))
    )
)
def test_an_event_survives_its_stored_form(
    fields: dict[str, str | int | bool | list[str | int | float | bool]],
) -> None:
    """to_json and from_json are inverse."""
    assert Event.from_json(Event(fields).to_json()).fields == fields
