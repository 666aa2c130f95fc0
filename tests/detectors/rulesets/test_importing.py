"""Importing: what is kept, what is left out, what is refused, and that nothing runs."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors.rulesets.describe import licence_in
from detectors.rulesets.importing import Filters
from detectors.rulesets.tree import Limits, read_tree
from soc.access.principal import SYSTEM, Principal, Role
from soc.core.errors import ForbiddenError, InputError, NotFoundError
from soc.core.i18n import Lang
from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from tests.detectors.rulesets.conftest import Desk, ident, rule

BuildZip = Callable[[dict[str, str]], Path]


def take(desk: Desk, path: Path, name: str = "demo", **options: str) -> object:
    return desk.sets.import_set(SYSTEM, path, name, Filters(), **options)


def test_a_set_is_kept_with_its_origin_and_runs_nowhere(desk: Desk) -> None:
    """Provenance, licence and status are kept; the plan is still that of an empty installation."""
    folder = desk.write("in", {"rules/a.yml": rule(2), "LICENSE": "Detection Rule License (DRL) 1.1"})
    version = desk.sets.import_set(SYSTEM, folder, "demo", Filters(), source="https://rules.example/r1").version
    found, manifest = desk.sets.version(SYSTEM, "demo")
    assert found == version
    assert (version.licence, version.source, version.imported_by) == ("DRL-1.1", "https://rules.example/r1", "vonggac")
    assert [(e.file, e.rule.status, e.rule.licence) for e in manifest.entries] == [("rules/a.yml", "test", "DRL-1.1")]
    assert [entry.rule.id for entry in desk.sets.plan().entries] == [ident(1)]
    assert desk.acts() == [("rules.import", f"rules/{version.label}")]


def test_the_licence_of_a_rule_wins_over_that_of_the_set(desk: Desk) -> None:
    folder = desk.write("in", {"a.yml": rule(2) + "license: MIT\n", "b.yml": rule(3)})
    manifest = desk.sets.import_set(SYSTEM, folder, "demo", Filters(), licence="CC0-1.0").manifest
    assert [entry.rule.licence for entry in manifest.entries] == ["MIT", "CC0-1.0"]


def test_the_same_files_are_the_same_version_however_packed(desk: Desk, build_zip: BuildZip) -> None:
    files = {"rules/a.yml": rule(2), "rules/b.yml": rule(3)}
    first = desk.sets.import_set(SYSTEM, desk.write("in", files), "demo", Filters())
    packed = build_zip({f"sigma-master/{name}": text for name, text in reversed(files.items())})
    second = desk.sets.import_set(SYSTEM, packed, "demo", Filters())
    assert second.known
    assert second.version == first.version
    assert len(desk.sets.versions(SYSTEM)) == 1


def test_a_broken_rule_is_refused_with_its_place_and_the_rest_is_imported(desk: Desk) -> None:
    """Law 11: places are those inside the set, in both languages."""
    broken = rule(3).replace("CommandLine|contains", "CommandLine|contians")
    folder = desk.write("in", {"a.yml": rule(2), "bad/b.yml": broken, "c.yml": "title: [\n", "d.yml": rule(2)})
    imported = desk.sets.import_set(SYSTEM, folder, "demo", Filters())
    assert imported.version.rules == 1
    places = [refusal.where.split(":")[:2] for refusal in imported.manifest.refusals]
    assert places == [["bad/b.yml", "8"], ["c.yml", "2"], ["d.yml", "2"]]
    assert all(refusal.render(lang) for refusal in imported.manifest.refusals for lang in Lang)
    assert str(desk.folder) not in "".join(refusal.render(Lang.VI) for refusal in imported.manifest.refusals)


def test_files_that_are_no_rules_are_counted_apart(desk: Desk) -> None:
    files = {"a.yml": rule(2), "info.yml": "id: x\nauthor: y\n", ".github/w.yml": rule(3), "a.test.yml": "x: 1\n"}
    imported = desk.sets.import_set(SYSTEM, desk.write("in", files), "demo", Filters())
    assert imported.manifest.counts.other == 1
    assert [entry.file for entry in imported.manifest.entries] == ["a.yml"]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), ["experimental", "high", "linux", "low"]),
        (Filters(min_level=Severity.HIGH), ["experimental", "high", "linux"]),
        (Filters(statuses=("deprecated", "stable")), ["old"]),
        (Filters(products=("linux",)), ["linux"]),
    ],
)
def test_filters_choose_by_level_status_and_product(desk: Desk, filters: Filters, kept: list[str]) -> None:
    files = {
        "high.yml": rule(2),
        "low.yml": rule(3, level="low"),
        "old.yml": rule(4, status="deprecated"),
        "experimental.yml": rule(5, status="experimental"),
        "linux.yml": rule(6, product="linux"),
    }
    imported = desk.sets.import_set(SYSTEM, desk.write("in", files), "demo", filters)
    assert sorted(entry.file.removesuffix(".yml") for entry in imported.manifest.entries) == kept
    assert imported.manifest.counts.filtered == len(files) - len(kept)


def test_filters_that_leave_nothing_say_so(desk: Desk) -> None:
    folder = desk.write("in", {"a.yml": rule(2)})
    with pytest.raises(InputError, match="bộ lọc"):
        desk.sets.import_set(SYSTEM, folder, "demo", Filters(products=("macos",)))
    with pytest.raises(InputError, match="không có tệp luật"):
        take(desk, desk.write("empty", {"readme.txt": "x"}))


@pytest.mark.parametrize("name", ["vonggac", "site", "../x", "Demo", "", "a" * 65, "a@b"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(InputError):
        take(desk, desk.write("in", {"a.yml": rule(2)}), name)


def test_only_who_manages_rules_imports(desk: Desk) -> None:
    analyst = Principal("ts.01", Role.ANALYST, "", PROVINCE)
    with pytest.raises(ForbiddenError):
        desk.sets.import_set(analyst, desk.write("in", {"a.yml": rule(2)}), "demo", Filters())


def test_paths_that_lead_outside_are_refused_and_the_rest_is_read(build_zip: BuildZip) -> None:
    names = ["../../up.yml", "/etc/root.yml", "C:/drive.yml", "a\\b.yml", "ok/fine.yml", "ok/../fine.yml", "x//y.yml"]
    tree = read_tree(build_zip({name: rule(number) for number, name in enumerate(names)}))
    assert list(tree.files) == ["ok/fine.yml"] or list(tree.files) == ["fine.yml"]
    assert sorted(refusal.where for refusal in tree.refusals) == sorted(set(names) - {"ok/fine.yml"})


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.yml"
    outside.write_text(rule(1))
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.yml").write_text(rule(2))
    (inside / "link.yml").symlink_to(outside)
    (inside / "folder").symlink_to(tmp_path, target_is_directory=True)
    tree = read_tree(inside)
    assert list(tree.files) == ["a.yml"]
    assert sorted(refusal.where for refusal in tree.refusals) == ["folder", "link.yml"]


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    link = zipfile.ZipInfo("s/link.yml")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("s/a.yml", rule(2))
    tree = read_tree(path)
    assert list(tree.files) == ["a.yml"]
    assert [refusal.where for refusal in tree.refusals] == ["s/link.yml"]


def test_a_bomb_is_cut_off_by_what_it_unpacks_to_and_not_by_what_it_says(build_zip: BuildZip) -> None:
    """A member of 3 MB that packs to 3 kB is refused alone; a thousand of them are refused altogether."""
    packed = build_zip({"s/a.yml": rule(2), "s/bomb.yml": "#" * 3_000_000})
    tree = read_tree(packed, Limits(file_bytes=1 << 20))
    assert list(tree.files) == ["a.yml"]
    assert [refusal.where for refusal in tree.refusals] == ["s/bomb.yml"]
    many = build_zip({f"s/{n}.yml": "#" * 900_000 for n in range(12)})
    with pytest.raises(InputError, match="8 MiB"):
        read_tree(many, Limits(total_bytes=8 << 20))
    with pytest.raises(InputError, match="12"):
        read_tree(many, Limits(files=10))


def test_a_damaged_member_is_refused_alone(build_zip: BuildZip) -> None:
    packed = build_zip({"s/a.yml": "title: one\n" * 50, "s/b.yml": rule(2)})
    data = bytearray(packed.read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    packed.write_bytes(data)
    tree = read_tree(packed)
    assert list(tree.files) == ["b.yml"]
    assert [refusal.where for refusal in tree.refusals] == ["s/a.yml"]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"not a zip")
    for path in (tmp_path / "x.zip", tmp_path / "absent.zip"):
        with pytest.raises(InputError):
            read_tree(path)


def test_a_file_that_is_a_folder_too_is_refused(build_zip: BuildZip) -> None:
    tree = read_tree(build_zip({"s/a.yml": rule(2), "s/a.yml/b.yml": rule(3)}))
    assert list(tree.files) == ["a.yml"]


def test_a_folder_changed_by_hand_is_unpacked_anew(desk: Desk) -> None:
    take(desk, desk.write("in", {"a.yml": rule(2)}))
    version, _ = desk.sets.version(SYSTEM, "demo")
    folder = desk.sets.folder(version)
    (folder / "a.yml").write_text("title: gone\n")
    (folder / "more.yml").write_text(rule(9))
    assert desk.sets.folder(version) == folder
    assert (folder / "a.yml").read_text() == rule(2)
    assert not (folder / "more.yml").exists()


def test_versions_are_named_by_the_beginning_of_their_hash(desk: Desk) -> None:
    take(desk, desk.write("in", {"a.yml": rule(2)}))
    version, _ = desk.sets.version(SYSTEM, "demo")
    assert desk.sets.version(SYSTEM, f"demo@{version.content[:6]}")[0] == version
    with pytest.raises(NotFoundError):
        desk.sets.version(SYSTEM, "demo@0000aaaa")
    with pytest.raises(InputError):
        desk.sets.version(SYSTEM, "demo@v1")


def test_an_alias_bomb_is_described_without_being_spelled_out(desk: Desk) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 12):
        last = chr(ord("a") + number - 1)
        bomb += f"{chr(ord('a') + number)}: &{chr(ord('a') + number)} [{', '.join([f'*{last}'] * 9)}]\n"
    text = bomb + rule(7).replace("title: A rule", "title: *l")
    imported = desk.sets.import_set(SYSTEM, desk.write("in", {"a.yml": rule(2), "b.yml": text}), "demo", Filters())
    assert imported.version.rules >= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("released under the [Detection Rule License (DRL) 1.1](x)", "DRL-1.1"),
        ("Apache License\nVersion 2.0, January 2004", "Apache-2.0"),
        ("MIT License\n\nCopyright", "MIT"),
        ("All rights reserved", ""),
    ],
)
def test_a_licence_is_known_by_its_text(text: str, expected: str) -> None:
    assert licence_in(text) == expected


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # what takes its time is the rules, not the database
@pytest.mark.external
def test_the_published_rules_are_imported_whole(desk: Desk, shared: Path) -> None:
    """3,754 rules, none refused; the records of the regression tests beside them are no rules."""
    imported = desk.sets.import_set(SYSTEM, shared / "data" / "sigma", "sigmahq", Filters())
    assert (imported.version.rules, imported.version.refused) == (3754, 0)
    assert imported.manifest.counts.other > 0
    assert imported.version.licence == "DRL-1.1"
