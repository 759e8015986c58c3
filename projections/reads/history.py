"""The history of facts: who recorded what, when, about what; each with its stored bytes, read from the journal.

This is the one question that looks into the journal's table: what an auditor is shown is what was stored.
"""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from domain.values import MspId
from projections.reads.ask import Filter, Views


@dataclass(frozen=True, slots=True)
class HistoryRow:
    number: int
    entry: UUID
    msp: str
    recorded_at: datetime
    fact_type: str
    kind: str
    subject: str
    role: str
    organization: str | None
    agreement: int | None
    product: int | None
    run: str | None
    request_id: str
    correlation_id: str
    causation: UUID | None
    version: int
    state: bytes
    """The stored bytes: canonical JSON of envelope and fact."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """None means any. Units: `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    subject: str | None = None
    role: str | None = None
    fact_type: str | None = None
    organization: str | None = None
    agreement: int | None = None
    product: int | None = None
    run: str | None = None
    request_id: str | None = None
    causation: UUID | None = None


_COLUMNS = (
    "h.number, h.entry, h.msp, h.recorded_at, h.fact_type, h.kind, h.subject, h.role, h.organization, h.agreement,"
    " h.product, h.run, h.request_id, h.correlation_id, h.causation, h.version, f.state"
)


_FIRST_SINCE: LiteralString = (
    "coalesce((SELECT s.number FROM history s WHERE s.msp = %s AND s.recorded_at >= %s"
    " ORDER BY s.recorded_at, s.number LIMIT 1), 9223372036854775807)"
)
"""Times rise with numbers, so an instant is a number, and pages in the order of numbers need no sorting."""


def matching(msp: MspId, wanted: HistoryFilter) -> Filter:
    """The conditions of a filter, over the table `history` under the name h."""
    return (
        Filter(("h.msp = %s",), (msp,))
        .when(wanted.since is not None, f"h.number >= {_FIRST_SINCE}", msp, wanted.since)
        .when(wanted.until is not None, f"h.number < {_FIRST_SINCE}", msp, wanted.until)
        .when(wanted.subject is not None, "h.subject = %s", wanted.subject)
        .when(wanted.role is not None, "h.role = %s", wanted.role)
        .when(wanted.fact_type is not None, "h.fact_type = %s", wanted.fact_type)
        .when(wanted.organization is not None, "h.organization = %s", wanted.organization)
        .when(wanted.agreement is not None, "h.agreement = %s", wanted.agreement)
        .when(wanted.product is not None, "h.product = %s", wanted.product)
        .when(wanted.run is not None, "h.run = %s", wanted.run)
        .when(wanted.request_id is not None, "h.request_id = %s", wanted.request_id)
        .when(wanted.causation is not None, "h.causation = %s", wanted.causation)
    )


async def history(
    views: Views, msp: MspId, wanted: HistoryFilter, *, newest_first: bool, limit: int, after: int | None
) -> list[HistoryRow]:
    """Shape: by number, in the direction asked for; `after` is the number of the last row seen."""
    where = matching(msp, wanted)
    if after is not None:
        where = where.both("h.number < %s" if newest_first else "h.number > %s", after)
    order = "DESC" if newest_first else "ASC"
    query = (
        f"SELECT {_COLUMNS} FROM history h JOIN facts f ON f.notification_id = h.position"
        f" WHERE {where.sql} ORDER BY h.number {order} LIMIT %s"
    )
    return await views.rows(HistoryRow, query, (*where.values, limit))


async def at(views: Views, msp: MspId, position: int) -> HistoryRow | None:
    """The MSP's fact at a position of the journal; none when that is another's, or not in the history yet."""
    query = (
        f"SELECT {_COLUMNS} FROM history h JOIN facts f ON f.notification_id = h.position"
        " WHERE h.msp = %s AND h.position = %s"
    )
    found = await views.rows(HistoryRow, query, (msp, position))
    return found[0] if found else None


async def of_entry(views: Views, msp: MspId, entry: UUID) -> HistoryRow | None:
    """The MSP's fact with this entry id; none when that is another's, or not in the history yet."""
    query = (
        f"SELECT {_COLUMNS} FROM history h JOIN facts f ON f.notification_id = h.position"
        " WHERE h.msp = %s AND h.entry = %s"
    )
    found = await views.rows(HistoryRow, query, (msp, entry))
    return found[0] if found else None


async def newest_number(views: Views, msp: MspId) -> int:
    """How many facts of the MSP the history holds."""
    query = "SELECT coalesce((SELECT h.number FROM history h WHERE h.msp = %s ORDER BY h.number DESC LIMIT 1), 0)"
    return await views.number(query, (msp,))


async def count(views: Views, msp: MspId, wanted: HistoryFilter) -> int:
    where = matching(msp, wanted)
    return await views.number(f"SELECT count(*) FROM history h WHERE {where.sql}", where.values)


async def entry_ids(views: Views, positions: Sequence[int]) -> dict[int, UUID]:
    """The ids of the entries at some positions."""
    query = "SELECT position, entry FROM history WHERE position = ANY(%s)"
    return {int(position): entry for position, entry in await views.tuples(query, (sorted(set(positions)),))}
