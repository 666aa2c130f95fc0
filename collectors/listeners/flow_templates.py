"""Templates of flow exporters: bounded in number, the newest of a name in force.

Source: RFC 3954 sections 5 and 6 (NetFlow v9), RFC 7011 sections 3.4 and 8 (IPFIX, withdrawal).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from collectors.listeners.flow_values import Element

MOST_TEMPLATES = 4096
MOST_FIELDS = 512
VARIABLE = 0xFFFF


class Domain(NamedTuple):
    """Who numbers its templates for itself: exporter, version, observation domain (v9: source id)."""

    exporter: str
    version: int
    number: int


Key: TypeAlias = tuple[Domain, int]


@dataclass(frozen=True, slots=True)
class TemplateField:
    """One field; `length` VARIABLE where each record says it."""

    element: Element
    length: int


@dataclass(frozen=True, slots=True)
class Template:
    """The fields of a data record; `options`: they tell of the exporter, not of a flow."""

    fields: tuple[TemplateField, ...]
    options: bool = False

    @property
    def shortest(self) -> int:
        """Bytes of its shortest record."""
        return sum(1 if one.length == VARIABLE else one.length for one in self.fields)


@dataclass
class Templates:
    """What every exporter announced last."""

    most: int = MOST_TEMPLATES
    _known: OrderedDict[Key, Template] = field(default_factory=OrderedDict)

    def get(self, domain: Domain, number: int) -> Template | None:
        """The template in force; None when none was announced."""
        template = self._known.get((domain, number))
        if template is not None:
            self._known.move_to_end((domain, number))
        return template

    def put(self, domain: Domain, number: int, template: Template) -> bool:
        """Take note; True when another one of that number was in force. Beyond the bound the one used longest ago goes."""
        before = self._known.get((domain, number))
        self._known[domain, number] = template
        self._known.move_to_end((domain, number))
        if len(self._known) > self.most:
            self._known.popitem(last=False)
        return before is not None and before != template

    def withdraw(self, domain: Domain, number: int) -> None:
        """Forget one."""
        self._known.pop((domain, number), None)
