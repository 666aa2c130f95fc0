"""`soc rules held`: the matches that suppression holds back just now; alerts tell them later."""

from __future__ import annotations

from rich.table import Table

from detectors.bundling import Held
from detectors.detector import title_of
from soc.access.principal import Right
from soc.app.application import Application
from soc.app.checkpoints import Checkpoints
from soc.app.exceptions import held_back
from soc.app.pipeline import CHECKPOINT
from soc.cli.context import As, Json, console, emit, local, principal_of, say, settings
from soc.core.i18n import msg


def held(as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        who.require(Right.READ_ALERTS)
        state = Checkpoints(soc.database).state(CHECKPOINT)
        found = held_back(soc.make_detector(soc.rules), state, who.scope)
        titles = {rule.id: title_of(rule) for rule in soc.rules.rules}
        titles |= {rule.id: title_of(rule) for rule in soc.rules.correlations}
    if json:
        emit(_row(one) for one in found)
        return
    lang = settings().lang
    table = Table(box=None, show_header=False)
    for one in found:
        subject = one.subject
        about = ", ".join(f"{field}={value}" for field, value in subject.entities)
        title = titles.get(subject.rule_id, {}).get(lang, subject.rule_id)
        table.add_row(title, subject.agency, about, str(one.count), str(one.total), local(one.first), local(one.last))
    console().print(table)
    say(msg("{count} lần khớp đang được gộp, sẽ báo khi hết kỳ gộp", count=sum(one.count for one in found)))


def _row(held: Held) -> dict[str, object]:
    subject = held.subject
    return {
        "rule": subject.rule_id,
        "agency": subject.agency,
        "exercise": subject.exercise,
        "platform": subject.platform,
        "entities": dict(subject.entities),
        "count": held.count,
        "total": held.total,
        "first": held.first,
        "last": held.last,
        "event_ids": held.event_ids,
    }
