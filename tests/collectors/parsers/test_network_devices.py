"""Traps of network and security devices: clocks, years, zones, directions, quotes, IPv6, and names that imitate the rest of a line."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from collectors.parsing import ParseContext
from collectors.times import label_zone
from soc.core.errors import ParseError

from .conftest import parse, picked

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NEW_YEAR = ParseContext(datetime(2026, 12, 31, 17, 0, 5, tzinfo=UTC), HANOI)
"""Five seconds into 2027 in the province."""
TWICE = "outside:203.0.113.20/443 (203.0.113.20/443) to inside:192.0.2.21/51900 (198.51.100.1/51900)"


@pytest.mark.parametrize(
    ("parser", "line"),
    [
        (
            "mikrotik",
            "Dec 31 23:59:58 rt system,error,critical login failure for user admin from 203.0.113.51 via winbox",
        ),
        ("mikrotik", "dec/31 23:59:58 system,error,critical login failure for user admin from 203.0.113.51 via winbox"),
        ("mikrotik", "12-31 23:59:58 system,error,critical login failure for user admin from 203.0.113.51 via winbox"),
        ("cisco_ios", "<189>1: rt: Dec 31 23:59:58: %SYS-5-RESTART: System restarted --"),
        (
            "cisco_firewall",
            "<166>Dec 31 23:59:58 asa-01 : %ASA-6-113012: AAA user authentication Successful : local database : user = a",
        ),
        ("pfsense", "<6>Dec 31 23:59:58 pf kernel: igb0: link state changed to DOWN"),
    ],
)
def test_a_time_without_a_year_read_at_new_year_falls_in_the_old_one(parser: str, line: str) -> None:
    """The year is that which puts the time nearest before its receipt."""
    assert parse(parser, line, NEW_YEAR)["@timestamp"] == datetime(2026, 12, 31, 16, 59, 58, tzinfo=UTC)


def test_a_clock_that_was_never_set_gives_no_time_of_the_event() -> None:
    """Cisco marks it with a star: the relay's time counts, else that of receipt; one that lost its server is kept and named."""
    lone = parse("cisco_ios", "<189>12: *Mar  1 00:00:41.512: %LINK-3-UPDOWN: Interface Gi0/0, changed state to up")
    relayed = parse("cisco_ios", "<189>Nov 17 08:00:07 192.0.2.1 14: rt: *Mar  1 00:00:51: %SYS-5-RESTART: x")
    lost = parse("cisco_ios", "<189>12: .Nov 17 08:00:04.998: %LINK-3-UPDOWN: Interface Gi0/0, changed state to up")
    assert "@timestamp" not in lone
    assert lone["cisco.clock"] == "unsynchronised"
    assert relayed["@timestamp"] == datetime(2026, 11, 17, 1, 0, 7, tzinfo=UTC)
    assert relayed["host.name"] == "rt"
    assert lost["@timestamp"] == datetime(2026, 11, 17, 1, 0, 4, 998000, tzinfo=UTC)
    assert lost["cisco.clock"] == "lost"


@pytest.mark.parametrize(
    ("label", "utc_hour"), [("ICT", 1), ("UTC", 8), ("CET", 7), ("GMT+7", 1), ("+07:00", 1), ("XAMAU", 1)]
)
def test_the_zone_that_a_device_writes_counts_and_an_invented_one_does_not(label: str, utc_hour: int) -> None:
    """A label nobody knows leaves the zone of the source."""
    record = parse("cisco_ios", f"<189>1: rt: Nov 17 08:00:00 {label}: %SYS-5-RESTART: x")
    assert record["@timestamp"] == datetime(2026, 11, 17, utc_hour, 0, 0, tzinfo=UTC)


def test_a_label_that_the_source_uses_itself_means_its_zone() -> None:
    """CST is China's time in Shanghai, and six hours west of Greenwich elsewhere."""
    shanghai = label_zone("CST", ZoneInfo("Asia/Shanghai"))
    elsewhere = label_zone("CST", HANOI)
    assert datetime(2026, 11, 17, 8, tzinfo=shanghai).astimezone(UTC).hour == 0
    assert datetime(2026, 11, 17, 8, tzinfo=elsewhere).astimezone(UTC).hour == 14


@pytest.mark.parametrize(
    ("parser", "line"),
    [
        ("paloalto", "1,2026/11/17 08:01:00,1,SYSTEM,general,0,2026/11/17 08:01:00,,x,,0,0,general,informational,t,1,"
                     "0x0,0,0,0,0,,pa,0,0,2026-11-17T08:01:00.000+07:00"),
        ("sophos_firewall", 'device="SFW" date=2026-11-17 time=08:01:00 timezone="+07" log_id=1 log_type="Event"'),
        ("sophos_firewall", 'timestamp="2026-11-17T08:01:00+0700" log_id="1" log_type="Event"'),
        ("aruba_os", "<141>Nov 17 08:01:00 2026 mc authmgr[1]: <522008> <1> <NOTI> <mc 192.0.2.2>  User "
                     "Authentication Successful: username=a"),
        ("juniper", '<14>1 2026-11-17T08:01:00.000+07:00 srx RT_FLOW - RT_FLOW_SESSION_CREATE '
                    '[junos@2636.1.1.1.2.129 source-address="192.0.2.1"]'),
        ("checkpoint", '[action:"Drop"; time:"1794877260"; src:"192.0.2.1"]'),
    ],
)  # fmt: skip
def test_a_time_with_an_offset_is_read_with_it(parser: str, line: str) -> None:
    """Whatever the zone of the source."""
    elsewhere = ParseContext(datetime(2026, 11, 18, tzinfo=UTC), ZoneInfo("America/Chicago"))
    context = elsewhere if parser != "aruba_os" else ParseContext(elsewhere.received, HANOI)
    assert parse(parser, line, context)["@timestamp"] == datetime(2026, 11, 17, 1, 1, tzinfo=UTC)


def test_the_source_of_a_connection_is_who_opened_it() -> None:
    """An ASA names the far side first; the word outbound, or the ports of the teardown, tell which side that is."""
    ends = {"source.ip": "192.0.2.21", "source.port": 51900, "destination.ip": "203.0.113.20", "destination.port": 443}
    names = "source.ip source.port destination.ip destination.port"
    built = parse("cisco_firewall", f"%ASA-6-302013: Built outbound TCP connection 1 for {TWICE}")
    ended = parse(
        "cisco_firewall", f"%ASA-6-302014: Teardown TCP connection 1 for {TWICE} duration 0:02:00 bytes 9 TCP FINs"
    )
    assert picked(built, names) == ends
    assert picked(ended, names) == ends
    assert (built["source.nat.ip"], built["observer.ingress.interface.name"]) == ("198.51.100.1", "inside")
    inbound = parse("cisco_firewall", f"%ASA-6-302013: Built inbound TCP connection 1 for {TWICE}")
    assert inbound["source.ip"] == "203.0.113.20"


@pytest.mark.parametrize(
    ("parser", "line"),
    [
        ("cisco_firewall", "%ASA-4-106023: Deny tcp src outside:2001:db8::80/40112 dst inside:2001:db8:1::10/22 by access-group \"A\""),
        ("cisco_firewall", "%ASA-3-710003: TCP access denied by ACL from 2001:db8::80/40112 to outside:2001:db8:1::10/22"),
        ("cisco_firewall", "%ASA-3-999999: what is new from 2001:db8::80/40112 to 2001:db8:1::10/22"),
        ("cisco_ios", "%IPV6_ACL-6-ACCESSLOGP: list A/10 denied tcp 2001:db8::80(40112) -> 2001:db8:1::10(22), 1 packet"),
        ("mikrotik", "firewall,info input: in:ether1 out:(unknown 0), proto TCP (SYN), "
                     "[2001:db8::80]:40112->[2001:db8:1::10]:22, len 72"),
        ("pfsense", "<134>Nov 17 08:01:14 pf filterlog: 5,,,1,igb1,match,block,in,6,0x00,0x0,64,tcp,6,40,"
                    "2001:db8::80,2001:db8:1::10,40112,22,0,S,1,,1,,"),
        ("watchguard", 'Nov 17 08:01:14 fb firewall: msg_id="3000-0148" Deny 0-External Firebox 60 tcp 20 49 '
                       '2001:db8::80 2001:db8:1::10 40112 22 (x-00)'),
    ],
)  # fmt: skip
def test_addresses_of_ipv6_keep_their_colons_and_their_ports(parser: str, line: str) -> None:
    """The same four ends, whatever the device."""
    assert picked(parse(parser, line), "source.ip source.port destination.ip destination.port") == {
        "source.ip": "2001:db8::80",
        "source.port": 40112,
        "destination.ip": "2001:db8:1::10",
        "destination.port": 22,
    }


def test_a_login_name_cannot_name_another_source() -> None:
    """What the attacker typed as a name holds the phrase that the device writes behind it."""
    record = parse("mikrotik", "login failure for user x from 192.0.2.1 via ssh from 203.0.113.51 via winbox")
    assert picked(record, "source.ip user.name") == {
        "source.ip": "203.0.113.51",
        "user.name": "x from 192.0.2.1 via ssh",
    }
    rejected = parse(
        "cisco_firewall",
        '%ASA-6-605004: Login denied from 203.0.113.80/1 to outside:198.51.100.1/ssh for user "a to b for user c"',
    )
    assert picked(rejected, "source.ip user.name") == {"source.ip": "203.0.113.80", "user.name": "a to b for user c"}


def test_quotes_and_commas_inside_a_value_stay_inside() -> None:
    """CSV of PAN-OS, structured data of Junos, pairs of Check Point."""
    pan = parse(
        "paloalto",
        '1,2026/11/17 08:01:00,1,SYSTEM,auth,0,2026/11/17 08:01:00,,auth-fail,,0,0,general,medium,"user '
        '""a, b"" failed, From: 192.0.2.1",1,0x0',
    )
    assert pan["message"] == 'user "a, b" failed, From: 192.0.2.1'
    junos = parse("juniper", 'RT_SCREEN_TCP [attack-name="a \\"b\\" c" source-address="192.0.2.1"]')
    assert junos["threat.indicator.name"] == 'a "b" c'
    cp = parse("checkpoint", '[action:"Drop"; rule_name:"a; b:\\"c\\""; src:"192.0.2.1"; src:"192.0.2.2"]')
    assert picked(cp, "rule.name source.ip") == {"rule.name": 'a; b:"c"', "source.ip": "192.0.2.1"}


def test_an_unknown_message_of_an_asa_keeps_its_number_and_its_addresses() -> None:
    """The table never knows every release."""
    record = parse(
        "cisco_firewall",
        "%ASA-4-888888: something odd from inside:192.0.2.1/5 to outside:203.0.113.1/6 on interface outside",
    )
    assert picked(record, "event.code source.ip destination.ip source.port") == {
        "event.code": "888888",
        "source.ip": "192.0.2.1",
        "destination.ip": "203.0.113.1",
        "source.port": 5,
    }


@pytest.mark.parametrize(
    "parser", ["paloalto", "checkpoint", "sophos_firewall", "watchguard", "pfsense", "cisco_firewall"]
)
def test_a_line_of_another_device_is_refused(parser: str) -> None:
    """Better in the quarantine than half read."""
    with pytest.raises(ParseError):
        parse(parser, '203.0.113.80 - - [17/Nov/2026:03:20:01 +0700] "GET / HTTP/1.1" 200 1')
