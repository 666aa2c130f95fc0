"""Deterministic ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from soc.core.ids import digest, event_id


def test_a_record_delivered_twice_has_one_id() -> None:
    """The id depends on source, position and content alone."""
    assert event_id("lgsp-gw", 120, b"line") == event_id("lgsp-gw", 120, b"line")


def test_two_records_differ_by_any_part() -> None:
    """Source, position and content each count."""
    ids = {event_id("a", 1, b"x"), event_id("b", 1, b"x"), event_id("a", 2, b"x"), event_id("a", 1, b"y")}
    assert len(ids) == 4


@given(st.text(), st.text(), st.text(), st.text())
def test_the_boundaries_of_the_parts_count(a: str, b: str, c: str, d: str) -> None:
    """("ab", "c") and ("a", "bc") are different."""
    assert (digest(a, b) == digest(c, d)) == ((a, b) == (c, d))
