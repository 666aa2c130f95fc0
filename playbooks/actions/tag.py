"""Puts a tag on the incident."""

from __future__ import annotations

from typing import ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

from playbooks.action import Occasion, Payload
from soc.core.i18n import Message
from soc.core.ids import digest
from soc.incidents.actor import suite_for
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService


class TagParams(BaseModel):
    """`tag`: one short label, `web-shell`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tag: str = Field(min_length=1, max_length=60)


class Tag:
    """Tags the incident; the inverse takes off only the tag that this very step put on."""

    id: ClassVar[str] = "tag"
    params: ClassVar[type[BaseModel]] = TagParams
    harmless: ClassVar[bool] = True
    reversible: ClassVar[bool] = True

    def __init__(self, incidents: IncidentService, reader: IncidentReader) -> None:
        self.incidents, self.reader = incidents, reader

    def prepare(self, params: TagParams, occasion: Occasion) -> Payload:
        """The tag and the incident it goes on."""
        body = orjson.dumps({"incident": occasion.incident, "tag": params.tag}, option=orjson.OPT_SORT_KEYS)
        return Payload(target=occasion.incident, body=body.decode())

    def obstacle(self, _payload: Payload) -> Message | None:
        """Nothing outside is needed."""
        return None

    def perform(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
        """The tag is on when it returns; the key is the op on the timeline, so a second call writes nothing."""
        wanted = orjson.loads(payload.body)
        after = self.incidents.tag(suite_for(occasion.exercise), wanted["incident"], wanted["tag"], occasion.key)
        return f"version {after.version}"

    def undo(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
        """Take the tag off, unless it had been there before this step."""
        wanted, suite = orjson.loads(payload.body), suite_for(occasion.exercise)
        ops = {entry.event.op for entry in self.reader.timeline(suite, wanted["incident"])}
        if occasion.key not in ops:
            return "not ours"
        after = self.incidents.untag(suite, wanted["incident"], wanted["tag"], digest(occasion.key, "undo"))
        return f"version {after.version}"
