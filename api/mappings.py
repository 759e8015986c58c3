"""Which company and agreement each organization bills to: map, move, unmap, exclude, one or a thousand at once.

Each item of a call is accepted or refused on its own; what is accepted is saved in one atomic append. Company and
agreement must be in the imported directory, belong together and not have ended.
"""

from collections.abc import Callable, Sequence
from typing import Any

import strawberry

from api import paging
from api.changes import checked_count
from api.context import Act, Info
from api.fields import ADMINS, EVERYBODY, mutation, query
from api.mapping_items import (
    MAP_REFUSALS,
    DecideOne,
    Deciding,
    MapCompanyItem,
    UnmapCompanyItem,
    Work,
    changes_of,
    item_ids,
    looked_at,
    mapping_items,
    unmapping_items,
)
from api.organizations import CompanyMapping, shown_mapping
from api.paging import Paged
from api.refusals import as_graphql, one_of, result
from domain import company_mapping as decisions
from domain.refusals import AlreadyMapped, NotConnected, NotMapped, Refusal
from domain.values import OrganizationId, PsaAgreementId, PsaCompanyId
from journal.reader import Change, Reader
from projections.reads import mappings as mapping_rows
from projections.reads.mappings import CompanyMappingRow, MappingFilter


@strawberry.input
class MapCompaniesInput:
    items: list[MapCompanyItem]
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class UnmapCompaniesInput:
    items: list[UnmapCompanyItem]
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class ExcludeOrganizationItem:
    organization: strawberry.ID
    reason: str


@strawberry.input
class ExcludeOrganizationsInput:
    items: list[ExcludeOrganizationItem]
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class IncludeOrganizationsInput:
    organizations: list[strawberry.ID]
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.type(
    description="Where the organization bills to from now on; all null when it is neither mapped nor excluded."
)
class MappingChanged:
    organization: strawberry.ID
    mapping: CompanyMapping | None


_OUTCOME = one_of("MappingOutcome", MappingChanged, *MAP_REFUSALS)


@strawberry.type(description="The answer to one item, in the order of the input.")
class MappingAnswer:
    organization: strawberry.ID
    outcome: Any = strawberry.field(graphql_type=_OUTCOME)


@strawberry.type
class MappingsChanged:
    answers: list[MappingAnswer]


MAP = result("MapCompaniesResult", MappingsChanged, NotConnected)
UNMAP = result("UnmapCompaniesResult", MappingsChanged, NotConnected)
EXCLUDE = result("ExcludeOrganizationsResult", MappingsChanged)
INCLUDE = result("IncludeOrganizationsResult", MappingsChanged)


@strawberry.input(
    description="`isVanished`: mapped to a company or agreement that the last import did not see (any more)."
)
class CompanyMappingsFilter:
    company: int | None = None
    agreement: int | None = None
    is_excluded: bool | None = None
    is_vanished: bool | None = None


@strawberry.type
class MappingQueries:
    @query(
        EVERYBODY, "All current mappings and exclusions, by organization. Counts tell MAPPED, VANISHED and EXCLUDED."
    )
    async def company_mappings(
        self,
        info: Info,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        filter: CompanyMappingsFilter | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[CompanyMapping]:
        views = info.context.views
        known = await info.context.known_msp(msp)
        asked = paging.page(first, after, (str,))
        given = filter or CompanyMappingsFilter()
        wanted = MappingFilter(given.company, given.agreement, given.is_excluded, given.is_vanished)
        key = str(asked.after[0]) if asked.after else None
        cut = paging.cut(await mapping_rows.company_mappings(views, known, wanted, asked.limit, key), asked)
        edges, page_info = paging.edges_of(cut, lambda row: (row.organization,), shown_mapping)
        return Paged(
            edges=edges,
            page_info=page_info,
            count=lambda: mapping_rows.count(views, known, wanted),
            count_by_state=lambda: mapping_rows.count_by_state(views, known),
        )


@strawberry.type
class MappingMutations:
    @mutation(MAP, ADMINS, "Map up to 1,000 organizations to agreements; each is accepted or refused on its own.")
    async def map_companies(self, info: Info, input: MapCompaniesInput) -> Any:
        checked_count("items", len(input.items))
        act = await info.context.act("mapCompanies", input.msp, input)
        ids = item_ids(act, input.items)
        decide_one = await mapping_items(info, act.msp, input.items, ids)

        def still(place: int, row: CompanyMappingRow | None) -> Refusal | None:
            if row is None or row.agreement is None:
                return NotMapped(ids[place])
            if row.agreement == input.items[place].agreement:
                return None
            return AlreadyMapped(ids[place], PsaCompanyId(row.company or 0), PsaAgreementId(row.agreement))

        return await _each(act, ids, decide_one, still)

    @mutation(UNMAP, ADMINS, "Organizations bill nowhere any more.")
    async def unmap_companies(self, info: Info, input: UnmapCompaniesInput) -> Any:
        checked_count("items", len(input.items))
        act = await info.context.act("unmapCompanies", input.msp, input)
        if act.repeated is None:
            await info.context.live(act.msp)
        ids = [OrganizationId(item.organization) for item in input.items]

        return await _each(act, ids, unmapping_items(input.items, ids))

    @mutation(EXCLUDE, ADMINS, "Organizations are deliberately not billed through the PSA, for a reason.")
    async def exclude_organizations(self, info: Info, input: ExcludeOrganizationsInput) -> Any:
        checked_count("items", len(input.items))
        act = await info.context.act("excludeOrganizations", input.msp, input)
        ids = [OrganizationId(item.organization) for item in input.items]

        def decide_one(deciding: Deciding, place: int) -> Work:
            work = deciding.known(ids[place])
            reason = input.items[place].reason
            return work.with_mapping(
                decisions.exclude_organization(
                    work.mapping, ids[place], connection_number=deciding.number, reason=reason
                )
            )

        return await _each(act, ids, decide_one)

    @mutation(INCLUDE, ADMINS, "Organizations are no longer excluded.")
    async def include_organizations(self, info: Info, input: IncludeOrganizationsInput) -> Any:
        checked_count("organizations", len(input.organizations))
        act = await info.context.act("includeOrganizations", input.msp, input)
        ids = [OrganizationId(organization) for organization in input.organizations]

        def decide_one(deciding: Deciding, place: int) -> Work:
            work = deciding.known(ids[place])
            return work.with_mapping(decisions.include_organization(work.mapping))

        return await _each(act, ids, decide_one)


async def _each(
    act: Act,
    ids: Sequence[OrganizationId],
    decide_one: DecideOne,
    still: Callable[[int, CompanyMappingRow | None], Refusal | None] = lambda _, __: None,
) -> MappingsChanged:
    """Decide item by item, save what is accepted, and show each organization's mapping as it is then.

    `still` says, for a call that was carried out before, why an item does not stand (any more) as it was asked for.
    """
    refusals: dict[int, Refusal] = {}

    def decide(reader: Reader) -> Sequence[Change]:
        refusals.clear()
        deciding = looked_at(act.msp, reader, ids)
        for place in range(len(ids)):
            try:
                deciding.work[ids[place]] = decide_one(deciding, place)
            except Refusal as refusal:
                refusals[place] = refusal
        return changes_of(act.msp, deciding)

    await act.record(decide)
    rows = await mapping_rows.of_organizations(act.asking.views, act.msp, ids)
    answers = []
    for place, organization in enumerate(ids):
        told: Any
        row = rows.get(organization)
        refusal = refusals.get(place) if act.repeated is None else still(place, row)
        if refusal is not None:
            told = as_graphql(refusal)
        else:
            told = MappingChanged(
                organization=strawberry.ID(organization), mapping=None if row is None else shown_mapping(row)
            )
        answers.append(MappingAnswer(organization=strawberry.ID(organization), outcome=told))
    return MappingsChanged(answers=answers)
