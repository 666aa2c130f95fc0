"""Look-backs that nobody has to ask for: what comes into force or is imported is also looked for in the past.

Rules are compared, by their digest, with those that ran before; what is new among them is hunted for in the events of the last days, up to
the moment from which the stream sees to it. So are indicators that came in.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson

from detectors.indicators.book import Book
from detectors.indicators.model import Sought
from soc.access.principal import SYSTEM
from soc.app.hunt_model import FrozenIndicators, Hunt, Origin, Question, Request, RuleRef
from soc.app.hunt_rules import RuleFreezer, refs_of
from soc.app.hunt_tables import RulesInForce
from soc.app.hunts import HuntService
from soc.app.rule_loading import Loaded
from soc.core.clock import ALL_TIME, Clock, Window
from soc.core.errors import InputError
from soc.core.i18n import msg
from soc.core.scope import PROVINCE
from soc.storage.sql import Database

SHARE = 0.5
"""Of the time, for a hunt that nobody waits for."""
AHEAD = timedelta(days=1)
"""Indicators are looked for also in events dated a little ahead: clocks are wrong, and one told twice is told once."""
_ROW = 1
_SECOND = timedelta(seconds=1)


class LookBack:
    """Files hunts.

    Args:
        days: how far back they look; 0 = no hunt is filed by itself.
    """

    def __init__(self, hunts: HuntService, rules: RuleFreezer, database: Database, clock: Clock, days: int) -> None:
        self._hunts, self._rules, self._database, self._clock, self._days = hunts, rules, database, clock, days

    def rules_loaded(self, loaded: Loaded) -> Hunt | None:
        """Call it when rules came into force; files one hunt for those that are new. The first rules ever have nothing behind them.

        Raises:
            EngineError: the database or the disk does not answer; called again, it files the hunt then.
        """
        refs, before, now = refs_of(loaded.ruleset), self._before(), self._clock.now()
        if before is not None and before == _digests(refs):
            return None
        new = [] if before is None else [ref for ref in refs if before.get(ref.id) != ref.digest]
        request = self._for_rules(loaded, new, now) if new and self._days else None
        with self._database.transaction() as session:
            session.merge(RulesInForce(number=_ROW, at=now, rules=orjson.dumps(_digests(refs)).decode()))
            return self._hunts.put(session, SYSTEM, request) if request is not None else None

    def rule(self, loaded: Loaded, rule: str, window: Window) -> Hunt:
        """File a hunt that makes good what one rule missed, and raises what it finds; no worker is asked, as somebody waits for it.

        Raises:
            InputError: the rule reports nothing itself.
        """
        wanted = [ref for ref in refs_of(loaded.ruleset) if ref.id == rule]
        if not wanted:
            raise InputError(
                msg("luật {rule} không tự sinh cảnh báo", rule=rule), advice=msg("nêu luật tương quan dùng nó")
            )
        question = Question(rules=self._rules.freeze_in_force(loaded.plan.files, wanted))
        request = Request(question, window, PROVINCE, raises=True, throttle=1)
        with self._database.transaction() as session:
            return self._hunts.put(session, SYSTEM, request)

    def indicators_imported(self, book: Book, at: datetime) -> Hunt | None:
        """Call it behind an import: files a hunt for what came in with it.

        Args:
            at: the time under which they were imported.
        """
        since = at.replace(microsecond=0)
        return self.indicators(book, Window(since, since + _SECOND), self._days) if self._days else None

    def indicators(self, book: Book, imported: Window, days: int) -> Hunt | None:
        """File a hunt for indicators that came in within a window and were not looked for yet; None when there are none."""
        now = self._clock.now()
        sought = Sought(imported.since, imported.until, now)
        _, count, digest = book.sought(sought, 0)
        if not count:
            return None
        question = Question(indicators=FrozenIndicators(sought, count, digest))
        window = Window(_back(now, days), now + AHEAD)
        request = Request(question, window, PROVINCE, "", raises=True, throttle=SHARE, origin=Origin.IMPORT)
        return self._hunts.file(SYSTEM, request)

    def _for_rules(self, loaded: Loaded, new: list[RuleRef], now: datetime) -> Request:
        question = Question(rules=self._rules.freeze_in_force(loaded.plan.files, new))
        reason = f"rules/activation/{loaded.plan.activation.number}"
        window = Window(_back(now, self._days), now)
        return Request(question, window, PROVINCE, reason, throttle=SHARE, origin=Origin.ACTIVATION)

    def _before(self) -> dict[str, str] | None:
        """Rule id -> digest of what ran before; None when nothing ever did."""
        with self._database.reading() as session:
            row = session.get(RulesInForce, _ROW)
            return None if row is None else orjson.loads(row.rules)


def _digests(refs: tuple[RuleRef, ...]) -> dict[str, str]:
    return {ref.id: ref.digest for ref in refs}


def _back(now: datetime, days: int) -> datetime:
    return max(now - timedelta(days=days), ALL_TIME.since)
