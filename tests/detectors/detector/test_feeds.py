"""What passing documents are good for, per rule."""

from __future__ import annotations

from pathlib import Path

from detectors.feeds import DocumentCoverage, Feed, feeds
from detectors.sigma import RuleSet
from detectors.sigma.state import RuleState

RULES = """
title: A shell
name: shell
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: cmd.exe}
  condition: s
---
title: A signature nobody logs
name: signature
logsource: {product: windows, category: process_creation}
detection:
  s: {Image|endswith: cmd.exe}
  t: {Signature: x}
  condition: s and t
---
title: Linux
name: linux
logsource: {product: linux, service: auditd}
detection:
  s: {exe: /bin/sh}
  condition: s
"""


def test_the_coverage_of_files_tells_what_each_rule_saw(tmp_path: Path) -> None:
    """Nested and flat documents alike; a rule without a source is not there."""
    (tmp_path / "rules.yml").write_text(RULES, "utf-8")
    ruleset = RuleSet.load([tmp_path / "rules.yml"])
    assert not ruleset.refusals
    coverage = DocumentCoverage()
    flat = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Image": "C:\\cmd.exe"}
    nested = {"Event": {"System": {"Channel": flat["Channel"], "EventID": 1}, "EventData": {"Image": "C:\\a.exe"}}}
    for document in (flat, nested, flat, {"Channel": "System", "EventID": 7045}):
        coverage.saw(document)
    shell, signature = (rule.id for rule in ruleset.rules[:2])
    assert feeds(ruleset, coverage.sightings()) == [
        Feed(shell, RuleState.READY, 3, ()),
        Feed(signature, RuleState.BLIND, 3, ("Signature",)),
    ]
