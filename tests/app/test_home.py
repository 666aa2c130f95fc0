"""The home: refused when it cannot be written to, held by one process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soc.app.demo import MARKER, fresh_home
from soc.app.home import HomeLock, prepare_home
from soc.core.errors import SetupError
from soc.core.i18n import Lang


def test_a_home_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    """The message names the folder and SOC_HOME."""
    (tmp_path / "file").touch()
    with pytest.raises(SetupError) as caught:
        prepare_home(tmp_path / "file" / "home")
    assert str(tmp_path) in caught.value.where
    assert "SOC_HOME" in caught.value.render(Lang.EN)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_is_refused(tmp_path: Path) -> None:
    """Found before anything is started."""
    tmp_path.chmod(0o500)
    with pytest.raises(SetupError):
        prepare_home(tmp_path)


def test_a_home_is_held_by_one_process(tmp_path: Path) -> None:
    """The second is told who holds it; after release it may have it."""
    with HomeLock(tmp_path, "up"):
        with pytest.raises(SetupError, match=str(os.getpid())), HomeLock(tmp_path, "up"):
            pass
        with HomeLock(tmp_path, "pipeline"):
            pass
    with HomeLock(tmp_path, "up"):
        pass


def test_the_demo_never_replaces_real_data(tmp_path: Path) -> None:
    """Only a folder that an earlier demo made is emptied."""
    home = tmp_path / "demo"
    home.mkdir()
    (home / "cases.sqlite").touch()
    with pytest.raises(SetupError):
        fresh_home(home)
    (home / MARKER).touch()
    assert not (fresh_home(home) / "cases.sqlite").exists()
