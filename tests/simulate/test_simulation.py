"""The simulated province: the same from the same seed, in time order, with a truth that can be trusted."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors.enrich.lookups import load_lookups
from collectors.enrich.zone import load_networks
from soc.simulate import stamps
from soc.simulate.calendar import Day, activity, kind_of
from soc.simulate.engine import Simulation, Spec, simulate
from soc.simulate.output import write
from soc.simulate.spec import Line
from soc.simulate.streams import LIFE
from soc.simulate.threats import THREATS
from soc.simulate.truth import TRUTH_FILE, Deed, read_truth
from soc.simulate.world import Province
from tests.conftest import ROOT

MONDAY = date(2026, 11, 16)
FEW = (
    "mail-imap-brute",
    "usb-worm",
    "sign-night-personal",
    "report-batch-missing",
    "hsm-log-gap",
    "sslvpn-spray-success",
)


def small(seed: int = 1, threats: tuple[str, ...] = (), lines: int = 3000, days: int = 2) -> Spec:
    """A short time of a quiet province."""
    return Spec(seed, MONDAY, days, lines, threats)


@given(seed=st.integers(0, 2**32), threat=st.sampled_from(list(THREATS)))
def test_the_same_seed_does_the_same_deed(seed: int, threat: str) -> None:
    """Byte for byte, whatever was done before it."""
    one, two = (Simulation(small(seed, (threat,))).attempts[1][1] for _ in range(2))
    assert one.entries == two.entries
    assert one.entities == two.entities
    assert one.entries or one.silences


@pytest.fixture(scope="module")
def quiet() -> list[Line]:
    return list(simulate(small(threats=FEW)))


def test_the_same_seed_gives_the_same_lines_and_another_gives_others(quiet: list[Line]) -> None:
    """Down to the byte."""
    assert quiet == list(simulate(small(threats=FEW)))
    other = {line.text for line in simulate(small(2))}
    assert len(other & {line.text for line in quiet}) < len(other) / 10


def test_lines_come_in_time_order_within_the_days(quiet: list[Line]) -> None:
    """A collector would have received them so."""
    assert all(one.at <= two.at for one, two in pairwise(quiet))
    begin = small().begin
    assert all(begin <= line.at < begin + 2 * 86400 for line in quiet if not line.deed)


def test_lines_hold_no_line_break(quiet: list[Line]) -> None:
    """A file's line is a record."""
    assert not [line for line in quiet if "\n" in line.text or not line.text]


def test_threats_do_not_change_lawful_life(quiet: list[Line]) -> None:
    """But for the lines that a silence takes away."""
    without = list(simulate(small()))
    lawful = [line for line in quiet if not line.deed]
    assert set(lawful) < set(without)
    assert len(without) - len(lawful) < 20


def test_a_platform_alone_is_what_it_is_among_all() -> None:
    """Choosing platforms takes lines away and changes none."""
    chosen = Spec(1, MONDAY, 1, 3000, (), frozenset({"one_stop"}))
    assert list(simulate(chosen)) == [
        line for line in simulate(Spec(1, MONDAY, 1, 3000)) if line.source.startswith("one_stop.")
    ]


def test_every_family_has_its_lawful_life_and_all_threats_are_there() -> None:
    """The 137 threats of the descriptions, each under its family."""
    assert len(THREATS) == 137
    assert {threat.family for threat in THREATS.values()} == set(LIFE)


@pytest.mark.external
def test_the_threats_are_those_of_the_descriptions(shared: Path) -> None:
    """By id and by family."""
    described: dict[str, str] = {}
    for file in (shared / "domain" / "logs").glob("*.yaml"):
        family = yaml.safe_load(file.read_text("utf-8"))
        described |= {threat["id"]: family["family"] for threat in family["threats"]}
    assert {threat.id: threat.family for threat in THREATS.values()} == described


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("simulated")
    write(Simulation(small(threats=FEW)), place)
    return place


def test_the_truth_names_lines_that_stand_in_the_files(folder: Path) -> None:
    """Each in the source and at the number that it says; every deed that was asked for is there."""
    truth = list(read_truth(folder / TRUTH_FILE))
    assert [deed.threat for deed in truth] == list(FEW)
    wanted = {number: attempt for number, (_, attempt) in Simulation(small(threats=FEW)).attempts.items()}
    for deed in truth:
        found = sorted(_line(folder, source, number) for source, number in deed.lines)
        assert found == sorted(text for _, _, text in wanted[deed.id].entries)
        assert deed.start <= deed.end


def _line(folder: Path, source: str, number: int) -> str:
    return (folder / f"{source}.log").read_text("utf-8").splitlines()[number - 1]


def test_a_missing_batch_is_missing(folder: Path) -> None:
    """Its source is named, and in the time of the silence it has no such line."""
    deed = next(deed for deed in read_truth(folder / TRUTH_FILE) if deed.threat == "report-batch-missing")
    assert deed.absent
    night = stamps.day(Simulation(small(threats=FEW)).attempts[deed.id][1].now + 6 * 3600)
    lines = (folder / f"{deed.absent[0]}.log").read_text("utf-8").splitlines()
    assert not [line for line in lines if "CONSOLIDATE" in line and f"{night}T0" in line]


def test_a_truth_file_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    """A log given for a truth is told."""
    file = tmp_path / TRUTH_FILE
    file.write_text('{"time": "now"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="not a deed"):
        list(read_truth(file))


def test_a_deed_survives_its_file(tmp_path: Path) -> None:
    """Written and read again it is the same."""
    deed = Deed(1, "t", "f", "v", ("p",), "a", "s", "e", (("x", 2),), ("y",), {"user.name": ("u",)})
    file = tmp_path / TRUTH_FILE
    file.write_bytes(deed.to_json() + b"\n")
    assert list(read_truth(file)) == [deed]


def test_the_lists_of_the_province_are_read_without_a_fault(folder: Path) -> None:
    """By the readers of an installation."""
    lookups, faults = load_lookups(folder / "world" / "lookups")
    assert not faults
    assert lookups.lists
    assert load_networks(folder / "world" / "networks.yaml").label("198.51.100.7") == "tslcd"


def test_addresses_are_those_kept_for_documentation(quiet: list[Line]) -> None:
    """But for the machine itself, multicast, and numbers of versions."""
    found = {text for line in quiet for text in re.findall(r"(?<![\d./])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", line.text)}
    kept = ("192.0.2.", "198.51.100.", "203.0.113.", "127.0.0.1", "239.")
    strange = {
        text for text in found if not text.startswith(kept) and not text.endswith(".0.0.0") and "0.0" not in text
    }
    assert not {text for text in strange if all(int(part) < 256 for part in text.split("."))} - {
        "11.0.0.0",
        "13.2.0.1511",
    }


def test_offices_rest_on_sundays_and_holidays() -> None:
    """And the nights belong to the batches."""
    begin = Spec(1, date(2026, 9, 2)).begin
    assert kind_of(date(2026, 9, 2)) is Day.HOLIDAY
    assert sum(activity("office", begin + 3600 * hour) for hour in range(24)) == 0
    assert activity("night", begin) > 0


def test_no_rule_knows_the_province() -> None:
    """Names invented here would make a measurement of rules worthless."""
    names = {name.casefold() for seed in (1, 2, 3) for name in Province(seed).names()}
    texts = [
        file.read_text("utf-8").casefold() for file in (ROOT / "rules").rglob("*.yml") if ".test." not in file.name
    ]
    words = {word for text in texts for word in re.findall(r"[\w.-]+", text)}
    assert not names & words
