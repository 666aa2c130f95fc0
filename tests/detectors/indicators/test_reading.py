"""Lists, CSV, STIX and MISP; what gives no indicator is told with its place."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from detectors.indicators.model import Indicator, Kind
from detectors.indicators.reading import Unread, read_file, read_list
from soc.core.errors import InputError


def read(tmp_path: Path, name: str, content: str | object) -> tuple[list[Indicator], list[Unread]]:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else orjson.dumps(content))
    found = list(read_file(path, "feed"))
    return [f for f in found if isinstance(f, Indicator)], [f for f in found if isinstance(f, Unread)]


def values(found: list[Indicator]) -> list[str]:
    return [one.named.value for one in found]


def test_a_plain_list_may_hold_comments_and_broken_lines(tmp_path: Path) -> None:
    found, unread = read(tmp_path, "x.txt", "\ufeff# bad\n\nbad[.]example # c2\n203.0.113.0/24\nnot one\n;old\n")
    assert values(found) == ["bad.example", "203.0.113.0/24"]
    assert [one.where.rpartition(":")[2] for one in unread] == ["5"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_brings_source_confidence_and_validity(tmp_path: Path, separator: str) -> None:
    head = ["type", "value", "confidence", "valid_from", "valid_until", "label", "source"]
    rows = [
        head,
        ["domain", "Bad.Example", "90", "2026-01-01", "2026-12-31T00:00:00Z", "loader", "cert"],
        ["md5", "zz", "", "", "", "", ""],
    ]
    found, unread = read(tmp_path, "x.csv", "".join(separator.join(row) + "\n" for row in rows))
    (one,) = found
    assert (one.named.value, one.confidence, one.source, one.label) == ("bad.example", 90, "cert", "loader")
    assert one.valid_until is not None
    assert one.valid_until.year == 2026
    assert len(unread) == 1


PATTERNS = {
    "[ipv4-addr:value = '203.0.113.9']": ["203.0.113.9"],
    "[ipv4-addr:value ISSUBSET '203.0.113.0/24']": ["203.0.113.0/24"],
    "[domain-name:value = 'bad.example' OR url:value = 'http://bad.example/x']": ["bad.example", "bad.example/x"],
    "[domain-name:value IN ('a.example', 'b.example')]": ["a.example", "b.example"],
    "[ipv6-addr:value = '2001:db8::1'] OR [domain-name:value = 'c.example']": ["2001:db8::1", "c.example"],
    f"[file:hashes.'SHA-256' = '{'a' * 64}' AND file:hashes.MD5 = '{'b' * 32}']": ["a" * 64, "b" * 32],
    "[domain-name:value = 'a.example' AND url:value = 'http://b.example/']": [],
    "[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']": [],
    "[domain-name:value != 'a.example']": [],
    "[file:name = 'x.exe']": [],
    "[domain-name:value LIKE '%.example']": [],
    "nonsense": [],
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_stix_patterns_of_single_values_are_read_and_others_refused(tmp_path: Path, pattern: str) -> None:
    made = {
        "type": "indicator",
        "pattern_type": "stix",
        "pattern": pattern,
        "confidence": 85,
        "name": "n",
        "valid_from": "2026-01-01T00:00:00Z",
    }
    found, unread = read(tmp_path, "x.json", {"type": "bundle", "objects": [{"type": "malware"}, made]})
    assert values(found) == PATTERNS[pattern]
    assert all(one.confidence == 85 for one in found)
    assert len(unread) == (not PATTERNS[pattern])
    assert all("#objects[1]" in one.where for one in unread)


def test_revoked_and_foreign_stix_patterns_are_left_out(tmp_path: Path) -> None:
    revoked = {"type": "indicator", "pattern": "[domain-name:value = 'a.example']", "revoked": True}
    yara = {"type": "indicator", "pattern_type": "yara", "pattern": "rule x {}"}
    found, unread = read(tmp_path, "x.json", {"type": "bundle", "objects": [revoked, yara]})
    assert (found, len(unread)) == ([], 2)


def test_misp_attributes_for_detection_are_read_in_events_and_objects(tmp_path: Path) -> None:
    attributes = [
        {"type": "ip-dst|port", "value": "203.0.113.9|443", "to_ids": True, "uuid": "1"},
        {"type": "domain", "value": "bad.example", "to_ids": False},
        {"type": "filename|sha256", "value": "a.exe|" + "c" * 64, "to_ids": True, "comment": "loader"},
        {"type": "mutex", "value": "m", "to_ids": True},
        {"type": "domain", "value": "gone.example", "to_ids": True, "deleted": True},
    ]
    inside = {"Attribute": [{"type": "domain|ip", "value": "bad.example|203.0.113.7", "to_ids": True}]}
    event = {"Event": {"uuid": "E", "info": "wave", "Attribute": attributes, "Object": [inside]}}
    found, unread = read(tmp_path, "x.json", {"response": [event]})
    assert values(found) == ["203.0.113.9", "c" * 64, "bad.example", "203.0.113.7"]
    assert [one.label for one in found] == ["wave", "loader", "wave", "wave"]
    assert len(unread) == 1


def test_misp_warning_lists_become_ours(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(orjson.dumps({"name": "L", "type": "hostname", "list": [".busy.example", "x"], "version": 1}))
    kept = read_list(path)
    assert kept is not None
    assert (kept[0].domains, kept[0].below, kept[1]) == (("busy.example",), "refuse", 1)
    path.write_bytes(orjson.dumps({"name": "L", "type": "cidr", "list": ["203.0.113.0/24"]}))
    assert read_list(path)[0].networks == ("203.0.113.0/24",)  # type: ignore[index]
    path.write_bytes(orjson.dumps({"name": "L", "type": "regex", "list": [".*"]}))
    with pytest.raises(InputError, match="regex"):
        read_list(path)


@pytest.mark.parametrize("content", ['{"type": "bundle", ', '{"a": 1}', "[1, 2]"])
def test_json_of_no_known_form_is_refused_with_its_place(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"x\.json"):
        list(read_file(path, "feed"))


def test_a_kind_told_by_the_source_is_believed(tmp_path: Path) -> None:
    found, _ = read(tmp_path, "x.csv", "type,value\nurl,bad.example/a\nhostname,bad.example\n")
    assert [one.named.kind for one in found] == [Kind.URL, Kind.DOMAIN]
