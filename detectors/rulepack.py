"""Where our own rules lie: in an installed wheel `detectors/_rules`, in a checkout `rules/` beside the packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from soc.core.errors import SetupError
from soc.core.i18n import msg

TEST_SUFFIX = ".test.yaml"
"""`<rule>.test.yaml` beside `<rule>.yml` holds the events it must catch and must leave alone."""


@dataclass(frozen=True, slots=True)
class RulePack:
    """A folder with `sigma/<platform>/<name>.yml` (+ `<name>.test.yaml`) and `yara/<name>.yar`."""

    root: Path

    @property
    def sigma(self) -> Path:
        return self.root / "sigma"

    def sigma_files(self) -> list[Path]:
        """Every Sigma rule file, in the order of platform and name."""
        return sorted(self.sigma.rglob("*.yml"))

    def test_files(self) -> list[Path]:
        """Every file of test cases, in the same order."""
        return sorted(self.sigma.rglob(f"*{TEST_SUFFIX}"))

    def yara_files(self) -> list[Path]:
        """Every YARA rule file."""
        return sorted((self.root / "yara").glob("*.yar"))


def test_file_of(rule_file: Path) -> Path:
    """Where the cases of `rule_file` lie."""
    return rule_file.with_name(rule_file.stem + TEST_SUFFIX)


def own_rules() -> RulePack:
    """The rules that come with the suite. Raises SetupError when the installation holds none."""
    package = Path(__file__).resolve().parent
    for root in (package / "_rules", package.parent / "rules"):
        if root.is_dir():
            return RulePack(root)
    raise SetupError(
        msg("không thấy bộ luật đi kèm"),
        expected=msg("thư mục _rules trong gói detectors, hoặc rules trong bản mã nguồn"),
        where=str(package),
        advice=msg("cài lại gói vonggac"),
    )
