"""The rules of a hunt, frozen when it is filed: kept as files by their content, and compiled from those whenever it is moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from detectors.rulesets.importing import content_hash
from detectors.rulesets.library import Library
from detectors.rulesets.service import Loader
from detectors.sigma import CorrelationRule, Rule, RuleSet
from soc.app.hunt_model import FrozenRules, RuleRef
from soc.app.redo import only
from soc.core.errors import ConflictError, EngineError, FaultsError, InputError
from soc.core.i18n import msg

_FOLDER = "rules"
MAX_TEXT = 200_000
"""Characters of rules that a person may hand in as text."""


class RuleFreezer:
    """Keeps rules and gives them back.

    Args:
        library: where the files are kept; its own, apart from that of imported sets.
        load: compiles files.
    """

    def __init__(self, library: Library, load: Loader) -> None:
        self._library, self._load = library, load

    def freeze_files(self, files: Sequence[Path]) -> FrozenRules:
        """The rules of some files, in their order; all that report are wanted.

        Raises:
            DefinitionError, FaultsError: a rule is refused: a hunt must not leave one out in silence.
            InputError: there is no rule that reports.
        """
        return self._freeze(_named(files), None)

    def freeze_text(self, text: str) -> FrozenRules:
        """The rules that a person wrote. Raises as `freeze_files`."""
        if len(text) > MAX_TEXT:
            raise InputError(
                msg("luật dài {length} ký tự", length=len(text)),
                expected=msg("không quá {limit} ký tự", limit=MAX_TEXT),
                advice=msg("lưu thành tệp rồi chạy: soc hunt --rule TỆP --background"),
            )
        return self._freeze({"00000-rule.yml": text.encode()}, None)

    def freeze_in_force(self, files: Sequence[Path], wanted: Collection[RuleRef]) -> FrozenRules:
        """Some of the rules that run, with all files that run beside them, as correlations and filters may stand in any."""
        return self._freeze(_named(files), tuple(wanted))

    def load(self, frozen: FrozenRules) -> RuleSet:
        """The rules as they were frozen.

        Raises:
            EngineError: what was kept is damaged.
            ConflictError: this version of the suite reads a rule in another way than that which froze it.
        """
        loaded = self._load([self._folder(frozen)])
        found = {ref.id: ref for ref in refs_of(loaded)}
        strange = next((ref.id for ref in frozen.refs if found.get(ref.id) != ref), None)
        if strange is not None:
            raise ConflictError(
                msg("luật {rule} không còn được hiểu như lúc lập yêu cầu rà soát", rule=strange),
                advice=msg("lập yêu cầu rà soát mới"),
            )
        return only(loaded, frozenset(ref.id for ref in frozen.refs))

    def _freeze(self, files: Mapping[str, bytes], wanted: tuple[RuleRef, ...] | None) -> FrozenRules:
        content, archive = content_hash(files), self._library.keep(files)
        frozen = FrozenRules(content, archive, wanted or (), in_force=wanted is not None)
        if wanted is not None:
            return frozen
        folder = self._folder(frozen)
        loaded = self._load([folder])
        _require_sound(loaded, folder)
        return FrozenRules(content, archive, refs_of(loaded), in_force=False)

    def _folder(self, frozen: FrozenRules) -> Path:
        return self._library.folder(_FOLDER, frozen.content, frozen.archive)


def refs_of(ruleset: RuleSet) -> tuple[RuleRef, ...]:
    """The rules that report."""
    every: list[Rule | CorrelationRule] = [*ruleset.rules, *ruleset.correlations]
    return tuple(
        RuleRef(rule.id, rule.version, rule.digest, isinstance(rule, CorrelationRule))
        for rule in every
        if rule.reported
    )


def _named(files: Sequence[Path]) -> dict[str, bytes]:
    """File names that keep the order, which decides between rules of the same id."""
    try:
        return {f"{number:05}-{path.name}": path.read_bytes() for number, path in enumerate(files)}
    except OSError as problem:
        raise EngineError(
            msg("không đọc được tệp luật: {reason}", reason=problem.strerror or str(problem)),
            where=str(problem.filename),
        ) from problem


def _require_sound(ruleset: RuleSet, folder: Path) -> None:
    for fault in ruleset.refusals:  # where it stands for the reader, not where we keep it
        fault.where = fault.where.removeprefix(f"{folder}/")
    if len(ruleset.refusals) > 1:
        raise FaultsError(ruleset.refusals)
    if ruleset.refusals:
        raise ruleset.refusals[0]
    if not refs_of(ruleset):
        raise InputError(
            msg("không có luật nào sinh cảnh báo trong tệp này"), advice=msg("kiểm tra bằng: soc rules check")
        )
