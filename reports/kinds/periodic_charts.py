"""Charts of the periodic report."""

from __future__ import annotations

from reports.document import Bar, BarChart, Fill
from reports.wording import Wording
from soc.compliance.assessment import Assessment, LayerResult, Status
from soc.core.i18n import msg

_FILLS = {1: Fill.LAYER_1, 2: Fill.LAYER_2, 3: Fill.LAYER_3, 4: Fill.LAYER_4}


def layer_scores(assessment: Assessment, words: Wording) -> BarChart:
    """The score of each layer, 0 to 100."""
    bars = tuple(
        Bar(
            words.say(msg("Lớp {number}: {title}", number=layer.layer, title=words.name(layer.title))),
            layer.score,
            words.value(layer.score, "percent"),
            _FILLS[layer.layer],
        )
        for layer in assessment.results
    )
    return BarChart(words.say(msg("Điểm của bốn lớp")), words.say(msg("Lớp")), words.say(msg("Điểm")), 100, bars)


def layer_statuses(layer: LayerResult, words: Wording) -> BarChart:
    """How many criteria of a layer have each status."""
    bars = tuple(
        Bar(words.say(status.label), count, words.number(count), _FILLS[layer.layer])
        for status in Status
        if (count := layer.count(status)) or status is not Status.NOT_APPLICABLE
    )
    caption = msg("Số tiêu chí của lớp {number} theo kết quả", number=layer.layer)
    return BarChart(
        words.say(caption), words.say(msg("Kết quả")), words.say(msg("Số tiêu chí")), len(layer.criteria), bars
    )


def measured_shares(layer: LayerResult, words: Wording) -> BarChart | None:
    """The measured shares of a layer in percent; None where it has none."""
    figures = [(result, figure) for result in layer.criteria for figure in result.figures if figure.unit == "percent"]
    if not figures:
        return None
    bars = tuple(
        Bar(f"{result.criterion} {words.name(figure.label)}", figure.value, words.figure(figure), _FILLS[layer.layer])
        for result, figure in figures
    )
    caption = msg("Tỷ lệ đo được của lớp {number}", number=layer.layer)
    return BarChart(words.say(caption), words.say(msg("Số liệu")), words.say(msg("Tỷ lệ")), 100, bars)
