"""`soc rules layer`: what the rules cover of ATT&CK, measured by their cases, as a layer of the ATT&CK Navigator."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from detectors.attack_catalogue import attack_catalogue
from detectors.attack_layer import AttackMatrix, matrix_of, navigator_layer
from detectors.attack_proof import measure_fired, proofs_of, write_fired
from detectors.rulepack import own_rules
from detectors.sigma import RuleSet
from soc.cli.context import say, settings
from soc.cli.rule_cases import case_normaliser
from soc.cli.rule_paths import EXIT_FAULTS
from soc.core.i18n import msg


def layer(
    out: Annotated[Path | None, typer.Option(help=msg("Tệp lớp Navigator; mặc định là stdout").text)] = None,
    rules: Annotated[
        list[Path] | None, typer.Option(help=msg("Tệp hoặc thư mục luật; mặc định là luật đi kèm").text, exists=True)
    ] = None,
    fired: Annotated[Path | None, typer.Option(help=msg("Ghi thêm mã các luật đã khớp, cho trang độ phủ").text)] = None,
) -> None:
    roots = rules or [own_rules() / "sigma"]
    ruleset = RuleSet.load(roots)
    for refusal in ruleset.refusals:
        say(refusal.as_message())
    proven = measure_fired(roots, case_normaliser())
    matrix = matrix_of(proofs_of(ruleset, proven), attack_catalogue())
    _write(orjson.dumps(navigator_layer(matrix, settings().lang), option=orjson.OPT_INDENT_2), out)
    if fired is not None:
        write_fired(fired, proven)
    _tell(matrix)
    if ruleset.refusals:
        raise typer.Exit(EXIT_FAULTS)


def _write(data: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(data + b"\n")
    else:
        out.write_bytes(data + b"\n")


def _tell(matrix: AttackMatrix) -> None:
    say(
        msg(
            "{solid} kỹ thuật đã chứng minh, {hollow} mới khai, trên {total} kỹ thuật",
            solid=matrix.solid,
            hollow=matrix.hollow,
            total=matrix.total,
        )
    )
    if matrix.others:
        names = ", ".join(cell.technique.id for cell in matrix.others)
        say(msg("không vào lớp vì thuộc ma trận ICS hoặc ATLAS: {names}", names=names))
    if matrix.unknown:
        names = ", ".join(matrix.unknown)
        say(msg("ATT&CK {version} không có: {names}", version=matrix.catalogue.version, names=names))
