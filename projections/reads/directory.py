"""The companies and agreements of the PSA as the last import found them. Rows of an older connection are not seen."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.values import MspId
from projections.names import name_key
from projections.reads.ask import Filter, Views, like_anywhere

ENDED = ("Cancelled", "Expired")
"""States of an agreement after which nothing more is billed on it. `Inactive` has not begun."""


@dataclass(frozen=True, slots=True)
class CompanyRow:
    company: int
    identifier: str
    name: str
    status_name: str | None
    type_names: list[str]
    is_gone: bool


@dataclass(frozen=True, slots=True)
class AgreementRow:
    agreement: int
    company: int
    name: str
    status: str | None
    type_name: str | None
    is_prorated: bool
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled_at: datetime | None
    next_invoice_at: datetime | None
    is_gone: bool
    billing_cycle: str | None

    def is_active_monthly(self, now: datetime) -> bool:
        """Whether it bills now, month by month."""
        cycle = (self.billing_cycle or "").casefold()
        return self.status in (None, "Active") and not self.has_ended(now) and cycle == "monthly"

    def has_ended(self, now: datetime) -> bool:
        """Also one that ended after the import saw it."""
        if self.status in ENDED or (self.cancelled_at is not None and self.cancelled_at <= now):
            return True
        return self.ends_at is not None and self.ends_at <= now


@dataclass(frozen=True, slots=True)
class CompanyFilter:
    """None means any. `search` looks in name and identifier; types and statuses are names, as shown."""

    search: str | None = None
    types: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    is_mapped: bool | None = None


_COMPANY = "c.company, c.identifier, c.name, c.status_name, c.type_names, c.is_gone"
_AGREEMENT = (
    "agreement, company, name, status, type_name, is_prorated, starts_at, ends_at, cancelled_at, next_invoice_at,"
    " is_gone, billing_cycle"
)


def _where(msp: MspId, connection_number: int, wanted: CompanyFilter) -> Filter:
    mapped = (
        "EXISTS (SELECT 1 FROM company_mappings m WHERE m.msp = c.msp AND m.company = c.company"
        " AND m.agreement IS NOT NULL)"
    )
    key = name_key(wanted.search or "")
    return (
        Filter(("c.msp = %s", "c.connection_number = %s", "NOT c.is_deleted"), (msp, connection_number))
        .when(bool(key), "(c.name_key LIKE %s OR lower(c.identifier) LIKE %s)", like_anywhere(key), like_anywhere(key))
        .when(wanted.types is not None, "c.type_names && %s::text[]", list(wanted.types or ()))
        .when(wanted.statuses is not None, "c.status_name = ANY(%s)", list(wanted.statuses or ()))
        .when(wanted.is_mapped is True, mapped)
        .when(wanted.is_mapped is False, f"NOT {mapped}")
    )


async def companies(
    views: Views,
    msp: MspId,
    connection_number: int,
    wanted: CompanyFilter,
    *,
    limit: int,
    after: tuple[str, int] | None,
) -> list[CompanyRow]:
    """Shape: by name and id; `after` is the name and id of the last row seen."""
    where = _where(msp, connection_number, wanted)
    if after is not None:
        where = where.both("(c.name, c.company) > (%s, %s)", *after)
    query = f"SELECT {_COMPANY} FROM directory_companies c WHERE {where.sql} ORDER BY c.name, c.company LIMIT %s"
    return await views.rows(CompanyRow, query, (*where.values, limit))


async def count(views: Views, msp: MspId, connection_number: int, wanted: CompanyFilter) -> int:
    where = _where(msp, connection_number, wanted)
    return await views.number(f"SELECT count(*) FROM directory_companies c WHERE {where.sql}", where.values)


async def count_by_status(views: Views, msp: MspId, connection_number: int) -> dict[str, int]:
    query = (
        "SELECT coalesce(status_name, ''), count(*) FROM directory_companies"
        " WHERE msp = %s AND connection_number = %s AND NOT is_deleted GROUP BY 1"
    )
    return {str(status): int(number) for status, number in await views.tuples(query, (msp, connection_number))}


async def companies_of(views: Views, msp: MspId, connection_number: int, ids: Sequence[int]) -> dict[int, CompanyRow]:
    """Companies by id, those that are gone or deleted left out."""
    query = (
        f"SELECT {_COMPANY} FROM directory_companies c WHERE c.msp = %s AND c.connection_number = %s"
        " AND NOT c.is_gone AND NOT c.is_deleted AND c.company = ANY(%s)"
    )
    found = await views.rows(CompanyRow, query, (msp, connection_number, list(ids)))
    return {row.company: row for row in found}


async def agreements_of(
    views: Views, msp: MspId, connection_number: int, ids: Sequence[int]
) -> dict[int, AgreementRow]:
    """Agreements by id, those that are gone left out."""
    query = (
        f"SELECT {_AGREEMENT} FROM directory_agreements WHERE msp = %s AND connection_number = %s"
        " AND NOT is_gone AND agreement = ANY(%s)"
    )
    found = await views.rows(AgreementRow, query, (msp, connection_number, list(ids)))
    return {row.agreement: row for row in found}


async def agreements_of_companies(
    views: Views, msp: MspId, connection_number: int, companies_shown: Sequence[int]
) -> dict[int, list[AgreementRow]]:
    """The agreements of some companies. Shape: by company; each company's by name and id."""
    query = (
        f"SELECT {_AGREEMENT} FROM directory_agreements WHERE msp = %s AND connection_number = %s"
        " AND NOT is_gone AND company = ANY(%s) ORDER BY name, agreement"
    )
    found: dict[int, list[AgreementRow]] = {}
    for row in await views.rows(AgreementRow, query, (msp, connection_number, list(companies_shown))):
        found.setdefault(row.company, []).append(row)
    return found
