"""Keys and sealed payloads."""

from __future__ import annotations

import base64
import os
import stat
import threading
from pathlib import Path

import pytest

from collectors.crypto import KEY_FILE, PayloadCipher, SealBrokenError, derive_key, load_master_key
from soc.core.errors import SetupError
from soc.core.i18n import Lang

MASTER = bytes(range(32))


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = load_master_key(tmp_path)
    assert len(key) == 32
    assert load_master_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    keys: list[bytes] = []
    threads = [threading.Thread(target=lambda: keys.append(load_master_key(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_configured_key_needs_no_file(tmp_path: Path) -> None:
    assert load_master_key(tmp_path, base64.b64encode(MASTER).decode()) == MASTER
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["c2hvcnQ=", "not base64 at all!", "é" * 44])
def test_a_malformed_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(SetupError) as caught:
        load_master_key(tmp_path, text)
    sentence = caught.value.render(Lang.EN)
    assert "SOC_SPOOL_KEY" in sentence
    assert "openssl rand -base64 32" in sentence
    assert text not in sentence


def test_a_key_file_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    load_master_key(tmp_path)
    path = tmp_path / KEY_FILE
    path.chmod(0o644)
    with pytest.raises(SetupError) as caught:
        load_master_key(tmp_path)
    assert f"chmod 600 {path}" in caught.value.render(Lang.EN)
    assert "0644" in caught.value.render()


def test_a_home_that_is_no_folder_is_a_setup_fault(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file")
    with pytest.raises(SetupError, match=r"spool\.key"):
        load_master_key(home)


def test_a_payload_opens_only_with_its_key_and_its_record() -> None:
    cipher = PayloadCipher(MASTER)
    sealed = cipher.seal(b"payload", b"record 1")
    assert b"payload" not in sealed
    assert PayloadCipher(MASTER).open(sealed, b"record 1") == b"payload"
    for broken in (sealed[:-1], sealed[:20], b"", sealed[:40] + b"\0" + sealed[41:], b"\x02" + sealed[1:]):
        with pytest.raises(SealBrokenError):
            cipher.open(broken, b"record 1")
    with pytest.raises(SealBrokenError):
        cipher.open(sealed, b"record 2")
    with pytest.raises(SealBrokenError):
        PayloadCipher(os.urandom(32)).open(sealed, b"record 1")


def test_the_session_key_changes_before_its_nonces_can_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.crypto._MESSAGES_PER_SESSION", 3)
    cipher = PayloadCipher(MASTER)
    sealed = [cipher.seal(str(n).encode(), b"") for n in range(10)]
    assert len({payload[1:17] for payload in sealed}) == 4
    assert [cipher.open(payload, b"") for payload in sealed] == [str(n).encode() for n in range(10)]


def test_keys_of_different_purposes_differ() -> None:
    assert derive_key(MASTER, "payload") != derive_key(MASTER, "pseudonyms")
