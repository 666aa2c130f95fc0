"""What must not be kept, found by the name of its field once a record is parsed, before the event is stored.

The masks of raw text (`collectors.redact`) know usual names and structures. What a platform calls its secrets and personal values, or what
only its parser could read, is declared with the platform:

    redact:
      drop: [soc.ai.prompt]                 the field goes, and its value leaves event.original
      hash: [soc.patient.id, soc.parent]    the value becomes a keyed hash
      patterns: {patient: ["BN########"]}   a form of text, wherever it stands: # a digit, @ a capital letter

Besides, a field whose last name says password, token, phone, plate ... is masked on every platform. A value that was taken out of a field
is taken out of `event.original` and of the texts beside it, in each way a format may write it: as it is, escaped for JSON or XML, or
percent-encoded. In a form that its parser alone knows (Base64, hexadecimal) it cannot be recognised there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Annotated, TypeAlias
from urllib.parse import quote, quote_plus

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from collectors.definition import DefinitionProblem
from collectors.personal import LOOKS, NAMES, TEMPLATE_LENGTH, Kind, Pseudonyms, template_pattern
from collectors.secret_masks import MASK, NO_VALUE
from soc.core.ecs import FieldType, field_type
from soc.core.event import MARKS, Fields, Value
from soc.core.i18n import msg

REMEMBERED_NAMES = 10_000
"""Field names known to be harmless that are kept ready; a hostile source invents new ones all the time."""

_SECRET_ENDS = (
    *(
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "matkhau",
        "secretkey",
        "clientsecret",
        "accesstoken",
        "refreshtoken",
    ),
    *("idtoken", "authtoken", "sessiontoken", "apikey", "privatekey", "connectionstring"),
)
_SECRET_NAMES = frozenset(
    ("pwd", "secret", "token", "pin", "otp", "cookie", "setcookie", "lgspaccesstoken", "viewstate")
)
_SUDO_FOLDER = "system.auth.sudo.pwd"
"""Where somebody stood; taken for a password it would leave every path of the event that begins so."""
_PERSONAL_NAMES = {re.sub(r"[\W_]", "", name): kind for kind, names in NAMES.items() for name in names}
_TEXTS = (
    "event.original",
    "message",
    "error.message",
    "process.command_line",
    "process.args",
    "http.request.body.content",
)
_TEXT_PREFIXES = ("url.", "http.request.headers", "rule.")

Action: TypeAlias = Kind | str
"""A kind of hash, or `DROP` or `HIDE`."""
DROP, HIDE = "drop", "hide"


def _plain_keyword(name: str) -> str:
    if (
        name in MARKS
        or name in ("event.id", "event.original", "@timestamp")
        or field_type(name) is not FieldType.KEYWORD
    ):
        raise DefinitionProblem(
            msg("trường '{name}' không băm được", name=name), msg("một trường kiểu chữ không phải dấu của hệ thống")
        )
    return name


def _droppable(name: str) -> str:
    if name in MARKS or name in ("event.id", "event.original", "@timestamp"):
        raise DefinitionProblem(msg("trường '{name}' không bỏ được", name=name), msg("một trường lấy từ nhật ký"))
    return name


def _template(text: str) -> str:
    if sum(char in "#@" for char in text) < 4 or len(text) > TEMPLATE_LENGTH:
        raise DefinitionProblem(
            msg("mẫu '{text}' quá ngắn hoặc quá dài", text=text),
            msg("ít nhất bốn ký tự # (chữ số) hoặc @ (chữ hoa), không quá {limit} ký tự", limit=TEMPLATE_LENGTH),
        )
    return text


class RedactSpec(BaseModel):
    """What a platform declares; see the top of this module."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: list[Annotated[str, AfterValidator(_droppable)]] = []
    hash: list[Annotated[str, AfterValidator(_plain_keyword)]] = []
    patterns: dict[Kind, Annotated[list[Annotated[str, AfterValidator(_template)]], Field(min_length=1)]] = {}


@dataclass(frozen=True, slots=True)
class FieldMasks:
    """The masks of one platform.

    Args:
        actions: declared field -> what is done with it.
        forms: kind -> the pattern of all its declared forms.
        pseudonyms: makes the hashes.
    """

    actions: Mapping[str, Action]
    forms: Mapping[Kind, re.Pattern[str]]
    pseudonyms: Pseudonyms
    _ordinary: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, spec: RedactSpec, pseudonyms: Pseudonyms) -> FieldMasks:
        """The masks of a platform's declaration, and those of every platform."""
        hashed = {name: _PERSONAL_NAMES.get(_last(name), Kind.OTHER) for name in spec.hash}
        forms = {
            kind: re.compile("|".join(map(template_pattern, templates)), re.ASCII)
            for kind, templates in spec.patterns.items()
        }
        return cls({**hashed, **dict.fromkeys(spec.drop, DROP)}, forms, pseudonyms)

    def mask_text(self, text: str) -> tuple[str, int]:
        """`text` with a hash in place of every declared form, and how many there were; before it is parsed."""
        count = 0
        for kind, pattern in self.forms.items():
            text, more = pattern.subn(lambda found, kind=kind: self.pseudonyms.of_text(kind, found[0]), text)  # type: ignore[misc]
            count += more
        return text, count

    def apply(self, fields: Fields) -> int:
        """Mask `fields`, with `event.original` among them, in place; gives how many values were taken out."""
        unknown = fields.keys() - self._ordinary
        if not unknown:
            return 0
        chosen = [(name, action) for name in sorted(unknown) if (action := self._action(name)) is not None]
        return sum(self._mask(fields, name, action) for name, action in chosen)

    def _action(self, name: str) -> Action | None:
        action = self.actions.get(name) or _usual_action(name)
        if action is None:
            if len(self._ordinary) >= REMEMBERED_NAMES:
                self._ordinary.clear()
            self._ordinary.add(name)
        return action

    def _mask(self, fields: Fields, name: str, action: Action) -> int:
        value = fields[name]
        values = [str(one) for one in (value if isinstance(value, list) else [value])]
        substitutes = {one: self._substitute(name, action, one) for one in values}
        changed = {one: new for one, new in substitutes.items() if new != one}
        if action == DROP:
            del fields[name]
        elif changed:
            new = [substitutes[one] for one in values]
            fields[name] = list(new) if isinstance(value, list) else new[0]
        for one, substitute in changed.items():
            _expunge(fields, one, substitute)
        return len(changed)

    def _substitute(self, name: str, action: Action, value: str) -> str:
        if value.lower() in NO_VALUE or MASK in value:
            return value
        if not isinstance(action, Kind):
            return MASK
        if name not in self.actions and not LOOKS[action](value):
            return value
        return self.pseudonyms.of_text(action, value)


def _last(name: str) -> str:
    """The last part of a field name, letters and digits alone, small."""
    return re.sub(r"[\W_]", "", name.rpartition(".")[2]).lower()


def _usual_action(name: str) -> Action | None:
    last = _last(name)
    if name == _SUDO_FOLDER or field_type(name) is not FieldType.KEYWORD:
        return None
    if last in _SECRET_NAMES or last.endswith(_SECRET_ENDS):
        return HIDE
    return _PERSONAL_NAMES.get(last)


def _expunge(fields: Fields, value: str, substitute: str) -> None:
    """Take `value` out of the texts of the event, in whatever way they write it."""
    pattern = _written(value)
    for name, text in fields.items():
        if name in _TEXTS or name.startswith(_TEXT_PREFIXES):
            fields[name] = _without(text, pattern, substitute)


def _without(text: Value, pattern: re.Pattern[str], substitute: str) -> Value:
    if isinstance(text, list):
        return [pattern.sub(lambda _: substitute, one) if isinstance(one, str) else one for one in text]
    return pattern.sub(lambda _: substitute, text) if isinstance(text, str) else text


def _written(value: str) -> re.Pattern[str]:
    """All forms of `value`; short ones only where they stand alone, or a PIN of `1` would eat every date."""
    forms: Iterable[str] = {
        value,
        dumps(value)[1:-1],
        dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        html.escape(value),
    }
    choices = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)" if len(value) < 8 else choices)
