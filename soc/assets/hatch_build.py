"""Build hook: puts `rules/` and the fetched scripts and fonts into a real wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelContents(BuildHookInterface[Any]):
    """Adds what lies outside the packages. An editable install is left alone: it reads the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        assets = Path(self.root) / "soc" / "assets" / "node_modules"
        if not assets.is_dir():
            raise FileNotFoundError(f"{assets} is missing; run ./run setup first")
        build_data["force_include"]["rules"] = "detectors/_rules"
        build_data["force_include"][str(assets)] = "soc/assets/node_modules"
