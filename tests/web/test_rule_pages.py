"""The page of detection rules: what runs, who chose it, what was refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from detectors.rulesets.importing import Filters
from detectors.rulesets.model import Load, Refusal
from detectors.rulesets.service import Choice
from tests.detectors.rulesets.conftest import rule
from tests.web.house import NOW, SCRIPT, Browser, House


def import_demo(house: House, tmp_path: Path) -> str:
    """Import a set with hostile texts and one broken rule; gives its label."""
    folder = tmp_path / "public"
    folder.mkdir()
    for number in range(60):
        (folder / f"r{number:03}.yml").write_text(rule(100 + number, title=f"'Rule {number} {SCRIPT}'"))
    (folder / "z.yml").write_text(rule(99).replace("condition: word", "condition: wort"))
    lead = house.accounts.principal("tc.01")
    return house.rule_sets.import_set(lead, folder, "demo", Filters(), source=SCRIPT).version.label


def test_a_fresh_installation_shows_its_own_rules(house: House, visitor: Callable[..., Browser]) -> None:
    page = visitor("ts.01").get("/rules").text
    assert "Chưa kích hoạt bộ nào" in page
    assert "Mã lệnh chạy trong thư mục tải lên" in visitor("ts.01").get("/rules?q=web_shell_upload").text
    assert "Script answered from an upload folder" in visitor("ts.01", lang="en").get("/rules?q=web_shell").text


def test_the_page_says_who_chose_what_and_what_was_refused(
    house: House, visitor: Callable[..., Browser], tmp_path: Path
) -> None:
    label = import_demo(house, tmp_path)
    house.rule_sets.activate(house.accounts.principal("tc.01"), Choice(("demo",), note=SCRIPT))
    house.rule_sets.note_load(
        Load(NOW, 1, "c" * 64, True, 60, 4, 1, (Refusal("z.yml:10", {"vi": "điều kiện sai", "en": "bad condition"}),))
    )
    page = visitor("dg.01").get(f"/rules?set={label}").text
    assert label in page
    assert "tc.01" in page
    assert "điều kiện sai" in page
    assert SCRIPT not in page
    assert "1 lỗi khi nhập" in page
    assert "1–50 trong 61" in page
    assert "51–61 trong 61" in visitor("dg.01").get(f"/rules?set={label}&after=50").text


def test_a_load_that_failed_stands_out(house: House, visitor: Callable[..., Browser]) -> None:
    reason = Refusal("", {"vi": "kho hỏng", "en": "archive damaged"})
    house.rule_sets.note_load(Load(NOW, 3, "", False, 0, 0, 0, (reason,)))
    page = visitor("ts.01", lang="en").get("/rules").text
    assert "Activation 3 cannot be loaded" in page
    assert "archive damaged" in page


def test_an_unknown_set_is_named_and_the_page_stays(house: House, visitor: Callable[..., Browser]) -> None:
    for wanted in ("nothing", "../etc", "demo@zz", "%3Cscript%3E", "a" * 500):
        answer = visitor("ts.01").get(f"/rules?set={wanted}&after=-5&q={SCRIPT}")
        assert answer.status_code == 200
        assert "Không mở được bộ luật" in answer.text
        assert SCRIPT not in answer.text
