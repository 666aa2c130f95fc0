"""The section that says what to look for: named searches and a condition, as pySigma's detections."""

from __future__ import annotations

from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections

from detectors.sigma.faults import RuleFault
from detectors.sigma.modifiers import Placeholders, detection_item
from soc.core.i18n import msg


def parse_detections(
    content: dict[str, object], key: str, placeholders: Placeholders, others: tuple[str, ...] = ()
) -> SigmaDetections:
    """The searches and conditions of the section `key`.

    Args:
        content: the rule document.
        placeholders: what the modifier `expand` puts in.
        others: keys of the section that are no searches.

    Raises:
        RuleFault: a part is missing or cannot be used.
    """
    section = content.get(key)
    if not isinstance(section, dict):
        raise RuleFault(msg("thiếu phần {key}", key=key), (key,), expected=msg("ánh xạ tên -> giá trị, và condition"))
    condition = section.get("condition")
    if not condition:
        raise RuleFault(msg("phần {key} thiếu condition", key=key), (key,))
    named = {str(name): value for name, value in section.items() if name not in ("condition", *others)}
    if not named:
        raise RuleFault(msg("phần {key} không có gì để dò", key=key), (key,))
    detections: dict[str, SigmaDetection] = {}
    for name, value in named.items():
        try:
            detections[name] = _detection(value, placeholders)
        except RuleFault as fault:
            raise fault.at(key, name) from None
    return SigmaDetections(detections, condition if isinstance(condition, list) else [condition])


def _detection(value: object, placeholders: Placeholders) -> SigmaDetection:
    if isinstance(value, dict):
        if not value:
            raise RuleFault(msg("ánh xạ rỗng"))
        return SigmaDetection([_item(key, raw, placeholders) for key, raw in value.items()])
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return SigmaDetection([_inner(index, item, placeholders) for index, item in enumerate(value)])
    return SigmaDetection([detection_item(None, value, placeholders)])


def _inner(index: int, item: object, placeholders: Placeholders) -> SigmaDetection:
    try:
        return _detection(item, placeholders)
    except RuleFault as fault:
        raise fault.at(index) from None


def _item(key: object, raw: object, placeholders: Placeholders) -> SigmaDetectionItem:
    try:
        return detection_item(str(key), raw, placeholders)
    except RuleFault as fault:
        raise fault.at(key) from None
