"""What telemetry proves now: for each criterion the figures it is judged by, the first of them deciding.

A new measure is one entry of MEASURES, over a list of `facts.LISTS` and a function of `figures.FUNCTIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from soc.compliance.assessment import Names
from soc.core.severity import Severity

Given = Mapping[str, str]
"""Parameters with a value, or with the name of a context value in braces, `{as_of}`."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a criterion.

    Attributes:
        key: last part of the figure's id.
        engine, facts, function: see StoredQuery.
        given: parameters of the function; a value `{name}` is filled in by the assessor (as_of, applies_from).
        targets: name of the own target of `duties.yaml` whose minutes by severity the function needs.
    """

    key: str
    engine: str
    facts: str
    function: str
    unit: str
    label: Names
    formula: Names
    given: Given = field(default_factory=dict)
    targets: str = ""


def _names(vi: str, en: str) -> Names:
    return {"vi": vi, "en": en}


_SEVERITIES = {
    Severity.CRITICAL: ("rất cao", "critical"),
    Severity.HIGH: ("cao", "high"),
    Severity.MEDIUM: ("trung bình", "medium"),
    Severity.LOW: ("thấp", "low"),
}


def _by_severity(facts: str, label: Names, formula: Names) -> tuple[Measure, ...]:
    """The mean over each severity, after the mean over all."""
    means = [Measure("mean", "sql", facts, "mean_minutes", "minutes", label, formula)]
    for severity, (vi, en) in _SEVERITIES.items():
        named = _names(f"{label['vi']}, mức {vi}", f"{label['en']}, severity {en}")
        given = {"severity": severity.value}
        means.append(Measure(f"mean_{severity.value}", "sql", facts, "mean_minutes", "minutes", named, formula, given))
    return tuple(means)


_FIRST_ACT = _names("phút từ cảnh báo đến thao tác đầu tiên", "minutes from alert to first act")

MEASURES: dict[str, tuple[Measure, ...]] = {
    "L1-11": (
        Measure(
            "within_target",
            "sql",
            "first_actions",
            "share_within",
            "percent",
            _names("Tỷ lệ tiếp nhận trong thời gian mục tiêu (đề xuất)", "Share acted on within the (proposed) target"),
            _names(
                "số sự cố có thao tác đầu tiên trong mục tiêu / số sự cố đến hạn",
                "incidents acted on in time / incidents due",
            ),
            {"as_of": "{as_of}"},
            "acknowledge",
        ),
        Measure(
            "median",
            "sql",
            "first_actions",
            "median_minutes",
            "minutes",
            _names("Trung vị thời gian đến thao tác đầu tiên", "Median time to first act"),
            _names("trung vị số " + _FIRST_ACT["vi"], "median of " + _FIRST_ACT["en"]),
        ),
        Measure(
            "p95",
            "sql",
            "first_actions",
            "p95_minutes",
            "minutes",
            _names("Phân vị 95 thời gian đến thao tác đầu tiên", "95th percentile of the time to first act"),
            _names("phân vị 95 số " + _FIRST_ACT["vi"], "95th percentile of " + _FIRST_ACT["en"]),
        ),
    ),
    "L2-01": (
        Measure(
            "share",
            "events",
            "systems_heard",
            "share_of",
            "percent",
            _names("Hệ thống có nguồn nhật ký còn tín hiệu", "Systems with a live log source"),
            _names(
                "hệ thống có sự kiện trong kỳ / hệ thống quản lý", "systems with events in the period / systems managed"
            ),
            {"flag": "live"},
        ),
    ),
    "L2-02": (
        Measure(
            "share",
            "events",
            "log_types",
            "share_of",
            "percent",
            _names("Loại nhật ký bắt buộc đã nhận", "Mandatory log types received"),
            _names(
                "loại nhật ký bắt buộc đã nhận / loại bắt buộc theo cấp độ, cộng các hệ thống",
                "mandatory types received / mandatory types by level, summed over systems",
            ),
            {"flag": "seen", "levels": "{levels}"},
        ),
    ),
    "L2-03": (
        Measure(
            "share",
            "events",
            "sources_heard",
            "share_of",
            "percent",
            _names("Nguồn có lúc mất tín hiệu", "Sources that fell silent"),
            _names(
                "nguồn im lặng quá nhịp của nền tảng / nguồn đo được",
                "sources silent beyond their rhythm / sources measured",
            ),
            {"flag": "silent"},
        ),
        Measure(
            "hours",
            "events",
            "sources_heard",
            "total",
            "hours",
            _names("Tổng số giờ mất tín hiệu", "Hours of silence in all"),
            _names("cộng số giờ im lặng quá nhịp của các nguồn", "sum of the hours beyond the rhythm over the sources"),
            {"column": "silent_hours"},
        ),
    ),
    "L2-04": (
        Measure(
            "share",
            "events",
            "retention",
            "share_of",
            "percent",
            _names("Hệ thống lưu nhật ký đủ thời gian", "Systems that keep logs long enough"),
            _names(
                "hệ thống có sự kiện cũ nhất đủ số tháng của cấp độ / hệ thống xét được",
                "systems whose oldest event is old enough / systems that can be judged",
            ),
            {"flag": "enough", "levels": "{levels}"},
        ),
    ),
    "L2-07": _by_severity(
        "detections",
        _names("Thời gian phát hiện trung bình", "Mean time to detect"),
        _names("trung bình số phút từ sự kiện đầu tiên đến cảnh báo", "mean minutes from first event to alert"),
    ),
    "L2-08": _by_severity(
        "containments",
        _names("Thời gian xử lý trung bình", "Mean time to respond"),
        _names("trung bình số phút từ cảnh báo đến ngăn chặn", "mean minutes from alert to containment"),
    ),
    "L4-05": tuple(
        Measure(
            key,
            "sql",
            "notices",
            "share_notified",
            "percent",
            label,
            _names("báo cáo gửi đúng hạn / báo cáo đã đến hạn", "reports sent in time / reports due"),
            {"duties": duties, "as_of": "{as_of}", "applies_from": "{applies_from}"},
        )
        for key, duties, label in (
            ("on_time", "24,72", _names("Báo cáo sự cố đúng hạn", "Incident reports in time")),
            ("on_time_24", "24", _names("Thông báo đầu tiên trong 24 giờ", "First notice within 24 hours")),
            ("on_time_72", "72", _names("Báo cáo trong 72 giờ", "Report within 72 hours")),
        )
    ),
}
"""Criterion -> its figures."""

OVERALL: tuple[Measure, ...] = (
    Measure(
        "events",
        "events",
        "sources_heard",
        "total",
        "count",
        _names("Sự kiện đã nhận", "Events received"),
        _names("cộng số sự kiện của các nguồn", "sum of the events of the sources"),
        {"column": "events"},
    ),
    Measure(
        "sources",
        "events",
        "sources_heard",
        "rows",
        "count",
        _names("Nguồn nhật ký", "Log sources"),
        _names("số nguồn đã đăng ký hoặc có sự kiện", "sources registered or heard"),
    ),
    Measure(
        "incidents",
        "sql",
        "incidents",
        "sum_or_zero",
        "count",
        _names("Sự cố trong kỳ", "Incidents of the period"),
        _names("số sự cố được phát hiện trong kỳ", "incidents detected in the period"),
        {"column": "incidents"},
    ),
    Measure(
        "alerts",
        "sql",
        "incidents",
        "sum_or_zero",
        "count",
        _names("Cảnh báo trong các sự cố", "Alerts of these incidents"),
        _names("số cảnh báo của các sự cố trong kỳ", "alerts of the incidents of the period"),
        {"column": "alerts"},
    ),
)
"""Figures of the assessment as a whole: what a nil report rests on."""
