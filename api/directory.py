"""The imported directory: the PSA's companies with their agreements and what is mapped to them."""

from datetime import datetime

import strawberry

from api import paging
from api.context import Info
from api.fields import READERS, query
from api.organizations import CompanyMapping, shown_mapping
from api.paging import Paged
from connectwise.discovery import Site
from connectwise.links import agreement_link, company_link
from domain.connection import Live
from domain.values import PsaAgreementId, PsaCompanyId
from projections.reads import directory as rows
from projections.reads import mappings as mapping_rows
from projections.reads.directory import AgreementRow, CompanyFilter, CompanyRow
from projections.reads.mappings import CompanyMappingRow


@strawberry.type(description="An agreement as the last import found it.")
class PsaAgreement:
    id: int
    name: str
    status: str | None
    type: str | None
    billing_cycle: str | None
    has_ended: bool
    is_prorated: bool
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled_at: datetime | None
    next_invoice_at: datetime | None
    link: str


@strawberry.type(description="A company as the last import found it.")
class PsaCompany:
    id: int
    identifier: str
    name: str
    status: str | None
    types: list[str]
    is_gone: bool
    link: str
    agreements: list[PsaAgreement]
    mappings: list[CompanyMapping]


@strawberry.input(description="`types` and `statuses` are names as ConnectWise shows them.")
class CompaniesFilter:
    search: str | None = None
    types: list[str] | None = None
    statuses: list[str] | None = None
    is_mapped: bool | None = None


@strawberry.type
class DirectoryQueries:
    @query(READERS, "The imported companies by name; counts are by company status.")
    async def companies(
        self,
        info: Info,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        filter: CompaniesFilter | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[PsaCompany]:
        asking, views = info.context, info.context.views
        known = await asking.known_msp(msp)
        asked = paging.page(first, after, (str, int))
        live = await asking.live(known)
        wanted = _filter(filter)
        key = (str(asked.after[0]), int(asked.after[1] or 0)) if asked.after else None
        cut = paging.cut(await rows.companies(views, known, live.number, wanted, limit=asked.limit, after=key), asked)
        ids = [row.company for row in cut.rows]
        agreements = await rows.agreements_of_companies(views, known, live.number, ids)
        mappings = await mapping_rows.of_companies(views, known, ids)
        now = await asking.in_thread(asking.journal.now)
        edges, page_info = paging.edges_of(
            cut,
            lambda row: (row.name, row.company),
            lambda row: shown_company(
                row, agreements.get(row.company, []), mappings.get(row.company, []), live=live, now=now
            ),
        )
        return Paged(
            edges=edges,
            page_info=page_info,
            count=lambda: rows.count(views, known, live.number, wanted),
            count_by_state=lambda: rows.count_by_status(views, known, live.number),
        )


def site_of_live(live: Live) -> Site:
    """Where people log in, for links."""
    return Site(login_origin=live.site_url, api_origin=live.site_url)


def _filter(given: CompaniesFilter | None) -> CompanyFilter:
    if given is None:
        return CompanyFilter()
    return CompanyFilter(
        search=given.search,
        types=None if given.types is None else tuple(given.types),
        statuses=None if given.statuses is None else tuple(given.statuses),
        is_mapped=given.is_mapped,
    )


def shown_company(
    row: CompanyRow,
    agreements: list[AgreementRow],
    mappings: list[CompanyMappingRow],
    *,
    live: Live,
    now: datetime,
) -> PsaCompany:
    site, login = site_of_live(live), live.tenant.company_id
    return PsaCompany(
        id=row.company,
        identifier=row.identifier,
        name=row.name,
        status=row.status_name,
        types=row.type_names,
        is_gone=row.is_gone,
        link=company_link(site, login, PsaCompanyId(row.company)),
        agreements=[shown_agreement(each, site, login, now) for each in agreements],
        mappings=[shown_mapping(each) for each in mappings],
    )


def shown_agreement(row: AgreementRow, site: Site, login: str, now: datetime) -> PsaAgreement:
    return PsaAgreement(
        id=row.agreement,
        name=row.name,
        status=row.status,
        type=row.type_name,
        billing_cycle=row.billing_cycle,
        has_ended=row.has_ended(now),
        is_prorated=row.is_prorated,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        cancelled_at=row.cancelled_at,
        next_invoice_at=row.next_invoice_at,
        link=agreement_link(site, login, PsaAgreementId(row.agreement)),
    )
