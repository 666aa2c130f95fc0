"""Rule sets: files in, compiled rules and refusals out. One bad rule never stops another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import yaml
from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections, SigmaLogSource, SigmaRule
from sigma.rule.base import SigmaRuleBase

from detectors.sigma.compile import Compiler, nfc, verbatim
from detectors.sigma.correlation_rules import CorrelationRule, order_correlations, parse_correlation
from detectors.sigma.faults import RuleFault
from detectors.sigma.modifiers import Placeholders, detection_item
from detectors.sigma.pipelines import AUTO, NONE, default_placeholders, named_pipeline
from detectors.sigma.suppression import suppression_of
from detectors.sigma.tree import AtomTable, Node, all_of
from detectors.sigma.yaml12 import YamlDocument, line_of, load_documents
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import msg
from soc.core.ids import digest
from soc.core.severity import Severity


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a rule wants to be applied; an empty part means any."""

    product: str = ""
    category: str = ""
    service: str = ""

    def covers(self, other: LogSource) -> bool:
        """Whether `other` is this one or a narrower one."""
        pairs = zip(
            (self.product, self.category, self.service), (other.product, other.category, other.service), strict=True
        )
        return all(not mine or mine == theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A compiled detection rule.

    Attributes:
        id: the rule's UUID; for a rule without one its name, else a digest of its content.
        title, description: as written.
        version: `modified` or `date` of the rule, "" when it has neither.
        level: severity; medium where the rule has none.
        attack: ATT&CK technique ids of its tags ("T1110.003").
        where: file:line.
        program: condition over the atoms of the rule set.
        custom: keys of the document that Sigma doesn't define, such as titles in other languages.
        reported: False when it only feeds correlations.
    """

    id: str
    title: str
    name: str
    level: Severity
    version: str
    description: str
    tags: tuple[str, ...]
    attack: tuple[str, ...]
    falsepositives: tuple[str, ...]
    logsource: LogSource
    where: str
    program: Node
    custom: Mapping[str, object] = field(default_factory=dict)
    reported: bool = True


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything that was loaded.

    Attributes:
        rules: detection rules in order of loading.
        correlations: correlation rules, each after those it refers to.
        refusals: every fault found, in order of the files; a rule with a fault is not in the set.
        atoms: the tests of all rules.
        pipeline: auto | none | name or path of a pySigma pipeline.
    """

    rules: tuple[Rule, ...]
    correlations: tuple[CorrelationRule, ...]
    refusals: tuple[DefinitionError, ...]
    atoms: AtomTable
    pipeline: str = AUTO

    @classmethod
    def load(
        cls, paths: Iterable[Path | str], pipeline: str = AUTO, placeholders: Placeholders = MappingProxyType({})
    ) -> RuleSet:
        """Load rule files and folders (`*.yml`, `*.yaml`, recursively).

        Args:
            paths: files or folders, in the order of their precedence.
            pipeline: `auto` (log sources routed, fields mapped, NFC), `none` (rules as written), or the path of a
                pySigma processing pipeline.
            placeholders: values for the modifier `expand`, by name.

        Raises:
            SetupError: the pipeline cannot be loaded.
        """
        loader = _Loader(pipeline, placeholders)
        seen: set[Path] = set()
        for path in paths:
            for file in rule_files(Path(path)):
                if file.resolve() not in seen:
                    seen.add(file.resolve())
                    loader.read(file)
        return loader.finish()


def rule_files(path: Path) -> list[Path]:
    """The file itself, or the rule files under a folder in the order of their names."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if _is_rule_file(file))


def _is_rule_file(file: Path) -> bool:
    """Not the must-fire cases beside a rule, `<rule>.test.yaml`."""
    return file.suffix in {".yml", ".yaml"} and not file.stem.endswith(".test") and file.is_file()


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a document came from, to place its faults."""

    file: Path
    data: bytes
    line: int

    def place(self, path: Sequence[object] = ()) -> str:
        return f"{self.file}:{line_of(self.data, self.line, path) if path else self.line}"


@dataclass(frozen=True, slots=True)
class Filter:
    """A Sigma filter: which rules, and what has to hold besides.

    Attributes:
        rules: ids and names; None for every rule of the log source.
        program: what must hold for a match to count.
    """

    rules: frozenset[str] | None
    logsource: LogSource
    program: Node

    def concerns(self, rule: Rule) -> bool:
        """Whether the filter is about this rule."""
        named = self.rules is None or rule.id in self.rules or (rule.name and rule.name in self.rules)
        return bool(named) and self.logsource.covers(rule.logsource)


def load_filter(data: bytes, name: str, pipeline: str = AUTO) -> tuple[Filter, AtomTable]:
    """One Sigma filter by itself, and the tests of its program.

    Args:
        data: a YAML document.
        name: what stands before the line number in errors.
        pipeline: as for the rules that it is to be applied to.

    Raises:
        DefinitionError: one fault.
        FaultsError: several.
    """
    loader = _Loader(pipeline, MappingProxyType({}))
    loader.take(data, Path(name))
    return loader.only_filter(name)


class _Loader:
    """Collects rules and refusals over many files, then joins them."""

    def __init__(self, pipeline: str, placeholders: Placeholders) -> None:
        self._name = pipeline
        self._pipeline = named_pipeline(pipeline)
        self._placeholders = {**default_placeholders(pipeline), **placeholders}
        self._atoms = AtomTable()
        self._compiler = Compiler(self._atoms, verbatim if pipeline == NONE else nfc)
        self._rules: list[Rule] = []
        self._correlations: list[tuple[CorrelationRule, _Origin]] = []
        self._filters: list[Filter] = []
        self._refusals: list[DefinitionError] = []
        self._ids: dict[str, str] = {}

    def read(self, file: Path) -> None:
        """Take in every document of a file, faults into the refusals."""
        try:
            data = file.read_bytes()
        except OSError as error:
            self._refuse(
                RuleFault(
                    msg("không đọc được tệp quy tắc: {reason}", reason=error.strerror or str(error)),
                    advice=msg("kiểm tra đường dẫn và quyền đọc"),
                ),
                str(file),
            )
            return
        self.take(data, file)

    def take(self, data: bytes, file: Path) -> None:
        """Take in every document of what was read from a file."""
        try:
            for document in load_documents(data):
                self._document(document, _Origin(file, data, document.line))
        except yaml.YAMLError as error:
            self._refuse(_yaml_fault(error), f"{file}:{_yaml_line(error)}")
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            self._refuse(
                RuleFault(
                    msg("tệp không phải YAML UTF-8: {reason}", reason=str(error)), advice=msg("lưu lại tệp bằng UTF-8")
                ),
                f"{file}:1",
            )

    def _refuse(self, fault: RuleFault, where: str) -> None:
        self._refusals.append(fault.placed(where))

    def _document(self, document: YamlDocument, origin: _Origin) -> None:
        try:
            self._kind(_mapping(document.content), origin)
        except RuleFault as fault:
            self._refuse(fault, origin.place(fault.path))

    def _kind(self, content: dict[str, object], origin: _Origin) -> None:
        if "action" in content:
            raise RuleFault(
                msg("action là cú pháp bộ sưu tập của Sigma 1"),
                ("action",),
                advice=msg("viết mỗi quy tắc thành một tài liệu đủ"),
            )
        if "correlation" in content:
            self._correlation(content, origin)
        elif "filter" in content:
            self._filter(content, origin)
        else:
            self._rule(content, origin)

    def _rule(self, content: dict[str, object], origin: _Origin) -> None:
        common = self._common(content, origin)
        logsource = _logsource(content)
        rule = SigmaRule(
            **common,
            logsource=SigmaLogSource(logsource.category or None, logsource.product or None, logsource.service or None),
            detection=self._detections(content, "detection", ()),
        )
        self._apply_pipeline(rule)
        try:
            program = self._compiler.program(rule.detection)
        except RuleFault as fault:
            raise fault.at("detection") from None
        self._rules.append(_rule(rule, content, logsource, program, origin.place()))

    def _apply_pipeline(self, rule: SigmaRule) -> None:
        if self._pipeline is None:
            return
        try:
            self._pipeline.apply(rule)
        except SigmaError as error:
            raise RuleFault(msg("quy trình (pipeline) không áp dụng được: {reason}", reason=str(error))) from error

    def _correlation(self, content: dict[str, object], origin: _Origin) -> None:
        common = self._common(content, origin)
        described = _described(common, content, origin.place())
        self._correlations.append((parse_correlation(content, described), origin))

    def _filter(self, content: dict[str, object], origin: _Origin) -> None:
        self._common(content, origin)
        detections = self._detections(content, "filter", ("rules",))
        try:
            program = self._compiler.program(detections)
        except RuleFault as fault:
            raise fault.at("filter") from None
        self._filters.append(Filter(_filter_rules(content), _logsource(content), program))

    def _common(self, content: dict[str, object], origin: _Origin) -> dict[str, Any]:
        """pySigma's check of everything around the detection; each of its errors becomes a refusal of its own."""
        try:
            common, errors = SigmaRuleBase.from_dict_common_params(content, collect_errors=True)
        except (TypeError, AttributeError, ValueError) as error:
            raise RuleFault(msg("siêu dữ liệu của quy tắc sai: {reason}", reason=str(error))) from error
        if errors:
            *others, last = [RuleFault(msg("quy tắc sai: {reason}", reason=str(found))) for found in errors]
            for other in others:
                self._refuse(other, origin.place())
            raise last
        self._unique_id(common.get("id"), origin)
        return dict(common)

    def _unique_id(self, ident: object, origin: _Origin) -> None:
        if not isinstance(ident, UUID):
            return
        other = self._ids.setdefault(str(ident), origin.place())
        if other != origin.place():
            raise RuleFault(
                msg("id {id} đã dùng ở {other}", id=str(ident), other=other),
                ("id",),
                advice=msg("đặt id mới cho một trong hai"),
            )

    def _detections(self, content: dict[str, object], key: str, skip: tuple[str, ...]) -> SigmaDetections:
        section = content.get(key)
        if not isinstance(section, dict):
            raise RuleFault(
                msg("thiếu phần {key}", key=key), (key,), expected=msg("ánh xạ tên -> giá trị, và condition")
            )
        condition = section.get("condition")
        if not condition:
            raise RuleFault(msg("phần {key} thiếu condition", key=key), (key,))
        named = {str(name): value for name, value in section.items() if name not in ("condition", *skip)}
        if not named:
            raise RuleFault(msg("phần {key} không có gì để dò", key=key), (key,))
        detections: dict[str, SigmaDetection] = {}
        for name, value in named.items():
            try:
                detections[name] = self._detection(value)
            except RuleFault as fault:
                raise fault.at(key, name) from None
        return SigmaDetections(detections, condition if isinstance(condition, list) else [condition])

    def _detection(self, value: object) -> SigmaDetection:
        if isinstance(value, dict):
            if not value:
                raise RuleFault(msg("ánh xạ rỗng"))
            return SigmaDetection([self._item(key, raw) for key, raw in value.items()])
        if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
            return SigmaDetection([self._inner(index, item) for index, item in enumerate(value)])
        return SigmaDetection([detection_item(None, value, self._placeholders)])

    def _inner(self, index: int, item: object) -> SigmaDetection:
        try:
            return self._detection(item)
        except RuleFault as fault:
            raise fault.at(index) from None

    def _item(self, key: object, raw: object) -> SigmaDetectionItem:
        try:
            return detection_item(str(key), raw, self._placeholders)
        except RuleFault as fault:
            raise fault.at(key) from None

    def only_filter(self, name: str) -> tuple[Filter, AtomTable]:
        """The one filter that was read; raises what was refused."""
        if len(self._refusals) > 1:
            raise FaultsError(self._refusals)
        if self._refusals:
            raise self._refusals[0]
        if len(self._filters) != 1 or self._rules or self._correlations:
            raise DefinitionError(
                msg("không phải đúng một bộ lọc Sigma"),
                expected=msg("một tài liệu YAML có title, logsource và filter"),
                where=name,
            )
        return self._filters[0], self._atoms

    def finish(self) -> RuleSet:
        """Apply the filters, tie the correlations to their rules."""
        rules = [self._filtered(rule) for rule in self._rules]
        kept, refused, silent = order_correlations([c for c, _ in self._correlations], rules)
        origins = {id(correlation): origin for correlation, origin in self._correlations}
        for correlation, fault in refused:
            self._refuse(fault, origins[id(correlation)].place(fault.path))
        return RuleSet(
            rules=tuple(replace(rule, reported=False) if rule.id in silent else rule for rule in rules),
            correlations=kept,
            refusals=tuple(self._refusals),
            atoms=self._atoms,
            pipeline=self._name,
        )

    def _filtered(self, rule: Rule) -> Rule:
        wanted = [found.program for found in self._filters if found.concerns(rule)]
        return replace(rule, program=all_of((rule.program, *wanted))) if wanted else rule


def _mapping(content: object) -> dict[str, object]:
    if not isinstance(content, dict):
        raise RuleFault(
            msg("tài liệu không phải là một quy tắc"), expected=msg("ánh xạ có title, logsource, detection")
        )
    return content


def _filter_rules(content: dict[str, object]) -> frozenset[str] | None:
    section = content["filter"]
    rules = section.get("rules") if isinstance(section, dict) else None
    if isinstance(rules, str):
        rules = [rules]
    if not isinstance(rules, list):
        raise RuleFault(
            msg("bộ lọc không nêu quy tắc nào"),
            ("filter", "rules"),
            expected=msg("any, hoặc danh sách id và tên quy tắc"),
        )
    return None if rules == [] or [str(rule).lower() for rule in rules] == ["any"] else frozenset(map(str, rules))


def _logsource(content: dict[str, object]) -> LogSource:
    section = content.get("logsource")
    if not isinstance(section, dict):
        raise RuleFault(
            msg("thiếu phần {key}", key="logsource"), ("logsource",), expected=msg("product, category hoặc service")
        )
    parts = {key: section.get(key) for key in ("product", "category", "service")}
    for key, value in parts.items():
        if value is not None and not isinstance(value, str):
            raise RuleFault(msg("logsource.{key} không phải là chuỗi", key=key), ("logsource", key))
    if not any(parts.values()):
        raise RuleFault(msg("logsource rỗng"), ("logsource",), expected=msg("product, category hoặc service"))
    return LogSource(**{key: str(value).lower() for key, value in parts.items() if value})


def _described(common: Mapping[str, object], content: Mapping[str, object], where: str) -> Mapping[str, object]:
    """What detection and correlation rules have in common, as keyword arguments."""
    suppression_of(common["custom_attributes"] or {})  # type: ignore[arg-type]
    tags = tuple(str(tag) for tag in common["tags"] or ())  # type: ignore[attr-defined]
    level = common["level"]
    false = common["falsepositives"]
    return {
        "id": str(common["id"] or common["name"] or digest(repr(sorted(content, key=str)), str(content))[:32]),
        "title": str(common["title"]),
        "name": str(common["name"] or ""),
        "level": Severity(level.name.lower()) if level is not None else Severity.MEDIUM,  # type: ignore[attr-defined]
        "version": str(common["modified"] or common["date"] or ""),
        "description": str(common["description"] or ""),
        "tags": tags,
        "attack": tuple(_technique(tag) for tag in tags if _technique(tag)),
        "falsepositives": tuple(map(str, false)) if isinstance(false, list) else (),
        "custom": common["custom_attributes"],
        "where": where,
    }


def _rule(rule: SigmaRule, content: Mapping[str, object], logsource: LogSource, program: Node, where: str) -> Rule:
    common = {name: getattr(rule, name) for name in rule.__dataclass_fields__ if not name.startswith("_")}
    custom = {
        key: value
        for key, value in rule.custom_attributes.items()
        if key not in {"logsource", "detection", "errors", "source"}
    }
    described = dict(_described({**common, "custom_attributes": custom}, content, where))
    return Rule(logsource=logsource, program=program, **described)  # type: ignore[arg-type]


def _technique(tag: str) -> str:
    prefix, _, rest = tag.partition(".")
    is_technique = prefix == "attack" and rest[:1] == "t" and rest[1:2].isdigit()
    return rest.upper() if is_technique else ""


def _yaml_fault(error: yaml.YAMLError) -> RuleFault:
    reason = getattr(error, "problem", None) or str(error)
    return RuleFault(msg("YAML sai: {reason}", reason=reason), advice=msg("sửa cú pháp YAML ở dòng này"))


def _yaml_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark is not None else 1
