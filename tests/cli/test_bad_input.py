"""What the command line says to bad input: found, expected, where, what to do; and its exit codes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from soc.app.home import HomeLock


def soc(home: Path, *arguments: str, feed: bytes = b"") -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own, in English."""
    done = subprocess.run(
        [sys.executable, "-m", "soc.cli.main", *arguments],
        env=os.environ | {"SOC_HOME": str(home), "SOC_LANG": "en"},
        input=feed,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_second_up_on_the_same_home_is_refused(tmp_path: Path) -> None:
    """It names the process that holds the home."""
    with HomeLock(tmp_path, "up"):
        done = soc(tmp_path, "up")
    assert done.returncode == 5
    assert str(os.getpid()) in done.stderr
    assert "SOC_HOME" in done.stderr


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """With the port and the option that changes it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = soc(tmp_path, "up", "--port", str(port))
    assert done.returncode == 5
    assert str(port) in done.stderr
    assert "--port" in done.stderr


def test_plain_http_stays_on_this_machine(tmp_path: Path) -> None:
    """Any other address is refused with the reason."""
    done = soc(tmp_path, "up", "--host", "0.0.0.0")  # noqa: S104 - the point of the test
    assert done.returncode == 5
    assert "loopback" in done.stderr


def test_a_home_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    """Exit code of a set-up fault."""
    (tmp_path / "file").touch()
    done = soc(tmp_path / "file" / "home", "hunt", "")
    assert done.returncode == 5
    assert "SOC_HOME" in done.stderr


def test_an_unknown_parser_names_the_nearest(tmp_path: Path) -> None:
    """And nothing is read."""
    done = soc(tmp_path, "normalise", "--parser", "ngnix", feed=b"x\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nginx" in done.stderr


def test_a_query_that_cannot_be_read_names_the_column(tmp_path: Path) -> None:
    """Nothing is searched."""
    done = soc(tmp_path, "hunt", "user.name:(a OR")
    assert done.returncode == 2
    assert done.stdout == ""


def test_broken_lines_become_errors_in_their_place(tmp_path: Path) -> None:
    """One document a line, in order, whatever the line holds."""
    good = b'192.0.2.9 - - [17/Nov/2026:03:20:01 +0700] "GET / HTTP/1.1" 200 48 "-" "M"\n'
    feed = good + b"nonsense\n" + b"\x00\x00\n" + b"x" * 1_000_000 + b"\n" + good
    done = soc(tmp_path, "normalise", "--parser", "nginx", feed=feed)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [("error" in line) for line in lines] == [False, True, True, True, False]


def test_bad_records_are_quarantined_counted_and_stop_nothing(tmp_path: Path) -> None:
    """Latin-1, NUL bytes, a clock years ahead, a value of the wrong type, a broken line, a line of 10 MB."""
    good = {"time": "2026-11-17T08:05:11+07:00", "method": "GET", "uri": "/", "status": 200, "remote_addr": "192.0.2.5"}
    log = tmp_path / "access.log"
    log.write_bytes(
        b"\n".join(
            [
                json.dumps(good).encode(),
                "Xã Mẫu, không phải nhật ký".encode("utf-16-le"),
                json.dumps(good | {"uri": "/caf\u00e9"}, ensure_ascii=False).encode("latin-1"),
                json.dumps(good | {"time": "2039-01-01T00:00:00+07:00"}).encode(),
                json.dumps(good | {"status": {"code": 200}}).encode(),
                json.dumps(good | {"status": "two hundred"}).encode(),
                b'{"time": "2026-11-17T08:05',
                b'{"uri": "' + b"a" * 10_000_000 + b'"}',
                json.dumps(good | {"uri": "/last"}).encode(),
                b"",
            ]
        )
    )
    done = soc(tmp_path / "home", "ingest", str(log), "--platform", "public_service_portal", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["created"] >= 3
    assert counts["quarantined"] >= 4
    doctor = soc(tmp_path / "home", "doctor", "--json")
    quarantined = [json.loads(line) for line in doctor.stdout.splitlines() if "quarantine" in line]
    assert sum(row["count"] for row in quarantined if "reason" in row) == counts["quarantined"]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_help_speaks_the_language_asked_for(tmp_path: Path, lang: str) -> None:
    """Command summaries come from the catalogue."""
    done = soc(tmp_path, "--lang", lang, "--help")
    assert ("Search the event store" in done.stdout) == (lang == "en")
