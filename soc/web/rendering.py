"""Templates to HTML. Vietnamese sentences stand in the templates as `_("...")`; everything is escaped unless it is markup already."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from soc.core.i18n import Lang, Message
from soc.web.assets import load_assets
from soc.web.formats import Formats
from soc.web.visible import brief, shown


class Words:
    """Sentences of one language, as templates call them."""

    def __init__(self, lang: Lang) -> None:
        self._lang = lang

    def __call__(self, text: str, **parts: object) -> str:
        """A sentence of a template, its named parts filled in."""
        return Message(text, parts).render(self._lang)

    def say(self, message: Message | None) -> str:
        """A message of the suite; nothing for None."""
        return "" if message is None else message.render(self._lang)

    def name(self, names: Mapping[str, str]) -> str:
        """The text of one language out of a table of both; the other one where it is missing."""
        return names.get(self._lang.value) or next(iter(names.values()), "")


@cache
def environment() -> Environment:
    """The templates, compiled once."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["shown"] = shown
    templates.filters["brief"] = brief
    templates.globals["asset"] = load_assets().url
    return templates


def render(template: str, lang: Lang, context: Mapping[str, Any]) -> str:
    """A page in one language."""
    words = Words(lang)
    return (
        environment()
        .get_template(template)
        .render(
            {"_": words, "say": words.say, "name": words.name, "fmt": Formats(lang), "lang": lang.value, **context},
        )
    )
