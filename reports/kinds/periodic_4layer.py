"""The periodic report on the 4-layer model: month, quarter, half-year or year.

Contents after form `periodic_report_4layer` of the domain notes; layout of Decree 30/2020, Annex I. No official template was found, so
the order of the parts is ours. Every number comes from a figure of the assessment; what is not measured is said to be so.
"""

from __future__ import annotations

from reports.document import Block, Bullets, Document, Letterhead, Paragraph, Seal, Section
from reports.kinds.periodic_charts import layer_scores, layer_statuses, measured_shares
from reports.kinds.periodic_tables import (
    criteria_table,
    evidence_table,
    figure_table,
    heard_table,
    incident_table,
    layer_table,
    ran_table,
)
from reports.wording import Wording
from soc.compliance.assessment import Assessment, LayerResult, Names, Status
from soc.compliance.period import parse_period
from soc.core.i18n import Lang, Message, msg


class PeriodicFourLayer:
    """Report kind `periodic_4layer`."""

    @property
    def id(self) -> str:
        return "periodic_4layer"

    @property
    def title(self) -> Names:
        return {"vi": "Báo cáo định kỳ theo mô hình 4 lớp", "en": "Periodic report on the 4-layer model"}

    def build(self, assessment: Assessment, letterhead: Letterhead, lang: Lang) -> Document:
        """The document in one language."""
        words = Wording(lang)
        return Document(
            lang=lang,
            type_name=words.say(msg("BÁO CÁO")),
            subject=words.say(
                msg(
                    "Kết quả bảo đảm an ninh mạng theo mô hình 4 lớp, {period}",
                    period=parse_period(assessment.period).label,
                )
            ),
            letterhead=letterhead,
            date=words.official_date(assessment.made),
            cover=_cover(assessment, words),
            summary=_summary(assessment, words),
            sections=(
                *(_layer(layer, words) for layer in assessment.results),
                _monitoring(assessment, words),
                _findings(assessment, words),
            ),
            annexes=(_figures(assessment, words), _evidence(assessment, words)),
            figures=assessment.all_figures(),
            seal=Seal(
                self.id,
                assessment.id,
                assessment.hash,
                assessment.period,
                f"{assessment.catalogue_id} {assessment.catalogue_version} {assessment.catalogue_hash}",
            ),
            sample=assessment.sample,
        )


def _cover(assessment: Assessment, words: Wording) -> tuple[tuple[str, str], ...]:
    scope = msg("Toàn tỉnh") if assessment.agency is None else None
    named = assessment.names.get(assessment.agency or "", {"vi": assessment.agency or ""})
    catalogue = msg("{id}, phiên bản {version}", id=assessment.catalogue_id, version=assessment.catalogue_version)
    lines: tuple[tuple[Message, str], ...] = (
        (msg("Kỳ báo cáo"), words.say(parse_period(assessment.period).label)),
        (msg("Từ"), words.moment(assessment.window.since)),
        (msg("Đến"), words.moment(assessment.window.until)),
        (msg("Phạm vi"), words.say(scope) if scope else words.name(named)),
        (msg("Chốt số liệu"), words.moment(assessment.made)),
        (msg("Danh mục tiêu chí"), words.say(catalogue)),
        (msg("Mã đánh giá"), assessment.id),
        (msg("Giá trị băm của đánh giá"), assessment.hash),
    )
    return tuple((words.say(label), value) for label, value in lines)


def _summary(assessment: Assessment, words: Wording) -> tuple[Block, ...]:
    totals = {figure.id: words.figure(figure) for figure in assessment.figures}
    heard = sum(1 for row in assessment.heard if row.events)
    opening = msg(
        "Trong kỳ đã nhận {events} sự kiện từ {heard}/{sources} nguồn nhật ký; phát hiện {incidents} sự cố gồm {alerts} cảnh báo.",
        events=totals["overall.events"],
        heard=words.number(heard),
        sources=totals["overall.sources"],
        incidents=totals["overall.incidents"],
        alerts=totals["overall.alerts"],
    )
    rule = msg(
        "Điểm của một lớp là trung bình các tiêu chí chấm được (đạt 1, đạt một phần 0,5, chưa đạt 0). "
        "Tiêu chí chưa có bằng chứng hoặc chưa đo không bao giờ được tính là đạt. Thang điểm và ngưỡng là đề xuất của tỉnh."
    )
    return (
        Paragraph(words.say(opening)),
        *((Paragraph(words.say(_nil(assessment, words)), strong=True),) if assessment.is_nil else ()),
        Paragraph(words.say(rule)),
        layer_scores(assessment, words),
        layer_table(assessment, words),
    )


def _nil(assessment: Assessment, words: Wording) -> Message:
    return msg(
        "Kỳ này không phát sinh cảnh báo nào. Điều đó dựa trên {sources} nguồn có tín hiệu và {rules} luật phát hiện đã chạy "
        "trên {events} lượt sự kiện, liệt kê ở phần sau.",
        sources=words.number(sum(1 for row in assessment.heard if row.events)),
        rules=words.number(len({row.rule_id for row in assessment.ran})),
        events=words.number(sum(row.events for row in assessment.ran)),
    )


def _layer(layer: LayerResult, words: Wording) -> Section:
    if layer.score is None:
        opening = msg(
            "Chưa chấm được lớp này: {total} tiêu chí đều chưa đo hoặc chưa có bằng chứng.", total=layer.total
        )
    else:
        opening = msg(
            "Điểm {score}, chấm được {judged}/{total} tiêu chí.",
            score=words.value(layer.score, "percent"),
            judged=layer.judged,
            total=layer.total,
        )
    shares = measured_shares(layer, words)
    blocks = (Paragraph(words.say(opening)), layer_statuses(layer, words), *((shares,) if shares else ()))
    return Section(_layer_title(layer, words), (*blocks, criteria_table(layer, words)), own_page=True)


def _layer_title(layer: LayerResult, words: Wording) -> str:
    return words.say(msg("Lớp {number}: {title}", number=layer.layer, title=words.name(layer.title)))


def _monitoring(assessment: Assessment, words: Wording) -> Section:
    blocks = (
        Paragraph(words.say(msg("Nguồn nhật ký: nghe được gì, và im lặng quá nhịp bao lâu."))),
        heard_table(assessment, words),
        Paragraph(words.say(msg("Luật phát hiện đã chạy trên các sự kiện của kỳ."))),
        ran_table(assessment, words),
        Paragraph(words.say(msg("Sự cố theo cơ quan và mức."))),
        incident_table(assessment, words),
    )
    return Section(words.say(msg("Giám sát trong kỳ: đã nghe, đã chạy, đã phát hiện")), blocks, own_page=True)


def _findings(assessment: Assessment, words: Wording) -> Section:
    blocks: list[Block] = []
    for layer in assessment.results:
        for result in layer.criteria:
            if result.findings and result.status is not Status.NOT_APPLICABLE:
                head = msg(
                    "{id} {title}: {status}",
                    id=result.criterion,
                    title=words.name(result.title),
                    status=result.status.label,
                )
                blocks.append(Paragraph(words.say(head), strong=True))
                blocks.append(Bullets(tuple(words.say(finding) for finding in result.findings)))
    if not blocks:
        blocks.append(Paragraph(words.say(msg("Không có tồn tại nào từ các phép đo tự động của kỳ."))))
    return Section(words.say(msg("Tồn tại cần khắc phục")), tuple(blocks), own_page=True)


def _figures(assessment: Assessment, words: Wording) -> Section:
    note = msg(
        "Mỗi số liệu có câu truy vấn, khoảng thời gian và giá trị băm của các dòng đã đếm. Lệnh 'soc verify' tính lại từng số từ chính "
        "tệp này. Không dữ liệu diễn tập nào được đếm."
    )
    blocks = (Paragraph(words.say(note)), figure_table(assessment, words))
    return Section(words.say(msg("Phụ lục 1: số liệu và cách tính lại")), blocks, own_page=True)


def _evidence(assessment: Assessment, words: Wording) -> Section:
    note = msg("Tài liệu đã được cơ quan khác thẩm định và chấp nhận, còn hiệu lực trong kỳ.")
    blocks = (Paragraph(words.say(note)), evidence_table(assessment, words))
    return Section(words.say(msg("Phụ lục 2: danh mục bằng chứng")), blocks, own_page=True)
