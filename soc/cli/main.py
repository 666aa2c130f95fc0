"""The `soc` command: a lazy tree, so that `soc normalise` does not pay for importing the web server.

Help texts are Vietnamese sentences marked with `msg(...).text` and shown in the language of `--lang`, SOC_LANG or the settings.
Stdout is data; progress, logs and errors go to stderr; exit codes are named in docs/command-line.md.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from soc.core.errors import SocError
from soc.core.i18n import Lang, Message, msg, translate

EXIT_INTERRUPTED = 130

COMMANDS: dict[str, tuple[str, Message]] = {
    "demo": ("soc.cli.demo:demo", msg("Chạy toàn bộ việc chính trên nhật ký mẫu kèm theo, trong thư mục riêng")),
    "up": ("soc.cli.up:up", msg("Chạy bảng điều khiển, bộ thu, bộ phát hiện, bộ xử lý và lịch")),
    "doctor": ("soc.cli.doctor:doctor", msg("Cái gì chạy, cái gì không, cần làm gì")),
    "ingest": ("soc.cli.ingest:ingest", msg("Nạp tệp nhật ký qua đường ống thật, có đếm")),
    "normalise": ("soc.cli.normalise:normalise", msg("Mỗi dòng vào, một tài liệu ECS ra; không lưu gì")),
    "hunt": ("soc.cli.hunt:hunt", msg("Tìm trong kho sự kiện")),
    "hunts": ("soc.cli.hunts:app", msg("Rà soát ngược: liệt kê, xem, tạm dừng, chạy tiếp, hủy")),
    "reparse": ("soc.cli.reparse:reparse", msg("Đọc lại bản ghi đã lưu bằng bộ đọc mới, cho xem khác biệt trước")),
    "baselines": ("soc.cli.baselines:app", msg("Điều luồng sự kiện đã dạy: xem, học lại từ kho")),
    "search": ("soc.cli.search:app", msg("Phép tìm đã lưu: liệt kê, chạy, lưu, xóa")),
    "detect": ("soc.cli.detect:detect", msg("So tệp với luật Sigma; không lưu gì")),
    "rules": ("soc.cli.rules:app", msg("Luật phát hiện: kiểm tra, thử, liệt kê")),
    "indicators": ("soc.cli.indicators:app", msg("Chỉ dấu xâm nhập: nhập, liệt kê, tìm lại trong kho")),
    "yara": ("soc.cli.yara:app", msg("Quét tệp bằng luật YARA")),
    "pcap": ("soc.cli.pcap:pcap", msg("Đọc bản ghi gói tin thành sự kiện và so với luật")),
    "simulate": ("soc.cli.simulate:simulate", msg("Sinh nhật ký của một tỉnh mô phỏng, kèm sự thật")),
    "platforms": ("soc.cli.platforms:app", msg("Nền tảng của tỉnh: liệt kê, kiểm tra, xem")),
    "sources": ("soc.cli.sources:app", msg("Nguồn đã đăng ký: liệt kê, tạo token")),
    "incident": ("soc.cli.incident:app", msg("Sự cố: liệt kê, xem, tiếp nhận, ngăn chặn, đóng")),
    "playbook": ("soc.cli.playbook:app", msg("Kịch bản ứng phó: kiểm tra, lập kế hoạch, phê duyệt, chạy")),
    "evidence": ("soc.cli.evidence:app", msg("Bằng chứng: nộp, thẩm định, liệt kê")),
    "exercise": ("soc.cli.exercise:app", msg("Diễn tập: liệt kê, chạy, chấm")),
    "assess": ("soc.cli.assess:assess", msg("Đánh giá mô hình 4 lớp của một kỳ")),
    "report": ("soc.cli.report:app", msg("Lập báo cáo")),
    "verify": ("soc.cli.verify:verify", msg("Kiểm chứng báo cáo hoặc chuỗi nhật ký kiểm toán")),
    "audit": ("soc.cli.audit:app", msg("Nhật ký kiểm toán: điểm neo, gói, khóa công khai")),
    "elastic": ("soc.cli.elastic:app", msg("Cụm Elasticsearch: thiết lập, kiểm tra")),
    "user": ("soc.cli.user:app", msg("Tài khoản: thêm, liệt kê, khóa")),
    "agency": ("soc.cli.agency:app", msg("Cơ quan: thêm, liệt kê")),
}
"""Command -> where its function or app lives, and its help. Imported only when called."""


class LazyGroup(TyperGroup):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        place, summary = COMMANDS[cmd_name]
        module, attribute = place.split(":")
        target = getattr(importlib.import_module(module), attribute)
        command = get_command(target if isinstance(target, typer.Typer) else _single(target))
        command.name = cmd_name
        command.help = summary.text
        _translate(command, _wanted_lang())
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands without importing any of them."""
        lang = _wanted_lang()
        with formatter.section(msg("Lệnh").render(lang)):
            formatter.write_dl([(name, summary.render(lang)) for name, (_, summary) in COMMANDS.items()])


def _single(function: Any) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(function)
    return app


def _translate(command: Any, lang: Lang) -> None:
    """Help texts of a command and of its loaded sub-commands, which are Vietnamese sentences of the catalogue."""
    for item in (command, *command.params):
        if getattr(item, "help", None):
            item.help = translate(item.help.strip(), lang)
    for child in getattr(command, "commands", {}).values():
        _translate(child, lang)


cli = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@cli.callback()
def options(lang: Annotated[Lang | None, typer.Option(help=msg("Ngôn ngữ: vi hoặc en").text)] = None) -> None:
    """Vọng Gác."""
    if lang is not None:
        os.environ["SOC_LANG"] = lang.value


def _wanted_lang() -> Lang:
    """From `--lang`, else SOC_LANG, before any settings file is read: help must work in a broken home."""
    words = sys.argv[1:]
    if "--lang" in words[:-1]:
        word = words[words.index("--lang") + 1]
    else:
        word = next((w.split("=", 1)[1] for w in words if w.startswith("--lang=")), os.environ.get("SOC_LANG", "vi"))
    return Lang(word) if word in tuple(Lang) else Lang.VI


def main() -> None:
    """Run the command line; errors of ours become one line on stderr and their exit code."""
    lang = _wanted_lang()
    try:
        root = get_command(cli)
        _translate(root, lang)
        root(prog_name="soc")
    except SocError as problem:
        sys.stderr.write(f"soc: {problem.render(lang)}\n")
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        # The reader (head, less) went away: nothing more to say to it, and Python must not say it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
