"""The actions there are. A new one is a module here and a line in `make_actions`; see docs/add-an-action.md."""

from __future__ import annotations

from collections.abc import Iterable

from playbooks.action import Action, Actions
from playbooks.actions.notify import Notify
from playbooks.actions.tag import Tag
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService


def make_actions(
    incidents: IncidentService, reader: IncidentReader, smtp_url: str = "", webhooks: Iterable[str] = ()
) -> Actions:
    """Every action, ready to use.

    Args:
        smtp_url: where mails go, see `Notify`; "" refuses mails.
        webhooks: the only addresses that a webhook may be sent to, compared as a whole.
    """
    made: tuple[Action, ...] = (Notify(smtp_url, frozenset(webhooks)), Tag(incidents, reader))
    return {action.id: action for action in made}


__all__ = ["make_actions"]
