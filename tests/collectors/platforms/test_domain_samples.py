"""The 57 platforms and 71 formats of the province's register: all there, and every sample line of it reads without quarantine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from collectors.normalise import Normaliser
from collectors.platform import Platform
from soc.core.errors import SocError

from .conftest import record, source

pytestmark = pytest.mark.external


@pytest.fixture(scope="module")
def domain(shared: Path) -> Path:
    """The folder of domain facts."""
    folder = shared / "domain" if (shared / "domain").is_dir() else shared.parent / "domain"
    if not folder.is_dir():
        pytest.skip("no domain facts beside the checkout")
    return folder


@pytest.fixture(scope="module")
def families(domain: Path) -> list[dict[str, Any]]:
    """The 22 families of platforms."""
    return [yaml.safe_load(path.read_text("utf-8")) for path in sorted((domain / "logs").glob("*.yaml"))]


def keepers(family: dict[str, Any], form: str, platforms: dict[str, Platform]) -> list[str]:
    """Platforms of the family that have the format, the first one first."""
    return [
        ident for ident in family["platforms"] if ident in platforms and platforms[ident].find_format(form) is not None
    ]


def test_every_registered_platform_is_there_with_its_facts(domain: Path, platforms: dict[str, Platform]) -> None:
    """Klass, proposed level, kinds of log and names as the register says them."""
    register = yaml.safe_load((domain / "platforms.yaml").read_text("utf-8"))
    wrong = []
    for one in register:
        platform = platforms.get(one["id"])
        if platform is None:
            wrong.append(f"{one['id']}: missing")
            continue
        pairs = {
            "klass": (one["klass"], platform.klass),
            "level": (one["proposed_level"], platform.proposed_level),
            "log_types": (sorted(one["log_types"]), sorted(platform.log_types)),
            "name_vi": (_words(one["name_vi"]), _words(platform.name_vi)),
        }
        wrong += [f"{one['id']}: {key} {want!r} but {got!r}" for key, (want, got) in pairs.items() if want != got]
    assert len(register) == 57
    assert not wrong, "\n".join(wrong)


def _words(name: str) -> list[str]:
    """A name without its punctuation, which is ours to choose."""
    return re.findall(r"\w+", name)


def test_every_format_of_the_register_is_reachable(
    families: list[dict[str, Any]], platforms: dict[str, Platform]
) -> None:
    """The first platform of the family keeps it, and whoever is said to reuse it can."""
    forms = [(family, one["id"]) for family in families for one in family["formats"]]
    missing = [f"{family['family']}/{form}" for family, form in forms if not keepers(family, form, platforms)]
    assert len(forms) == 71
    assert not missing, missing


def test_every_threat_of_a_family_is_named_by_a_platform(
    families: list[dict[str, Any]], platforms: dict[str, Platform]
) -> None:
    missing = [
        f"{family['family']}: {threat['id']}"
        for family in families
        for threat in family["threats"]
        if not any(threat["id"] in platforms[ident].threats for ident in family["platforms"] if ident in platforms)
    ]
    assert sum(len(family["threats"]) for family in families) == 137
    assert not missing, "\n".join(missing)


def test_no_sample_line_goes_to_quarantine(
    families: list[dict[str, Any]], platforms: dict[str, Platform], normaliser: Normaliser
) -> None:
    """All 220, each through the first platform of its family that has the format; every event has its time and data set."""
    told, lines = [], 0
    for family in families:
        for form in family["formats"]:
            owners = keepers(family, form["id"], platforms)
            for sample in form["samples"]:
                lines += 1
                if not owners:
                    told.append(f"{family['family']}/{form['id']}: no platform has the format")
                    continue
                told += _refusals(normaliser, owners[0], form["id"], sample)
    assert lines == 220
    assert not told, "\n".join(told)


def _refusals(normaliser: Normaliser, platform: str, form: str, sample: str) -> list[str]:
    try:
        event = normaliser.normalise(record(sample), source(platform, form), "mau")
    except SocError as problem:
        return [f"{platform}/{form}: {problem}: {sample[:80]}"]
    lacking = [name for name in ("@timestamp", "event.dataset") if name not in event.fields]
    return [f"{platform}/{form}: no {name}: {sample[:80]}" for name in lacking]
