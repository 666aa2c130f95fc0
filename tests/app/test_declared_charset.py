"""A charset that a source declares is how its records are read, on the whole way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.inputs import open_input
from collectors.platform import load_platforms
from collectors.sources import load_sources
from soc.app.application import Application
from soc.core.errors import FaultsError
from soc.core.scope import PROVINCE
from soc.core.settings import Settings

SOURCE = "sources:\n  - {id: cu, platform: one_stop, agency: so-mau, charset: %s}\n"
LINE = '{"thoiGian":"2026-11-17T08:00:00+07:00","taiKhoan":"Ngöôøi","hanhDong":"XEM"}'.encode("latin-1")


@pytest.mark.parametrize(("declared", "name", "charset"), [("vni", "Người", "vni"), ("''", "Ngöôøi", "latin-1")])
def test_a_declared_charset_is_used_and_noted(
    tmp_path: Path, settle: Callable[[Path], None], declared: str, name: str, charset: str
) -> None:
    settle(tmp_path)
    (tmp_path / "sources.yaml").write_text(SOURCE % declared, "utf-8")
    (tmp_path / "a.log").write_bytes(LINE + b"\n")
    with Application(Settings(home=tmp_path), writer=True) as app:
        app.collector.collect("cu", open_input(tmp_path / "a.log"))
        app.pipeline.drain()
        (event,) = app.store.scan("", PROVINCE)
    assert (event.fields["user.name"], event.fields["soc.charset"]) == (name, charset)


def test_a_charset_nobody_knows_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(SOURCE % "tcvn", "utf-8")
    with pytest.raises(FaultsError) as caught:
        load_sources(file, load_platforms())
    assert caught.value.faults[0].where == f"{file}:2"
