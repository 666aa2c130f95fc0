"""Documents of Elastic's shippers: ECS already, with names that are not theirs to say."""

from __future__ import annotations

from collectors.mapping import is_reserved
from collectors.parsers.json import flat_fields
from collectors.parsing import ParseContext, Record
from collectors.times import any_time

_DROPPED = frozenset({"@version", "type"})
_DROPPED_PREFIXES = ("@metadata.", "soc.")


def beat_document(document: dict[str, object], context: ParseContext) -> Record:
    """`document` as dotted fields, less what only we say (marks, `event.original` ...); a time that cannot be read is left out.

    Raises:
        ParseError: beyond the limits of `flat_fields`.
    """
    fields = {
        name: value
        for name, value in flat_fields(document).items()
        if name not in _DROPPED and not name.startswith(_DROPPED_PREFIXES) and not is_reserved(name)
    }
    try:
        fields["@timestamp"] = any_time(fields.get("@timestamp"), context.zone)
    except (ValueError, OverflowError):
        fields.pop("@timestamp", None)
    return fields
