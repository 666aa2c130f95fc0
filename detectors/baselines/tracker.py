"""Baselines over the stream: an event of the selecting rule in, a finding out when it makes something unusual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from detectors.alert import Explanation
from detectors.baselines.rarities import Rarities
from detectors.baselines.rates import Excess, Rates
from detectors.baselines.score import Score, rate_score
from detectors.baselines.season import DayKinds, Seasons
from detectors.baselines.spec import Baseline
from detectors.bundling import Occurrence
from detectors.finding import Finding, listed, sentence
from detectors.selectors import Names, combinations
from detectors.sigma.rule import Rule
from soc.core.event import Event
from soc.core.i18n import Message, msg

_DAY_S = 86_400.0
_PARTS = {
    "observed": msg("số sự kiện đã đếm"),
    "level": msg("mức trung bình của mọi khung giờ"),
    "season": msg("phần do giờ trong ngày và loại ngày"),
    "minimum": msg("số tối thiểu mới đáng báo"),
    "population": msg("số sự kiện đã thấy"),
    "seen": msg("số lần đã thấy giá trị này"),
}
_SEASONS = {
    "weekday": msg("ngày làm việc"),
    "weekend": msg("cuối tuần"),
    "holiday": msg("ngày lễ"),
    "rest": msg("ngày nghỉ"),
    "all": msg("mọi ngày"),
}


class BaselineTracker:
    """Counts for all definitions of baselines."""

    def __init__(self, days: DayKinds) -> None:
        self._rates = Rates(Seasons(days))
        self._rarities = Rarities()

    def feed(self, rule: Rule, spec: Baseline, event: Event, moment: datetime) -> Iterator[Finding]:
        """What is unusual at an event that the rule selects."""
        for entity in combinations(event.fields, spec.per, spec.forms):
            key = (rule.id, event.agency, event.exercise or "", "\0".join(value for _, value in entity))
            about = entity or (("soc.agency", event.agency),)
            if spec.kind == "rate":
                excess = self._rates.count(key, spec, Occurrence(event.id, moment, {}))
                if excess is not None:
                    yield _too_many(spec, about, excess)
                continue
            for term in combinations(event.fields, spec.fields, spec.forms):
                score = self._rarities.count(key, spec, "\0".join(value for _, value in term), moment)
                if score is not None and score.value >= spec.threshold:
                    yield _rare(spec, about, term, score, moment)

    @property
    def counts(self) -> Mapping[str, int]:
        """Entities and values held, and how many were dropped because of the limits."""
        return {
            "entities": len(self._rates) + len(self._rarities),
            "cells": self._rates.cells + self._rarities.terms,
            "dropped": self._rates.dropped + self._rarities.dropped,
        }

    def state(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {"rates": self._rates.state(), "rarities": self._rarities.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        self._rates.restore(state["rates"])
        self._rarities.restore(state["rarities"])


def _too_many(spec: Baseline, entity: Names, excess: Excess) -> Finding:
    score = rate_score(excess.observed, excess.norm, spec.minimum)
    text = msg(
        "{entity}: {observed} sự kiện trong khung {minutes} phút, thường là {expected} ± {spread} (theo {samples} khung giờ {season})",
        entity=listed(entity),
        observed=excess.observed,
        minutes=int(spec.slot.total_seconds() // 60),
        expected=_figure(excess.norm.expected),
        samples=excess.norm.samples,
        season=_SEASONS[excess.norm.season],
        spread=_figure(excess.norm.spread),
    )
    return Finding(
        entity=entity,
        shown=(),
        matched=_figures(score),
        explain=lambda: (_scored(text, score, spec.threshold),),
        first=excess.began,
        earlier=excess.earlier,
        span_s=max(spec.slot.total_seconds(), 3600.0),
    )


def _rare(spec: Baseline, entity: Names, term: Names, score: Score, moment: datetime) -> Finding:
    text = msg(
        "{entity}: {term} hiếm gặp, {seen} lần trong {total} sự kiện của {days} ngày qua",
        entity=listed(entity),
        term=listed(term),
        seen=int(score.figures["seen"]),
        total=int(score.figures["total"]),
        days=spec.history.days,
    )
    return Finding(
        entity=(*entity, *term),
        shown=(),
        matched=dict(term) | _figures(score),
        explain=lambda: (_scored(text, score, spec.threshold),),
        first=moment,
        span_s=_DAY_S,
    )


def _scored(text: Message, score: Score, threshold: float) -> Explanation:
    """The sentence, below it the score and the parts that add up to it."""
    total = msg("điểm {score}, ngưỡng {threshold}", score=f"{score.value:.3f}", threshold=f"{threshold:g}")
    parts = (
        sentence(msg("{part}: {points} điểm", part=_PARTS[name], points=f"{points / 1000:+.3f}"), points / 1000)
        for name, points in score.parts.items()
    )
    return sentence(text, score.figures.get("observed"), sentence(total, score.value, *parts))


def _figures(score: Score) -> dict[str, object]:
    """The score as fields of the alert; thousandths are kept as such, so that the parts add up in every sum."""
    parts = {f"soc.baseline.part.{name}": points / 1000 for name, points in score.parts.items()}
    figures = {f"soc.baseline.{name}": round(figure, 3) for name, figure in score.figures.items()}
    return {"soc.baseline.score": score.value, **figures, **parts}


def _figure(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
