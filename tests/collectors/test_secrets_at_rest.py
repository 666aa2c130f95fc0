"""Secrets and personal values in every format: through the real pipeline, then looked for in everything that lies on the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import orjson
import pytest
import yaml

from collectors.input import Chunk, Reading
from collectors.parsers import PARSERS
from collectors.record import RawRecord
from soc.app.application import Application
from soc.core.clock import FixedClock
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from tests.collectors.parsers.golden_pairs import options_of, records_of

NOW = datetime(2026, 11, 17, 2, tzinfo=UTC)

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJodXNoIjoiaHVzaCJ9.hush24hush24"
PLANTED: tuple[tuple[str, str], ...] = (
    ("Authorization: Bearer {}", "hush01.hush01hush01"),
    ("Authorization: Basic {}", "aHVzaDAyOmh1c2gwMg=="),
    ("authorization=Digest response={}", "hush03hush03"),
    ("password={}", "hush04Pw!d"),
    ("matkhau={}", "hush05mk"),
    ("pwd: {}", "hush06wd"),
    ("GET /login?user=a&passwd={}&x=1", "hush07pw"),
    ("lgspaccesstoken: {}", "hush08lgsp=="),
    ("secretKey={}", "hush09secret"),
    ("client_secret={}", "hush10client"),
    ("access_token={}", "hush11access"),
    ("refresh_token={}", "hush12refresh"),
    ("X-Api-Key: {}", "hush13api"),
    ("__VIEWSTATE={}", "hush14%2FwEPview"),
    ("Cookie: JSESSIONID={}", "hush15sess"),
    ("Set-Cookie: sid={}", "hush16sid"),
    ("ASP.NET_SessionId={}", "hush17asp"),
    ("<Password>{}</Password>", "hush18xml"),
    ("ALTER USER a IDENTIFIED BY {} ACCOUNT UNLOCK", "hush19ora"),
    ("CREATE ROLE a PASSWORD '{}'", "hush20pg"),
    ("-----BEGIN PRIVATE KEY----- {} -----END PRIVATE KEY-----", "hush21MIIEvQ"),
    ("Server=db;User Id=a;Password={};Encrypt=true", "hush22conn"),
    ("postgresql://app:{}@db.example/x", "hush23url"),
    ("got {} back", JWT),
    ("aws {}", "AKIAIOSFODNN7HUSH025"),
    ("aws_secret_access_key={}", "hush26wJalrXUtnFEMI"),
    ("snmp-server community {} RO", "hush27snmp"),
    ("parameters: $1 = '{}'", "hush28param"),
    ("SQL_BINDS: #1(11):{}", "hush29binds"),
    ("sshpass -p {} ssh a@b.example", "hush30ssh"),
    ("curl -u bot:{} https://a.example/", "hush31curl"),
    ("enable secret 5 {}", "$1$hush32$hush32hush32"),
    ("remote {} ok", "ghp_hush33hush33hush33hush33hush33hush33"),
    ("otp={}", "hush34otp"),
    ("user {} read", "079090001234"),
    ("card {} end", "4539148803436467"),
    ("card {} end", "4539 1488 0343 6467"),
    ("sdt={}", "0912345678"),
    ("call {} now", "+84 912 345 678"),
    ("xe {} qua", "60A-123.45"),
    ("bienSo={}", "60C54321"),
    ("maBenhNhan={}", "BN00123987"),
    ("/cb?state=1&code={}", "hush43code0123456789x"),
    ('"command":"PASS","command_data":"{}"', "hush44ftp"),
    ('"command_data":"{}","command":"PASS"', "hush45ftp"),
    ('{{"command": "AUTH", "command_data": "PLAIN {}"}}', "AGh1c2g0NgBodXNoNDY="),
    ('FTP command: Client "192.0.2.1", "PASS {}"', "hush47vsftpd"),
    ('"community":"{}"', "hush48snmp"),
    ("GET /a - lang={};+theme=b - 200", "hush49column"),
    ("Login incorrect (pap: wrong): [a.b/{}] (from client wifi port 3)", "hush50radius"),
    ("Invalid user (rlm_sql: none): [a.b/{}] (from client wifi port 3)", "hush51radius"),
    ("userPassword: {}", "{SSHA}hush52hush52+ab=="),
    ("ldapsearch -x -D cn=a -w {} -b dc=example", "hush53ldap"),
    ("ALTER LOGIN a WITH PASSWORD = N'{}'", "hush54mssql"),
    ("ALTER ROLE a PASSWORD $${}$$", "hush55pg"),
    ("SET PASSWORD FOR 'a'@'%' = '{}'", "hush56mysql"),
    ("CREATE USER a IDENTIFIED WITH sha2 BY '{}'", "hush57mysql"),
    ("EXEC sp_addlogin 'a', '{}'", "hush58mssql"),
    ('"credentials": [{{"type": "password", "value": "{}"}}]', "hush59keycloak"),
    ('"headers":[{{"name":"x-api-key","value":"{}"}}]', "hush60kong"),
    ('Authorization: Digest username="a", nonce="b", response="{}"', "0123456789abcdef0123456789hush61"),
    ("rtsp://admin:hush@{}@192.0.2.9/Streaming", "hush62rtsp"),
    ("<loginPassword><![CDATA[{}]]></loginPassword>", "hush63camera"),
    ("/ppp secret add name=a password={}", "hush64mikrotik"),
    ("username a privilege 15 password {}", "hush65cisco"),
    ("username a password 7 {}", "0822455D0A16hush66"),
    ("snmp-server host 192.0.2.1 version 2c {}", "hush67cisco"),
    ("snmp-server user a grp v3 auth sha {} priv aes 128 b", "hush68cisco"),
    ("dot1x credentials password 0 {}", "hush69dot1x"),
    ('type=EXECVE msg=audit(1.1:1): argc=2 a0=mysql a0="mysql" a1="-p{}"', "hush70execve"),
    ("type=PROCTITLE msg=audit(1.1:1): proctitle=6D7973716C002D70{}", "68757368373174"),
    ("net use Z: /user:a {}", "hush72share"),
    ("redis-cli -a {} ping", "hush73redis"),
    ("/a?sv=1&sig={}", "hush74%2Babcdefghijklmn"),
    ('curl -H "Authorization: Bearer {}" -u a:b https://a.example', "hush75.hush75hush75"),
    ("a001 LOGIN bob {}", "hush76imap"),
    ("mật khẩu mới: {}", "hush77mk"),
)
"""How a value is written in a text, and the value."""


@dataclass(frozen=True)
class Given:
    """An input that holds these records."""

    id: ClassVar[str] = "given"
    records: list[bytes]
    key: str = "given"
    follow: bool = False

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """All of them."""
        yield Chunk(
            [
                RawRecord(reading.source, number, data, reading.received, f"given:{number}")
                for number, data in enumerate(self.records)
            ]
        )


def planted(carrier: str, form: str, value: str) -> str:
    """`carrier` with the value in it: as one more text of a JSON object, else at the end of the line."""
    text = form.format(value)
    if carrier.startswith("{") and carrier.endswith("}"):
        return f'{carrier[:-1].rstrip().rstrip(",")},"ghiChu":{orjson.dumps(text).decode()}}}'
    return f"{carrier} {text}"


@pytest.fixture
def carriers() -> dict[str, str]:
    """One sample record of every parser that has one."""
    return {name: records[0] for name in PARSERS if (records := records_of(name))}


@pytest.fixture
def app(tmp_path: Path, settle: Callable[[Path], None], carriers: dict[str, str]) -> Iterator[Application]:
    """An application with one source of every parser."""
    settle(tmp_path)
    sources = [
        {
            "id": name.replace("_", "-"),
            "platform": "one_stop",
            "format": "onestop_audit_json",
            "agency": "so-mau",
            "parser": name,
            "options": options_of(name),
        }
        for name in carriers
    ]
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"sources": sources}), "utf-8")
    with Application(Settings(home=tmp_path), FixedClock(NOW), writer=True) as app:
        yield app


def kept(app: Application) -> Iterator[tuple[str, bytes]]:
    """Everything that can be read back: decrypted, decompressed."""
    yield from (("spool", item.data) for item in app.spool.read(0, 1_000_000))
    yield from ((f"event {event.source}", event.to_json()) for event in app.store.scan("", PROVINCE))
    for entry in app.quarantine.list(limit=1_000_000):
        yield f"quarantine {entry.source}", app.quarantine.payload(entry.id) + entry.reason.render().encode()


def files(home: Path) -> Iterator[tuple[str, bytes]]:
    """Everything that lies on the disk, as it lies there."""
    yield from ((str(path), path.read_bytes()) for path in home.rglob("*") if path.is_file())


def test_forty_kinds_planted_in_every_format_are_nowhere(
    app: Application, carriers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the spool, the store, its index files, the quarantine or the logs; and what was masked is counted."""
    caplog.set_level(logging.DEBUG)
    assert len(PLANTED) >= 40
    for name, carrier in carriers.items():
        records = [planted(carrier, form, value).encode() for form, value in PLANTED]
        app.collector.collect(name.replace("_", "-"), Given(records))
    spooled = [*kept(app), *files(app.home)]
    step = app.pipeline.drain()
    assert step.read == len(carriers) * len(PLANTED)
    assert step.created > 0
    places = [*spooled, *kept(app), *files(app.home), ("log", caplog.text.encode())]
    found = {
        (value, place)
        for place, data in places
        for _, value in PLANTED
        if value.encode() in data or orjson.dumps(value)[1:-1] in data
    }
    assert not found
    assert all(event.fields.get("soc.redacted") for event in app.store.scan("", PROVINCE))


FORGED = {
    "json": b'{"@timestamp":"2026-11-17T01:00:00Z","soc":{"agency":"so-khac","exercise":"x"},"soc.agency":"so-khac","message":"m"}',
    "cef": b"CEF:0|a|b|1|2|3|4|soc.agency=so-khac soc.source=x msg=m",
    "fortigate": b'date=2026-11-17 time=08:00:00 devid="FG" type="event" soc.agency="so-khac" agency=so-khac soc_agency=so-khac',
}


def test_a_forged_line_stays_with_the_agency_of_its_source(app: Application) -> None:
    """Whatever the line says of itself."""
    for name, line in FORGED.items():
        app.collector.collect(name, Given([line]))
    app.pipeline.drain()
    events = {event.source: event for event in app.store.scan("", PROVINCE)}
    assert events.keys() == FORGED.keys()
    for name, event in events.items():
        assert (event.agency, event.exercise) == ("so-mau", None), name
