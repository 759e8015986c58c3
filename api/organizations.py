"""What is told about an MSP's customers: who they are, what they bought, how much of it, where they bill to."""

from datetime import datetime

import strawberry
from strawberry.utils.await_maybe import AwaitableOrValue

from api import paging
from api.context import Info
from api.fields import EVERYBODY, OVERSEERS, asks_for, computed, query
from api.paging import Paged
from domain.values import Component, LicenseType, Management, MspId
from projections.reads import mappings as mapping_rows
from projections.reads import organizations as organization_rows
from projections.reads.mappings import CompanyMappingRow
from projections.reads.organizations import OrganizationFilter, OrganizationRow, UsageRow


@strawberry.type(description="Where an organization bills to, or why it deliberately does not.")
class CompanyMapping:
    organization: strawberry.ID
    company: int | None
    company_name: str | None
    agreement: int | None
    agreement_name: str | None
    mapped_at: datetime | None
    excluded_because: str | None


@strawberry.type(
    description="What is in force now of one component; `billed` is 0 while TRIAL, NFR, closed or self-managed."
)
class UsageToDate:
    plan: strawberry.ID
    component: Component
    counted: int
    billed: int
    since: datetime


@strawberry.type
class Organization:
    """A customer of an MSP. `licenses` and `servers` are what is counted now; null where the plan has none."""

    id: strawberry.ID
    msp: strawberry.ID
    name: str
    line: strawberry.ID
    plan: strawberry.ID
    license_type: LicenseType
    management: Management
    is_closed: bool
    licenses: int | None
    servers: int | None
    created_at: datetime
    changed_at: datetime
    mapping: CompanyMapping | None

    usage_known: strawberry.Private[list[UsageToDate] | None] = None
    """What was read along with its page."""

    @computed("Every component of every plan it ever had.", graphql_type=list[UsageToDate])
    def usage_to_date(self, info: Info) -> AwaitableOrValue[list[UsageToDate]]:
        return self.usage_known if self.usage_known is not None else self._load_usage(info)

    async def _load_usage(self, info: Info) -> list[UsageToDate]:
        return list(map(shown_usage, await info.context.loaders.usage_to_date.load((MspId(self.msp), self.id))))


@strawberry.type
class Msp:
    id: strawberry.ID


@strawberry.input
class OrganizationsFilter:
    search: str | None = None
    management: Management | None = None
    license_type: LicenseType | None = None
    is_closed: bool | None = None
    is_mapped: bool | None = None
    is_excluded: bool | None = None


@strawberry.type
class OrganizationQueries:
    @query(OVERSEERS, "All MSPs; for tokens that are for all of them.")
    async def msps(self, info: Info, first: int = paging.DEFAULT_PAGE, after: str | None = None) -> Paged[Msp]:
        principal, views = info.context.principal, info.context.views
        asked = paging.page(first, after, (str,))
        if principal.msp is not None:
            ids = [] if asked.after else [str(principal.msp)]
        else:
            ids = await organization_rows.msps(views, asked.limit, str(asked.after[0]) if asked.after else None)
        edges, page_info = paging.edges_of(
            paging.cut(ids, asked), lambda each: (each,), lambda each: Msp(id=strawberry.ID(each))
        )

        async def count() -> int:
            return 1 if principal.msp is not None else await organization_rows.count_msps(views)

        return Paged(edges=edges, page_info=page_info, count=count)

    @query(EVERYBODY, "An MSP's organizations by name. Counts say how many are mapped, excluded or still unmapped.")
    async def organizations(
        self,
        info: Info,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        filter: OrganizationsFilter | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[Organization]:
        views = info.context.views
        known = await info.context.known_msp(msp)
        asked = paging.page(first, after, (str, str))
        wanted = _filter(filter)
        key = (str(asked.after[0]), str(asked.after[1])) if asked.after else None
        cut = paging.cut(await organization_rows.organizations(views, known, wanted, asked.limit, key), asked)
        ids = [row.organization for row in cut.rows]
        mapped = await mapping_rows.of_organizations(views, known, ids) if asks_for(info, "mapping") else {}
        used: dict[str, list[UsageToDate]] | None = None
        if asks_for(info, "usageToDate"):
            used = {one: [] for one in ids}
            for row in await organization_rows.usage_to_date(views, known, ids):
                used[row.organization].append(shown_usage(row))

        def node(row: OrganizationRow) -> Organization:
            return shown(row, mapped.get(row.organization), None if used is None else used[row.organization])

        edges, page_info = paging.edges_of(cut, lambda row: (row.name, row.organization), node)
        return Paged(
            edges=edges,
            page_info=page_info,
            count=lambda: organization_rows.count(views, known, wanted),
            count_by_state=lambda: organization_rows.count_by_mapping(views, known),
        )

    @query(EVERYBODY, "One organization; null when the MSP has none of that id.")
    async def organization(
        self,
        info: Info,
        id: strawberry.ID,
        msp: strawberry.ID | None = None,
    ) -> Organization | None:
        return await find_organization(info, await info.context.known_msp(msp), id)


async def find_organization(info: Info, msp: MspId, organization: str) -> Organization | None:
    views = info.context.views
    row = await organization_rows.organization(views, msp, organization)
    if row is None:
        return None
    mapped = await mapping_rows.of_organizations(views, msp, [organization])
    return shown(row, mapped.get(organization))


def shown(
    row: OrganizationRow, mapping: CompanyMappingRow | None, usage: list[UsageToDate] | None = None
) -> Organization:
    """`usage` where it was read for a whole page; otherwise it is read when asked for."""
    return Organization(
        id=strawberry.ID(row.organization),
        msp=strawberry.ID(row.msp),
        name=row.name,
        line=strawberry.ID(row.line),
        plan=strawberry.ID(row.plan),
        license_type=LicenseType(row.license_type),
        management=Management(row.management),
        is_closed=row.is_closed,
        licenses=row.licenses,
        servers=row.servers,
        created_at=row.created_at,
        changed_at=row.changed_at,
        mapping=None if mapping is None else shown_mapping(mapping),
        usage_known=usage,
    )


def shown_usage(row: UsageRow) -> UsageToDate:
    return UsageToDate(
        plan=strawberry.ID(row.plan),
        component=Component(row.component),
        counted=row.counted,
        billed=row.billed,
        since=row.since,
    )


def shown_mapping(row: CompanyMappingRow) -> CompanyMapping:
    return CompanyMapping(
        organization=strawberry.ID(row.organization),
        company=row.company,
        company_name=row.company_name,
        agreement=row.agreement,
        agreement_name=row.agreement_name,
        mapped_at=row.mapped_at,
        excluded_because=row.excluded_because,
    )


def _filter(given: OrganizationsFilter | None) -> OrganizationFilter:
    if given is None:
        return OrganizationFilter()
    return OrganizationFilter(
        search=given.search,
        management=given.management,
        license_type=given.license_type,
        is_closed=given.is_closed,
        is_mapped=given.is_mapped,
        is_excluded=given.is_excluded,
    )
