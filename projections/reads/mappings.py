"""Which company and agreement each organization bills to, and which are deliberately not billed."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.values import MspId
from projections.directory import VANISHED
from projections.reads.ask import Filter, Views


@dataclass(frozen=True, slots=True)
class CompanyMappingRow:
    """Either mapped, and then company and agreement are there; or excluded, and then the reason is."""

    organization: str
    company: int | None
    company_name: str | None
    agreement: int | None
    agreement_name: str | None
    organization_name: str | None
    mapped_at: datetime | None
    excluded_because: str | None


@dataclass(frozen=True, slots=True)
class MappingFilter:
    company: int | None = None
    agreement: int | None = None
    is_excluded: bool | None = None
    is_vanished: bool | None = None
    """Mapped to a company or agreement that the directory does not list (any more)."""


_COLUMNS = (
    "organization, company, company_name, agreement, agreement_name, organization_name, mapped_at, excluded_because"
)


def _where(msp: MspId, wanted: MappingFilter) -> Filter:
    return (
        Filter(("msp = %s",), (msp,))
        .when(wanted.company is not None, "company = %s", wanted.company)
        .when(wanted.agreement is not None, "agreement = %s", wanted.agreement)
        .when(wanted.is_excluded is True, "excluded_because IS NOT NULL")
        .when(wanted.is_excluded is False, "agreement IS NOT NULL")
        .when(wanted.is_vanished is True, VANISHED)
        .when(wanted.is_vanished is False, f"NOT {VANISHED}")
    )


async def company_mappings(
    views: Views, msp: MspId, wanted: MappingFilter, limit: int, after: str | None
) -> list[CompanyMappingRow]:
    """Shape: by organization id; `after` is the last one seen."""
    where = _where(msp, wanted).when(after is not None, "organization > %s", after)
    query = f"SELECT {_COLUMNS} FROM company_mappings m WHERE {where.sql} ORDER BY organization LIMIT %s"
    return await views.rows(CompanyMappingRow, query, (*where.values, limit))


async def count(views: Views, msp: MspId, wanted: MappingFilter) -> int:
    where = _where(msp, wanted)
    return await views.number(f"SELECT count(*) FROM company_mappings m WHERE {where.sql}", where.values)


async def count_by_state(views: Views, msp: MspId) -> dict[str, int]:
    query = (
        f"SELECT CASE WHEN agreement IS NULL THEN 'EXCLUDED' WHEN {VANISHED} THEN 'VANISHED' ELSE 'MAPPED' END,"
        " count(*) FROM company_mappings m WHERE msp = %s GROUP BY 1"
    )
    return {str(state): int(number) for state, number in await views.tuples(query, (msp,))}


async def of_organizations(views: Views, msp: MspId, ids: Sequence[str]) -> dict[str, CompanyMappingRow]:
    query = f"SELECT {_COLUMNS} FROM company_mappings WHERE msp = %s AND organization = ANY(%s)"
    found = await views.rows(CompanyMappingRow, query, (msp, list(ids)))
    return {row.organization: row for row in found}


async def on_agreement(views: Views, msp: MspId, agreement: int) -> list[str]:
    """The organizations mapped to an agreement. Shape: ordered."""
    query = "SELECT organization FROM company_mappings WHERE msp = %s AND agreement = %s ORDER BY organization"
    return [str(organization) for (organization,) in await views.tuples(query, (msp, agreement))]


async def by_agreement(views: Views, msp: MspId) -> dict[int, list[str]]:
    """The organizations mapped to each agreement. Shape: both by id."""
    query = (
        "SELECT agreement, array_agg(organization ORDER BY organization) FROM company_mappings"
        " WHERE msp = %s AND agreement IS NOT NULL GROUP BY agreement ORDER BY agreement"
    )
    return {int(agreement): list(mapped) for agreement, mapped in await views.tuples(query, (msp,))}


async def of_companies(views: Views, msp: MspId, companies: Sequence[int]) -> dict[int, list[CompanyMappingRow]]:
    """The mappings onto some companies. Shape: by company; each company's by organization."""
    query = (
        f"SELECT {_COLUMNS} FROM company_mappings WHERE msp = %s AND agreement IS NOT NULL AND company = ANY(%s)"
        " ORDER BY organization"
    )
    found: dict[int, list[CompanyMappingRow]] = {}
    for row in await views.rows(CompanyMappingRow, query, (msp, list(companies))):
        if row.company is not None:
            found.setdefault(row.company, []).append(row)
    return found


async def vanished(views: Views, msp: MspId, limit: int) -> list[CompanyMappingRow]:
    """Mappings to what the directory does not list (any more). Shape: by organization id."""
    return await company_mappings(views, msp, MappingFilter(is_vanished=True), limit, None)
