"""The look-up lists that come with the suite: values known beforehand, and the names of those that only a site can fill.

Read by enrichment (`soc.lookup.<name>`) and by rules (`%name%` of `expand`), which know nothing of each other. A site adds to a list, or
takes out of it, by a file of the same name in `SOC_HOME/lookups` (docs/enrich.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

Content = Mapping[str, object]
"""What a file of `kind: list` says, as plain data."""


@cache
def shipped_lists() -> Mapping[str, Content]:
    """Name -> content of every list, in the order of their names; an empty one has no `values`."""
    folder = files("soc.core") / "lists"
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name)
    return MappingProxyType(
        {one.name.removesuffix(".yaml"): yaml.load(one.read_bytes(), Loader=yaml.CSafeLoader) for one in found}
    )


def shipped_values() -> Mapping[str, list[str]]:
    """Name -> values, for the modifier `expand`."""
    return {name: _texts(content.get("values")) for name, content in shipped_lists().items()}


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []
