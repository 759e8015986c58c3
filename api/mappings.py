"""Which company and agreement each organization bills to: map, move, unmap, exclude, one or a thousand at once.

Each item of a call is accepted or refused on its own; what is accepted is saved in one atomic append. Company and
agreement must be in the imported directory, belong together and not have ended.
"""

# ruff: noqa: A002 - input, filter, id: arguments are named as GraphQL names them

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import strawberry

from api import paging
from api.changes import AskedChange, When, checked_count, remembered_terms
from api.context import Act, Info
from api.fields import ADMINS, EVERYBODY, mutation, query
from api.organization_changes import created_by_admin, new_organization_id
from api.organizations import CompanyMapping, shown_mapping
from api.paging import Paged
from api.refusals import as_graphql, one_of, result
from domain import company_mapping as decisions
from domain.company_mapping import (
    COMPANY_MAPPING,
    CompanyMapped,
    CompanyMappingFact,
    CompanyMappingState,
)
from domain.connection import CONNECTION, ConnectionState, require_live
from domain.organization import ORGANIZATION, OrganizationFact, OrganizationState, standing_at
from domain.refusals import (
    AgreementHasEnded,
    AgreementOfAnotherCompany,
    AlreadyMapped,
    InvalidInput,
    NotConnected,
    NotMapped,
    OrganizationExists,
    OrganizationIsExcluded,
    OrganizationIsSelfManaged,
    Refusal,
    UnknownAgreement,
    UnknownCompany,
    UnknownOrganization,
    UnknownPlan,
)
from domain.streams import company_mapping_stream, connection_stream, organization_stream
from domain.values import LeftBehind, LicenseType, MspId, OrganizationId, PsaAgreementId, PsaCompanyId
from journal.reader import Change, Key, Reader
from projections.reads import directory as directory_rows
from projections.reads import mappings as mapping_rows
from projections.reads.directory import AgreementRow, CompanyRow
from projections.reads.mappings import CompanyMappingRow, MappingFilter


@strawberry.input(description="An organization to create in the same step; the MSP manages it.")
class CreatedWithMapping:
    name: str
    plan: strawberry.ID
    license_type: LicenseType = LicenseType.PAID


@strawberry.input(
    description="`organization` may be left out only with `create`. `move` says that it may be mapped elsewhere now;"
    " `leftBehind` is for the additions that it was the last on there."
)
class MapCompanyItem:
    company: int
    agreement: int
    organization: strawberry.ID | None = None
    create: CreatedWithMapping | None = None
    move: bool = False
    left_behind: LeftBehind = LeftBehind.ZERO


@strawberry.input
class MapCompaniesInput:
    items: list[MapCompanyItem]
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class UnmapCompanyItem:
    organization: strawberry.ID
    left_behind: LeftBehind = LeftBehind.UNTOUCHED


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


_MAP_REFUSALS: tuple[type[Refusal], ...] = (
    UnknownOrganization,
    OrganizationExists,
    UnknownPlan,
    OrganizationIsSelfManaged,
    OrganizationIsExcluded,
    AlreadyMapped,
    NotMapped,
    UnknownCompany,
    UnknownAgreement,
    AgreementOfAnotherCompany,
    AgreementHasEnded,
    InvalidInput,
)
_OUTCOME = one_of("MappingOutcome", MappingChanged, *_MAP_REFUSALS)


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


@strawberry.input
class CompanyMappingsFilter:
    company: int | None = None
    agreement: int | None = None
    is_excluded: bool | None = None


@strawberry.type
class MappingQueries:
    @query(EVERYBODY, "All current mappings and exclusions, by organization.")
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
        wanted = (
            MappingFilter() if filter is None else MappingFilter(filter.company, filter.agreement, filter.is_excluded)
        )
        key = str(asked.after[0]) if asked.after else None
        cut = paging.cut(await mapping_rows.company_mappings(views, known, wanted, asked.limit, key), asked)
        edges, page_info = paging.edges_of(cut, lambda row: (row.organization,), shown_mapping)
        return Paged(
            edges=edges,
            page_info=page_info,
            count=lambda: mapping_rows.count(views, known, wanted),
            count_by_state=lambda: mapping_rows.count_by_state(views, known),
        )


@dataclass(frozen=True, slots=True)
class _Directory:
    """What the imported directory says about the companies and agreements of a call."""

    number: int
    companies: Mapping[int, CompanyRow]
    agreements: Mapping[int, AgreementRow]

    def agreement(self, company: int, agreement: int, now: datetime) -> tuple[CompanyRow, AgreementRow]:
        """Raises: UnknownCompany, UnknownAgreement, AgreementOfAnotherCompany, AgreementHasEnded."""
        if company not in self.companies:
            raise UnknownCompany(PsaCompanyId(company))
        if agreement not in self.agreements:
            raise UnknownAgreement(PsaAgreementId(agreement))
        found = self.agreements[agreement]
        if found.company != company:
            raise AgreementOfAnotherCompany(
                PsaAgreementId(agreement), PsaCompanyId(company), PsaCompanyId(found.company)
            )
        if found.has_ended(now):
            raise AgreementHasEnded(PsaAgreementId(agreement), (found.status or "ended").lower())
        return self.companies[company], found


@dataclass(frozen=True, slots=True)
class _Work:
    """One organization and its mapping while a call is decided; each item builds on the ones before it."""

    organization: OrganizationState
    mapping: CompanyMappingState
    created: tuple[OrganizationFact, ...] = ()
    keys: tuple[Key, ...] = ()
    facts: tuple[CompanyMappingFact, ...] = ()

    def with_mapping(self, facts: Iterable[CompanyMappingFact]) -> "_Work":
        work = self
        for fact in facts:
            work = replace(work, facts=(*work.facts, fact), mapping=decisions.evolve(work.mapping, fact))
        return work

    def with_creation(self, one: AskedChange, when: When) -> "_Work":
        """Raises: OrganizationExists, UnknownPlan, InvalidInput."""
        work = replace(self, keys=(*self.keys, one.key(len(self.created))))
        for fact in one.decide(self.organization, when):
            organization = ORGANIZATION.evolve(work.organization, fact)
            work = replace(work, created=(*work.created, fact), organization=organization)
        return work


@dataclass(frozen=True, slots=True)
class _Deciding:
    """What every item of a call sees."""

    reader: Reader
    connection: ConnectionState
    work: dict[OrganizationId, _Work]

    @property
    def number(self) -> int:
        """Of the live connection; 0, which no mapping has, while there is none."""
        return self.connection.live.number if self.connection.live is not None else 0

    def known(self, organization: OrganizationId) -> _Work:
        """Raises: UnknownOrganization."""
        work = self.work[organization]
        if not work.organization.exists:
            raise UnknownOrganization(organization)
        return work


@strawberry.type
class MappingMutations:
    @mutation(MAP, ADMINS, "Map up to 1,000 organizations to agreements; each is accepted or refused on its own.")
    async def map_companies(self, info: Info, input: MapCompaniesInput) -> Any:
        checked_count("items", len(input.items))
        act = await info.context.act("mapCompanies", input.msp, input)
        for item in input.items:
            if item.organization is None and item.create is None:
                raise InvalidInput("organization", "an organization, or one to create, is needed")
        ids = [new_organization_id(act, item.organization, place) for place, item in enumerate(input.items)]
        live = await info.context.live(act.msp)
        views = info.context.views
        directory = _Directory(
            live.number,
            await directory_rows.companies_of(views, act.msp, live.number, [item.company for item in input.items]),
            await directory_rows.agreements_of(views, act.msp, live.number, [item.agreement for item in input.items]),
        )
        terms_at = remembered_terms(info.context.journal, act.msp)

        def decide_one(deciding: _Deciding, place: int) -> _Work:
            item, organization = input.items[place], ids[place]
            require_live(deciding.connection)
            if deciding.number != directory.number:
                raise UnknownCompany(PsaCompanyId(item.company))
            company, agreement = directory.agreement(item.company, item.agreement, deciding.reader.now)
            work = deciding.work[organization]
            if item.create is not None:
                one = created_by_admin(info, organization, item.create.name, item.create.plan, item.create.license_type)
                work = work.with_creation(one, When(deciding.reader, terms_at))
            elif not work.organization.exists:
                raise UnknownOrganization(organization)
            standing = standing_at(work.organization, deciding.reader.now)
            mapping = CompanyMapped(
                connection_number=directory.number,
                company=PsaCompanyId(company.company),
                company_name=company.name,
                agreement=PsaAgreementId(agreement.agreement),
                agreement_name=agreement.name,
                organization_name=work.organization.name,
                left_behind=item.left_behind,
                mapped_at=deciding.reader.now,
            )
            return work.with_mapping(
                decisions.map_company(
                    work.mapping,
                    organization,
                    mapping=mapping,
                    is_managed=standing is not None and standing.is_managed,
                    is_move=item.move,
                )
            )

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

        def decide_one(deciding: _Deciding, place: int) -> _Work:
            work = deciding.known(ids[place])
            left_behind = input.items[place].left_behind
            return work.with_mapping(
                decisions.unmap_company(
                    work.mapping, ids[place], connection_number=deciding.number, left_behind=left_behind
                )
            )

        return await _each(act, ids, decide_one)

    @mutation(EXCLUDE, ADMINS, "Organizations are deliberately not billed through the PSA, for a reason.")
    async def exclude_organizations(self, info: Info, input: ExcludeOrganizationsInput) -> Any:
        checked_count("items", len(input.items))
        act = await info.context.act("excludeOrganizations", input.msp, input)
        ids = [OrganizationId(item.organization) for item in input.items]

        def decide_one(deciding: _Deciding, place: int) -> _Work:
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

        def decide_one(deciding: _Deciding, place: int) -> _Work:
            work = deciding.known(ids[place])
            return work.with_mapping(decisions.include_organization(work.mapping))

        return await _each(act, ids, decide_one)


async def _each(
    act: Act,
    ids: Sequence[OrganizationId],
    decide_one: Callable[[_Deciding, int], _Work],
    still: Callable[[int, CompanyMappingRow | None], Refusal | None] = lambda _, __: None,
) -> MappingsChanged:
    """Decide item by item, save what is accepted, and show each organization's mapping as it is then.

    `still` says, for a call that was carried out before, why an item does not stand (any more) as it was asked for.
    """
    refusals: dict[int, Refusal] = {}

    def decide(reader: Reader) -> Sequence[Change]:
        refusals.clear()
        deciding = _looked_at(act.msp, reader, ids)
        for place in range(len(ids)):
            try:
                deciding.work[ids[place]] = decide_one(deciding, place)
            except Refusal as refusal:
                refusals[place] = refusal
        return _changes(act.msp, deciding)

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


def _looked_at(msp: MspId, reader: Reader, ids: Sequence[OrganizationId]) -> _Deciding:
    organizations = {one: organization_stream(msp, one) for one in ids}
    mappings = {one: company_mapping_stream(msp, one) for one in ids}
    connection = reader.state(CONNECTION, connection_stream(msp)).state
    organization_states = reader.states(ORGANIZATION, list(organizations.values()))
    mapping_states = reader.states(COMPANY_MAPPING, list(mappings.values()))
    return _Deciding(
        reader,
        connection,
        {
            one: _Work(organization_states[organizations[one]].state, mapping_states[mappings[one]].state)
            for one in organizations
        },
    )


def _changes(msp: MspId, deciding: _Deciding) -> list[Change]:
    changes = []
    for organization, work in deciding.work.items():
        changes.append(Change(organization_stream(msp, organization), work.created, work.keys))
        changes.append(Change(company_mapping_stream(msp, organization), work.facts))
    return changes
