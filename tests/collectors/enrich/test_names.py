"""Old names of places and agencies lead to what they are today."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.enrich.book import FixedLookups
from collectors.enrich.facts import Facts
from collectors.enrich.lookups import load_lookups
from collectors.enrich.names import Names, plain_name, shipped_names
from collectors.enrich.networks import Networks
from collectors.enrich.registers import UnitToday
from collectors.platform import load_platforms
from soc.core.event import Value

NAMES = Names.of(shipped_names())


@pytest.mark.parametrize(
    "written",
    [
        "UBND TP Biên Hòa",
        "ubnd tp. bien hoa",
        "Ủy ban nhân dân thành phố Biên Hoà",
        "UBND THÀNH PHỐ BIÊN HÒA",
        "UBND Thành phố Bie\u0302n Ho\u0300a",
    ],
)
def test_one_name_in_all_its_forms(written: str) -> None:
    """With and without marks, old and new place of the tone, NFD, capitals, short and long rank."""
    assert plain_name(written) == "ubnd tp bien hoa"
    found = NAMES.successor(written)
    assert found is not None
    assert found.new is None


@pytest.mark.parametrize("name", ["Đồng Nai", "UBND phường Biên Hòa", "", "Phước Bình", "ubnd tp bien hoa 2"])
def test_a_name_of_today_is_no_old_name(name: str) -> None:
    assert NAMES.successor(name) is None


def test_a_search_is_told_the_other_names() -> None:
    assert "binhphuoc" in NAMES.also_called("Tỉnh Bình Phước")
    assert "tỉnh Bình Phước" in NAMES.also_called("Tinh Dong Nai")
    assert NAMES.also_called("Hà Nội") == []


def test_every_shipped_name_says_where_it_was_read() -> None:
    for one in shipped_names():
        assert one.source
        assert one.confidence in ("read", "general")


@pytest.mark.parametrize(
    ("day", "unit", "expected"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "tỉnh Bình Phước", {"soc.unit_renamed": True, "soc.unit_now": "dong-nai"}),
        (datetime(2025, 6, 30, 16, tzinfo=UTC), "tỉnh Bình Phước", {}),
        (
            datetime(2025, 6, 30, 17, tzinfo=UTC),
            "tỉnh Bình Phước",
            {"soc.unit_renamed": True, "soc.unit_now": "dong-nai"},
        ),
        (datetime(2026, 1, 1, tzinfo=UTC), "UBND TP Long Khánh", {"soc.unit_renamed": True}),
        (datetime(2026, 1, 1, tzinfo=UTC), "Xã Cũ", {"soc.unit_renamed": True, "soc.unit_now": "xa-mau-12"}),
        (datetime(2026, 1, 1, tzinfo=UTC), "Xã Mới", {}),
    ],
)
def test_the_unit_of_a_log_gets_its_successor(
    tmp_path: Path, day: datetime, unit: str, expected: dict[str, Value]
) -> None:
    """From the day of the reform on, local time; a site adds its own names."""
    (tmp_path / "names.yaml").write_text(
        "kind: names\nnames:\n"
        "  - {old: [xã cũ], new: xa-mau-12, label: Xã Mới, since: 2025-07-01, confidence: stated, source: NQ}\n",
        "utf-8",
    )
    lookups, faults = load_lookups(tmp_path)
    assert not faults
    facts = Facts(load_platforms()["one_stop"], day, Networks({}))
    assert UnitToday(FixedLookups(lookups))({"soc.unit": unit}, facts) == expected
