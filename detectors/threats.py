"""`vonggac: {threats: [gambling-seo-spam]}`: the threats of the register that a rule answers.

Every kind of definition may say it: Sigma rules and correlations, `newterms`, `baselines`, and the ledger of what was due.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


def threats_of(custom: Mapping[str, object]) -> tuple[str, ...]:
    """The threats a definition answers, in its order; what is no id of a threat is left out (`soc rules check` names it).

    Args:
        custom: the keys that Sigma does not define (`Rule.custom`), or the whole document.
    """
    return tuple(str(one) for one in _written(custom) if is_threat_id(one))


def unknown_threats(custom: Mapping[str, object]) -> tuple[str, ...]:
    """What stands under `threats` and cannot be the id of one."""
    return tuple(str(one) for one in _written(custom) if not is_threat_id(one))


def is_threat_id(value: object) -> bool:
    """Whether it has the form of an id: lower case with hyphens."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _written(custom: Mapping[str, object]) -> list[object]:
    ours = custom.get("vonggac")
    found = ours.get("threats", []) if isinstance(ours, Mapping) else []
    return found if isinstance(found, list) else [found]
