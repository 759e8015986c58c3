"""The history of facts: who recorded what, when, about what. The facts themselves stay in the journal."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.values import MspId
from projections.reads.ask import Filter, Views


@dataclass(frozen=True, slots=True)
class HistoryRow:
    position: int
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


_COLUMNS = (
    "position, entry, msp, recorded_at, fact_type, kind, subject, role, organization, agreement, product, run,"
    " request_id, correlation_id, causation, version"
)


def _where(msp: MspId, wanted: HistoryFilter) -> Filter:
    return (
        Filter(("msp = %s",), (msp,))
        .when(wanted.since is not None, "recorded_at >= %s", wanted.since)
        .when(wanted.until is not None, "recorded_at < %s", wanted.until)
        .when(wanted.subject is not None, "subject = %s", wanted.subject)
        .when(wanted.role is not None, "role = %s", wanted.role)
        .when(wanted.fact_type is not None, "fact_type = %s", wanted.fact_type)
        .when(wanted.organization is not None, "organization = %s", wanted.organization)
        .when(wanted.agreement is not None, "agreement = %s", wanted.agreement)
        .when(wanted.product is not None, "product = %s", wanted.product)
        .when(wanted.run is not None, "run = %s", wanted.run)
        .when(wanted.request_id is not None, "request_id = %s", wanted.request_id)
    )


async def history(
    views: Views, msp: MspId, wanted: HistoryFilter, *, newest_first: bool, limit: int, after: int | None
) -> list[HistoryRow]:
    """Shape: by position, in the direction asked for; `after` is the position of the last row seen."""
    where = _where(msp, wanted)
    if after is not None:
        where = where.both("position < %s" if newest_first else "position > %s", after)
    order = "DESC" if newest_first else "ASC"
    query = f"SELECT {_COLUMNS} FROM history WHERE {where.sql} ORDER BY position {order} LIMIT %s"
    return await views.rows(HistoryRow, query, (*where.values, limit))


async def count(views: Views, msp: MspId, wanted: HistoryFilter) -> int:
    where = _where(msp, wanted)
    return await views.number(f"SELECT count(*) FROM history WHERE {where.sql}", where.values)


async def entry_ids(views: Views, positions: Sequence[int]) -> dict[int, UUID]:
    """The ids of the entries at some positions."""
    query = "SELECT position, entry FROM history WHERE position = ANY(%s)"
    return {int(position): entry for position, entry in await views.tuples(query, (sorted(set(positions)),))}
