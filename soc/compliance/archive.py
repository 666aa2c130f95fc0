"""Assessments and the snapshots behind their figures, kept in SQL for good.

The stored form is canonical JSON: keys sorted, times in ISO 8601 UTC. Its hash is written into the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, cast

import orjson
from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.compliance.assessment import Assessment, Figure
from soc.compliance.figures import Table
from soc.compliance.tables import AssessmentRow, SnapshotRow
from soc.core.clock import iso
from soc.core.i18n import Message
from soc.core.ids import sha256
from soc.core.scope import Scope

_NEWEST_FIRST = select(AssessmentRow).order_by(AssessmentRow.made.desc(), AssessmentRow.id)


def assessment_hash(assessment: Assessment) -> str:
    """SHA-256 over the canonical JSON of everything but the hash itself."""
    return sha256(to_json(replace(assessment, hash="")))


def to_json(value: Any) -> bytes:
    """Canonical JSON of an assessment or of a part of it."""
    return orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS)


def assessment_from_json(data: bytes | str) -> Assessment:
    """The inverse of `to_json` for a whole assessment. Raises ValueError for anything else."""
    return cast("Assessment", _adapter(Assessment).validate_python(_revive(orjson.loads(data))))


def figures_from_json(values: object) -> tuple[Figure, ...]:
    """Figures from plain JSON values. Raises ValueError for anything else."""
    return cast("tuple[Figure, ...]", _adapter(tuple[Figure, ...]).validate_python(values))


def plain(value: Any) -> Any:
    """Dataclasses, enums and times as JSON values."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return iso(value.astimezone(UTC))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def save(session: Session, assessment: Assessment, snapshots: Mapping[str, Table]) -> None:
    """Keep an assessment with the tables that its figures name by hash."""
    for digest, table in snapshots.items():
        if session.get(SnapshotRow, digest) is None:
            session.add(SnapshotRow(hash=digest, body=table.pack()))
    session.add(
        AssessmentRow(
            id=assessment.id,
            agency=assessment.agency,
            period=assessment.period,
            made=assessment.made,
            made_by=assessment.made_by,
            hash=assessment.hash,
            body=to_json(assessment).decode(),
        )
    )


def find(session: Session, ident: str) -> Assessment | None:
    """One assessment, whoever asks; None when there is none."""
    row = session.get(AssessmentRow, ident)
    return None if row is None else assessment_from_json(row.body)


def listed(session: Session, scope: Scope, limit: int) -> list[Assessment]:
    """The latest assessments of the agencies in a scope, newest first; one of the whole province for who sees all of it only."""
    query = _NEWEST_FIRST if scope.agencies is None else _NEWEST_FIRST.where(AssessmentRow.agency.in_(scope.agencies))
    return [assessment_from_json(row.body) for row in session.scalars(query.limit(limit))]


def newest(session: Session, agency: str | None) -> Assessment | None:
    """The latest assessment of an agency, None = of the whole province; whoever asks."""
    row = session.scalar(_NEWEST_FIRST.where(AssessmentRow.agency == agency).limit(1))
    return None if row is None else assessment_from_json(row.body)


def snapshot(session: Session, digest: str) -> Table | None:
    """A kept table; None when there is none, or when it is not the one of that hash any more."""
    row = session.get(SnapshotRow, digest)
    if row is None:
        return None
    try:
        table = Table.unpack(row.body)
    except ValueError:
        return None
    return table if table.hash == digest else None


def _revive(value: Any) -> Any:
    """Sentences as Message again, inner ones too; everything else is left for pydantic to check."""
    if isinstance(value, dict):
        revived = {key: _revive(item) for key, item in value.items()}
        return Message(**revived) if revived.keys() == {"text", "values"} else revived
    return [_revive(item) for item in value] if isinstance(value, list) else value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
