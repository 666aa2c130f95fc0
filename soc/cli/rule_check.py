"""`soc rules check`: every fault of Sigma and YARA rules at once, with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import typer

from collectors.mapping import TableSpec, has_table, table_spec
from collectors.parsers.json import JsonParser
from collectors.platform import Format, Platform, load_platforms
from detectors.checks import FieldBook, Issue, IssueSeverity, check_rules
from detectors.rulepack import own_rules
from detectors.yara.rules import load_yara
from soc.cli.context import Json, emit, say, settings
from soc.cli.rule_paths import EXIT_FAULTS, Paths, sigma_paths, yara_paths
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import Lang, msg

ENRICHED = frozenset(
    {
        "soc.time.",
        "soc.net.",
        "soc.baseline.",
        "soc.batch.",
        "soc.asset.",
        "soc.unit",
        "soc.unit_now",
        "soc.unit_renamed",
        "soc.lookup.",
        "soc.gap",
        "soc.site",
        "soc.change.ticket",
        "soc.meeting.scheduled",
        "soc.doc.owner_unit",
        "soc.doc.shared",
        "soc.doc.cross_owner",
        "soc.station.",
        "soc.payment.amount_mismatch",
        "soc.vehicle.jump_kmh",
        "source.geo.",
        "source.as.",
    }
)
"""What enrichment adds to events of every platform."""


def check(
    paths: Paths = None,
    tests: Annotated[
        bool | None,
        typer.Option(
            "--tests/--no-tests", help=msg("Đòi ca thử của mọi luật, hoặc không luật nào; mặc định: luật của ta").text
        ),
    ] = None,
    warnings: Annotated[bool, typer.Option("--warnings/--no-warnings", help=msg("Nêu cả cảnh báo").text)] = True,
    json: Json = False,
) -> None:
    mine = (own_rules().resolve(), (settings().home / "rules").resolve())
    checked = check_rules(
        sigma_paths(paths),
        field_book(load_platforms(strict=False)[0]),
        lambda file: any(file.resolve().is_relative_to(root) for root in mine),
        tests=tests,
    )
    yara = load_yara(yara_paths(paths))
    issues = [*checked.issues, *_of_yara(yara.refusals)]
    shown = [issue for issue in issues if warnings or issue.severity is IssueSeverity.ERROR]
    if json:
        emit(_row(issue) for issue in shown)
    else:
        for issue in shown:
            typer.echo(issue.render(settings().lang))
    _tell_counts(issues)
    loaded = len(checked.ruleset.rules) + len(checked.ruleset.correlations)
    errors = sum(issue.severity is IssueSeverity.ERROR for issue in issues)
    say(
        msg(
            "{sigma} luật Sigma, {yara} luật YARA, {faults} lỗi, {warnings} cảnh báo",
            sigma=loaded,
            yara=len(yara.rules),
            faults=errors,
            warnings=len(issues) - errors,
        )
    )
    if errors:
        raise typer.Exit(EXIT_FAULTS)


def field_book(platforms: dict[str, Platform]) -> FieldBook:
    """The fields that the mappings of the platforms write; a platform with a parser that names fields in code is left out."""
    plain = {name: platform for name, platform in platforms.items() if all(_is_mapped(one) for one in platform.formats)}
    return FieldBook({name: frozenset(_fields(platform)) for name, platform in plain.items()}, ENRICHED)


def _is_mapped(one: Format) -> bool:
    return one.parser == JsonParser.id or has_table(one.parser)


def _fields(platform: Platform) -> Iterator[str]:
    for one in platform.formats:
        yield from _targets(one.fields)
        if has_table(one.parser):
            yield from _targets(table_spec(one.parser))


def _targets(table: TableSpec) -> Iterator[str]:
    yield from table.set_
    for rule in table.fields.values():
        for name in rule.to:
            yield from (name, f"{name}.") if rule.as_ else (name,)
    for case in table.when:
        yield from (*case.set_, *case.add)
    if table.keep:
        yield f"{table.keep}."


def _of_yara(refusals: tuple[DefinitionError | FaultsError, ...]) -> Iterator[Issue]:
    for refusal in refusals:
        for fault in refusal.faults if isinstance(refusal, FaultsError) else (refusal,):
            yield Issue("yara", IssueSeverity.ERROR, fault)


def _tell_counts(issues: list[Issue]) -> None:
    for (severity, name), count in sorted(Counter((one.severity.value, one.check) for one in issues).items()):
        say(msg("  {count} {severity} [{name}]", count=count, severity=severity, name=name))


def _row(issue: Issue) -> dict[str, object]:
    return {
        "where": issue.where,
        "check": issue.check,
        "severity": issue.severity.value,
        "fault": {lang.value: issue.fault.render(lang) for lang in Lang},
    }
