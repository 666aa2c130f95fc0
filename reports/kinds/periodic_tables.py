"""Tables of the periodic report."""

from __future__ import annotations

from collections.abc import Iterable

from reports.document import Align, Column, Table
from reports.wording import Wording
from soc.compliance.assessment import Assessment, CriterionResult, Figure, LayerResult, Names, Status
from soc.compliance.catalogue import Confidence
from soc.core.i18n import Message, msg
from soc.core.severity import Severity

_COUNTED = (Status.MET, Status.PARTLY, Status.NOT_MET, Status.NOT_EVIDENCED, Status.NOT_MEASURED)


def layer_table(assessment: Assessment, words: Wording) -> Table:
    """Counts by status, a row for each layer."""
    columns = [Column(words.say(msg("Lớp")), 26)]
    columns += [Column(words.say(status.label), 12, Align.RIGHT) for status in _COUNTED]
    columns.append(Column(words.say(msg("Điểm")), 14, Align.RIGHT))
    rows = tuple(
        (
            f"{layer.layer}. {words.name(layer.title)}",
            *(str(layer.count(status)) for status in _COUNTED),
            words.value(layer.score, "percent"),
        )
        for layer in assessment.results
    )
    return Table(words.say(msg("Kết quả theo lớp")), tuple(columns), rows)


def criteria_table(layer: LayerResult, words: Wording) -> Table:
    """Every criterion of a layer with its result, figures and legal basis."""
    columns = _columns(
        words,
        (msg("Mã"), 8, Align.LEFT),
        (msg("Tiêu chí, căn cứ"), 40, Align.LEFT),
        (msg("Kết quả"), 15, Align.LEFT),
        (msg("Số liệu, lý do"), 37, Align.LEFT),
    )
    rows = tuple(
        (result.criterion, _title(result, words), words.say(result.status.label), _grounds(result, words))
        for result in layer.criteria
    )
    return Table(words.say(msg("Tiêu chí của lớp {number}", number=layer.layer)), columns, rows)


def heard_table(assessment: Assessment, words: Wording) -> Table:
    """What each log source said."""
    columns = _columns(
        words,
        (msg("Nguồn"), 20, Align.LEFT),
        (msg("Cơ quan"), 18, Align.LEFT),
        (msg("Nền tảng"), 20, Align.LEFT),
        (msg("Sự kiện"), 10, Align.RIGHT),
        (msg("Đầu tiên"), 11, Align.LEFT),
        (msg("Cuối cùng"), 11, Align.LEFT),
        (msg("Giờ im lặng"), 10, Align.RIGHT),
    )
    rows = tuple(
        (
            row.source,
            _named(assessment, row.agency, words),
            _named(assessment, f"platform/{row.platform}", words, row.platform),
            words.number(row.events),
            words.moment(row.first),
            words.moment(row.last),
            "–" if row.silent_hours is None else words.number(row.silent_hours),
        )
        for row in assessment.heard
    )
    return Table(words.say(msg("Nguồn nhật ký trong kỳ")), columns, rows, small=True)


def ran_table(assessment: Assessment, words: Wording) -> Table:
    """Which rules ran over how many events."""
    columns = _columns(
        words,
        (msg("Luật"), 35, Align.LEFT),
        (msg("Tên"), 37, Align.LEFT),
        (msg("Lượt sự kiện"), 16, Align.RIGHT),
        (msg("Số lần khớp"), 12, Align.RIGHT),
    )
    rows = tuple(
        (row.rule_id, words.name(row.title), words.number(row.events), words.number(row.matches))
        for row in assessment.ran
    )
    return Table(words.say(msg("Luật phát hiện đã chạy")), columns, rows, small=True)


def incident_table(assessment: Assessment, words: Wording) -> Table:
    """Incidents and alerts by agency and severity; a row of zeros where there were none."""
    columns = _columns(
        words,
        (msg("Cơ quan"), 46, Align.LEFT),
        (msg("Mức"), 22, Align.LEFT),
        (msg("Sự cố"), 16, Align.RIGHT),
        (msg("Cảnh báo"), 16, Align.RIGHT),
    )
    rows = tuple(
        (
            _named(assessment, row.agency, words),
            words.say(Severity(row.severity).label),
            words.number(row.incidents),
            words.number(row.alerts),
        )
        for row in sorted(assessment.incidents, key=lambda row: (row.agency, -Severity(row.severity).rank))
    )
    nothing = ((words.say(msg("Không có sự cố")), "–", "0", "0"),)
    return Table(words.say(msg("Sự cố theo cơ quan và mức")), columns, rows or nothing, small=True)


def figure_table(assessment: Assessment, words: Wording) -> Table:
    """Every figure with its formula, stored query, window and snapshot hash."""
    columns = _columns(
        words,
        (msg("Số liệu"), 21, Align.LEFT),
        (msg("Giá trị"), 11, Align.RIGHT),
        (msg("Công thức"), 20, Align.LEFT),
        (msg("Truy vấn và khoảng thời gian"), 28, Align.LEFT),
        (msg("Băm của các dòng đã đếm (SHA-256)"), 20, Align.LEFT),
    )
    rows = tuple(
        (
            f"{figure.id}: {words.name(figure.label)}",
            words.figure(figure),
            words.name(figure.formula),
            _question(figure, words),
            figure.snapshot,
        )
        for figure in assessment.all_figures()
    )
    return Table(words.say(msg("Số liệu của báo cáo")), columns, rows, small=True)


def evidence_table(assessment: Assessment, words: Wording) -> Table:
    """Accepted documents with their receipts and hashes."""
    columns = _columns(
        words,
        (msg("Biên nhận"), 12, Align.LEFT),
        (msg("Tiêu chí"), 8, Align.LEFT),
        (msg("Cơ quan"), 16, Align.LEFT),
        (msg("Tệp"), 22, Align.LEFT),
        (msg("Ngày tiếp nhận"), 11, Align.LEFT),
        (msg("Hiệu lực đến"), 9, Align.LEFT),
        (msg("Băm của tệp (SHA-256)"), 22, Align.LEFT),
    )
    rows = tuple(
        (
            ref.receipt,
            result.criterion,
            _named(assessment, ref.agency, words),
            ref.name,
            words.moment(ref.received),
            "–" if ref.valid_until is None else words.day(ref.valid_until),
            ref.sha256,
        )
        for result in _results(assessment)
        for ref in result.evidence
    )
    nothing = (("–", "–", "–", words.say(msg("Không có tài liệu nào được chấp nhận")), "–", "–", "–"),)
    return Table(words.say(msg("Bằng chứng được chấp nhận")), columns, rows or nothing, small=True)


def _columns(words: Wording, *heads: tuple[Message, int, Align]) -> tuple[Column, ...]:
    return tuple(Column(words.say(head), width, align) for head, width, align in heads)


def _results(assessment: Assessment) -> Iterable[CriterionResult]:
    return (result for layer in assessment.results for result in layer.criteria)


def _title(result: CriterionResult, words: Wording) -> str:
    """Title and basis; what is only proposed never reads like a duty."""
    title = words.name(result.title)
    if result.confidence == Confidence.PROPOSED.value:
        return words.say(
            msg(
                "{title} (phép đo do tỉnh đề xuất; liên quan: {basis})",
                title=title,
                basis="; ".join(result.legal_basis),
            )
        )
    if result.confidence == Confidence.VERIFIED.value:
        return f"{title} ({'; '.join(result.legal_basis)})"
    return words.say(msg("{title} ({basis}; chưa đối chiếu bản gốc)", title=title, basis="; ".join(result.legal_basis)))


def _grounds(result: CriterionResult, words: Wording) -> str:
    figures = [
        f"{words.name(figure.label)}: {words.figure(figure)}." for figure in result.figures if figure.value is not None
    ]
    reason = words.say(result.reason)
    return " ".join([*figures, reason[:1].upper() + reason[1:] + "."])


def _named(assessment: Assessment, ident: str, words: Wording, otherwise: str = "") -> str:
    names: Names | None = assessment.names.get(ident)
    return words.name(names) if names else otherwise or ident


def _question(figure: Figure, words: Wording) -> str:
    query = figure.query
    asked = words.say(
        msg(
            "{engine}/{facts}: {query}; hàm {function}; từ {since} đến {until}; phạm vi {scope}",
            engine=query.engine,
            facts=query.facts,
            query=query.query,
            function=query.function,
            since=words.moment(query.since),
            until=words.moment(query.until),
            scope=msg("toàn tỉnh") if query.agencies is None else ", ".join(query.agencies),
        )
    )
    return asked + "".join(f"; {name}={value[:24]}" for name, value in query.parameters)
