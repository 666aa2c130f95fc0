"""What a definition found at one event, before repeated findings are bundled into alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from detectors.alert import Explanation, Names
from detectors.selectors import Names as Pairs
from soc.core.i18n import Lang, Message


@dataclass(frozen=True, slots=True)
class Finding:
    """A definition that holds at an event.

    Attributes:
        entity: what it is about; sets its alerts apart from those of others.
        shown: further fields for the reader.
        matched: field -> value that satisfied it.
        explain: sentences and figures, worked out only when an alert is made of it.
        earlier: ids of events before this one that belong to it, at most a few.
        first: time of the first event that belongs to it.
        span_s: findings this close after the first are bundled, in seconds.
    """

    entity: Pairs
    shown: Pairs
    matched: Mapping[str, object]
    explain: Callable[[], tuple[Explanation, ...]]
    first: datetime
    earlier: tuple[str, ...] = field(default=())
    span_s: float = 3600


def sentence(text: Message, found: object = None, *children: Explanation) -> Explanation:
    """A node that is a sentence in both languages."""
    return Explanation("count", held=True, found=found, text=in_all(text), children=children)


def in_all(text: Message) -> Names:
    """The sentence by language."""
    return {lang.value: text.render(lang) for lang in Lang}


def listed(pairs: Pairs) -> str:
    """`user.name = an, host.name = ws-1`."""
    return ", ".join(f"{name} = {value}" for name, value in pairs)
