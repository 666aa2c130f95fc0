"""Documents of Elastic's shippers: ECS already, with names that are not theirs to say."""

from __future__ import annotations

from collectors.mapping import is_reserved
from collectors.parsing import ParseContext, Record
from collectors.times import any_time

_DROPPED = frozenset({"@version", "type"})
_DROPPED_PREFIXES = ("@metadata.", "soc.")


def own_fields(flat: Record, context: ParseContext) -> Record:
    """The fields of a flat document, less what only we say (marks, `event.original` ...); a time that cannot be read is left out."""
    fields = {
        name: value
        for name, value in flat.items()
        if name not in _DROPPED and not name.startswith(_DROPPED_PREFIXES) and not is_reserved(name)
    }
    try:
        fields["@timestamp"] = any_time(fields.get("@timestamp"), context.zone)
    except (ValueError, OverflowError):
        fields.pop("@timestamp", None)
    return fields
