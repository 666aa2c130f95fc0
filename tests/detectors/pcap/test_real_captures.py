"""Captures recorded during real attacks, against published rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from detectors.detector import SigmaDetector
from detectors.pcap.events import CaptureMarks, as_events, read_capture
from detectors.pcap.packets import CaptureCounts
from detectors.sigma import RuleSet

pytestmark = pytest.mark.external
MARKS = CaptureMarks("pcap", "xa-mau-01", "commune_network", datetime(2026, 11, 18, tzinfo=UTC))


def test_every_published_capture_is_read_to_its_end(shared: Path) -> None:
    captures = sorted((shared / "data" / "pcap").rglob("*.pcap*"))
    assert len(captures) == 12
    for path in captures:
        counts = CaptureCounts()
        documents = list(read_capture(path, counts))
        assert counts.fault is None, path
        assert counts.packets == counts.ip + counts.other + counts.broken > 0
        assert (
            sum(int(str(one["network.packets"])) for one in documents if one["event.dataset"] == "pcap.flow")
            == counts.ip
        )


def test_commands_in_dns_answers_are_found_by_the_published_rule(shared: Path) -> None:
    path = shared / "data" / "pcap" / "Command and Control" / "cmds over dns txt queries and reponses.pcap"
    ruleset = RuleSet.load([shared / "data" / "sigma" / "rules" / "network" / "dns"])
    detector = SigmaDetector(ruleset)
    alerts = detector.observe(list(as_events(read_capture(path), MARKS))) + detector.flush()
    assert "DNS TXT Answer with Possible Execution Strings" in {alert.title["en"] for alert in alerts}
    assert {alert.entities["source.ip"] for alert in alerts} == {"192.168.100.121"}
