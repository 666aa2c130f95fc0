"""FortiGate, CEF and Keycloak."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.parsers.cef import split_cef
from collectors.parsers.pairs import read_listed_pairs, read_pairs
from soc.core.errors import ParseError

from .conftest import parse, picked

KV = 'devname="FG-01" logid="0000000013" type="traffic" subtype="forward" srcip=198.51.100.21 action="deny"'


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ('a=1 b="x y" c=', {"a": "1", "b": "x y", "c": ""}),
        ('a=1,b="x, y",c=2', {"a": "1", "b": "x, y", "c": "2"}),
        (r'path="C:\" next="1"', {"path": "C:\\", "next": "1"}),
        (r'm="say \"hi\" now" n=1', {"m": 'say "hi" now', "n": "1"}),
        ("a=1 word b=2 a=3", {"a": "1", "b": "2"}),
        ('a="open b=2', {"a": "open b=2"}),
        ("no pairs here", {}),
    ],
)
def test_pairs_are_read_with_their_quotes(text: str, pairs: dict[str, str]) -> None:
    """Blank or comma between them; the first of a name wins; an unclosed quote takes the rest."""
    assert read_pairs(text) == pairs


def test_bare_values_of_a_list_may_hold_blanks_and_commas() -> None:
    """As Keycloak writes scopes and free text."""
    assert read_listed_pairs('type=LOGIN, scope=openid, profile x, a="b, c=d", u=null') == {
        "type": "LOGIN",
        "scope": "openid, profile x",
        "a": "b, c=d",
        "u": "null",
    }


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("eventtime=1794877272 ", datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC)),
        ("eventtime=1794877272000000000 ", datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC)),
        ('date=2026-11-17 time=08:01:12 tz="+0700" ', datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC)),
        ('date=2026-11-17 time=08:01:12 tz="+0000" ', datetime(2026, 11, 17, 8, 1, 12, tzinfo=UTC)),
        ("date=2026-11-17 time=08:01:12 ", datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_the_time_of_a_fortigate_record_is_found_in_every_firmware(time: str, expected: datetime) -> None:
    """Seconds or nanoseconds, date and time with or without their zone."""
    assert parse("fortigate", time + KV)["@timestamp"] == expected


@pytest.mark.parametrize("around", ["{}", "<189>{}", "<189>Nov 17 08:01:12 fw-01 {}", "  {}"])
def test_a_fortigate_record_is_read_in_and_out_of_syslog(around: str) -> None:
    """FortiOS sends a lone PRI; a relay adds a whole header."""
    record = parse("fortigate", around.format(KV))
    assert picked(record, "event.code observer.name source.ip event.action event.type") == {
        "event.code": "0000000013",
        "observer.name": "FG-01",
        "source.ip": "198.51.100.21",
        "event.action": "deny",
        "event.type": ["connection", "denied"],
    }


def test_an_interim_traffic_record_counts_its_interval_only() -> None:
    """`sentbyte` of such a record is the sum so far: adding those up would count a long session many times."""
    record = parse("fortigate", KV + " sentbyte=5000 rcvdbyte=7000 sentdelta=50 rcvddelta=70")
    assert picked(record, "source.bytes destination.bytes network.bytes fortinet.total_sentbyte") == {
        "source.bytes": 50,
        "destination.bytes": 70,
        "network.bytes": 120,
        "fortinet.total_sentbyte": "5000",
    }


def test_a_value_cannot_turn_a_fortigate_record_into_cef() -> None:
    """The form is told by how the record begins, not by what an attacker put into a URL."""
    assert parse("fortigate", KV + ' url="/x CEF:0|a|b|"')["source.ip"] == "198.51.100.21"


def test_cef_escapes_and_labels_are_resolved() -> None:
    """Pipes and backslashes of the header, equals signs and line ends of the extension, custom labels."""
    line = r"CEF:0|Ha\|ng|S\\P|1.0|42|ten|High|src=192.0.2.1 msg=a\=b\nc d cs1=x y cs1Label=Ten Nhan flexString1= "
    line += r"filePath=E:\\a.exe act=chan"
    record = parse("cef", line)
    assert picked(
        record, "observer.vendor observer.product event.code event.severity message file.path event.action"
    ) == {
        "observer.vendor": "Ha|ng",
        "observer.product": "S\\P",
        "event.code": "42",
        "event.severity": 8,
        "message": "a=b\nc d",
        "file.path": "E:\\a.exe",
        "event.action": "chan",
    }
    assert picked(record, "cef.cs1 cef.label.TenNhan cef.cs1Label") == {"cef.cs1": "x y", "cef.label.TenNhan": "x y"}


@pytest.mark.parametrize(
    "before",
    ["", "<14>Nov 17 08:00:00 ksc-01 ", "<14>1 2026-11-17T08:00:00+07:00 ksc-01 - - - - ", "Nov 17 08:00:00 ksc-01 "],
)
def test_cef_is_read_behind_any_syslog_header(before: str) -> None:
    """The header's host and time fill in what CEF leaves open."""
    record = parse("cef", before + "CEF:0|A|B|1|2|n|3|src=192.0.2.1")
    assert record["source.ip"] == "192.0.2.1"
    assert record.get("host.name") == ("ksc-01" if before else None)
    assert record.get("process.name") is None


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ("rt=1794877200000", datetime(2026, 11, 17, 1, 0, tzinfo=UTC)),
        ("rt=Nov 17 2026 08:00:00", datetime(2026, 11, 17, 1, 0, tzinfo=UTC)),
        ("dtz=UTC rt=Nov 17 2026 08:00:00", datetime(2026, 11, 17, 8, 0, tzinfo=UTC)),
        ("rt=Nov 17 2026 09:00:00 start=Nov 17 2026 08:00:00", datetime(2026, 11, 17, 1, 0, tzinfo=UTC)),
        ("end=2026-11-17T08:00:00+07:00", datetime(2026, 11, 17, 1, 0, tzinfo=UTC)),
    ],
)
def test_cef_times_come_in_every_form(extension: str, expected: datetime) -> None:
    """Start of the activity, else receipt by the device, else its end."""
    assert parse("cef", f"CEF:0|A|B|1|2|n|3|{extension} src=192.0.2.1")["@timestamp"] == expected


def test_a_short_cef_header_is_refused_at_its_column() -> None:
    """Where the field that is missing should begin."""
    with pytest.raises(ParseError) as caught:
        split_cef("CEF:0|A|B|1")
    assert caught.value.column == 11


def test_keycloak_is_read_quoted_and_bare() -> None:
    """Two releases, one meaning; null is absence."""
    head = "2026-11-17 08:01:12,345 WARN  [org.keycloak.events] (executor-thread-4) "
    quoted = parse(
        "keycloak",
        head
        + 'type="LOGIN_ERROR", clientId="dvc", userId="null", ipAddress="203.0.113.160", error="user_not_found", username="a"',
    )
    bare = parse(
        "keycloak",
        head + "type=LOGIN_ERROR, clientId=dvc, userId=null, ipAddress=203.0.113.160, error=user_not_found, username=a",
    )
    assert quoted == bare
    assert picked(bare, "event.action event.outcome source.ip user.name user.id error.code") == {
        "event.action": "LOGIN_ERROR",
        "event.outcome": "failure",
        "source.ip": "203.0.113.160",
        "user.name": "a",
        "error.code": "user_not_found",
    }


@pytest.mark.parametrize(
    ("pairs", "outcome", "kind"),
    [
        ('type="LOGIN"', "success", ["start"]),
        ('type="REMOVE_TOTP"', "success", ["change"]),
        ('operationType="CREATE", resourceType="USER"', "success", ["change"]),
        ('operationType="CREATE", error="null"', "success", ["change"]),
        ('operationType="CREATE", error="conflict"', "failure", ["change"]),
    ],
)
def test_keycloak_events_carry_outcome_and_type(pairs: str, outcome: str, kind: list[str]) -> None:
    """User events by their name, admin events by their operation."""
    record = parse("keycloak", f"2026-11-17 08:01:12,345 INFO  [org.keycloak.events] (t) {pairs}")
    assert (record["event.outcome"], record["event.type"]) == (outcome, kind)
