"""Traps of web, mail, DNS and network monitoring logs: several lines of one act, time zones, what a sender can imitate."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from random import Random

import orjson
import pytest

from collectors.domains import domain_parts
from collectors.normalise import normalise_line
from collectors.options import parser_of
from collectors.parsers.mail import decoded_words
from collectors.parsing import Record
from soc.core.errors import FaultsError, ParseError, TypeConflictError

from .conftest import CONTEXT, picked
from .golden_pairs import reader_of, records_of


def parse(parser: str, text: str, **options: object) -> Record:
    return parser_of(parser, options).parse(text, CONTEXT)


# --- mail

QUEUED = "Nov 17 08:01:1{second} mx01 postfix/{daemon}[{pid}]: 4CzXyz1BQdzK: {rest}"
ONE_MESSAGE = [
    ("smtpd", "client=unknown[198.51.100.22], sasl_method=LOGIN, sasl_username=vanthu@xamau01.example"),
    ("cleanup", "message-id=<1@xamau01.example>"),
    ("qmgr", "from=<vanthu@xamau01.example>, size=18221, nrcpt=2 (queue active)"),
    (
        "smtp",
        "to=<a@so.example>, relay=mx.so.example[192.0.2.13]:25, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (x)",
    ),
    (
        "smtp",
        "to=<a@so.example>, relay=mx.so.example[192.0.2.13]:25, delay=9, delays=8/0/0/1, dsn=2.0.0, status=sent (250 ok)",
    ),
    ("local", "to=<b@xamau01.example>, relay=local, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (unknown user)"),
    ("qmgr", "removed"),
]


def test_the_lines_of_one_message_share_its_id_and_each_recipient_counts_once() -> None:
    """Deferred attempts come again and again: only the line that settles a recipient is the act."""
    records = [
        parse("postfix", QUEUED.format(second=at, daemon=daemon, pid=2200 + at, rest=rest))
        for at, (daemon, rest) in enumerate(ONE_MESSAGE)
    ]
    assert {record["transaction.id"] for record in records} == {"4CzXyz1BQdzK"}
    counted = [
        (record["email.to.address"], record["event.outcome"]) for record in records if record.get("soc.act.main")
    ]
    assert counted == [(["a@so.example"], "success"), (["b@xamau01.example"], "failure")]


def test_a_hand_over_to_the_content_filter_is_no_delivery() -> None:
    """The message comes back under another id, which the line names; its delivery would be counted twice."""
    record = parse(
        "postfix",
        "2298F5F619: to=<a@so.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, dsn=2.0.0,"
        " status=sent (250 2.0.0 Ok: queued as DF82A21108)",
    )
    assert record["postfix.queued_as"] == "DF82A21108"
    assert "soc.act.main" not in record


def test_an_answer_that_names_no_queue_is_a_delivery_all_the_same() -> None:
    record = parse(
        "postfix", "2298F5F619: to=<a@so.example>, relay=mx.example[192.0.2.13]:25, status=sent (250 Ok: queued as )"
    )
    assert record["event.outcome"] == "success"
    assert "postfix.queued_as" not in record


def test_a_header_that_imitates_the_context_of_a_mail_line_changes_nothing() -> None:
    """The sender chooses the subject; the client and the envelope stand behind it."""
    record = parse(
        "postfix",
        "B4B613F8B7: warning: header Subject: x from quantri[192.0.2.1]; from=<sep@tinh.example> to=<a@b.example>"
        " from evil.example[203.0.113.31]; from=<x@evil.example> to=<canbo@so.example> proto=ESMTP helo=<h>",
    )
    assert picked(record, "source.ip email.from.address email.to.address") == {
        "source.ip": "203.0.113.31",
        "email.from.address": ["x@evil.example"],
        "email.to.address": ["canbo@so.example"],
    }


def test_a_sender_address_that_looks_like_pairs_stays_one_address() -> None:
    """Quoted local parts may hold blanks and commas."""
    record = parse(
        "postfix",
        '05BC43F81E: to=<"a, relay=evil[203.0.113.1]:25"@so.example>, relay=none, delay=1, status=bounced (x)',
    )
    assert record["email.to.address"] == ['"a, relay=evil[203.0.113.1]:25"@so.example']
    assert "destination.ip" not in record


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?UTF-8?B?VGjDtG5nIGLDoW8=?=", "Thông báo"),
        ("=?utf-8?q?Th=C3=B4ng_b=C3=A1o?=", "Thông báo"),
        ("=?utf-8?B?!!?=", "=?utf-8?B?!!?="),
        ("=?unicode_escape?q?=5C?=", "=?unicode_escape?q?=5C?="),
        ("=?utf-8?B?AA==?=", "\u2400"),
    ],
)
def test_encoded_words_of_headers_are_written_out(written: str, read: str) -> None:
    """Charsets that are no charset of mail, and broken words, stay as they are."""
    assert decoded_words(written) == read


def test_the_address_that_zimbras_proxy_reports_is_kept_apart() -> None:
    """Only a proxy that the source names as trusted may put it in the place of its own."""
    line = (
        "2026-11-17 02:10:40,551 WARN  [ImapSSLServer-9] [ip=192.0.2.12;oip=203.0.113.31;via=192.0.2.12(nginx/1.20.0);] security - "
        "cmd=Auth; account=vanthu@xa.example; protocol=imap; error=authentication failed for [vanthu], invalid password;"
    )
    record = parse("zimbra", line)
    assert picked(record, "source.ip network.forwarded_ip user.email event.outcome network.protocol") == {
        "source.ip": "192.0.2.12",
        "network.forwarded_ip": ["203.0.113.31"],
        "user.email": "vanthu@xa.example",
        "event.outcome": "failure",
        "network.protocol": "imap",
    }


def test_an_account_name_cannot_turn_a_failed_log_in_into_a_success() -> None:
    """The error that Zimbra appends counts wherever the name ends."""
    line = (
        "2026-11-17 02:31:01,001 WARN  [qtp-1] [oip=203.0.113.31;ua=x;] security - cmd=Auth; account=a; protocol=soap;"
        " error=authentication failed for [a; protocol=soap;], account not found;"
    )
    assert parse("zimbra", line)["event.outcome"] == "failure"


# --- web


def test_iis_writes_utc_whatever_the_zone_of_the_source() -> None:
    """Seven hours off is the usual mistake in Vietnam."""
    record = parse("iis", "2026-11-17 01:02:11 192.0.2.30 GET /a - 443 - 198.51.100.33 - - 200 0 0 85")
    assert record["@timestamp"] == datetime(2026, 11, 17, 1, 2, 11, tzinfo=UTC)


def test_the_columns_of_iis_may_be_declared() -> None:
    """A site that logs other fields in another order; the same line is refused without them."""
    line = "2026-11-17 01:02:11 198.51.100.33 GET /a%20b id=1+2 200 baocao.example"
    with pytest.raises(ParseError):
        parse("iis", line)
    record = parse("iis", line, fields="#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status cs-host")
    assert picked(record, "source.ip url.path url.query url.domain") == {
        "source.ip": "198.51.100.33",
        "url.path": "/a%20b",
        "url.query": "id=1+2",
        "url.domain": "baocao.example",
    }


def test_a_plus_is_a_blank_in_the_agent_and_stays_in_the_query() -> None:
    """IIS puts it there for a blank; in a query it may be a plus that was sent."""
    record = parse(
        "iis", "2026-11-17 01:02:11 192.0.2.30 GET /a q=a+b 443 T\\can+bo 198.51.100.33 Mozilla/5.0+(X) - 200 0 0 85"
    )
    assert picked(record, "url.query user.name user_agent.original") == {
        "url.query": "q=a+b",
        "user.name": "can bo",
        "user_agent.original": "Mozilla/5.0 (X)",
    }


def test_an_unknown_option_is_refused_by_name() -> None:
    """A platform file that misspells one must not be read as if it had none."""
    with pytest.raises(FaultsError):
        parser_of("iis", {"field": "date"})


FORWARDED = [
    ("iis", "2026-11-17 01:02:11 192.0.2.30 GET /a - 443 - 192.0.2.5 - - 200 0 0 85 198.51.100.44,+192.0.2.9"),
    (
        "haproxy",
        "192.0.2.5:1 [17/Nov/2026:08:05:11.655] f b/s 1/0/3/6/9 200 2750 - - ---- 1/1/1/1/0 0/0 "
        '{cong.example|198.51.100.44, 192.0.2.9} "GET / HTTP/1.1"',
    ),
    (
        "squid",
        '1794877989.448 549 192.0.2.5 TCP_HIT/206 20 GET http://a.example/ - HIER_NONE/- - "-" "x" "198.51.100.44, 192.0.2.9"',
    ),
    (
        "modsecurity",
        '{"transaction":{"client_ip":"192.0.2.5","time_stamp":"Tue Nov 17 03:21:15 2026","request":{"method":"GET","uri":"/",'
        '"headers":{"X-Forwarded-For":"198.51.100.44, 192.0.2.9"}},"response":{"http_code":200},"messages":[]}}',
    ),
    (
        "imperva_waf",
        "CEF:0|Incapsula|SIEMintegration|1|1|Normal|0|start=1794877272763 request=a.example/ xff=198.51.100.44, 192.0.2.9 src=192.0.2.5",
    ),
    (
        "suricata",
        '{"timestamp":"2026-11-17T08:12:02+0700","event_type":"alert","src_ip":"192.0.2.5","dest_ip":"192.0.2.6","proto":"TCP",'
        '"alert":{"action":"allowed","signature":"x"},"http":{"xff":"198.51.100.44, 192.0.2.9"}}',
    ),
]


@pytest.mark.parametrize(("parser", "line"), FORWARDED)
def test_a_forwarded_for_list_is_never_the_source_by_itself(parser: str, line: str) -> None:
    """Anybody can send that header; the enricher believes it only of trusted proxies."""
    record = parse(parser, line)
    assert record["source.ip"] == "192.0.2.5"
    assert record["network.forwarded_ip"] == ["198.51.100.44", "192.0.2.9"]


def test_quotes_inside_the_data_of_a_rule_do_not_end_it() -> None:
    """ModSecurity 3 writes what matched as it came."""
    line = (
        '2026/11/17 08:15:04 [error] 7#7: *4 [client 203.0.113.84] ModSecurity: Access denied with code 403 (phase 2). x [id "942100"]'
        ' [msg "SQL Injection"] [data "a "b" \\"] c"] [severity "2"] [tag "attack-sqli"] [uri "/%2e%2e/x"] [unique_id "1"], '
        'client: 203.0.113.84, server: cong.example, request: "GET /%2e%2e/x?q=%22 HTTP/1.1", host: "cong.example"'
    )
    record = parse("modsecurity", line)
    assert picked(record, "rule.id modsecurity.data rule.category source.ip url.path url.query event.type") == {
        "rule.id": "942100",
        "modsecurity.data": 'a "b" "] c',
        "rule.category": ["attack-sqli"],
        "source.ip": "203.0.113.84",
        "url.path": "/%2e%2e/x",
        "url.query": "q=%22",
        "event.type": ["denied"],
    }


def test_a_watching_engine_denies_nothing() -> None:
    """The answer 403 then came from the application."""
    document = {
        "transaction": {
            "client_ip": "203.0.113.84",
            "time_stamp": "Tue Nov 17 03:21:15 2026",
            "response": {"http_code": 403},
            "producer": {"secrules_engine": "DetectionOnly"},
            "messages": [],
        }
    }
    assert parse("modsecurity", orjson.dumps(document).decode())["event.type"] == ["allowed"]


def test_a_file_name_may_hold_quotes_and_the_words_of_the_log() -> None:
    """vsftpd writes size and speed behind it: they are read from there."""
    record = parse(
        "vsftpd",
        'Tue Nov 17 02:20:09 2026 [pid 3044] [tram] OK UPLOAD: Client "203.0.113.33",'
        ' "/a", 1 bytes, 1.00Kbyte/sec.php", 1833 bytes, 40.10Kbyte/sec',
    )
    assert picked(record, "file.path file.size file.extension") == {
        "file.path": '/a", 1 bytes, 1.00Kbyte/sec.php',
        "file.size": 1833,
        "file.extension": "php",
    }


def test_an_mqtt_client_cannot_name_itself_as_another_address() -> None:
    """The id is its own choice, and the last bracket is the broker's."""
    record = parse(
        "mosquitto", "1794877203: Client x [192.0.2.1:1] [203.0.113.34:51022] disconnected: exceeded timeout."
    )
    assert picked(record, "source.ip device.id") == {"source.ip": "203.0.113.34", "device.id": "x [192.0.2.1:1]"}


# --- names and networks


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a1b2.t.evil.example", ("a1b2.t", "evil.example", "example")),
        ("dichvucong.dongnai.gov.vn", ("dichvucong", "dongnai.gov.vn", "gov.vn")),
        ("www.sotnmt.dongnai.vn", ("www", "sotnmt.dongnai.vn", "dongnai.vn")),
        ("vneid-capnhat.vn", ("", "vneid-capnhat.vn", "vn")),
        ("www.shop.co.uk", ("www", "shop.co.uk", "co.uk")),
        ("COM.VN.", ("", "com.vn", "vn")),
        ("1.2.0.192.in-addr.arpa", None),
        ("localhost", None),
        ("192.0.2.1", None),
        ("a..b", None),
        (".", None),
    ],
)
def test_a_name_is_parted_where_it_was_registered(name: str, parts: tuple[str, str, str] | None) -> None:
    """Rules on tunnels and look-alike names count by what was registered."""
    assert domain_parts(name) == parts


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "queries: info: ",
        "17-Nov-2026 08:31:02.112 ",
        "17-Nov-2026 08:31:02.112 queries: info: ",
        "2026-11-17T01:31:02.112Z queries: info: ",
        "Nov 17 08:31:02 ns01 named[811]: ",
        "<30>Nov 17 08:31:02 ns01 named[811]: queries: info: ",
    ],
)
def test_every_prefix_of_named_leads_to_the_same_question(prefix: str) -> None:
    """Channels print time, category and level, or not."""
    record = parse(
        "bind",
        f"{prefix}client @0x7f1a 198.51.100.37#50211 (cong.example): query: cong.example IN TXT +ET (192.0.2.53)",
    )
    assert picked(record, "source.ip source.port dns.question.name dns.question.type network.transport server.ip") == {
        "source.ip": "198.51.100.37",
        "source.port": 50211,
        "dns.question.name": "cong.example",
        "dns.question.type": "TXT",
        "network.transport": "tcp",
        "server.ip": "192.0.2.53",
    }
    if (moment := record.get("@timestamp")) is not None:
        assert isinstance(moment, datetime)
        assert moment.replace(microsecond=0) == datetime(2026, 11, 17, 1, 31, 2, tzinfo=UTC)


ANSWER = {"rrname": "cong.example", "rrtype": "A", "rdata": "192.0.2.34", "ttl": 10}
VERSIONS = [
    {"type": "answer", "id": 1, "rcode": "NOERROR", **ANSWER},
    {
        "version": 2,
        "type": "answer",
        "id": 1,
        "rcode": "NOERROR",
        "rrname": "cong.example",
        "rrtype": "A",
        "answers": [ANSWER],
    },
    {
        "version": 2,
        "type": "answer",
        "id": 1,
        "rcode": "NOERROR",
        "rrname": "cong.example",
        "rrtype": "A",
        "grouped": {"A": ["192.0.2.34"]},
    },
    {
        "version": 3,
        "type": "response",
        "id": 1,
        "rcode": "NOERROR",
        "queries": [{"rrname": "cong.example", "rrtype": "A"}],
        "answers": [ANSWER],
    },
]


@pytest.mark.parametrize("dns", VERSIONS)
def test_suricatas_dns_versions_give_the_same_fields(dns: dict[str, object]) -> None:
    """A province updates its sensors one by one."""
    event = {
        "timestamp": "2026-11-17T08:12:06+0700",
        "event_type": "dns",
        "src_ip": "192.0.2.1",
        "dest_ip": "192.0.2.53",
        "dns": dns,
    }
    record = parse("suricata", orjson.dumps(event).decode())
    assert picked(
        record, "dns.type dns.question.name dns.question.type dns.resolved_ip dns.response_code event.outcome"
    ) == {
        "dns.type": "answer",
        "dns.question.name": "cong.example",
        "dns.question.type": "A",
        "dns.resolved_ip": ["192.0.2.34"],
        "dns.response_code": "NOERROR",
        "event.outcome": "success",
    }


@pytest.mark.parametrize("told_by", [{"direction": "to_client"}, {"flow": {"src_ip": "198.51.100.61"}}])
def test_the_bytes_of_an_alert_belong_to_the_end_that_sent_them(told_by: dict[str, dict[str, object]]) -> None:
    """The packet that fired may run from the server to the client."""
    flow = {"bytes_toserver": 320, "bytes_toclient": 70971, **(told_by.get("flow") or {})}
    event = {
        "timestamp": "2026-11-17T08:12:02+0700",
        "event_type": "alert",
        "src_ip": "203.0.113.201",
        "dest_ip": "198.51.100.61",
        "alert": {"action": "allowed", "signature": "x"},
        **told_by,
        "flow": flow,
    }
    record = parse("suricata", orjson.dumps(event).decode())
    assert picked(record, "source.bytes destination.bytes") == {"source.bytes": 70971, "destination.bytes": 320}


def test_the_password_of_an_ftp_session_reaches_no_field() -> None:
    """Suricata and Zeek log the argument of the command."""
    event = {
        "timestamp": "2026-11-17T08:12:02+0700",
        "event_type": "ftp",
        "ftp": {"command": "PASS", "command_data": "bi-mat-1"},
    }
    zeek = {"_path": "ftp", "ts": 1794877272.5, "user": "tram", "password": "bi-mat-1", "command": "RETR", "arg": "/a"}
    for parser, document in (("suricata", event), ("zeek", zeek)):
        assert "bi-mat-1" not in str(parse(parser, orjson.dumps(document).decode()))


def test_both_forms_of_zeek_give_the_same_record() -> None:
    """TSV with declared columns, and JSON."""
    columns = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto conn_state local_orig local_resp missed_bytes"
    line = "1794877272.500000\tCHhAvVGS1DHFjwGM9\t198.51.100.61\t51022\t203.0.113.10\t443\ttcp\tSF\tT\tF\t0"
    document = {
        "_path": "conn",
        "ts": 1794877272.5,
        "uid": "CHhAvVGS1DHFjwGM9",
        "id.orig_h": "198.51.100.61",
        "id.orig_p": 51022,
        "id.resp_h": "203.0.113.10",
        "id.resp_p": 443,
        "proto": "tcp",
        "conn_state": "SF",
        "local_orig": True,
        "local_resp": False,
        "missed_bytes": 0,
    }
    tsv = parse("zeek", line, path="conn", fields=columns)
    assert tsv == parse("zeek", orjson.dumps(document).decode())
    assert tsv["network.direction"] == "outbound"


def test_squid_writes_no_status_for_a_client_that_left() -> None:
    """000 is a fact of the log, and no outcome."""
    record = parse(
        "squid",
        "1794877988.892 5007 198.51.100.26 TCP_MISS_ABORTED/000 0 GET http://a.example/ - HIER_DIRECT/192.0.2.9 -",
    )
    assert picked(record, "http.response.status_code event.outcome destination.ip") == {
        "http.response.status_code": 0,
        "destination.ip": "192.0.2.9",
    }


STRANGE = [
    None,
    "",
    0,
    -1,
    2**62,
    1.5,
    True,
    "x",
    [],
    [1, "a"],
    [{}],
    {},
    {"a": [{"b": 1}]},
    ["192.0.2.1"],
    [[1]],
    "9" * 30,
]


def disturbed(value: object, chance: Random) -> object:
    """`value` with one thing somewhere inside replaced by something of another kind."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        name = chance.choice(sorted(value))
        return {**value, name: disturbed(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], disturbed(value[at], chance), *value[at + 1 :]]
    return chance.choice(STRANGE)


@pytest.mark.parametrize("parser", ["suricata", "zeek", "modsecurity", "mosquitto", "nginx"])
def test_values_of_another_kind_are_read_or_refused_by_name(parser: str) -> None:
    """Shippers rewrite records: a list where a word was, an object where a number was."""
    reader, chance = reader_of(parser), Random(parser)  # noqa: S311 - the same records at every run
    documents = [orjson.loads(record) for record in records_of(parser) if record.startswith("{")]
    for _ in range(600):
        text = orjson.dumps(disturbed(disturbed(chance.choice(documents), chance), chance)).decode()
        with contextlib.suppress(ParseError, TypeConflictError):
            normalise_line(reader, text, CONTEXT)
