"""Lists of the province in rules: taken up while the collecting process runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import orjson

from collectors.inputs import open_input
from soc.app.application import Application
from soc.app.collecting import _Moving
from soc.app.doctor import examine
from soc.app.findings import State
from soc.app.reloading import LOOK_S
from soc.core.settings import Settings

RULE = """\
title: Account of a dissolved unit
id: 22222222-0000-4000-8000-000000000001
name: dissolved_account
status: test
level: high
logsource: {product: one_stop, category: application}
detection: {account: {user.name|expand: '%dissolved%'}, condition: account}
"""
WAIT_S = 60.0


def test_a_changed_list_is_in_the_rules_without_a_restart(tmp_path: Path, settle: Callable[[Path], None]) -> None:
    """The same account: first unknown, then on the list."""
    settle(tmp_path)
    (tmp_path / "sources.yaml").write_text("sources:\n  - {id: mc, platform: one_stop, agency: so-mau}\n", "utf-8")
    (tmp_path / "rules").mkdir(exist_ok=True)
    (tmp_path / "rules" / "dissolved_account.yml").write_text(RULE, "utf-8")
    lists = tmp_path / "lookups"
    lists.mkdir()
    (lists / "dissolved.yaml").write_text("kind: list\nvalues: [cb.khac]\n", "utf-8")
    with Application(Settings(home=tmp_path), writer=True) as app:
        moving = _Moving(app)
        assert alerts(app, moving, 1) == 0
        (lists / "dissolved.yaml").write_text("kind: list\nfield: user.name\nvalues: [cb.khac, cb.cu]\n", "utf-8")
        number, until = 2, time.monotonic() + WAIT_S
        while not alerts(app, moving, number):
            assert time.monotonic() < until, "the rules were not compiled anew"
            number += 1
            time.sleep(LOOK_S / 10)
        (lists / "dissolved.yaml").write_text("kind: list\nvalues: {}\n", "utf-8")
        found = {finding.part: finding for finding in examine(app)}["lookups"]
        assert found.state is State.BAD
        assert "dissolved.yaml:2" in found.detail.render()


def alerts(app: Application, moving: _Moving, number: int) -> int:
    """Alerts after one more record of the account."""
    path = app.home / f"{number}.log"
    moment = f"2026-11-17T08:00:{number % 60:02}.{number // 60:03}+07:00"
    path.write_bytes(orjson.dumps({"thoiGian": moment, "taiKhoan": "cb.cu", "hanhDong": "XEM"}) + b"\n")
    app.collector.collect("mc", open_input(path))
    moving.step()
    return sum(run.matches for run in app.detector.ran() if run.rule_id.endswith("2-0000-4000-8000-000000000001"))
