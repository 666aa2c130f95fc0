"""Sigma: rules loaded with pySigma, matched by a decision table, correlated in event time, explained.

ruleset = RuleSet.load([Path("rules/sigma")])
engine, correlator = Engine(ruleset), Correlator(ruleset)
for document in documents:
    matches = engine.match(document)
    firings = correlator.feed(document, matches, reference)
"""

from detectors.sigma.correlate import Correlator, Firing
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.engine import Engine, Match
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import RuleSet

__all__ = ["CorrelationRule", "Correlator", "Engine", "Firing", "LogSource", "Match", "Rule", "RuleSet"]
