"""What the rules of a file say of themselves, read without compiling them: id, level, status, licence, log source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from detectors.sigma.yaml12 import load_documents
from soc.core.severity import Severity

NO_STATUS = ""
_LONGEST = 300
_LICENCES = (
    (re.compile(r"Detection Rule License", re.IGNORECASE), "DRL-1.1"),
    (re.compile(r"Apache License", re.IGNORECASE), "Apache-2.0"),
    (re.compile(r"Elastic License", re.IGNORECASE), "Elastic-2.0"),
    (re.compile(r"GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3", re.IGNORECASE), "AGPL-3.0-only"),
    (re.compile(r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3", re.IGNORECASE), "LGPL-3.0-only"),
    (re.compile(r"GNU GENERAL PUBLIC LICENSE\s+Version 3", re.IGNORECASE), "GPL-3.0-only"),
    (re.compile(r"Mozilla Public License", re.IGNORECASE), "MPL-2.0"),
    (re.compile(r"\bMIT License\b", re.IGNORECASE), "MIT"),
    (re.compile(r"Redistribution and use in source and binary forms", re.IGNORECASE), "BSD-3-Clause"),
    (re.compile(r"CC0 1\.0|Creative Commons Zero", re.IGNORECASE), "CC0-1.0"),
)
"""What a licence text is recognised by -> its SPDX id, the more telling first."""


class Kind(StrEnum):
    """What a document of a rule file is."""

    DETECTION = "detection"
    CORRELATION = "correlation"
    FILTER = "filter"


@dataclass(frozen=True, slots=True)
class Described:
    """One rule as its author describes it; "" where the rule does not say.

    Attributes:
        id: as written, in lower case when it is a UUID.
        name: by which correlations may refer to it.
        line: where it begins in its file, from 1.
        level: None where the rule has none.
        title_vi: `vonggac.title_vi`.
    """

    kind: Kind
    line: int
    id: str
    name: str
    title: str
    title_vi: str
    level: Severity | None
    status: str
    licence: str
    version: str
    product: str
    category: str
    service: str

    @property
    def keys(self) -> tuple[str, ...]:
        """What other rules may know it by; two rules that run together must not share one."""
        return tuple(key for key in (self.id, self.name) if key)


def describe(data: bytes) -> tuple[Described, ...]:
    """The rules of a file, in order; documents that are no rules are left out.

    Raises:
        yaml.YAMLError, UnicodeDecodeError, ValueError: cannot be read; compiling it tells where.
    """
    found = ((document.content, document.line) for document in load_documents(data))
    return tuple(
        _described(content, line) for content, line in found if isinstance(content, dict) and _kind(content) is not None
    )


def licence_in(text: str) -> str:
    """SPDX id of a licence text; "" when it is none of those known here."""
    return next((ident for pattern, ident in _LICENCES if pattern.search(text)), "")


def _kind(content: Mapping[object, object]) -> Kind | None:
    if "correlation" in content:
        return Kind.CORRELATION
    if "filter" in content:
        return Kind.FILTER
    return Kind.DETECTION if "detection" in content or "logsource" in content else None


def _described(content: Mapping[object, object], line: int) -> Described:
    source, ours = content.get("logsource"), content.get("vonggac")
    logsource: Mapping[object, object] = source if isinstance(source, Mapping) else {}
    extra: Mapping[object, object] = ours if isinstance(ours, Mapping) else {}
    level = _text(content.get("level")).lower()
    return Described(
        kind=_kind(content) or Kind.DETECTION,
        line=line,
        id=_ident(_text(content.get("id"))),
        name=_text(content.get("name")),
        title=_text(content.get("title")),
        title_vi=_text(extra.get("title_vi")),
        level=Severity(level) if level in set(Severity) else None,
        status=_text(content.get("status")).lower(),
        licence=_text(content.get("license")),
        version=_text(content.get("modified")) or _text(content.get("date")),
        product=_text(logsource.get("product")).lower(),
        category=_text(logsource.get("category")).lower(),
        service=_text(logsource.get("service")).lower(),
    )


def _text(value: object) -> str:
    """Scalars only: the text of a list could be as long as its aliases make it."""
    return str(value)[:_LONGEST] if isinstance(value, (str, int, float, date)) else ""


def _ident(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return text
