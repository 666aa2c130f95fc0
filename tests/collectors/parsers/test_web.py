"""nginx and Apache: access lines, JSON and error logs."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from soc.core.errors import ParseError

from .conftest import parse, picked

COMBINED = '203.0.113.80 - - [17/Nov/2026:03:20:01 +0700] "GET /a/b?c=d HTTP/1.1" 404 512 "https://x.example/" "curl/8"'


@pytest.mark.parametrize("parser", ["nginx", "apache"])
def test_a_combined_line_gives_request_answer_and_client(parser: str) -> None:
    """The fields of the combined form, time in UTC."""
    record = parse(parser, COMBINED)
    assert record["@timestamp"] == datetime(2026, 11, 16, 20, 20, 1, tzinfo=UTC)
    assert picked(
        record, "source.ip http.request.method url.path url.query http.response.status_code event.outcome"
    ) == {
        "source.ip": "203.0.113.80",
        "http.request.method": "GET",
        "url.path": "/a/b",
        "url.query": "c=d",
        "http.response.status_code": 404,
        "event.outcome": "failure",
    }
    assert record["event.dataset"] == f"{parser}.access"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("203.0.113.80 - -", {"source.ip": "203.0.113.80"}),
        ("2001:db8::1 - can bo", {"source.ip": "2001:db8::1", "user.name": "can bo"}),
        (
            "cong.example:8443 203.0.113.80 - -",
            {"source.ip": "203.0.113.80", "destination.domain": "cong.example", "destination.port": 8443},
        ),
        ("- 203.0.113.80 - -", {"source.ip": "203.0.113.80"}),
        ("203.0.113.80 (may-01.example) - -", {"source.ip": "203.0.113.80"}),
        ("may-01.example - -", {"source.domain": "may-01.example"}),
    ],
)
def test_what_stands_before_the_time_is_told_apart(before: str, expected: dict[str, object]) -> None:
    """Virtual host, remote name, user with blanks: sites put them in front in several ways."""
    record = parse("apache", COMBINED.replace("203.0.113.80 - -", before))
    names = "source.ip source.domain user.name destination.domain destination.port"
    assert picked(record, names) == expected


def test_a_request_that_is_no_http_is_kept_whole() -> None:
    """A TLS hello sent to the plain port is what an analyst looks for."""
    record = parse("nginx", COMBINED.replace("GET /a/b?c=d HTTP/1.1", r"\x16\x03\x01\"x"))
    assert record["url.original"] == r"\x16\x03\x01\"x"
    assert "http.request.method" not in record


def test_a_forwarded_for_list_never_becomes_the_source_by_itself() -> None:
    """Anybody can send that header; the normaliser decides by the trusted proxies."""
    record = parse("nginx", COMBINED + ' "198.51.100.7, 192.0.2.9" "0.125"')
    assert record["source.ip"] == "203.0.113.80"
    assert record["network.forwarded_ip"] == ["198.51.100.7", "192.0.2.9"]
    assert record["event.duration"] == 125_000_000


def test_nginx_reads_json_and_combined_from_one_file() -> None:
    """The names of nginx's own variables and the short ones lead to the same fields."""
    long_names = {
        "time_iso8601": "2026-11-17T03:20:01+07:00",
        "remote_addr": "203.0.113.80",
        "request": "GET /a/b?c=d HTTP/1.1",
        "status": "404",
    }
    short_names = {
        "time": "2026-11-17T03:20:01+07:00",
        "remote_addr": "203.0.113.80",
        "method": "GET",
        "uri": "/a/b",
        "args": "c=d",
        "status": 404,
    }
    names = "@timestamp source.ip http.request.method url.original url.path url.query http.response.status_code event.outcome event.dataset"
    wanted = picked(parse("nginx", COMBINED), names)
    assert picked(parse("nginx", orjson.dumps(long_names).decode()), names) == wanted
    assert picked(parse("nginx", orjson.dumps(short_names).decode()), names) == wanted


def test_the_nginx_error_log_gives_client_request_and_message() -> None:
    """Times without an offset are read in the zone of the source."""
    record = parse(
        "nginx",
        "2026/11/17 09:00:02 [error] 711#712: *42 connect() failed (111: Connection refused) while connecting to upstream, "
        'client: 203.0.113.84, server: cong.example, request: "GET /a?b HTTP/1.1", '
        'upstream: "http://192.0.2.30:8080/a?b", host: "cong.example"',
    )
    assert record["@timestamp"] == datetime(2026, 11, 17, 2, 0, 2, tzinfo=UTC)
    assert record["error.message"] == "connect() failed (111: Connection refused) while connecting to upstream"
    assert picked(record, "source.ip host.name url.domain url.port url.path process.pid") == {
        "source.ip": "203.0.113.84",
        "host.name": "cong.example",
        "url.domain": "192.0.2.30",
        "url.port": 8080,
        "url.path": "/a",
        "process.pid": 711,
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "[Wed Oct 11 14:32:52 2000] [error] [client 192.0.2.7] client denied: /x",
            {"log.level": "error", "source.ip": "192.0.2.7", "message": "client denied: /x"},
        ),
        (
            "[Thu Feb 29 14:23:43.643358 2024] [ssl:info] [pid 24237:tid 99] [client 192.0.2.7:42114] AH01991: SSL read failed.",
            {
                "log.level": "info",
                "source.ip": "192.0.2.7",
                "source.port": 42114,
                "process.pid": 24237,
                "event.code": "AH01991",
            },
        ),
    ],
)
def test_the_apache_error_log_is_read_in_the_forms_of_2_2_and_2_4(line: str, expected: dict[str, object]) -> None:
    """Module, level, process, client and the AH code."""
    assert parse("apache", line).items() >= expected.items()


def test_a_broken_json_line_names_its_column() -> None:
    """The place where JSON ends to be JSON."""
    with pytest.raises(ParseError) as caught:
        parse("nginx", '{"status": 200,, "x": 1}')
    assert caught.value.column == 16
