"""`soc rules import|sets|diff|activate|rollback|history`: data on stdout, sentences on stderr, exit codes as documented."""

from __future__ import annotations

import zipfile
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from soc.cli import rules
from soc.core.errors import ConflictError, ForbiddenError, InputError
from tests.detectors.rulesets.conftest import ident, rule


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOC_LANG", "en")


def run(*words: object) -> Result:
    return CliRunner().invoke(rules.app, [str(word) for word in words])


def rows(result: Result) -> list[dict[str, object]]:
    """The JSON documents on stdout."""
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def download(path: Path, texts: dict[str, str]) -> Path:
    """A ZIP as it is downloaded."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"rules-main/{name}", text)
    return path


def test_a_set_goes_from_the_download_to_running_and_back(tmp_path: Path) -> None:
    """Import, look at the difference, activate, roll back, read the history."""
    packed = download(tmp_path / "Public Rules.zip", {"rules/a.yml": rule(2), "LICENSE": "MIT License"})
    imported = run("import", packed, "--source", "https://rules.example", "--json")
    assert imported.exit_code == 0, imported.stderr
    (row,) = rows(imported)
    assert (row["name"], row["rules"], row["licence"], row["source"]) == (
        "public-rules",
        1,
        "MIT",
        "https://rules.example",
    )
    assert "none of them runs yet" in imported.stderr

    compared = run("diff", "active", "public-rules", "--json")
    assert compared.exit_code == 1
    assert [change["id"] for change in rows(compared) if change["change"] == "added"] == [ident(2)]

    activated = run("activate", "public-rules", "--note", "trial", "--json")
    assert activated.exit_code == 0, activated.stderr
    assert rows(activated)[0]["members"] == [row["set"]]
    assert [each["active"] for each in rows(run("sets", "--json"))] == [True]
    assert run("rollback", "--note", "too loud").exit_code == 0
    assert [each["active"] for each in rows(run("sets", "--json"))] == [False]
    assert [(each["activation"], each["note"], each["restores"]) for each in rows(run("history", "--json"))] == [
        (2, "too loud", 0),
        (1, "trial", None),
    ]


def test_what_is_refused_is_named_and_the_exit_says_so(tmp_path: Path) -> None:
    broken = rule(3).replace("condition: word", "condition: wort")
    packed = download(tmp_path / "x.zip", {"a.yml": rule(2), "b.yml": broken, "../c.yml": rule(4)})
    result = run("import", packed, "--name", "demo")
    assert result.exit_code == 3
    assert result.stdout.startswith("demo@")
    assert "b.yml:" in result.stderr
    assert "leads out of the set" in result.stderr
    (kept,) = rows(run("sets", "--json"))
    assert len(kept["refusals"]) == 2  # type: ignore[arg-type]


def test_filters_are_options(tmp_path: Path) -> None:
    texts = {"a.yml": rule(2, product="linux"), "b.yml": rule(3, level="low"), "c.yml": rule(4, status="deprecated")}
    packed = download(tmp_path / "x.zip", texts)
    for options, wanted in (
        (("--product", "linux"), 1),
        (("--min-level", "high"), 1),
        (("--status", "deprecated", "--status", "test"), 3),
    ):
        (row,) = rows(run("import", packed, "--name", "demo", "--json", *options))
        assert row["rules"] == wanted
    assert isinstance(run("import", packed, "--status", "old").exception, InputError)


def test_sets_that_claim_the_same_rule_need_a_choice(tmp_path: Path) -> None:
    run("import", download(tmp_path / "a.zip", {"a.yml": rule(2)}))
    run("import", download(tmp_path / "b.zip", {"b.yml": rule(2, "another")}))
    assert isinstance(run("activate", "a", "b").exception, ConflictError)
    result = run("activate", "a", "b", "--prefer", "b", "--json")
    assert rows(result)[0]["overridden"] == ["a: a.yml"]


def test_a_difference_is_told_in_words(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, text in ((old, rule(2)), (new, rule(2, "ipconfig", level="low"))):
        folder.mkdir()
        (folder / "a.yml").write_text(text)
    result = run("diff", old, new)
    assert result.exit_code == 1
    assert "+ CommandLine contains ipconfig" in result.stdout
    assert "- CommandLine contains whoami" in result.stdout
    assert "level high → low" in result.stdout
    assert "1 with another meaning" in result.stderr
    assert run("diff", old, old).exit_code == 0
    (new / "a.yml").write_text(rule(2, title="Another title"))
    assert run("diff", old, new).exit_code == 0
    assert run("diff", old, new, "--no-metadata").stdout == ""
    assert isinstance(run("diff", old, tmp_path / "absent").exception, InputError)


def test_an_account_is_bound_by_its_rights(tmp_path: Path) -> None:
    """`--as` an administrator, who runs no rules."""
    from soc.access.agencies import Agency, AgencyKind
    from soc.access.principal import SYSTEM
    from soc.app.application import Application
    from soc.cli.context import settings

    with Application(settings()) as soc:
        soc.agencies.add(SYSTEM, [Agency("dong-nai", "Đồng Nai", "Đồng Nai", AgencyKind.PROVINCE)])
        soc.accounts.ensure_admin("dong-nai")
    packed = download(tmp_path / "a.zip", {"a.yml": rule(2)})
    for words in (("import", packed), ("activate",), ("rollback",), ("sets",), ("history",)):
        assert isinstance(run(*words, "--as", "quantri").exception, ForbiddenError), words
