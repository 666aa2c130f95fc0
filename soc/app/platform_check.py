"""Everything that is wrong with the platform files, at once: their form, and what they promise that no rule keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from collectors.definition import read_definition
from collectors.platform import Format, Platform, load_platforms
from soc.app.threat_answers import Answers
from soc.core.errors import DefinitionError
from soc.core.i18n import msg


@dataclass(frozen=True, slots=True)
class PlatformCheck:
    """What came of it.

    Attributes:
        files: platform files there are.
        platforms: those that can be worked with.
        faults: to be mended, each with file:line and advice.
        notices: may be meant.
    """

    files: int
    platforms: Mapping[str, Platform]
    faults: tuple[DefinitionError, ...]
    notices: tuple[DefinitionError, ...]

    @property
    def sound(self) -> int:
        """Files without a fault."""
        return self.files - len({fault.where.partition(".yaml")[0] for fault in self.faults})


def check_platforms(folder: Path, answers: Answers) -> PlatformCheck:
    """All platform files of `folder` against themselves and against the rules."""
    platforms, faults = load_platforms(folder, strict=False)
    unanswered = [fault for platform in platforms.values() for fault in _unanswered(folder, platform, answers)]
    unseen = [notice for platform in platforms.values() for notice in _unseen(folder, platform, answers)]
    files = sum(1 for _ in folder.glob("*.yaml"))
    return PlatformCheck(files, platforms, (*faults, *unanswered), tuple(unseen))


def _unanswered(folder: Path, platform: Platform, answers: Answers) -> Iterator[DefinitionError]:
    """Threats that no rule of ours answers."""
    missing = [(place, one) for place, one in enumerate(platform.threats) if one not in answers.of_threat]
    if not missing:
        return
    definition = read_definition(folder / f"{platform.id}.yaml")
    for place, threat in missing:
        close = get_close_matches(threat, answers.of_threat, n=1, cutoff=_ALIKE)
        yield definition.fault(
            ("threats", place),
            msg("không luật nào trả lời mối đe dọa '{threat}'", threat=threat),
            msg("một luật có vonggac.threats: [{threat}]", threat=threat),
            msg("có phải '{name}'?", name=close[0]) if close else msg("viết luật, hoặc thêm mã này vào luật đã có"),
        )


_ALIKE = 0.85
"""Two ids of threats are rarely that near unless one is misspelt."""


def _unseen(folder: Path, platform: Platform, answers: Answers) -> Iterator[DefinitionError]:
    """Formats that no rule looks at: collected, but watched by nothing."""
    unseen = [(place, one) for place, one in enumerate(platform.formats) if not _is_seen(one, answers)]
    if not unseen:
        return
    definition = read_definition(folder / f"{platform.id}.yaml")
    for _, one in unseen:
        place = next((at for at, line in _written(definition.data) if one.id == line), 0)
        yield definition.fault(
            ("formats", place),
            msg("không luật nào nhìn vào khuôn '{name}'", name=one.id),
            advice=msg("lưu ý thôi: nhật ký vẫn thu và tìm kiếm được"),
        )


def _written(data: object) -> list[tuple[int, str]]:
    """Place and id of every format of a file."""
    formats = data.get("formats") if isinstance(data, dict) else None
    entries = formats if isinstance(formats, list) else []
    return [
        (place, str(one.get("id") or str(one.get("reuse", "")).partition("/")[2]))
        for place, one in enumerate(entries)
        if isinstance(one, dict)
    ]


def _is_seen(form: Format, answers: Answers) -> bool:
    """Events of Windows go to rules by their channel, whatever their platform declares."""
    declared = form.logsource
    if form.parser.startswith("win") and any(product == "windows" for product, _, _ in answers.logsources):
        return True
    return answers.looks_at(declared.product, declared.category, declared.service)
