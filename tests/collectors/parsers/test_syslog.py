"""The syslog envelope, alone and around sshd."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext
from collectors.times import yearless_time

from .conftest import CONTEXT, parse, picked


def test_rfc_5424_gives_header_structured_data_and_message() -> None:
    """The second example of RFC 5424, section 6.5, adapted."""
    record = parse(
        "syslog",
        '<165>1 2026-11-17T08:01:12.003+07:00 may-01.example evntslog 77 ID47 [ex@32473 iut="3" src="a\\"b"][y@1 z="1"] \ufeffAn event',
    )
    assert record["@timestamp"] == datetime(2026, 11, 17, 1, 1, 12, 3000, tzinfo=UTC)
    assert picked(
        record,
        "host.name process.name process.pid log.syslog.msgid log.syslog.priority log.syslog.facility.code message",
    ) == {
        "host.name": "may-01.example",
        "process.name": "evntslog",
        "process.pid": 77,
        "log.syslog.msgid": "ID47",
        "log.syslog.priority": 165,
        "log.syslog.facility.code": 20,
        "message": "An event",
    }
    assert record["log.syslog.structured_data.ex@32473.src"] == 'a"b'


@pytest.mark.parametrize(
    "line",
    [
        "<38>Nov 17 08:01:12 may-01 sshd[2211]: hello",
        "Nov 17 08:01:12 may-01 sshd[2211]: hello",
        "2026-11-17T08:01:12+07:00 may-01 sshd[2211]: hello",
        "53 <38>1 2026-11-17T01:01:12Z may-01 sshd 2211 - - hello",
    ],
)
def test_the_forms_of_the_header_come_to_the_same(line: str) -> None:
    """RFC 3164 with and without PRI, the ISO time of rsyslog, octet counting."""
    record = parse("syslog", line)
    assert record["@timestamp"] == datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC)
    assert picked(record, "host.name process.name process.pid message") == {
        "host.name": "may-01",
        "process.name": "sshd",
        "process.pid": 2211,
        "message": "hello",
    }


@pytest.mark.parametrize(
    ("written", "received", "expected"),
    [
        ("Dec 31 23:59:58", "2026-12-31T17:00:10", "2026-12-31T23:59:58"),
        ("Dec 31 23:59:58", "2027-01-01T02:00:00", "2026-12-31T23:59:58"),
        ("Jan  1 00:00:03", "2026-12-31T16:59:50", "2027-01-01T00:00:03"),
        ("Jan  1 00:00:03", "2026-12-31T17:00:10", "2027-01-01T00:00:03"),
        ("Nov 17 08:00:00", "2026-11-17T00:30:00", "2026-11-17T08:00:00"),
        ("Nov 20 08:00:00", "2026-11-17T00:30:00", "2025-11-20T08:00:00"),
        ("Feb 29 08:00:00", "2026-11-17T00:30:00", "2024-02-29T08:00:00"),
    ],
)
def test_the_missing_year_is_the_one_nearest_before_receipt(written: str, received: str, expected: str) -> None:
    """New Year's night in both directions, a fast clock, a leap day; times are local, receipt is UTC."""
    context = ParseContext(datetime.fromisoformat(received).replace(tzinfo=UTC), CONTEXT.zone)
    envelope = open_envelope(f"{written} may-01 sshd: x", context)
    assert envelope is not None
    assert envelope.fields["@timestamp"] == datetime.fromisoformat(expected).replace(tzinfo=context.zone)


def test_a_day_that_no_year_has_is_refused() -> None:
    """30 February is no time, so the line has no header."""
    with pytest.raises(ValueError, match="2-30"):
        yearless_time(2, 30, "08:00:00", CONTEXT.received, UTC)
    assert open_envelope("Feb 30 08:00:00 may-01 sshd: x", CONTEXT) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Accepted password for canbo from 192.0.2.1 port 51826 ssh2",
            {"user.name": "canbo", "source.ip": "192.0.2.1", "source.port": 51826},
        ),
        ("Failed none for invalid user  from 192.0.2.1 port 5 ssh2", {"source.ip": "192.0.2.1", "source.port": 5}),
        (
            "Connection closed by invalid user pi 192.0.2.1 port 42608 [preauth]",
            {"user.name": "pi", "source.ip": "192.0.2.1", "source.port": 42608},
        ),
        ("pam_unix(sshd:session): session opened for user a(uid=7) by (uid=0)", {"user.name": "a", "user.id": "7"}),
    ],
)
def test_sshd_lines_give_user_and_peer(line: str, expected: dict[str, object]) -> None:
    """Bare or in the envelope."""
    names = "user.name user.id source.ip source.port"
    assert picked(parse("openssh", line), names) == expected
    assert picked(parse("openssh", f"Nov 17 08:01:12 may-01 sshd[2]: {line}"), names) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Failed password for invalid user x from 203.0.113.66 port 1 ssh2 from 192.0.2.1 port 22 ssh2",
        "Connection closed by invalid user x 203.0.113.66 port 1 192.0.2.1 port 22 [preauth]",
    ],
)
def test_a_name_that_imitates_an_address_blames_nobody_else(line: str) -> None:
    """The user name is the attacker's choice; the peer is what sshd wrote last."""
    assert picked(parse("openssh", line), "source.ip source.port") == {"source.ip": "192.0.2.1", "source.port": 22}
