"""`soc rules`: our own detection rules and those of a site. Each bigger command has a module of its own, `rule_<topic>.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detectors.detector import advice_of, title_of
from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.testing import alerting_rules
from soc.cli.context import Json, emit, settings
from soc.cli.rule_cases import try_cases
from soc.cli.rule_check import check
from soc.cli.rule_diff import diff
from soc.cli.rule_exceptions import app as exceptions
from soc.cli.rule_explain import explain
from soc.cli.rule_layer import layer
from soc.cli.rule_measure import measure
from soc.cli.rule_paths import Paths, find_rule, sigma_paths
from soc.cli.rule_sets import activate, history, import_, rollback, sets
from soc.cli.rule_state import gaps, list_states, redo
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
app.command(help=msg("Kiểm tra luật Sigma và YARA; nêu mọi lỗi một lần").text)(check)
app.command("test", help=msg("Thử luật Sigma với các ca phải bắt và phải để yên").text)(try_cases)
app.command(help=msg("Vì sao một luật khớp hay không khớp với sự kiện trong một tệp").text)(explain)
app.command(help=msg("Mỗi luật tốn bao nhiêu và khớp bao nhiêu lần trên các tệp nhật ký").text)(measure)
app.command(help=msg("Độ phủ ATT&CK đo bằng ca thử, xuất thành lớp của ATT&CK Navigator").text)(layer)
app.add_typer(exceptions, name="exception")
app.command("import", help=msg("Nhập một bộ luật công bố; chưa chạy luật nào").text)(import_)
app.command(help=msg("Liệt kê các bộ luật đã nhập; ● là bộ đang được chọn").text)(sets)
app.command(help=msg("Khác biệt ý nghĩa giữa hai bộ luật").text)(diff)
app.command(help=msg("Chọn các bộ luật sẽ chạy; hệ thống đang chạy tự nạp").text)(activate)
app.command(help=msg("Chạy lại lựa chọn trước đó").text)(rollback)
app.command(help=msg("Các lần kích hoạt, và lần nạp mới nhất").text)(history)
app.command(help=msg("Liệt kê các khoảng trống phát hiện").text)(gaps)
app.command(help=msg("Khép một khoảng trống, hoặc chạy một luật mới bật trên quá khứ").text)(redo)


@app.command("list", help=msg("Liệt kê luật tạo cảnh báo").text)
def list_(
    paths: Paths = None,
    state: Annotated[
        bool, typer.Option("--state", help=msg("Sẵn sàng, mù một phần, mù, trên từng nguồn đã nghe").text)
    ] = False,
    json: Json = False,
) -> None:
    if state:
        list_states(paths, json=json)
        return
    lang = settings().lang
    rules = alerting_rules(RuleSet.load(sigma_paths(paths)))
    if json:
        emit(_rule_row(rule) for rule in rules)
        return
    for rule in rules:
        typer.echo(f"{rule.name or rule.id:36} {rule.level.value:13} {title_of(rule)[lang.value]}")


@app.command(help=msg("Xem một luật theo mã hoặc tên").text)
def show(ident: str, paths: Paths = None, json: Json = False) -> None:
    found = find_rule(RuleSet.load(sigma_paths(paths)), ident)
    if json:
        emit([_rule_row(found)])
    else:
        file, _, _ = found.where.rpartition(":")
        typer.echo(f"# {found.where}\n{Path(file).read_text('utf-8')}")


def _rule_row(rule: Rule | CorrelationRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "level": rule.level.value,
        "version": rule.version,
        "title": title_of(rule),
        "advice": advice_of(rule),
        "description": rule.description,
        "attack": rule.attack,
        "falsepositives": rule.falsepositives,
        "product": rule.logsource.product if isinstance(rule, Rule) else None,
        "type": rule.type.value if isinstance(rule, CorrelationRule) else None,
        "where": rule.where,
    }
