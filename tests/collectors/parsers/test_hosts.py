"""Windows, Linux, virtualisation, identity and cameras: what tells their formats apart and where they lie in wait."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from collectors.parsers.audit_values import decoded, timestamp_of
from collectors.parsers.veeam import read_nested_pairs
from collectors.parsers.xml import MAX_DEPTH, MAX_ELEMENTS, load_xml
from collectors.parsing import Record
from detectors.sigma.adapt import adapt
from soc.core.errors import ParseError

from .conftest import parse, picked

DATA = {
    "SubjectUserSid": "S-1-5-18",
    "SubjectUserName": "DC01$",
    "SubjectDomainName": "XA",
    "TargetUserSid": "S-1-5-21-1-2-3-1105",
    "TargetUserName": "thu",
    "TargetDomainName": "XA",
    "LogonType": "3",
    "IpAddress": "::ffff:192.0.2.31",
    "IpPort": "51261",
}
PROVIDER, MOMENT = "Microsoft-Windows-Security-Auditing", "2026-11-17T01:01:12.500000Z"
SYSTEM = {
    "Provider": {"#attributes": {"Name": PROVIDER}},
    "EventID": 4624,
    "Keywords": "0x8020000000000000",
    "TimeCreated": {"#attributes": {"SystemTime": MOMENT}},
    "Channel": "Security",
    "Computer": "dc01.xa.example",
}
FLAT = {
    "SourceName": PROVIDER,
    "EventID": 4624,
    "Keywords": -9214364837600034816,
    "EventTime": "2026-11-17 08:01:12.5",
    "Channel": "Security",
    "Hostname": "dc01.xa.example",
}
XML = (
    '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="{provider}"/><EventID>4624</EventID>'
    '<Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime="{moment}"/><Channel>Security</Channel>'
    "<Computer>dc01.xa.example</Computer></System><EventData>{data}</EventData></Event>"
)
CARRIERS = {
    "evtx": orjson.dumps({"Event": {"System": SYSTEM, "EventData": DATA}}).decode(),
    "xmltodict": orjson.dumps(
        {
            "Event": {
                "System": {**SYSTEM, "Provider": {"@Name": PROVIDER}, "TimeCreated": {"@SystemTime": MOMENT}},
                "EventData": {"Data": [{"@Name": name, "#text": value} for name, value in DATA.items()]},
            }
        }
    ).decode(),
    "nxlog": orjson.dumps({**FLAT, **DATA}).decode(),
    "syslog": "<14>Nov 17 08:01:12 dc01 nxlog: " + orjson.dumps({**FLAT, **DATA}).decode(),
    "xml": XML.format(
        provider=PROVIDER,
        moment=MOMENT,
        data="".join(f'<Data Name="{name}">{value}</Data>' for name, value in DATA.items()),
    ),
    "wazuh": orjson.dumps(
        {
            "win": {
                "system": {
                    "providerName": PROVIDER,
                    "eventID": "4624",
                    "systemTime": MOMENT,
                    "channel": "Security",
                    "computer": "dc01.xa.example",
                    "severityValue": "AUDIT_SUCCESS",
                },
                "eventdata": {name[0].lower() + name[1:]: value for name, value in DATA.items()},
            }
        }
    ).decode(),
}
WINLOGBEAT = orjson.dumps(
    {
        "@timestamp": MOMENT,
        "event": {"code": "4624", "outcome": "success", "kind": "event"},
        "host": {"name": "dc01.xa.example"},
        "winlog": {
            "channel": "Security",
            "event_id": "4624",
            "provider_name": PROVIDER,
            "computer_name": "dc01.xa.example",
            "event_data": DATA,
        },
        "soc": {"agency": "don-vi-khac"},
    }
).decode()
TOLD = (
    "@timestamp event.code event.action event.category event.outcome host.name user.name user.domain user.id user.target.name"
    " user.target.id source.ip source.port winlog.channel winlog.logon.type winlog.provider_name"
)


def test_a_windows_event_is_the_same_by_whatever_carrier_it_comes() -> None:
    """One event of six carriers and of Winlogbeat: the same fields, the same names of EventData."""
    expected = picked(parse("winlogbeat", WINLOGBEAT), TOLD)
    assert expected["source.ip"] == "192.0.2.31"
    assert expected["event.outcome"] == "success"
    for carrier, text in CARRIERS.items():
        record = parse("windows_json", text)
        assert picked(record, TOLD) == expected, carrier
        assert {name: record[f"winlog.event_data.{name}"] for name in DATA} == DATA, carrier


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_rules_read_the_same_names_in_our_events_as_in_an_event_log_file(carrier: str) -> None:
    """Published rules are written on raw names; the detector finds them in what we store."""
    raw = adapt(orjson.loads(CARRIERS["evtx"]))
    ours = adapt(parse("windows_json", CARRIERS[carrier]))
    names = [*DATA, "Channel", "Computer", "Provider_Name"]
    assert {name: ours[name] for name in names} == {name: raw[name] for name in names}
    assert str(ours["EventID"]) == str(raw["EventID"])


MESSAGES = {
    "en": (
        "A new process has been created.\r\n\r\nCreator Subject:\r\n\tLogon ID:\t\t0xF22F28\r\n\r\nProcess Information:\r\n"
        "\tNew Process ID:\t\t0x2bfc\r\n\tNew Process Name:\tC:\\a.exe\r\n\tCreator Process ID:\t0x2a28\r\n"
    ),
    "vi": (
        "Một quá trình mới đã được tạo.\r\n\r\nChủ thể tạo:\r\n\tID đăng nhập:\t\t0xF22F28\r\n\r\nThông tin quá trình:\r\n"
        "\tID quá trình mới:\t\t0x2bfc\r\n\tTên quá trình mới:\tC:\\a.exe\r\n\tID quá trình tạo:\t0x2a28\r\n"
    ),
}


def _without_words(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in {"message", "winlog.task", "winlog.opcode"}}


def test_a_translated_windows_gives_the_same_fields() -> None:
    """Codes, keyword bits and the order of the message are read, never its words."""
    base = {**FLAT, "EventID": 4688, "ProcessID": 4, "NewProcessId": "0x2bfc", "NewProcessName": "C:\\a.exe"}
    english = parse(
        "windows_json", orjson.dumps({**base, "Message": MESSAGES["en"], "Category": "Process Creation"}).decode()
    )
    vietnamese = parse(
        "windows_json", orjson.dumps({**base, "Message": MESSAGES["vi"], "Category": "Tạo quá trình"}).decode()
    )
    assert _without_words(vietnamese) == _without_words(english)
    assert picked(english, "process.pid process.parent.pid event.outcome") == {
        "process.pid": 0x2BFC,
        "process.parent.pid": 0x2A28,
        "event.outcome": "success",
    }


def test_a_translated_winlogbeat_gives_the_same_fields() -> None:
    """Without its modules, Winlogbeat's action and keywords are in the language of the machine."""
    document = orjson.loads(WINLOGBEAT)
    english, vietnamese = (
        parse(
            "winlogbeat",
            orjson.dumps(
                {
                    **document,
                    "event": {"code": "4625", "action": action},
                    "winlog": {**document["winlog"], "event_id": "4625", "keywords": [words]},
                }
            ).decode(),
        )
        for action, words in (("Logon", "Audit Failure"), ("Đăng nhập", "Kiểm định thất bại"))
    )
    names = "event.action event.outcome event.category user.name source.ip winlog.logon.type"
    assert picked(vietnamese, names) == picked(english, names)
    assert english["event.outcome"] == "failure"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({**FLAT, "EventTime": "2026-11-17 08:01:12"}, datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC)),
        ({**FLAT, "EventTime": "2026-11-17T08:01:12+07:00"}, datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC)),
        (
            {**FLAT, "EventTime": "2026-11-17 08:01:12", "@timestamp": MOMENT},
            datetime(2026, 11, 17, 1, 1, 12, 500000, tzinfo=UTC),
        ),
        (
            {**FLAT, "SourceName": "Microsoft-Windows-Sysmon", "EventID": 1, "UtcTime": "2026-11-17 01:01:11.887"},
            datetime(2026, 11, 17, 1, 1, 11, 887000, tzinfo=UTC),
        ),
        ({"Event": {"System": SYSTEM}}, datetime(2026, 11, 17, 1, 1, 12, 500000, tzinfo=UTC)),
        (
            {"Id": 1, "LogName": "System", "TimeCreated": "/Date(1794877272000)/"},
            datetime(2026, 11, 17, 1, 1, 12, tzinfo=UTC),
        ),
    ],
)
def test_the_time_of_a_windows_event_is_utc_where_windows_says_so(
    document: dict[str, object], expected: datetime
) -> None:
    """`SystemTime` and Sysmon's `UtcTime` are UTC; NXLog's `EventTime` is local unless it names its offset."""
    assert parse("windows_json", orjson.dumps(document).decode())["@timestamp"] == expected


def test_a_dash_is_nobody_and_the_one_who_logs_on_acts() -> None:
    """`-` and the null SID stand for nothing; the failed logon is that of the account it names."""
    data = {
        "SubjectUserSid": "S-1-0-0",
        "SubjectUserName": "-",
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "administrator",
    }
    record = parse("windows_json", orjson.dumps({**FLAT, "EventID": 4625, **data, "Status": "0xC000006D"}).decode())
    assert picked(record, "user.name user.id event.outcome winlog.logon.failure.status") == {
        "user.name": "administrator",
        "event.outcome": "failure",
        "winlog.logon.failure.status": "0xc000006d",
    }
    assert record["winlog.event_data.SubjectUserName"] == "-"


def test_values_by_their_place_get_their_names() -> None:
    """Fluent Bit and Get-WinEvent give the values in order; older Sysmon has no rule name in front."""
    document = {
        "ProviderName": "Microsoft-Windows-PowerShell",
        "EventID": 4104,
        "Channel": "x",
        "StringInserts": ["1", "1", "whoami"],
    }
    assert parse("windows_json", orjson.dumps(document).decode())["powershell.file.script_block_text"] == "whoami"
    old = {
        "ProviderName": "Microsoft-Windows-Sysmon",
        "EventID": 11,
        "StringInserts": ["2026-11-17 01:01:11.887", "{1}", "99", "C:\\a.exe"],
    }
    assert parse("windows_json", orjson.dumps(old).decode())["process.pid"] == 99


def test_a_beat_cannot_set_what_is_ours() -> None:
    """The source decides whose an event is, not the document."""
    assert not [name for name in parse("winlogbeat", WINLOGBEAT) if name.startswith("soc.")]
    assert not [
        name
        for name in parse("auditbeat", '{"event":{"module":"auditd"},"soc":{"agency":"x"}}')
        if name.startswith("soc.")
    ]


LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
EXTERNAL = '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        EXTERNAL,
        '<?xml version="1.0"?>' + EXTERNAL,
        "<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1),
        "<a>" + "<b/>" * MAX_ELEMENTS + "</a>",
        "<a>&c;</a>",
        "<a><b></a>",
        "",
    ],
)
def test_xml_that_could_cost_more_than_its_length_is_refused(text: str) -> None:
    """No document type, so no entities of its own; bounded depth and number of elements."""
    with pytest.raises(ParseError):
        load_xml(text)
    for parser in ("windows_json", "hikvision"):
        with pytest.raises(ParseError):
            parse(parser, text)


def test_an_encoding_named_in_xml_is_that_of_the_file_it_came_from() -> None:
    """Windows writes utf-16 there; the text we read is decoded already."""
    root = load_xml('<?xml version="1.0" encoding="utf-16"?><a x="1"><p:b>một &amp; hai</p:b></a>')
    assert (root.attributes, list(root.leaves())) == ({"x": "1"}, [("b", "một & hai")])


AUDIT = "type={} msg=audit(1794877272.123:4567): "
ACT = [
    AUDIT.format("SYSCALL")
    + 'arch=c000003e syscall=59 success=yes ppid=1 pid=2 auid=1000 uid=0 comm="rm" exe="/usr/bin/rm"',
    AUDIT.format("EXECVE") + 'argc=2 a0="rm" a1=2F746D702F6D6F742063E1BBAD61',
    AUDIT.format("CWD") + 'cwd="/root"',
    AUDIT.format("PROCTITLE") + "proctitle=726D002F746D70",
]


def test_the_records_of_one_act_share_its_serial_and_one_is_to_be_counted() -> None:
    """Each line stays one event."""
    records = [parse("auditd", line) for line in ACT]
    assert {record["transaction.id"] for record in records} == {"4567"}
    assert [record.get("soc.act.main") for record in records] == [True, None, None, None]
    assert [record.get("process.command_line") for record in records] == [None, "rm /tmp/mot cửa", None, "rm /tmp"]
    assert picked(records[0], "process.executable event.type auditd.log.syscall") == {
        "process.executable": "/usr/bin/rm",
        "event.type": ["start"],
        "auditd.log.syscall": "execve",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [('"cafe"', "cafe"), ("6C73002D6C", "ls -l"), ("rm", "rm"), ("abc", "abc"), ("C3A0", "à"), ("", "")],
)
def test_audit_values_are_decoded_unless_quoted(value: str, text: str) -> None:
    """What stands in quotes was not encoded, however much it looks like hexadecimal."""
    assert decoded(value) == text


def test_the_time_of_ausearch_is_month_first_unless_that_cannot_be() -> None:
    """Its form follows the locale of the machine that ran it."""
    assert timestamp_of("11/17/2026 08:01:12.123", UTC) == timestamp_of("17/11/26 08:01:12.123", UTC)


def test_the_enriched_and_the_plain_audit_record_agree() -> None:
    """Separated by the group separator, or as rsyslog escapes it."""
    plain = AUDIT.format("USER_CMD") + 'pid=9 uid=1000 msg=\'cwd="/" cmd=6964 exe="/usr/bin/sudo" res=success\''
    for between in ("\x1d", "#035"):
        record = parse("auditd", f'{plain}{between}UID="thu" AUID="thu"')
        assert picked(record, "user.name process.command_line event.outcome") == {
            "user.name": "thu",
            "process.command_line": "id",
            "event.outcome": "success",
        }


def test_quotes_inside_a_veeam_value_do_not_end_it() -> None:
    """XML in a value holds attributes that look like pairs; they are none."""
    line = ' A="<c><o id="7" UserName="giả" /></c>" UserName="DN\\thu" E="" Description="job \'x "y" z\' ended"]'
    assert read_nested_pairs(line, 0) == {
        "A": '<c><o id="7" UserName="giả" /></c>',
        "UserName": "DN\\thu",
        "E": "",
        "Description": "job 'x \"y\" z' ended",
    }


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-17T00:45:00Z esxi01 Hostd: info hostd[77] [Originator@6876 sub=a opID=b] Event 1 : User root@192.0.2.66 logged in as x",
        "<166>2026-11-17T00:45:00Z esxi01 Hostd[77]: info hostd[77] [Originator@6876 sub=a] Event 1 : User root@192.0.2.66 logged in as x",
        "2026-11-17T00:45:00Z In(166) Hostd[77]: [Originator@6876 sub=a opID=b] Event 1 : User root@192.0.2.66 logged in as x",
        "2026-11-17T00:45:00Z info hostd[77] [Originator@6876 sub=a] Event 1 : User root@192.0.2.66 logged in as x",
    ],
)
def test_a_login_to_esxi_is_read_in_every_release(line: str) -> None:
    """Syslog of release 7, log file of 7, release 8 with its marks; what the client calls itself is no user."""
    assert picked(parse("vmware_esxi", line), "user.name source.ip user_agent.original event.outcome @timestamp") == {
        "user.name": "root",
        "source.ip": "192.0.2.66",
        "user_agent.original": "x",
        "event.outcome": "success",
        "@timestamp": datetime(2026, 11, 17, 0, 45, tzinfo=UTC),
    }


def test_names_that_imitate_the_rest_of_a_line_deceive_nobody() -> None:
    """The program's own words are read from the side on which it wrote them."""
    radius = "(1) Login incorrect: [thu] (from client gia port 1 cli 192.0.2.9)/<x>] (from client AP-1 port 3 cli 192.0.2.31)"
    assert picked(parse("freeradius", radius), "source.ip observer.name event.outcome") == {
        "source.ip": "192.0.2.31",
        "observer.name": "AP-1",
        "event.outcome": "failure",
    }
    sudo = "Nov 17 08:00:00 a sudo:   thu : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo ; USER=khac ; COMMAND=/bin/id"
    assert parse("linux_auth", sudo)["user.effective.name"] == "root"
    camera = "<134>Nov 17 08:00:00 nvr nvr: type=LinkLog subtype=LoginFail user=admin ip=192.0.2.1 detail=x subtype=Login ip=192.0.2.9"
    assert picked(parse("hikvision", camera), "source.ip event.outcome") == {
        "source.ip": "192.0.2.1",
        "event.outcome": "failure",
    }


def test_bytes_of_the_journal_are_text() -> None:
    """journalctl writes what is no valid text as a list of byte values, also in the message."""
    entry = {"MESSAGE": list("lỗi\x1b".encode()), "__REALTIME_TIMESTAMP": "1794877272500123", "A": [1, 300], "B": None}
    record = parse("journald", orjson.dumps(entry).decode())
    assert picked(record, "message @timestamp journald.a") == {
        "message": "lỗi\x1b",
        "@timestamp": datetime(2026, 11, 17, 1, 1, 12, 500123, tzinfo=UTC),
        "journald.a": ["1", "300"],
    }


def test_a_camera_that_only_says_it_lives_is_no_alarm() -> None:
    """An inactive videoloss that counts nothing is the heartbeat; a loose ampersand does not spoil the alert."""
    alert = (
        "<EventNotificationAlert><ipAddress>192.0.2.1</ipAddress><activePostCount>{}</activePostCount><eventType>videoloss</eventType>"
        "<eventState>{}</eventState><eventDescription>a & b</eventDescription></EventNotificationAlert>"
    )
    assert parse("hikvision", alert.format(0, "inactive"))["event.action"] == "heartbeat"
    record = parse("hikvision", alert.format(1, "active"))
    assert picked(record, "event.action event.kind message") == {
        "event.action": "videoloss",
        "event.kind": "alert",
        "message": "a & b",
    }
