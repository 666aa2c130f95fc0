"""From a raw record to an event."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.enrich import default_enrichers
from collectors.normalise import Normaliser, normalise_line
from collectors.options import parser_of
from collectors.parsing import ParseContext
from collectors.platform import Platform, load_platforms
from soc.core.clock import FixedClock
from soc.core.errors import InputError, ParseError, TypeConflictError
from soc.core.event import MARKS

from .conftest import RECEIVED, record, source

LINE = '{"thoiGian":"2026-11-17T09:02:11+07:00","taiKhoan":"canbo.01","donVi":"xa-mau-02","ip":"198.51.100.21","ketQua":"OK"}'


def test_an_event_carries_the_marks_of_its_source(normaliser: Normaliser) -> None:
    """Whose it is, where it came from, when it was received, by what it was read."""
    event = normaliser.normalise(record(LINE, 7), source("one_stop"), "id-7", redacted=2, exercise="run-1")
    assert (event.id, event.platform, event.agency, event.source, event.exercise) == (
        "id-7",
        "one_stop",
        "xa-mau-01",
        "nguon-01",
        "run-1",
    )
    assert event.original == LINE
    marks = {
        name: event.fields[name]
        for name in ("soc.seq", "soc.parser", "soc.received", "soc.redacted", "event.ingested", "soc.unit")
    }
    assert marks == {
        "soc.seq": 7,
        "soc.parser": "json@1",
        "soc.received": "2026-11-18T00:00:00Z",
        "soc.redacted": 2,
        "event.ingested": "2026-11-18T00:00:00Z",
        "soc.unit": "xa-mau-02",
    }


@given(
    line=st.dictionaries(
        st.sampled_from([*MARKS, "soc", "taiKhoan", "event.id", "soc.time.in_hours"]),
        st.text(max_size=5)
        | st.dictionaries(st.sampled_from(["agency", "exercise", "source", "id"]), st.text(max_size=5), max_size=3),
    ).map(lambda made: orjson.dumps(made).decode())
)
def test_no_line_can_say_whose_it_is(line: str) -> None:
    """Law 7 begins here: the agency comes from the registered source, with or without a field table."""
    normaliser = Normaliser(load_platforms(), default_enrichers(), FixedClock(RECEIVED))
    for origin in (source("one_stop"), source("public_service_portal", parser="json")):
        try:
            event = normaliser.normalise(record(line), origin, "id")
        except InputError:
            continue
        assert (event.agency, event.source, event.id, event.exercise) == ("xa-mau-01", "nguon-01", "id", None)
        assert event.fields["soc.seq"] == 0
        assert isinstance(event.fields["soc.time.in_hours"], bool)


def test_a_record_without_a_time_happened_when_it_was_received(normaliser: Normaliser) -> None:
    """The only time there is."""
    event = normaliser.normalise(record('{"taiKhoan":"a"}'), source("one_stop"), "id")
    assert event.timestamp == RECEIVED


@pytest.mark.parametrize(
    ("ahead", "accepted"), [(timedelta(hours=23), True), (timedelta(days=2), False), (timedelta(days=-1200), True)]
)
def test_a_clock_far_ahead_is_refused_and_history_is_not(
    normaliser: Normaliser, ahead: timedelta, accepted: bool
) -> None:
    """Three years back is an import; three days ahead would stand in front of everything until its day comes."""
    line = orjson.dumps({"thoiGian": (RECEIVED + ahead).isoformat(), "taiKhoan": "a"}).decode()
    if accepted:
        assert normaliser.normalise(record(line), source("one_stop"), "id").timestamp == RECEIVED + ahead
        return
    with pytest.raises(ParseError) as caught:
        normaliser.normalise(record(line), source("one_stop"), "id")
    assert caught.value.where == "@timestamp"


def test_a_value_of_the_wrong_type_names_its_field(normaliser: Normaliser) -> None:
    """One vendor's update must not stop the source unnoticed: the field is in the message."""
    line = '{"time":"2026-11-17T08:05:11+07:00","remote_addr":"192.0.2.5","remote_port":"abc"}'
    with pytest.raises(TypeConflictError) as caught:
        normaliser.normalise(record(line), source("public_service_portal"), "id")
    assert caught.value.where == "source.port"


def test_times_without_an_offset_are_in_the_zone_of_the_source(normaliser: Normaliser) -> None:
    """A server that writes UTC is registered so."""
    line = '{"thoiGian":"2026-11-17 09:00:00","taiKhoan":"a"}'
    local = normaliser.normalise(record(line), source("one_stop"), "id")
    moved = normaliser.normalise(record(line), source("one_stop", zone="UTC"), "id")
    assert moved.timestamp - local.timestamp == timedelta(hours=7)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_vietnamese_text_is_kept_in_one_form(normaliser: Normaliser, form: str) -> None:
    """Composed and decomposed spellings meet in one value, or rules would miss half of them."""
    line = unicodedata.normalize(form, '{"taiKhoan":"nguyễn.thị","hanhDong":"Phê duyệt"}')
    event = normaliser.normalise(record(line), source("one_stop"), "id")
    assert event.fields["user.name"] == unicodedata.normalize("NFC", "nguyễn.thị")


def test_bytes_of_an_unknown_charset_are_read_and_marked(normaliser: Normaliser) -> None:
    """Nothing is lost for a letter; the guess is written down."""
    event = normaliser.normalise(record(b'{"taiKhoan":"caf\xe9"}'), source("one_stop"), "id")
    assert event.fields["user.name"] == "café"
    assert event.fields["soc.charset"] == "latin-1"


def test_the_envelope_gives_what_the_record_leaves_open(normaliser: Normaliser) -> None:
    """The record's own fields win."""
    inner = '203.0.113.80 - - [17/Nov/2026:03:20:01 +0700] "GET / HTTP/1.1" 200 5 "-" "-"'
    event = normaliser.normalise(
        record(f"<190>Nov 17 08:00:00 web-01 nginx: {inner}"), source("public_service_portal"), "id"
    )
    assert event.fields["host.name"] == "web-01"
    assert event.timestamp == datetime(2026, 11, 16, 20, 20, 1, tzinfo=UTC)


def test_the_format_says_which_rules_apply(normaliser: Normaliser) -> None:
    """The Sigma logsource and the kind of log travel with the event."""
    event = normaliser.normalise(record(LINE), source("one_stop"), "id")
    named = {name: value for name, value in event.fields.items() if name.startswith(("soc.logsource.", "soc.log_type"))}
    assert named == {
        "soc.log_type": "audit",
        "soc.logsource.product": "one_stop",
        "soc.logsource.category": "application",
        "soc.logsource.service": "onestop.audit",
    }


def test_records_of_a_platform_that_did_not_load_wait_and_stop_nothing(platforms: dict[str, Platform]) -> None:
    """Its YAML may be broken today; a ParseError sends the record to the quarantine, not the pipeline to the floor."""
    normaliser = Normaliser({"one_stop": platforms["one_stop"]}, clock=FixedClock(RECEIVED))
    with pytest.raises(ParseError) as caught:
        normaliser.normalise(record(LINE), source("lgsp"), "id")
    assert caught.value.where == "nguon-01"


def test_a_source_changed_at_run_time_is_read_anew(normaliser: Normaliser) -> None:
    """The way of reading is worked out once for each source, and again when the source changes."""
    normaliser.normalise(record(LINE), source("one_stop"), "id")
    again = normaliser.normalise(record(LINE), source("one_stop", agency="xa-mau-09"), "id")
    assert again.agency == "xa-mau-09"


def test_a_line_by_itself_becomes_a_nested_document() -> None:
    """What `soc normalise` prints: ECS types enforced, no marks but the parser's."""
    context = ParseContext(RECEIVED)
    document = normalise_line(parser_of("openssh"), "Accepted password for a from 192.0.2.1 port 22 ssh2", context)
    assert document["source"] == {"address": "192.0.2.1", "ip": "192.0.2.1", "port": 22, "user": {"name": "a"}}
    assert document["soc"] == {"parser": "openssh@1"}
    assert "@timestamp" not in document
