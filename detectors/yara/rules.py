"""YARA rule files: each compiled on its own, so that a broken one is refused alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yara  # type: ignore[import-not-found]  # a C module without stubs

from soc.core.errors import DefinitionError
from soc.core.i18n import msg
from soc.core.ids import digest
from soc.core.severity import Severity

EXTERNALS = {"filename": "", "filepath": "", "extension": ""}
"""Variables that published rules expect from the scanner; filled in for every file."""
SUFFIXES = (".yar", ".yara")
_LINE = re.compile(r"^line (\d+): (.*)$", re.DOTALL)
_IMPORT = re.compile(r'^[ \t]*import[ \t]+"([^"]*)"', re.MULTILINE)
_SEPARATORS = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class YaraRule:
    """What a rule says of itself.

    Attributes:
        id: its identifier. Rules of two files may share one; `namespace` (the file) tells them apart.
        title: vi and en, from `meta` title_vi and title_en, else description, else the identifier.
        severity: from `meta` severity; medium where the rule does not say.
        attack: technique ids from `meta` attack.
        version: from `meta`, else a digest of the file, so that a changed rule makes a new verdict.
    """

    id: str
    namespace: str
    title: Mapping[str, str]
    severity: Severity
    attack: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class YaraRules:
    """Rule files that compile.

    Attributes:
        sources: namespace (the path as given) -> text; what the child process compiles again.
        rules: (namespace, id) -> rule.
        refusals: a fault for every file that was left out.
    """

    sources: Mapping[str, str]
    rules: Mapping[tuple[str, str], YaraRule]
    refusals: tuple[DefinitionError, ...] = ()


@dataclass(slots=True)
class _Loading:
    sources: dict[str, str] = field(default_factory=dict)
    rules: dict[tuple[str, str], YaraRule] = field(default_factory=dict)
    refusals: list[DefinitionError] = field(default_factory=list)


def load_yara(paths: Iterable[Path]) -> YaraRules:
    """The rules in `paths`: files, or folders searched for .yar and .yara.

    A file that cannot be read or compiled is refused with file:line and the others go on. Includes are refused, as a rule file must not
    read other files of the machine; so is an import of a module that this build of YARA does not have.
    """
    loading = _Loading()
    for path in _files(paths):
        try:
            _add(loading, path)
        except DefinitionError as fault:
            loading.refusals.append(fault)
    return YaraRules(loading.sources, loading.rules, tuple(loading.refusals))


def _files(paths: Iterable[Path]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in paths:
        found = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file()) if path.is_dir() else [path]
        files.update(dict.fromkeys(found))
    return list(files)


def _add(loading: _Loading, path: Path) -> None:
    text = _read(path)
    try:
        compiled = yara.compile(source=text, includes=False, externals=EXTERNALS)
    except yara.Error as problem:
        raise _refusal(path, text, str(problem)) from problem
    namespace = str(path)
    # Told one by one first: a rule whose meta is wrong must not leave half of its file behind.
    rules = [_rule(path, text, rule.identifier, rule.meta) for rule in compiled]
    loading.sources[namespace] = text
    loading.rules.update({(namespace, rule.id): rule for rule in rules})


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise DefinitionError(
            msg("không đọc được tệp luật YARA"),
            expected=msg("tệp văn bản UTF-8 có quyền đọc"),
            where=str(path),
            advice=msg("kiểm tra đường dẫn, quyền và bảng mã"),
        ) from problem


def _refusal(path: Path, text: str, problem: str) -> DefinitionError:
    missing = _missing_module(text)
    if missing:
        line, module = missing
        return DefinitionError(
            msg("luật cần mô-đun YARA “{module}” không có trong bản cài này", module=module),
            expected=msg("một trong các mô-đun {modules}", modules=", ".join(sorted(yara.modules))),
            where=f"{path}:{line}",
            advice=msg("bỏ dòng import và điều kiện dùng mô-đun đó, hoặc dùng bản YARA có mô-đun"),
        )
    match = _LINE.match(problem)
    number, reason = (match[1], match[2]) if match else ("1", problem)
    return DefinitionError(
        msg("luật YARA không biên dịch được: {reason}", reason=reason),
        expected=msg("cú pháp YARA 4, không include"),
        where=f"{path}:{number}",
        advice=msg("sửa dòng này; các tệp luật khác vẫn chạy"),
    )


def _missing_module(text: str) -> tuple[int, str] | None:
    """Line and name of the first import that cannot work. YARA tells its last error only, which is about the use of the module."""
    for found in _IMPORT.finditer(text):
        if found[1] not in yara.modules:
            return text.count("\n", 0, found.start()) + 1, found[1]
    return None


def _rule(path: Path, text: str, identifier: str, meta: Mapping[str, object]) -> YaraRule:
    described = str(meta.get("description") or identifier)
    return YaraRule(
        id=identifier,
        namespace=str(path),
        title={"vi": str(meta.get("title_vi") or described), "en": str(meta.get("title_en") or described)},
        severity=_severity(path, text, identifier, meta.get("severity")),
        attack=tuple(part for part in _SEPARATORS.split(str(meta.get("attack", ""))) if part),
        version=str(meta.get("version") or digest(text)[:8]),
    )


def _severity(path: Path, text: str, identifier: str, value: object) -> Severity:
    if value is None:
        return Severity.MEDIUM
    word = str(value).lower()
    if word in tuple(Severity):
        return Severity(word)
    raise DefinitionError(
        msg("luật {rule} ghi mức “{value}” không có trong thang", rule=identifier, value=value),
        expected=msg("một trong {levels}", levels=", ".join(Severity)),
        where=f"{path}:{_line_of(text, str(value))}",
        advice=msg("sửa meta severity của luật"),
    )


def _line_of(text: str, word: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if "severity" in line and word in line), 1)
