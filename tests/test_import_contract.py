"""The ranks of the packages are kept, and the contract notices when they are not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

PACKAGES = ("soc", "detectors", "collectors", "reports", "playbooks")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The contract of `pyproject.toml` over a copy of the packages."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_planted_import_against_the_ranks_breaks_the_contract(tmp_path: Path) -> None:
    """The same copy passes before the import is planted."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("node_modules", "__pycache__")
        )
    before = lint_imports(tmp_path)
    assert before.returncode == 0, before.stdout

    with (tmp_path / "soc" / "core" / "clock.py").open("a", encoding="utf-8") as file:
        file.write("\nimport soc.incidents.model\n")
    after = lint_imports(tmp_path)
    assert after.returncode == 1
    assert "soc.core.clock -> soc.incidents.model" in after.stdout
