"""The listener as a process and as a neighbour: killed, starved, scanned, behind a proxy."""

from __future__ import annotations

import logging
import re
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx
import orjson
import pytest

from collectors.platform import load_platforms
from collectors.sources import load_source_file
from soc.core.errors import FaultsError
from soc.core.ids import sha256
from tests.collectors.http.listening import TOKEN, Listening, free_port, spec
from tests.collectors.live.post_office import receiving
from tests.collectors.machinery.post import Post
from tests.conftest import miss_part, note_part
from tests.servers.processes import wait_until

SOURCES = """
sources:
  - {{id: portal, platform: public_service_portal, agency: so-mau-01, format: nginx_access_json,
      input: {{kind: http, listener: http-in, token_sha256: [{digest}]}}}}
listeners:
  - {{id: http-in, kind: http, port: {port}}}
"""


def sources_of(home: Path) -> str:
    """Write a `sources.yaml` for one source, and give the address of its listener."""
    home.mkdir(exist_ok=True)
    port = free_port()
    (home / "sources.yaml").write_text(SOURCES.format(digest=sha256(TOKEN.encode()), port=port))
    return f"http://127.0.0.1:{port}"


def listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0


def test_after_kill_9_what_was_answered_is_there_once(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    url = sources_of(home)
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "batch-1"}
    with receiving(home, log) as process:
        wait_until(lambda: listens(url), "the listener", 30)
        answers = [httpx.post(f"{url}/v1/push/portal", content=b"one\ntwo\n", headers=headers) for _ in range(2)]
        process.send_signal(signal.SIGKILL)
    assert [answer.status_code for answer in answers] == [200, 200]
    post = Post.at(home)
    assert sorted({item.ident: item.data for item in post.spool.read()}.values()) == [b"one", b"two"]
    post.close()
    assert TOKEN not in log.read_text()


def test_a_head_that_never_ends_is_cut_off(post: Post) -> None:
    with Listening(post, spec(header_timeout_s=0.2)).running() as listening:
        with (
            socket.create_connection(("127.0.0.1", listening.spec.port)) as slow,
            socket.create_connection(("127.0.0.1", listening.spec.port)) as mute,
        ):
            slow.sendall(b"POST /v1/push HTTP/1.1\r\nHost: x\r\nX-A: ")
            assert slow.recv(1000) == b""
            assert mute.recv(1000) == b""
        assert listening.push(b"alive").status_code == 200


def test_a_second_request_of_a_connection_has_its_own_time(post: Post) -> None:
    with Listening(post, spec(header_timeout_s=0.3)).running() as listening:
        with httpx.Client(base_url=listening.url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            assert client.post("/v1/push", content=b"one").status_code == 200
        request = f"POST /v1/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 3\r\n\r\none"
        with socket.create_connection(("127.0.0.1", listening.spec.port)) as connection:
            connection.sendall(request.encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
            connection.sendall(b"POST /v1")
            while connection.recv(1000):
                pass
        assert listening.lines() == ["one", "one"]


def test_a_body_that_never_ends_is_cut_off(post: Post) -> None:
    with Listening(post, spec(body_timeout_s=0.2)).running() as listening:
        head = f"POST /v1/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\none"
        with socket.create_connection(("127.0.0.1", listening.spec.port)) as slow:
            slow.sendall(head.encode())
            slow.shutdown(socket.SHUT_WR)
            slow.settimeout(10)
            slow.recv(1000)
        assert listening.push(b"alive").status_code == 200
        assert listening.lines() == ["alive"]


def test_a_head_without_end_is_refused(listening: Listening) -> None:
    with socket.create_connection(("127.0.0.1", listening.spec.port)) as connection, suppress(ConnectionError):
        connection.sendall(b"POST /v1/push HTTP/1.1\r\nX-Long: ")
        for _ in range(100):
            connection.sendall(b"a" * 10_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    assert listening.push(b"alive").status_code == 200


def test_nothing_of_a_request_is_logged(listening: Listening, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        listening.push(b"secret-body", path=f"/v1/push?token={TOKEN}")
        listening.push(b"secret-body", "vg_a-wrong-token")
    told = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    assert not re.search(r"vg_|secret-body", told)


def test_behind_a_proxy_nobody_comes_in_past_it_and_the_sender_is_who_it_names(post: Post) -> None:
    with Listening(post, spec(behind_proxy=["127.0.0.1"])).running() as listening:
        forwarded = "203.0.113.9, 198.51.100.7, 127.0.0.1"
        assert listening.push(b"x", X_Forwarded_For=forwarded).status_code == 200
        assert listening.items()[0].where == "198.51.100.7:0/http#0"
    with Listening(post, spec(behind_proxy=["192.0.2.1"])).running() as listening:
        assert listening.push(b"x").status_code == 403


def test_without_a_proxy_nobody_is_believed_about_the_sender(listening: Listening) -> None:
    listening.push(b"x", X_Forwarded_For="203.0.113.9")
    assert listening.items()[0].where.startswith("127.0.0.1:")


def test_faults_of_the_definition_name_their_line(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    written = SOURCES.format(digest=sha256(b"x"), port=free_port())
    file.write_text(written.replace("kind: http, port", "kind: http, host: 192.0.2.1, port"))
    with pytest.raises(FaultsError) as reachable:
        load_source_file(file, load_platforms())
    assert [fault.where.partition(":")[2] for fault in reachable.value.faults] == ["6"]
    entry = written[written.index("  - {id: portal") : written.index("listeners:")]
    file.write_text(written.replace(entry, entry + entry.replace("id: portal", "id: other")))
    with pytest.raises(FaultsError) as shared:
        load_source_file(file, load_platforms())
    assert "portal" in str(shared.value)


RSYSLOG = """
global(workDirectory="{folder}")
module(load="imuxsock" SysSock.Use="off")
module(load="imfile")
module(load="omelasticsearch")
template(name="as-json" type="list" option.jsonf="on") {{
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}}
input(type="imfile" File="{log}" Tag="web" readMode="0")
action(type="omelasticsearch" server="127.0.0.1" serverport="{port}" uid="portal" pwd="{token}" template="as-json"
  searchIndex="web" searchType="" bulkmode="on" action.resumeRetryCount="-1" queue.type="linkedList" queue.dequeueBatchSize="100")
"""


def test_rsyslog_ships_to_us_as_to_elasticsearch(
    listening: Listening, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    daemon = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
    if daemon is None or not list(Path("/usr/lib").glob("*/rsyslog/omelasticsearch.so")):
        reason = "rsyslog-elasticsearch is not installed; on Debian: apt-get install rsyslog-elasticsearch"
        miss_part(pytestconfig, "rsyslog to Elasticsearch", reason)
    note_part(pytestconfig, "rsyslog to Elasticsearch", "used")
    (tmp_path / "web.log").write_text("".join(f"dòng {n}\n" for n in range(300)))
    config = tmp_path / "rsyslog.conf"
    config.write_text(RSYSLOG.format(folder=tmp_path, log=tmp_path / "web.log", port=listening.spec.port, token=TOKEN))
    process = subprocess.Popen([daemon, "-n", "-f", config, "-i", tmp_path / "pid"], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: listening.post.spool.depth() >= 300, "300 records of rsyslog", 20)
    finally:
        process.terminate()
        process.wait(10)
    assert [orjson.loads(item.data)["message"] for item in listening.items()] == [f"dòng {n}" for n in range(300)]
