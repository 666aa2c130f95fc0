"""Rule sets over real parts: a database, a blob store, the audit trail."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.rulesets.library import Library
from detectors.rulesets.service import Living, RuleSets
from detectors.sigma import RuleSet
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock
from soc.storage.blobs import BlobStore
from soc.storage.sql import Database

NOW = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
RULE = """\
title: {title}
id: {ident}
status: {status}
level: {level}
logsource: {{product: {product}}}
detection:
  word:
    CommandLine|contains: {word}
  condition: word
"""


def ident(number: int) -> str:
    """A UUID of a made-up rule."""
    return f"00000000-0000-4000-8000-{number:012d}"


def rule(
    number: int,
    word: str = "whoami",
    *,
    title: str = "A rule",
    status: str = "test",
    level: str = "high",
    product: str = "windows",
) -> str:
    """A small detection rule."""
    return RULE.format(ident=ident(number), word=word, title=title, status=status, level=level, product=product)


@dataclass(frozen=True)
class Desk:
    """The service with what stands around it."""

    sets: RuleSets
    database: Database
    audit: AuditTrail
    folder: Path

    def write(self, name: str, files: dict[str, str]) -> Path:
        """A folder of rule files."""
        for path, text in files.items():
            target = self.folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        return self.folder / name

    def acts(self) -> list[tuple[str, str]]:
        """(action, target) of the audit trail, oldest first."""
        with self.database.reading() as session:
            return [(entry.action, entry.target) for entry in self.audit.walk(session)]


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    """An installation with one rule of its own."""
    clock = FixedClock(NOW)
    audit = AuditTrail(clock)
    library = Library(tmp_path / "rulesets", BlobStore(tmp_path / "blobs"))
    own, site = tmp_path / "own", tmp_path / "site"
    sets = RuleSets(database, clock, audit, library, Living(own, site), RuleSet.load)
    made = Desk(sets, database, audit, tmp_path)
    made.write("own", {"own.yml": rule(1, "own-word", title="Own rule")})
    return made


@pytest.fixture
def build_zip(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """A ZIP of texts, members in the order given."""

    def build(files: dict[str, str]) -> Path:
        path = tmp_path / "download.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return path

    return build
