"""What a hunt could not see, found out when it ends: the second half of its statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from detectors.indicators.fields import FIELDS
from detectors.sigma import RuleSet
from detectors.sigma.state import RuleState
from soc.app.gaps import Gap, GapBook
from soc.app.hunt_model import Hunt
from soc.app.hunt_statement import BlindRule, GapNote, Limits
from soc.app.ledger_view import NO_SOURCE, LedgerView, RuleStates
from soc.core.clock import ALL_TIME, Window, iso
from soc.core.i18n import Lang
from soc.core.scope import Scope
from soc.storage.conditions import Altered, Condition, Exists
from soc.storage.events import EventStore, Search

MASKED = "soc.redacted"


class Sight:
    """Asks store, ledger and quarantine.

    Args:
        aside: how many records of the sources within a scope are in quarantine.
    """

    def __init__(self, store: EventStore, gaps: GapBook, ledger: LedgerView, aside: Callable[[Scope], int]) -> None:
        self._store, self._gaps, self._ledger, self._aside = store, gaps, ledger, aside

    def of_rules(self, hunt: Hunt, ruleset: RuleSet) -> Limits:
        """What rules could not see. Raises EngineError."""
        states = self._ledger.states(ruleset, hunt.scope)
        return self._limits(
            hunt,
            blind=tuple(_blind(one) for one in states if one.state in (RuleState.BLIND, RuleState.PARTLY_BLIND)),
            no_source=tuple(one.rule.id for one in states if one.state == NO_SOURCE),
        )

    def of_indicators(self, hunt: Hunt, *, changed: bool) -> Limits:
        """What indicators could not be found in. Raises EngineError."""
        unseen = tuple(name for name in FIELDS if not self._count(hunt, Exists(name)))
        return self._limits(hunt, unseen_fields=unseen, changed=changed)

    def _limits(
        self,
        hunt: Hunt,
        *,
        blind: tuple[BlindRule, ...] = (),
        no_source: tuple[str, ...] = (),
        unseen_fields: tuple[str, ...] = (),
        changed: bool = False,
    ) -> Limits:
        oldest = next(iter(self._store.search(Search("", hunt.scope, None, ascending=True, size=1)).events), None)
        begins = hunt.window.until if oldest is None else oldest.timestamp
        return Limits(
            history_begins=begins if begins > hunt.window.since else None,
            quarantined=self._aside(hunt.scope),
            gaps=tuple(self._gaps_in(hunt)),
            blind=blind,
            no_source=no_source,
            unseen_fields=unseen_fields,
            altered=self._count(hunt, Altered()),
            masked=self._count(hunt, Exists(MASKED)),
            ahead=self._ahead(hunt),
            changed=changed,
        )

    def _count(self, hunt: Hunt, condition: Condition) -> int:
        return self._store.count(condition, hunt.scope, hunt.window)

    def _ahead(self, hunt: Hunt) -> int:
        if hunt.window.until >= ALL_TIME.until:
            return 0
        return self._store.count(
            f'soc.received:{{* TO "{iso(hunt.filed)}"}}', hunt.scope, Window(hunt.window.until, ALL_TIME.until)
        )

    def _gaps_in(self, hunt: Hunt) -> Iterator[GapNote]:
        for gap in self._gaps.all(hunt.scope):
            if gap.first < hunt.window.until and gap.last >= hunt.window.since:
                yield _note(gap)


def _note(gap: Gap) -> GapNote:
    reason = {lang.value: gap.reason.render(lang) for lang in Lang}
    return GapNote(gap.kind.value, gap.source, gap.events, gap.first, gap.last, reason)


def _blind(one: RuleStates) -> BlindRule:
    fields = sorted({name for feed in one.feeds.values() for name in feed.blind})
    return BlindRule(one.rule.id, one.state, tuple(fields))
