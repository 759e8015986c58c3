"""The MSPs' organizations and what is in force for them now."""

# ruff: noqa: S608 - every query is a LiteralString: the type checker lets no input into its text

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.values import Component, LicenseType, Management, MspId
from projections.names import name_key
from projections.reads.ask import Filter, Views, like_anywhere


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """Units: counts of the last standing known; None for a component that the plan lacks."""

    msp: str
    organization: str
    name: str
    line: str
    plan: str
    license_type: str
    management: str
    is_closed: bool
    licenses: int | None
    servers: int | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OrganizationFilter:
    """None means any. `search` looks in name and id; `is_mapped` at the live connection's mapping."""

    search: str | None = None
    management: Management | None = None
    license_type: LicenseType | None = None
    is_closed: bool | None = None
    is_mapped: bool | None = None
    is_excluded: bool | None = None


@dataclass(frozen=True, slots=True)
class UsageRow:
    organization: str
    plan: str
    component: str
    counted: int
    billed: int
    since: datetime


@dataclass(frozen=True, slots=True)
class UnbilledRow:
    """Units: `units` are those billed if they were mapped. `state` is UNMAPPED or EXCLUDED."""

    state: str
    plan: str
    component: str
    organizations: int
    units: int


_COLUMNS = (
    "o.msp, o.organization, o.name, o.line, o.plan, o.license_type, o.management, o.is_closed, o.licenses,"
    " o.servers, o.created_at, o.changed_at"
)


async def msp_exists(views: Views, msp: MspId) -> bool:
    query = (
        "SELECT (EXISTS (SELECT 1 FROM organizations WHERE msp = %s)"
        " OR EXISTS (SELECT 1 FROM connections WHERE msp = %s))::int"
    )
    return bool(await views.number(query, (msp, msp)))


async def msps(views: Views, limit: int, after: str | None) -> list[str]:
    """Shape: ids of all MSPs, ordered, each once.

    Why a recursive query: it hops from one MSP to the next over the primary keys instead of reading every organization.
    """
    query = """
        WITH RECURSIVE hop AS (
          (SELECT least((SELECT min(msp) FROM organizations WHERE msp > %s),
                        (SELECT min(msp) FROM connections WHERE msp > %s)) AS msp)
          UNION ALL
          SELECT least((SELECT min(o.msp) FROM organizations o WHERE o.msp > hop.msp),
                       (SELECT min(c.msp) FROM connections c WHERE c.msp > hop.msp))
            FROM hop WHERE hop.msp IS NOT NULL)
        SELECT msp FROM hop WHERE msp IS NOT NULL LIMIT %s
    """
    after = "" if after is None else after
    return [str(msp) for (msp,) in await views.tuples(query, (after, after, limit))]


async def count_msps(views: Views) -> int:
    query = "SELECT count(*) FROM (SELECT msp FROM organizations UNION SELECT msp FROM connections) AS known"
    return await views.number(query)


def _where(msp: MspId, wanted: OrganizationFilter) -> Filter:
    mapped = (
        "EXISTS (SELECT 1 FROM company_mappings m WHERE m.msp = o.msp AND m.organization = o.organization"
        " AND m.agreement IS NOT NULL)"
    )
    excluded = (
        "EXISTS (SELECT 1 FROM company_mappings m WHERE m.msp = o.msp AND m.organization = o.organization"
        " AND m.excluded_because IS NOT NULL)"
    )
    key = name_key(wanted.search or "")
    return (
        Filter(("o.msp = %s",), (msp,))
        .when(bool(key), "(o.name_key LIKE %s OR o.organization = %s)", like_anywhere(key), wanted.search)
        .when(wanted.management is not None, "o.management = %s", wanted.management)
        .when(wanted.license_type is not None, "o.license_type = %s", wanted.license_type)
        .when(wanted.is_closed is not None, "o.is_closed = %s", wanted.is_closed)
        .when(wanted.is_mapped is True, mapped)
        .when(wanted.is_mapped is False, f"NOT {mapped}")
        .when(wanted.is_excluded is True, excluded)
        .when(wanted.is_excluded is False, f"NOT {excluded}")
    )


async def organizations(
    views: Views, msp: MspId, wanted: OrganizationFilter, limit: int, after: tuple[str, str] | None
) -> list[OrganizationRow]:
    """Shape: ordered by name and id; `after` is the name and id of the last row seen."""
    where = _where(msp, wanted)
    if after is not None:
        where = where.both("(o.name, o.organization) > (%s, %s)", *after)
    query = f"SELECT {_COLUMNS} FROM organizations o WHERE {where.sql} ORDER BY o.name, o.organization LIMIT %s"
    return await views.rows(OrganizationRow, query, (*where.values, limit))


async def count(views: Views, msp: MspId, wanted: OrganizationFilter) -> int:
    where = _where(msp, wanted)
    return await views.number(f"SELECT count(*) FROM organizations o WHERE {where.sql}", where.values)


async def count_by_mapping(views: Views, msp: MspId) -> dict[str, int]:
    """How many of an MSP's organizations are mapped, excluded, not mapped though they could be, or not its to map."""
    query = """
        SELECT CASE WHEN m.agreement IS NOT NULL THEN 'MAPPED' WHEN m.excluded_because IS NOT NULL THEN 'EXCLUDED'
                    WHEN o.management <> 'MSP' THEN 'SELF_MANAGED' WHEN o.is_closed THEN 'CLOSED'
                    ELSE 'UNMAPPED' END AS state, count(*)
          FROM organizations o LEFT JOIN company_mappings m USING (msp, organization)
         WHERE o.msp = %s GROUP BY 1
    """
    return {str(state): int(number) for state, number in await views.tuples(query, (msp,))}


async def organization(views: Views, msp: MspId, organization_id: str) -> OrganizationRow | None:
    query = f"SELECT {_COLUMNS} FROM organizations o WHERE o.msp = %s AND o.organization = %s"
    return await views.one(OrganizationRow, query, (msp, organization_id))


async def named(views: Views, msp: MspId, ids: Sequence[str]) -> dict[str, OrganizationRow]:
    query = f"SELECT {_COLUMNS} FROM organizations o WHERE o.msp = %s AND o.organization = ANY(%s)"
    found = await views.rows(OrganizationRow, query, (msp, list(ids)))
    return {row.organization: row for row in found}


async def usage_to_date(views: Views, msp: MspId, ids: Sequence[str]) -> list[UsageRow]:
    """Shape: by organization, plan and component."""
    query = (
        "SELECT organization, plan, component, counted, billed, since FROM usage_to_date"
        " WHERE msp = %s AND organization = ANY(%s) ORDER BY organization, plan, component"
    )
    return await views.rows(UsageRow, query, (msp, list(ids)))


async def unbilled_now(views: Views, msp: MspId) -> list[UnbilledRow]:
    """Billable units in force now that no agreement bills. Shape: by state, plan and component; none of 0 units."""
    query = """
        SELECT CASE WHEN m.excluded_because IS NULL THEN 'UNMAPPED' ELSE 'EXCLUDED' END AS state, u.plan, u.component,
               count(*) AS organizations, sum(u.billed) AS units
          FROM organizations o
          JOIN usage_to_date u ON u.msp = o.msp AND u.organization = o.organization AND u.billed > 0
          LEFT JOIN company_mappings m ON m.msp = o.msp AND m.organization = o.organization
         WHERE o.msp = %s AND o.management = 'MSP' AND NOT o.is_closed AND m.agreement IS NULL
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """
    return await views.rows(UnbilledRow, query, (msp,))


async def items_in_use(views: Views, msp: MspId) -> list[tuple[str, Component]]:
    """The plan components of the current plans of the MSP's open organizations that it manages itself.

    Shape: (plan, component), each once, ordered. A component that the plan lacks has no quantity.
    """
    query = """
        SELECT o.plan, c.component FROM organizations o
         CROSS JOIN LATERAL (VALUES ('LICENSE', o.licenses), ('SERVER', o.servers)) AS c (component, quantity)
         WHERE o.msp = %s AND o.management = 'MSP' AND NOT o.is_closed AND c.quantity IS NOT NULL
         GROUP BY 1, 2 ORDER BY 1, 2
    """
    return [(str(plan), Component(component)) for plan, component in await views.tuples(query, (msp,))]


async def licenses_moved(views: Views, msp: MspId, first: date, last: date) -> tuple[int, dict[date, int]]:
    """Billed licences of an MSP's organizations before a day, and by how much they moved on each day up to a last one.

    Shape: ordered by day; days on which nothing moved are left out.
    """
    query = """
        SELECT CASE WHEN day >= %s THEN day END AS moved_on, sum(moved) FROM licenses_by_day
         WHERE msp = %s AND day <= %s GROUP BY 1 ORDER BY 1 NULLS FIRST
    """
    found = {day: int(moved) for day, moved in await views.tuples(query, (first, msp, last))}
    return found.pop(None, 0), found
