"""Index lifecycle management for clusters that have it, printed and never sent: our own rollover and retention need none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from soc.app.elastic_setup import Request
from soc.core.i18n import msg
from soc.storage.elastic.indices import ROLLOVER, template
from soc.storage.elastic.names import LEVELS, Names

DAYS_PER_MONTH = 31


def lifecycle(names: Names, months: Callable[[int], int]) -> Iterator[Request]:
    """For each level a policy, a template that binds new indices to it, and the setting for those that are there.

    Args:
        months: level -> how long its events are kept, counted from the rollover of their index.
    """
    common = template(names)
    for level in LEVELS:
        alias = names.writing(level)
        yield Request(
            "PUT",
            f"/_ilm/policy/{alias}",
            msg("chính sách vòng đời của cấp độ {level}", level=level),
            _policy(months(level)),
        )
        bound = {"index.lifecycle.name": alias, "index.lifecycle.rollover_alias": alias}
        inner = {**common["template"], "settings": {**common["template"]["settings"], **bound}}
        body = {**common, "index_patterns": [f"{alias}-*"], "priority": 501, "template": inner}
        yield Request(
            "PUT",
            f"/_index_template/{alias}",
            msg("mẫu gắn chỉ mục mới của cấp độ {level} với chính sách", level=level),
            body,
        )
        yield Request("PUT", f"/{alias}-*/_settings", msg("gắn các chỉ mục đã có"), bound)


def _policy(months: int) -> dict[str, object]:
    """Rolls over where our own job would, which is harmless twice; deletes past retention."""
    delete = {"min_age": f"{months * DAYS_PER_MONTH}d", "actions": {"delete": {}}}
    return {"policy": {"phases": {"hot": {"actions": {"rollover": dict(ROLLOVER)}}, "delete": delete}}}
