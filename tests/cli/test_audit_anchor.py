"""Anchors and packs on the command line: even a full rewrite with the machine's own key is found from the last delivered anchor."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from soc.app.application import Application
from soc.audit.tables import AuditRow
from soc.audit.trail import Act
from soc.cli.main import cli
from soc.core.errors import InputError, SetupError
from soc.core.settings import Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def act(*targets: str, first_forget: bool = False) -> None:
    """Entries about `targets`; `first_forget` is an intruder who writes the whole trail anew with the code of the suite."""
    with Application(Settings()) as soc, soc.database.transaction() as session:
        if first_forget:
            session.execute(delete(AuditRow))
        for target in targets:
            soc.audit.record(session, Act("cb.mau", "evidence.read", target))


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, words)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.exit_code, result.stdout


def test_a_full_rewrite_with_the_own_key_is_found_from_the_delivered_anchor(tmp_path: Path) -> None:
    act("evidence/A", "evidence/B")
    anchors = tmp_path / "anchors"
    assert run("audit", "anchor", "--to", str(anchors))[0] == 0
    assert run("verify", "audit", "--anchor", str(anchors))[0] == 0
    act("evidence/A", "evidence/X", "evidence/Y", first_forget=True)
    run("audit", "anchor", "--to", str(anchors))  # of the new chain: agrees with it, and hides nothing
    assert run("verify", "audit")[0] == 0
    assert run("verify", "audit", "--anchor", str(anchors))[0] == 1


def test_each_delivery_adds_a_line_and_stands_in_the_trail(tmp_path: Path) -> None:
    act("evidence/A")
    anchors = tmp_path / "anchors"
    for _ in range(2):
        run("audit", "anchor", "--to", str(anchors))
    assert [orjson.loads(line)["number"] for line in anchors.read_bytes().splitlines()] == [1, 2]


def test_a_pack_is_judged_by_pack_anchor_and_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    act("evidence/A", "evidence/B")
    anchors, pack = tmp_path / "anchors", tmp_path / "pack"
    run("audit", "anchor", "--to", str(anchors))
    run("audit", "export", "--out", str(pack))
    public = run("audit", "key")[1].strip()
    monkeypatch.setenv("SOC_HOME", str(tmp_path / "another machine"))
    words = ("verify", str(pack), "--anchor", str(anchors), "--key", public)
    assert run(*words)[0] == 0
    assert not (tmp_path / "another machine").exists()
    pack.write_bytes(pack.read_bytes().replace(b"evidence/B", b"evidence/C"))
    assert run(*words)[0] == 1


def test_a_pack_without_a_key_one_that_exists_and_an_absent_anchor_are_refused_with_advice(tmp_path: Path) -> None:
    act("evidence/A")
    pack = tmp_path / "pack"
    run("audit", "export", "--out", str(pack))
    with pytest.raises(InputError, match="khóa công khai"):
        run("verify", str(pack))
    with pytest.raises(SetupError, match="không ghi được tệp") as taken:
        run("audit", "export", "--out", str(pack))
    assert taken.value.advice is not None
    with pytest.raises(InputError, match="điểm neo") as absent:
        run("verify", "audit", "--anchor", str(tmp_path / "absent"))
    assert absent.value.expected is not None
