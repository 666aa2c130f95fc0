"""The use cases: import a set, choose what shall run, go back, and what came of it. Every change is in the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from detectors.rulesets.importing import Filters, content_hash, kept_refusals
from detectors.rulesets.importing import select as chosen_of
from detectors.rulesets.library import Library
from detectors.rulesets.model import (
    FIRST,
    OWN,
    SITE,
    Activation,
    Load,
    Manifest,
    Member,
    Plan,
    RuleEntry,
    Version,
    activation_of,
    activation_row,
    check_name,
    load_of,
    load_row,
    manifest_from,
    manifest_json,
    split_reference,
    version_of,
)
from detectors.rulesets.planning import Part, make_plan, part_of, require_settled
from detectors.rulesets.tables import RuleActivationRow, RuleLoadRow, RuleSetRow
from detectors.rulesets.tree import read_tree
from detectors.sigma import RuleSet
from soc.access.journal import Journal
from soc.access.principal import SYSTEM, Principal, Right
from soc.core.act import Act
from soc.core.clock import Clock
from soc.core.errors import ConflictError, InputError, NotFoundError
from soc.core.i18n import msg
from soc.storage.sql import Database

Loader: TypeAlias = Callable[[Sequence[Path]], RuleSet]
KEPT_LOADS = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to; `known` when these very files were there already."""

    version: Version
    manifest: Manifest
    known: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to run. `members` as `NAME[@VERSION]`; `preferred` are names, best first."""

    members: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    own: bool = True
    site: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Activated:
    """A new activation with what it comes to and what a trial load made of it."""

    activation: Activation
    plan: Plan
    ruleset: RuleSet


@dataclass(frozen=True, slots=True)
class Living:
    """The folders that follow the installation."""

    own: Path
    site: Path


class RuleSets:
    """Sets and activations of one installation.

    Args:
        living: the rules of the suite and of the site.
        load: compiles files; `RuleSet.load`.
    """

    def __init__(
        self, database: Database, clock: Clock, journal: Journal, library: Library, living: Living, load: Loader
    ) -> None:
        self._database, self._clock, self._journal = database, clock, journal
        self._library, self._living, self.load = library, living, load

    # sets

    def import_set(
        self, principal: Principal, path: Path, name: str, filters: Filters, *, licence: str = "", source: str = ""
    ) -> Imported:
        """Keep the rules of a folder or ZIP as a version of a set. Nothing of it runs before it is activated.

        Files that cannot be compiled stay in the set, with their faults: a newer engine may take them.

        Raises:
            InputError: no rules there, an archive that is a bomb, or a bad name.
            EngineError: the disk refused.
        """
        principal.require(Right.MANAGE_RULES)
        check_name(name)
        tree = read_tree(path)
        chosen = chosen_of(tree, filters, licence)
        content = content_hash(chosen.files)
        archive = self._library.keep(chosen.files)
        folder = self._library.folder(name, content, archive)
        tried = self.load([folder])
        refusals = kept_refusals(tree.refusals) + kept_refusals(tried.refusals, folder)
        manifest = Manifest(chosen.entries, refusals, chosen.counts, asdict(filters))
        version = Version(
            name,
            content,
            archive,
            self._clock.now(),
            principal.id,
            source or str(path),
            chosen.licence,
            len(chosen.files),
            len(tried.rules) + len(tried.correlations),
            len(refusals),
        )
        return self._remember(principal, version, manifest)

    def versions(self, principal: Principal) -> list[Version]:
        """Every version of every set, newest first."""
        principal.require(Right.READ_RULES)
        query = select(RuleSetRow).options(defer(RuleSetRow.body)).order_by(RuleSetRow.imported.desc(), RuleSetRow.name)
        with self._database.reading() as session:
            return [version_of(row) for row in session.scalars(query)]

    def version(self, principal: Principal, reference: str) -> tuple[Version, Manifest]:
        """The version `NAME[@VERSION]`. Raises InputError, NotFoundError."""
        principal.require(Right.READ_RULES)
        with self._database.reading() as session:
            row = _find(session, reference)
            return version_of(row), manifest_from(row.body)

    def rules_of(self, principal: Principal, reference: str) -> tuple[RuleEntry, ...]:
        """The rules of `NAME[@VERSION]`, `vonggac` or `site` in the order of their files. Raises InputError, NotFoundError."""
        principal.require(Right.READ_RULES)
        living = {OWN: self._living.own, SITE: self._living.site}
        if reference in living:
            return part_of(reference, living[reference]).entries
        return self.version(principal, reference)[1].entries

    def folder(self, version: Version) -> Path:
        """Where the files of a version lie. Raises EngineError."""
        return self._library.folder(version.name, version.content, version.archive)

    # activations

    def activate(self, principal: Principal, choice: Choice) -> Activated:
        """Choose what shall run from now on; a running installation takes it up by itself.

        Raises:
            ConflictError: members claim the same rule and none is preferred.
            InputError, NotFoundError: no such set or version; nothing would run.
        """
        principal.require(Right.MANAGE_RULES)
        made = self._chosen(choice, principal)
        parts = self._parts(made)
        require_settled(made, parts)
        return self._take(principal, made, make_plan(made, parts), "rules.activate")

    def rollback(self, principal: Principal, to: int | None = None, note: str = "") -> Activated:
        """Run again what ran before: the activation before the present one, or number `to`; 0 is the state before the first.

        Raises:
            ConflictError: there is nothing before.
            NotFoundError: no such activation.
        """
        principal.require(Right.MANAGE_RULES)
        target = self._before() if to is None else to
        old = self._activation(target)
        made = replace(
            old, at=None, by=principal.id, note=note, restores=old.restores if old.restores is not None else target
        )
        return self._take(principal, made, make_plan(made, self._parts(made)), "rules.rollback")

    def history(self, principal: Principal) -> list[Activation]:
        """All activations, newest first."""
        principal.require(Right.READ_RULES)
        return self._history()

    def wanted(self) -> int:
        """Number of the activation that shall run; 0 before the first. One short query: asked for every second."""
        with self._database.reading() as session:
            return session.scalar(select(func.max(RuleActivationRow.number))) or 0

    def current(self) -> Activation:
        """The activation that shall run."""
        return self._activation(self.wanted())

    def plan(self, number: int | None = None) -> Plan:
        """What an activation comes to now, by default that which shall run. Raises NotFoundError, EngineError."""
        activation = self._activation(self.wanted() if number is None else number)
        return make_plan(activation, self._parts(activation))

    # loads

    def note_load(self, load: Load) -> None:
        """Remember what the collecting process loaded or could not load."""
        action = "rules.load" if load.ok else "rules.load_failed"
        after = {"content": load.content, "rules": load.rules, "refused": load.refused}
        reason = "" if load.ok or not load.refusals else next(iter(load.refusals[0].text.values()), "")
        with self._database.transaction() as session:
            number = (session.scalar(select(func.max(RuleLoadRow.number))) or 0) + 1
            session.add(load_row(number, load))
            self._journal.record(
                session, Act(SYSTEM.id, action, f"rules/activation/{load.activation}", after=after, reason=reason)
            )

    def loads(self, limit: int = 20) -> list[Load]:
        """The newest loads of the collecting process, newest first."""
        query = select(RuleLoadRow).order_by(RuleLoadRow.number.desc()).limit(limit)
        with self._database.reading() as session:
            return [load_of(row) for row in session.scalars(query)]

    def _activation(self, number: int) -> Activation:
        if number == 0:
            return FIRST
        with self._database.reading() as session:
            row = session.get(RuleActivationRow, number)
        if row is None:
            raise NotFoundError(
                msg("không có lần kích hoạt số {number}", number=number), advice=msg("xem bằng: soc rules history")
            )
        return activation_of(row)

    def running_content(self) -> str:
        """The content hash of what the collecting process loaded last; "" before the first load."""
        query = select(RuleLoadRow.content).where(RuleLoadRow.state == "loaded").order_by(RuleLoadRow.number.desc())
        with self._database.reading() as session:
            return session.scalar(query.limit(1)) or ""

    def _remember(self, principal: Principal, version: Version, manifest: Manifest) -> Imported:
        after = {
            "source": version.source,
            "licence": version.licence,
            "rules": version.rules,
            "refused": version.refused,
        }
        act = Act(principal.id, "rules.import", f"rules/{version.label}", after=after)
        with self._database.transaction() as session:
            row = session.get(RuleSetRow, (version.name, version.content))
            self._journal.record(session, act)
            if row is not None:
                return Imported(version_of(row), manifest, known=True)
            session.add(RuleSetRow(**asdict(version), body=manifest_json(manifest)))
        return Imported(version, manifest, known=False)

    def _chosen(self, choice: Choice, principal: Principal) -> Activation:
        with self._database.reading() as session:
            rows = [_find(session, reference) for reference in choice.members]
        members = tuple(Member(row.name, row.content) for row in rows)
        names = [member.name for member in members]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(msg("bộ {name} được nêu hai lần", name=twice), expected=msg("mỗi bộ một phiên bản"))
        known = {*names, *([OWN] if choice.own else []), *([SITE] if choice.site else [])}
        strange = next((name for name in choice.preferred if name not in known), None)
        if strange is not None:
            raise InputError(
                msg("bộ được ưu tiên {name} không nằm trong lần kích hoạt này", name=strange),
                expected=msg("một trong: {names}", names=", ".join(sorted(known))),
            )
        return Activation(0, None, principal.id, choice.note, members, choice.preferred, choice.own, choice.site)

    def _parts(self, activation: Activation) -> list[Part]:
        parts = [part_of(OWN, self._living.own)] if activation.own else []
        parts += [part_of(SITE, self._living.site)] if activation.site else []
        for member in activation.members:
            with self._database.reading() as session:
                row = session.get(RuleSetRow, (member.name, member.content))
                if row is None:
                    raise NotFoundError(msg("không có bộ luật {name}", name=member.label))
                version, manifest = version_of(row), manifest_from(row.body)
            parts.append(part_of(member.name, self.folder(version), manifest.entries))
        return parts

    def _take(self, principal: Principal, made: Activation, plan: Plan, action: str) -> Activated:
        """Try the load, then write the choice down."""
        ruleset = self.load(plan.files)
        if not ruleset.rules:
            raise InputError(
                msg("không luật nào chạy được trong lựa chọn này"),
                advice=msg("thêm một bộ luật, hoặc giữ lại luật đi kèm"),
            )
        with self._database.transaction() as session:
            number = (session.scalar(select(func.max(RuleActivationRow.number))) or 0) + 1
            made = replace(made, number=number, at=self._clock.now())
            session.add(activation_row(made, self._clock.now()))
            after = {
                "members": [m.label for m in made.members],
                "own": made.own,
                "site": made.site,
                "content": plan.content,
            }
            act = Act(principal.id, action, f"rules/activation/{number}", after=after, reason=made.note)
            self._journal.record(session, act)
        return Activated(made, replace(plan, activation=made), ruleset)

    def _history(self) -> list[Activation]:
        query = select(RuleActivationRow).order_by(RuleActivationRow.number.desc())
        with self._database.reading() as session:
            return [activation_of(row) for row in session.scalars(query)]

    def _before(self) -> int:
        """The activation before what runs now; a rollback counts as the one it restores, so that going back again goes further."""
        newest = self.current()
        shown = newest.number if newest.restores is None else newest.restores
        if shown == 0:
            raise ConflictError(
                msg("chưa có gì để quay về"),
                expected=msg("một lần kích hoạt trước đó"),
                advice=msg("xem bằng: soc rules history"),
            )
        return shown - 1


def _find(session: Session, reference: str) -> RuleSetRow:
    name, version = split_reference(reference)
    query = select(RuleSetRow).where(RuleSetRow.name == name, RuleSetRow.content.startswith(version, autoescape=True))
    found = session.scalars(query.order_by(RuleSetRow.imported.desc())).all()
    if not found:
        raise NotFoundError(
            msg("không có bộ luật {name}", name=reference[:80]), advice=msg("xem các bộ đã nhập bằng: soc rules sets")
        )
    if version and len({row.content for row in found}) > 1:
        raise InputError(
            msg("phiên bản {version} chỉ nhiều bản của bộ {name}", version=version, name=name),
            advice=msg("viết thêm chữ số của mã nội dung"),
        )
    return found[0]
