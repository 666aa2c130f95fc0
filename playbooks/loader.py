"""Playbooks from a folder of YAML files; all faults of all files at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from collectors.definition import Definition, Place, advice_for, read_definition, validated
from playbooks.action import Action, Actions
from playbooks.model import ActionStep, Library, Playbook
from playbooks.template import FIELDS, unknown_names
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import msg


def shipped_library() -> Path:
    """The folder of the playbooks that come with the suite."""
    return Path(__file__).with_name("library")


def load_playbooks(folder: Path, actions: Actions) -> Library:
    """Every playbook of the folder by id.

    Raises:
        FaultsError: with all faults of all files, each at its file and line.
    """
    library: dict[str, Playbook] = {}
    faults: list[DefinitionError] = []
    for path in sorted(folder.glob("*.y*ml")):
        try:
            playbook = load_playbook(path, actions)
        except FaultsError as problem:
            faults += problem.faults
        else:
            library[playbook.id] = playbook
    if faults:
        raise FaultsError(faults)
    return library


def load_playbook(path: Path, actions: Actions) -> Playbook:
    """One playbook, checked against the actions there are. Raises FaultsError."""
    definition = read_definition(path)
    playbook = validated(definition, Playbook)
    faults = list(_faults(definition, playbook, actions))
    if faults:
        raise FaultsError(faults)
    return playbook


def _faults(definition: Definition, playbook: Playbook, actions: Actions) -> Iterator[DefinitionError]:
    if playbook.id != definition.path.stem:
        yield definition.fault(
            ("id",),
            msg("mã “{ident}” khác tên tệp", ident=playbook.id),
            expected=msg("mã “{stem}”", stem=definition.path.stem),
        )
    for position, step in playbook.actions():
        place = ("steps", position)
        action = actions.get(step.action)
        if action is None:
            found = msg("không có hành động “{action}”", action=step.action)
            yield definition.fault((*place, "action"), found, advice=advice_for(step.action, sorted(actions)))
            continue
        yield from _step_faults(definition, place, step, action)
        if not action.harmless and not playbook.approval_before(position):
            yield definition.fault(
                place,
                msg("hành động “{action}” chạy trước khi có phê duyệt", action=step.action),
                advice=msg("đặt một bước “approval” trước bước này"),
            )


def _step_faults(definition: Definition, place: Place, step: ActionStep, action: Action) -> Iterator[DefinitionError]:
    for where, name in unknown_names(step.params, (*place, "params")):
        found = msg("trường “{field}” không thể dùng trong tham số", field=name)
        yield definition.fault(where, found, advice=advice_for(name, sorted(FIELDS)))
    if step.expires_hours is not None and not action.reversible:
        yield definition.fault(
            (*place, "expires_hours"),
            msg("hành động “{action}” không thể tự hết hiệu lực", action=step.action),
            advice=msg("bỏ khóa này"),
        )
    try:
        action.params.model_validate(step.params)
    except ValidationError as problem:
        for error in problem.errors():
            known = tuple(part for part in error["loc"] if part in step.params or isinstance(part, int))
            yield definition.fault(
                (*place, "params", *known),
                msg("tham số không hợp lệ: {param}", param=".".join(map(str, error["loc"])) or "params"),
                expected=msg("theo quy tắc: {rule}", rule=error["msg"]),
            )
