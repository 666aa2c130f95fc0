"""Where our own rules lie: in an installed wheel `detectors/_rules`, in a checkout `rules/` beside the packages.

`sigma/<platform>/<name>.yml`, beside each its cases `<name>.test.yaml`; `yara/<name>.yar`.
"""

from __future__ import annotations

from pathlib import Path

from soc.core.errors import SetupError
from soc.core.i18n import msg

TEST_SUFFIX = ".test.yaml"
"""`<rule>.test.yaml` beside `<rule>.yml` holds the events it must catch and must leave alone."""


def own_rules() -> Path:
    """The folder of rules that comes with the suite. Raises SetupError when the installation holds none."""
    package = Path(__file__).resolve().parent
    for root in (package / "_rules", package.parent / "rules"):
        if root.is_dir():
            return root
    raise SetupError(
        msg("không thấy bộ luật đi kèm"),
        expected=msg("thư mục _rules trong gói detectors, hoặc rules trong bản mã nguồn"),
        where=str(package),
        advice=msg("cài lại gói vonggac"),
    )


def sigma_files(root: Path) -> list[Path]:
    """Every Sigma rule file at or below `root`, in the order of platform and name."""
    return sorted(root.rglob("*.yml")) if root.is_dir() else [root]


def yara_files(root: Path) -> list[Path]:
    """Every YARA rule file below `root`."""
    return sorted(root.rglob("*.yar"))


def cases_of(rule_file: Path) -> Path:
    """Where the cases of `rule_file` lie."""
    return rule_file.with_name(rule_file.stem + TEST_SUFFIX)
