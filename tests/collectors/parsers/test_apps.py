"""Databases, gateways and applications: the traps of their formats. Golden pairs cover their kinds of record."""

from __future__ import annotations

import pytest

from collectors.options import parser_of
from collectors.parsing import Record
from soc.core.errors import ParseError

from .conftest import picked
from .golden_pairs import CONTEXT, reader_of

PG = "2026-11-17 08:00:01.120 +07 [2210] app@dancu 192.0.2.33 LOG:  AUDIT: "


def read(parser: str, text: str) -> Record:
    return reader_of(parser).parse(text, CONTEXT)


@pytest.mark.parametrize(
    ("written", "statement"),
    [
        ('"select a, b from t"', "select a, b from t"),
        ('"select ""a,b"" from t, u"', 'select "a,b" from t, u'),
        ('"select 1\n from t"', "select 1\n from t"),
        ("select 1", "select 1"),
    ],
)
def test_the_statement_of_a_pgaudit_record_keeps_its_commas_quotes_and_lines(written: str, statement: str) -> None:
    """It is a cell of a row inside a line."""
    record = read("postgresql", f"{PG}SESSION,1,1,READ,SELECT,TABLE,public.t,{written},<not logged>")
    assert picked(record, "soc.db.statement soc.db.object event.action user.name") == {
        "soc.db.statement": statement,
        "soc.db.object": "public.t",
        "event.action": "select",
        "user.name": "app",
    }


def test_a_declared_prefix_is_read_by_its_escapes() -> None:
    """`log_line_prefix` differs from server to server."""
    reader = parser_of("postgresql", {"prefix": "%m [%p] %q%u@%d/%a %h "})
    line = "2026-11-17 08:00:01.120 +07 [2210] app@dancu/psql 192.0.2.33 ERROR:  42P01: không có bảng"
    record = reader.parse(line, CONTEXT)
    assert picked(record, "user.name soc.db.name soc.app.client source.ip error.code process.pid") == {
        "user.name": "app",
        "soc.db.name": "dancu",
        "soc.app.client": "psql",
        "source.ip": "192.0.2.33",
        "error.code": "42P01",
        "process.pid": 2210,
    }
    assert reader.parse("2026-11-17 08:00:01.120 +07 [7] LOG:  checkpoint starting: time", CONTEXT)["process.pid"] == 7
    with pytest.raises(ParseError):
        reader.parse("app LOG:  x", CONTEXT)


def test_a_statement_cannot_write_other_fields_of_a_sql_server_audit() -> None:
    """Names inside the statement belong to it; of those behind it the last counts."""
    line = "event_time:2026-11-17 01:00:00 action_id:SL succeeded:true server_principal_name:app database_name:A "
    line += "statement:select 1 -- server_principal_name:sa client_ip:192.0.2.1 succeeded:false client_ip:203.0.113.9"
    record = read("mssql_audit", line)
    assert picked(record, "user.name event.outcome source.ip") == {
        "user.name": "app",
        "event.outcome": "success",
        "source.ip": "203.0.113.9",
    }


def test_a_value_of_oracle_ends_where_its_length_says() -> None:
    """Whatever quotes and names it holds."""
    action = "select 'x' STATUS:[1] '0' from t"
    line = f"<133>Nov 17 08:13:00 db Oracle Audit[5]: LENGTH : '99' ACTION :[{len(action)}] '{action}' "
    line += "DATABASE USER:[3] 'SYS' STATUS:[4] '1031'"
    record = read("oracle_audit", line)
    assert picked(record, "soc.db.statement error.code user.name event.outcome") == {
        "soc.db.statement": action,
        "error.code": "1031",
        "user.name": "SYS",
        "event.outcome": "failure",
    }


def test_the_lines_of_one_call_share_its_id_and_one_of_them_counts() -> None:
    """Four lines a call; the answer to the client is the one."""
    lines = [
        f'[2026-11-17 08:12:41,687]  INFO {{API_LOG}} A - {{"correlationId":"k1","flow":"{flow}","verb":"GET"}}'
        for flow in ("REQUEST_IN", "REQUEST_OUT", "RESPONSE_IN", "RESPONSE_OUT")
    ]
    records = [read("wso2", line) for line in lines]
    assert {record["transaction.id"] for record in records} == {"k1"}
    assert [record.get("soc.act.main") for record in records] == [None, None, None, True]


def test_the_json_inside_the_json_of_wso2_is_read() -> None:
    """`info` is a text that holds an object; one that holds none stays a text."""
    head = "[2026-11-17 09:30:11,120]  INFO {AUDIT_LOG} - "
    nested = read(
        "wso2",
        head + '{"performedBy":"a","action":"created","typ":"API","info":"{\\"name\\":\\"b \\\\\\"c\\\\\\"\\"}"}',
    )
    assert nested["soc.object.name"] == 'b "c"'
    assert read("wso2", head + '{"performedBy":"a","action":"x","info":"{hỏng"}')["soc.object.name"] == "{hỏng"


@pytest.mark.parametrize(
    "words", ["Malicious object detected", "Phát hiện đối tượng độc hại", "Обнаружен вредоносный объект"]
)
def test_a_kaspersky_event_is_told_by_its_code_in_any_language(words: str) -> None:
    """The console's language changes the words, not the code."""
    record = read(
        "kaspersky", f"CEF:0|KasperskyLab|SecurityCenter|13|GNRL_EV_VIRUS_FOUND|{words}|4|dhost=a dst=192.0.2.5"
    )
    assert picked(record, "event.code event.kind event.category host.ip") == {
        "event.code": "GNRL_EV_VIRUS_FOUND",
        "event.kind": "alert",
        "event.category": ["malware"],
        "host.ip": "192.0.2.5",
    }


@pytest.mark.parametrize("parser", ["trellix_epo", "mysql", "oracle_audit", "geoserver_audit", "arcgis", "mcu_cdr"])
def test_xml_that_would_grow_or_reach_out_is_refused(parser: str) -> None:
    """No document type, so no entities."""
    with pytest.raises(ParseError):
        read(
            parser, '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Request>&b;</Request>'
        )


def test_headers_of_gateways_and_stores_are_left_out() -> None:
    """They carry tokens and signatures."""
    kong = read(
        "kong",
        '{"started_at":1794877261412,"request":{"method":"GET","uri":"/a","headers":{"authorization":"Bearer k","cookie":"s"}}}',
    )
    minio = read(
        "minio_audit", '{"trigger":"incoming","api":{"name":"GetObject"},"requestHeader":{"Authorization":"AWS4 k"}}'
    )
    assert "k" not in kong.values()
    assert not any("eader" in name for name in (*kong, *minio))
