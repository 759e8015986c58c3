"""The history of everything that was recorded, for auditors: filtered, newest or oldest first, page by page."""

import json
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import strawberry

from api import paging
from api.context import Info
from api.fields import READERS, query
from api.paging import Paged
from api.scalars import Json
from domain.refusals import InvalidInput
from journal.entry import Role
from projections.reads import history as rows
from projections.reads.history import HistoryFilter, HistoryRow


@strawberry.enum
class HistoryOrder(StrEnum):
    NEWEST_FIRST = "NEWEST_FIRST"
    OLDEST_FIRST = "OLDEST_FIRST"


@strawberry.type(description="Who acted, in which role, and from where the request came.")
class HistoryActor:
    subject: str
    role: Role
    address: str | None
    user_agent: str | None


@strawberry.type(
    description="A recorded fact, the how manieth of its MSP, and its envelope. `payload` is the fact as it is stored."
)
class HistoryEntry:
    id: strawberry.ID
    number: int
    msp: strawberry.ID
    recorded_at: datetime
    fact_type: str
    stream_kind: str
    version: int
    actor: HistoryActor
    request_id: str
    correlation_id: str
    causation_id: strawberry.ID | None
    organization: strawberry.ID | None
    agreement: int | None
    product: int | None
    run: strawberry.ID | None
    payload: Json


@strawberry.input(
    description="`since` is included, `until` is not. `factType` is a stored name, such as addition.usage-pushed;"
    " `causedBy` the id of the fact that led to those wanted."
)
class HistoryFilterInput:
    since: datetime | None = None
    until: datetime | None = None
    subject: str | None = None
    role: Role | None = None
    fact_type: str | None = None
    organization: strawberry.ID | None = None
    agreement: int | None = None
    product: int | None = None
    run: strawberry.ID | None = None
    request_id: str | None = None
    caused_by: strawberry.ID | None = None


@strawberry.type
class HistoryQueries:
    @query(READERS, "Every fact of an MSP.")
    async def history(
        self,
        info: Info,
        *,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        filter: HistoryFilterInput | None = None,
        order: HistoryOrder = HistoryOrder.NEWEST_FIRST,
        msp: strawberry.ID | None = None,
    ) -> Paged[HistoryEntry]:
        views = info.context.views
        known = await info.context.known_msp(msp)
        asked = paging.page(first, after, (int,))
        wanted = history_filter(filter)
        key = int(asked.after[0] or 0) if asked.after else None
        cut = paging.cut(
            await rows.history(
                views,
                known,
                wanted,
                newest_first=order is HistoryOrder.NEWEST_FIRST,
                limit=asked.limit,
                after=key,
            ),
            asked,
        )
        edges, page_info = paging.edges_of(cut, lambda row: (row.number,), shown)
        return Paged(edges=edges, page_info=page_info, count=lambda: rows.count(views, known, wanted))


def shown(row: HistoryRow) -> HistoryEntry:
    stored = json.loads(row.state)
    actor = stored["actor"]
    return HistoryEntry(
        id=strawberry.ID(str(row.entry)),
        number=row.number,
        msp=strawberry.ID(row.msp),
        recorded_at=row.recorded_at,
        fact_type=row.fact_type,
        stream_kind=row.kind,
        version=row.version,
        actor=HistoryActor(
            subject=row.subject, role=Role(row.role), address=actor["address"], user_agent=actor["user_agent"]
        ),
        request_id=row.request_id,
        correlation_id=row.correlation_id,
        causation_id=None if row.causation is None else strawberry.ID(str(row.causation)),
        organization=None if row.organization is None else strawberry.ID(row.organization),
        agreement=row.agreement,
        product=row.product,
        run=None if row.run is None else strawberry.ID(row.run),
        payload=stored["data"],
    )


def _entry(name: str, given: str) -> UUID:
    """Raises: InvalidInput."""
    try:
        return UUID(given)
    except ValueError as error:
        raise InvalidInput(name, "the id of a fact") from error


def history_filter(given: HistoryFilterInput | None) -> HistoryFilter:
    if given is None:
        return HistoryFilter()
    return HistoryFilter(
        since=given.since,
        until=given.until,
        subject=given.subject,
        role=None if given.role is None else given.role.value,
        fact_type=given.fact_type,
        organization=given.organization,
        agreement=given.agreement,
        product=given.product,
        run=given.run,
        request_id=given.request_id,
        causation=None if given.caused_by is None else _entry("causedBy", given.caused_by),
    )
