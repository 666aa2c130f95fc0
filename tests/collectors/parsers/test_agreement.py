"""Agreement with a peer's published expectations, field by field, through the same path as `soc normalise`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import orjson
import pytest

from collectors.normalise import normalise_line
from collectors.options import parser_of
from collectors.parsing import ParseContext
from soc.core.errors import InputError

CONTEXT = ParseContext(datetime(2026, 12, 31, tzinfo=UTC), UTC)
FOLDERS = ["NGINX/nginx", "Apache/apache", "OpenSSH/openssh", "Fortinet/fortigate", "CEF/cef"]


def comparison(shared: Path) -> ModuleType:
    """The comparison of the acceptance tool, without its command line."""
    path = shared / "tools" / "ecs_agreement.py"
    made = ModuleType("ecs_agreement")
    exec(compile(path.read_text("utf-8").replace("\nmain()\n", "\n"), str(path), "exec"), made.__dict__)  # noqa: S102 - a tool beside the checkout
    return made


def document(parser: str, text: str) -> dict[str, object]:
    try:
        return normalise_line(parser_of(parser), text, CONTEXT)
    except InputError:
        return {}


@pytest.mark.external
@pytest.mark.parametrize("folder", FOLDERS)
def test_nine_fields_in_ten_agree_with_the_peer(shared: Path, folder: str) -> None:
    """Only fields with one right answer are compared; the rest is convention."""
    tool = comparison(shared)
    parser = tool.PARSERS[folder]
    asked = good = 0
    for path in sorted((shared / "data" / "ecs" / folder / "tests").glob("*.json")):
        case = orjson.loads(path.read_bytes())
        message = case["input"]["message"].strip("\n")
        if "\n" in message:
            continue
        ours = document(parser, message)
        for field in tool.EXACT:
            wanted = tool.get(case["expected"], field)
            if wanted is None:
                continue
            asked += 1
            have = tool.get(ours, field)
            good += have is not None and tool.flat(tool.norm(field, have)) == tool.flat(tool.norm(field, wanted))
    assert asked, f"no case under {folder}"
    assert good / asked >= 0.90, f"{good} of {asked}"
