"""Which rules of ours answer which threats of the platforms, and which log sources they look at.

The documents are read as written, not compiled: rules, correlations, first-seen definitions, baselines and ledgers say it alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from detectors.alert import Names
from detectors.rulepack import TEST_SUFFIX, own_rules
from detectors.sigma.yaml12 import load_documents
from detectors.threats import threats_of

PARTS = ("product", "category", "service")


@dataclass(frozen=True, slots=True)
class Answer:
    """A rule that answers a threat.

    Attributes:
        name: what cases and correlations call it by; its id where it has no name.
        level: as written, "" where it has none.
        file: below the folder of rules.
        attack: tags of techniques, upper case ("T1110.003", "AML.T0051").
    """

    name: str
    title: Names
    level: str
    file: str
    attack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a folder of rules answers and looks at.

    Attributes:
        of_threat: threat -> rules that answer it, by file.
        logsources: product, category and service of every rule, "" for a part that it leaves open.
    """

    of_threat: Mapping[str, tuple[Answer, ...]]
    logsources: frozenset[tuple[str, str, str]]

    def looks_at(self, product: str | None, category: str | None, service: str | None) -> bool:
        """Whether any rule takes events of this log source."""
        given = tuple(one or "" for one in (product, category, service))
        return any(
            all(not asked or asked == has for asked, has in zip(one, given, strict=True)) for one in self.logsources
        )


@cache
def own_answers() -> Answers:
    """Of the rules that come with the suite. Raises SetupError when the installation holds none."""
    return answers_of(own_rules())


def answers_of(root: Path) -> Answers:
    """Of all rule files below `root`; what cannot be read is left to `soc rules check`."""
    found: defaultdict[str, list[Answer]] = defaultdict(list)
    logsources: set[tuple[str, str, str]] = set()
    for file in sorted([*root.rglob("*.yml"), *root.rglob("*.yaml")]):
        for content in _documents(file):
            logsources |= _logsource(content)
            for threat in threats_of(content):
                found[threat].append(_answer(content, file.relative_to(root)))
    return Answers({threat: tuple(rules) for threat, rules in sorted(found.items())}, frozenset(logsources))


def _documents(file: Path) -> Iterator[dict[str, Any]]:
    if file.name.endswith(TEST_SUFFIX):
        return
    try:
        for document in load_documents(file.read_bytes()):
            if isinstance(document.content, dict):
                yield document.content
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return


def _logsource(content: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    written = content.get("logsource")
    if not isinstance(written, dict):
        return set()
    product, category, service = (str(written.get(part) or "").lower() for part in PARTS)
    return {(product, category, service)}


def _answer(content: Mapping[str, Any], file: Path) -> Answer:
    title = str(content.get("title") or file.stem)
    tags = content.get("tags")
    return Answer(
        name=str(content.get("name") or content.get("id") or file.stem),
        title={"vi": str(content["vonggac"].get("title_vi") or title), "en": title},
        level=str(content.get("level") or ""),
        file=file.as_posix(),
        attack=tuple(_technique(str(tag)) for tag in tags if _technique(str(tag))) if isinstance(tags, list) else (),
    )


def _technique(tag: str) -> str:
    group, _, name = tag.partition(".")
    return name.upper() if (group == "attack" and name[:1] == "t" and name[1:2].isdigit()) or group == "atlas" else ""
