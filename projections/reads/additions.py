"""The PSA lines that we write: what they were told last, what waits, what is held, what failed."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.values import MspId, Tenant
from projections.reads.ask import Filter, Views


@dataclass(frozen=True, slots=True)
class AdditionRow:
    """One line with its open problem, if it has one, and whether something is due on it."""

    agreement: int
    product: int
    record: int | None
    base: Decimal
    wrote: Decimal | None
    open_push: str | None
    held_push: str | None
    held_found: Decimal | None
    is_approved: bool
    last_push: str | None
    last_kind: str | None
    last_month: str | None
    last_target: Decimal | None
    last_settled_at: datetime | None
    final_month: str | None
    final_push: str | None
    final_verified_at: datetime | None
    final_target: Decimal | None
    drift_found: Decimal | None
    problem: str | None
    detail: str | None
    is_due: bool

    @property
    def found(self) -> Decimal | None:
        """What the PSA was last seen to hold."""
        if self.drift_found is not None:
            return self.drift_found
        return self.held_found if self.held_push is not None else self.wrote


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """Why something needs a person. `exception` is its id within the MSP."""

    exception: str
    agreement: int | None
    product: int | None
    problem: str
    reason: str | None
    kind: str | None
    month: str | None
    run: str | None
    detail: str
    found: Decimal | None
    wanted: Decimal | None
    target: Decimal | None
    push: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class ExceptionFilter:
    """None means any."""

    problem: str | None = None
    agreement: int | None = None
    product: int | None = None
    month: str | None = None
    run: str | None = None


_ADDITION = (
    "a.agreement, a.product, a.record, a.base, a.wrote, a.open_push, a.held_push, a.held_found, a.is_approved,"
    " a.last_push, a.last_kind, a.last_month, a.last_target, a.last_settled_at, a.final_month, a.final_push,"
    " a.final_verified_at, a.final_target, a.drift_found, e.problem, e.detail,"
    " EXISTS (SELECT 1 FROM waiting_pushes d WHERE d.addition = a.addition) AS is_due"
)
_EXCEPTION = (
    "e.exception, e.agreement, e.product, e.problem, e.reason, e.kind, e.month, e.run, e.detail, e.found, e.wanted,"
    " a.held_target AS target, e.push, e.since"
)
_LIVE = (
    "(e.site IS NULL OR EXISTS (SELECT 1 FROM connections c"
    " WHERE c.msp = e.msp AND c.site = e.site AND c.company_id = e.company_id))"
)
"""Exceptions of a tenant that is not the live one stand in the view, and nobody can cure them."""


async def of_agreements(
    views: Views, msp: MspId, tenant: Tenant, agreements: Sequence[int]
) -> dict[tuple[int, int], AdditionRow]:
    """The lines of some agreements, by agreement and product."""
    query = (
        f"SELECT {_ADDITION} FROM additions a"
        " LEFT JOIN exceptions e ON e.msp = a.msp AND e.exception = a.addition::text"
        " WHERE a.msp = %s AND a.site = %s AND a.company_id = %s AND a.agreement = ANY(%s)"
    )
    found = await views.rows(AdditionRow, query, (msp, tenant.site, tenant.company_id, list(agreements)))
    return {(row.agreement, row.product): row for row in found}


def _where(msp: MspId, wanted: ExceptionFilter) -> Filter:
    return (
        Filter(("e.msp = %s", _LIVE), (msp,))
        .when(wanted.problem is not None, "e.problem = %s", wanted.problem)
        .when(wanted.agreement is not None, "e.agreement = %s", wanted.agreement)
        .when(wanted.product is not None, "e.product = %s", wanted.product)
        .when(wanted.month is not None, "e.month = %s", wanted.month)
        .when(wanted.run is not None, "e.run = %s", wanted.run)
    )


async def exceptions(
    views: Views, msp: MspId, wanted: ExceptionFilter, limit: int, after: tuple[datetime, str] | None
) -> list[ExceptionRow]:
    """Shape: the oldest first; `after` is the instant and id of the last row seen."""
    where = _where(msp, wanted)
    if after is not None:
        where = where.both("(e.since, e.exception) > (%s, %s)", *after)
    query = (
        f"SELECT {_EXCEPTION} FROM exceptions e LEFT JOIN additions a ON a.addition = e.addition"
        f" AND e.exception LIKE '%%:held' WHERE {where.sql} ORDER BY e.since, e.exception LIMIT %s"
    )
    return await views.rows(ExceptionRow, query, (*where.values, limit))


async def count_exceptions(views: Views, msp: MspId, wanted: ExceptionFilter) -> int:
    where = _where(msp, wanted)
    return await views.number(f"SELECT count(*) FROM exceptions e WHERE {where.sql}", where.values)


async def count_by_problem(views: Views, msp: MspId) -> dict[str, int]:
    query = f"SELECT e.problem, count(*) FROM exceptions e WHERE e.msp = %s AND {_LIVE} GROUP BY e.problem"
    return {str(problem): int(number) for problem, number in await views.tuples(query, (msp,))}
