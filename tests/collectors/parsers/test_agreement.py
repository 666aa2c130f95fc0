"""Agreement with a peer's published expectations, field by field, through the same path as `soc normalise`.

Where we differ on purpose: docs/decisions/peer-disagreements.md.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from types import ModuleType

import orjson
import pytest

from collectors.normalise import normalise_line
from collectors.options import parser_of
from collectors.parsing import ParseContext
from collectors.text import decode
from soc.core.errors import InputError

CONTEXT = ParseContext(datetime(2026, 12, 31, tzinfo=UTC), UTC)
LEAST = 0.92
LEAST_WITH_DISAGREEMENTS = 0.75
DISAGREEMENTS = Path(__file__).resolve().parents[3] / "docs" / "decisions" / "peer-disagreements.md"
TOOL = Path(__file__).resolve().parents[4] / "shared" / "tools" / "ecs_agreement.py"


@cache
def comparison() -> ModuleType:
    """The comparison of the acceptance tool, without its command line."""
    made = ModuleType("ecs_agreement")
    if TOOL.is_file():
        exec(compile(TOOL.read_text("utf-8").replace("\nmain()\n", "\n"), str(TOOL), "exec"), made.__dict__)  # noqa: S102 - a tool beside the checkout
    return made


FOLDERS: dict[str, str] = getattr(comparison(), "PARSERS", {"none": "none"})


def document(parser: str, text: str) -> dict[str, object]:
    try:
        return normalise_line(parser_of(parser), decode(text.encode("utf-8", "surrogatepass")).text, CONTEXT)
    except InputError:
        return {}


@cache
def disagreements() -> tuple[tuple[str, str], ...]:
    """(format, field pattern) of every bullet of the document: what stands before its first colon."""
    bullets = re.split(r"^- ", DISAGREEMENTS.read_text("utf-8"), flags=re.MULTILINE)[1:]
    heads = [bullet.partition(": ")[0] for bullet in bullets]
    return tuple(
        (name, field)
        for head in heads
        for name in re.findall(r"\*\*(\w+)\*\*", head)
        for field in re.findall(r"`([^`]+)`", head)
    )


def is_on_purpose(parser: str, field: str) -> bool:
    """Whether the document says that we differ there."""
    return any(parser == name and fnmatch(field, pattern) for name, pattern in disagreements())


@pytest.mark.external
@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_nine_fields_in_ten_agree_with_the_peer(shared: Path, folder: str) -> None:
    """Only fields with one right answer are compared; where we differ on purpose the document must say so, and it cannot excuse much."""
    tool = comparison()
    asked = good = excused = 0
    for path in sorted((shared / "data" / "ecs" / folder / "tests").glob("*.json")):
        case = orjson.loads(path.read_bytes())
        message = case["input"]["message"].strip("\n")
        ours = document(FOLDERS[folder], message)
        for field in tool.EXACT:
            wanted = tool.get(case["expected"], field)
            if wanted is None:
                continue
            asked += 1
            have = tool.get(ours, field)
            same = have is not None and tool.flat(tool.norm(field, have)) == tool.flat(tool.norm(field, wanted))
            good += same
            excused += not same and is_on_purpose(FOLDERS[folder], field)
    assert asked, f"no case under {folder}"
    assert good / asked >= LEAST_WITH_DISAGREEMENTS, f"{good} of {asked}"
    assert good / (asked - excused) >= LEAST, f"{good} of {asked}, {excused} on purpose"
