"""Playbook files: all faults at once, each at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from playbooks.loader import load_playbooks
from soc.core.errors import FaultsError
from tests.playbooks.stage import PLAYBOOK, Stage


def faults(stage: Stage, folder: Path, **files: str) -> list[str]:
    """The faults of the files, as shown, without the folder."""
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    with pytest.raises(FaultsError) as refused:
        load_playbooks(folder, stage.actions)
    return [line.removeprefix(f"{folder}/") for line in str(refused.value).splitlines()]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("version: 1", "version: one", 2, "version"),
        ("action: tag", "action: tga", 10, "'tag'"),
        ("tag: vo-web", "tag: ''", 11, "tag"),
        ("{incident.entity}", "{incident.entiti}", 25, "'incident.entity'"),
        ("{incident.entity}", "{incident.__class__}", 25, "incident.__class__"),
        ("by: mail", "by: fax", 21, "'mail', 'webhook'"),
        ("retries: 1", "retries: 1\n    expires_hours: 4", 27, "hết hiệu lực"),
        ("id: consent", "id: mark", 14, "mark"),
        ("id: web_shell_test", "id: other_name", 1, "web_shell_test"),
        ("type: end", "type: ending", 27, "action | approval | end"),
        ("    retries: 1", "    retires: 1", 26, "'retries'"),
    ],
)
def test_a_fault_names_its_line_and_what_was_meant(
    stage: Stage, tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    [fault] = faults(stage, tmp_path / "faulty", web_shell_test=PLAYBOOK.replace(old, new, 1))
    assert says in fault
    assert int(fault.split(":")[1]) == line, fault


def test_all_faults_of_all_files_come_at_once(stage: Stage, tmp_path: Path) -> None:
    wrong = PLAYBOOK.replace("action: tag", "action: tga").replace("action: notify", "action: notfy")
    found = faults(stage, tmp_path / "faulty", web_shell_test=wrong, another="id: [", third="- 1\n")
    assert {fault.split(":")[0] for fault in found} == {"web_shell_test.yaml", "another.yaml", "third.yaml"}
    assert sum(fault.startswith("web_shell_test") for fault in found) == 2


def test_an_end_in_the_middle_is_refused(stage: Stage, tmp_path: Path) -> None:
    middle = PLAYBOOK.replace("type: approval", "type: end").replace("    expires_hours: 24\n", "")
    [fault] = faults(stage, tmp_path / "faulty", web_shell_test=middle)
    assert "consent" in fault
