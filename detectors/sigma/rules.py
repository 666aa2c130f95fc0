"""Rule sets: files in, compiled rules and refusals out. One bad rule never stops another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG
from types import MappingProxyType
from typing import Any
from uuid import UUID

import yaml
from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetections, SigmaLogSource, SigmaRule

from detectors.sigma.compile import Compiler
from detectors.sigma.conditions import only_negates
from detectors.sigma.correlation_rules import CorrelationRule, order_correlations, parse_correlation
from detectors.sigma.detections import parse_detections
from detectors.sigma.faults import RuleFault
from detectors.sigma.labels import Labels, filtered_labels
from detectors.sigma.metadata import as_mapping, common_parts, compiled_rule, described, filtered_rules, logsource_of
from detectors.sigma.pipelines import default_placeholders, named_pipeline
from detectors.sigma.rule import Filter, LogSource, Rule
from detectors.sigma.ruleset import AUTO, Placeholders, RuleSet, normal_of
from detectors.sigma.tree import All, AtomTable, Node, Not
from detectors.sigma.yaml12 import YamlDocument, load_documents
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import Message, msg

LARGEST_FILE = 32 << 20
"""Bytes of one rule file; a list of 100,000 values takes a tenth of it."""


def load_rules(files: Iterable[Path], pipeline: str, placeholders: Placeholders) -> RuleSet:
    """Load rule files, each once, in the order given. Raises SetupError when the pipeline cannot be loaded."""
    loader = _Loader(pipeline, placeholders)
    for file in files:
        loader.read(file)
    return loader.finish()


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


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a document came from, to place its faults."""

    file: Path
    document: YamlDocument

    @property
    def line(self) -> str:
        return f"{self.file}:{self.document.line}"

    def place(self, path: Sequence[object] = ()) -> str:
        line, column = self.document.place(path)
        return f"{self.file}:{line}:{column}"


class _Loader:
    """Collects rules and refusals over many files, then joins them."""

    def __init__(self, pipeline: str, placeholders: Placeholders) -> None:
        self._name = pipeline
        self._pipeline = named_pipeline(pipeline)
        self._placeholders = {**default_placeholders(pipeline), **placeholders}
        self._atoms = AtomTable()
        self._compiler = Compiler(self._atoms, normal_of(pipeline))
        self._rules: list[Rule] = []
        self._correlations: list[tuple[CorrelationRule, _Origin]] = []
        self._filters: list[Filter] = []
        self._refusals: list[DefinitionError] = []
        self._ids: dict[str, str] = {}

    def read(self, file: Path) -> None:
        """Take in every document of a file, faults into the refusals."""
        try:
            self.take(_content(file), file)
        except OSError as error:
            self._refuse(
                RuleFault(
                    msg("không đọc được tệp quy tắc: {reason}", reason=error.strerror or str(error)),
                    advice=msg("kiểm tra đường dẫn và quyền đọc"),
                ),
                str(file),
            )
        except RuleFault as fault:
            self._refuse(fault, str(file))

    def take(self, data: bytes, file: Path) -> None:
        """Take in every document of what was read from a file."""
        try:
            for document in load_documents(data):
                self._document(document, _Origin(file, document))
        except yaml.YAMLError as error:
            self._refuse(_yaml_fault(error), f"{file}:{_yaml_place(error)}")
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
            self._kind(as_mapping(document.content), origin)
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
        logsource = logsource_of(content)
        detections = parse_detections(content, "detection", self._placeholders)
        rule, compiled = self._compiled(common, logsource, detections, "detection")
        self._rules.append(compiled_rule(rule, content, logsource, compiled, origin.line))

    def _compiled(
        self, common: dict[str, Any], logsource: LogSource, detections: SigmaDetections, section: str
    ) -> tuple[SigmaRule, tuple[Node, Labels]]:
        """pySigma's rule after the pipeline, and its program with the places of its searches."""
        source = SigmaLogSource(logsource.category or None, logsource.product or None, logsource.service or None)
        rule = SigmaRule(**common, logsource=source, detection=detections)
        if self._pipeline is not None:
            try:
                self._pipeline.apply(rule)
            except SigmaError as error:
                raise RuleFault(msg("quy trình (pipeline) không áp dụng được: {reason}", reason=str(error))) from error
        try:
            return rule, self._compiler.program(rule.detection)
        except RuleFault as fault:
            raise fault.at(section) from None

    def _correlation(self, content: dict[str, object], origin: _Origin) -> None:
        common = self._common(content, origin)
        self._correlations.append((parse_correlation(content, described(common, content, origin.line)), origin))

    def _filter(self, content: dict[str, object], origin: _Origin) -> None:
        common = self._common(content, origin)
        logsource = logsource_of(content)
        detections = parse_detections(content, "filter", self._placeholders, ("rules",))
        stays = only_negates([str(text) for text in detections.condition], detections.detections)
        rule, (program, labels) = self._compiled(common, logsource, detections, "filter")
        if not stays:
            program, labels = Not(program), {(0, *place): label for place, label in labels.items()}
        self._filters.append(Filter(filtered_rules(content), logsource, program, rule.title, labels))

    def _common(self, content: dict[str, object], origin: _Origin) -> dict[str, Any]:
        common, faults = common_parts(content)
        if faults:
            *others, last = faults
            for other in others:
                self._refuse(other, origin.place())
            raise last
        self._unique_id(common.get("id"), origin)
        return common

    def _unique_id(self, ident: object, origin: _Origin) -> None:
        if not isinstance(ident, UUID):
            return
        other = self._ids.setdefault(str(ident), origin.line)
        if other != origin.line:
            raise RuleFault(
                msg("id {id} đã dùng ở {other}", id=str(ident), other=other),
                ("id",),
                advice=msg("đặt id mới cho một trong hai"),
            )

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
        wanted = [found for found in self._filters if found.concerns(rule)]
        if not wanted:
            return rule
        return replace(
            rule,
            program=All((rule.program, *(found.program for found in wanted))),
            labels=filtered_labels(rule.labels, [(found.title, found.labels) for found in wanted]),
        )


def _content(file: Path) -> bytes:
    """What the file holds; a device or a pipe could be read for ever."""
    status = file.stat()
    if not S_ISREG(status.st_mode):
        raise RuleFault(msg("không phải là một tệp thường"), advice=msg("kiểm tra đường dẫn và quyền đọc"))
    if status.st_size > LARGEST_FILE:
        raise RuleFault(
            msg("tệp quy tắc lớn hơn {limit} MiB", limit=LARGEST_FILE >> 20),
            advice=msg("chia tệp ra, hoặc đưa danh sách dài vào tệp của --placeholders"),
        )
    return file.read_bytes()


def _yaml_fault(error: yaml.YAMLError) -> RuleFault:
    reason: str | Message = getattr(error, "problem", None) or str(error)
    return RuleFault(msg("YAML sai: {reason}", reason=reason), advice=msg("sửa cú pháp YAML ở dòng này"))


def _yaml_place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return f"{mark.line + 1}:{mark.column + 1}" if mark is not None else "1:1"
