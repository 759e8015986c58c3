"""Checkpoints, heads and public keys of the audit, as they were signed."""

from dataclasses import dataclass
from datetime import datetime

from domain.values import MspId
from projections.reads.ask import Views


@dataclass(frozen=True, slots=True)
class SignedRow:
    """A checkpoint or a head. `body` are the signed bytes, canonical JSON; `position` is the journal's."""

    number: int
    position: int
    at: datetime
    key: str
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class KeyRow:
    id: str
    public_key: bytes
    first_used_at: datetime


async def checkpoints(views: Views, msp: MspId, limit: int, before: int | None) -> list[SignedRow]:
    """Shape: newest first; `before` is the number of the last one seen."""
    query = (
        "SELECT number, position, at, key, body, signature FROM audit_checkpoints"
        " WHERE msp = %s AND (%s::bigint IS NULL OR number < %s) ORDER BY number DESC LIMIT %s"
    )
    return await views.rows(SignedRow, query, (msp, before, before, limit))


async def count_checkpoints(views: Views, msp: MspId) -> int:
    return await views.number("SELECT coalesce(max(number), 0) FROM audit_checkpoints WHERE msp = %s", (msp,))


async def heads(views: Views, limit: int, before: int | None) -> list[SignedRow]:
    """Shape: newest first; `before` is the number of the last one seen."""
    query = (
        "SELECT number, position, at, key, body, signature FROM audit_heads"
        " WHERE %s::bigint IS NULL OR number < %s ORDER BY number DESC LIMIT %s"
    )
    return await views.rows(SignedRow, query, (before, before, limit))


async def count_heads(views: Views) -> int:
    return await views.number("SELECT coalesce(max(number), 0) FROM audit_heads")


async def keys(views: Views) -> list[KeyRow]:
    """Shape: by first use."""
    return await views.rows(KeyRow, "SELECT id, public_key, first_used_at FROM audit_keys ORDER BY first_used_at, id")


async def push_started_at(views: Views, msp: MspId, push: str) -> int | None:
    """The position at which a push was started; none when the MSP has no such push."""
    found = await views.tuples(
        "SELECT notification_id FROM facts WHERE topic = 'addition.push-started.v1'"
        " AND push_started(state) = %s AND msp = %s",
        (push, msp),
    )
    return int(found[0][0]) if found else None
