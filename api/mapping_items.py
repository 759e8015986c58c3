"""The items of a call that maps organizations, decided one after another: for saving them, or only for showing them.

Company and agreement must be in the imported directory, belong together and not have ended.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import strawberry

from api.changes import AskedChange, When, remembered_terms
from api.context import Act, Info
from api.organization_changes import created_by_admin, new_organization_id
from domain import company_mapping as decisions
from domain.company_mapping import COMPANY_MAPPING, CompanyMapped, CompanyMappingFact, CompanyMappingState
from domain.connection import CONNECTION, ConnectionState, require_live
from domain.organization import ORGANIZATION, OrganizationFact, OrganizationState, standing_at
from domain.refusals import (
    AgreementHasEnded,
    AgreementOfAnotherCompany,
    AlreadyMapped,
    InvalidInput,
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
from projections.reads.directory import AgreementRow, CompanyRow


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
class UnmapCompanyItem:
    organization: strawberry.ID
    left_behind: LeftBehind = LeftBehind.UNTOUCHED


MAP_REFUSALS: tuple[type[Refusal], ...] = (
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


@dataclass(frozen=True, slots=True)
class Directory:
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
class Work:
    """One organization and its mapping while a call is decided; each item builds on the ones before it."""

    organization: OrganizationState
    mapping: CompanyMappingState
    before: CompanyMappingState
    """As recorded, before any item."""
    created: tuple[OrganizationFact, ...] = ()
    keys: tuple[Key, ...] = ()
    facts: tuple[CompanyMappingFact, ...] = ()

    def with_mapping(self, facts: Iterable[CompanyMappingFact]) -> "Work":
        work = self
        for fact in facts:
            work = replace(work, facts=(*work.facts, fact), mapping=decisions.evolve(work.mapping, fact))
        return work

    def with_creation(self, one: AskedChange, when: When) -> "Work":
        """Raises: OrganizationExists, UnknownPlan, InvalidInput."""
        work = replace(self, keys=(*self.keys, one.key(len(self.created))))
        for fact in one.decide(self.organization, when):
            organization = ORGANIZATION.evolve(work.organization, fact)
            work = replace(work, created=(*work.created, fact), organization=organization)
        return work


@dataclass(frozen=True, slots=True)
class Deciding:
    """What every item of a call sees."""

    reader: Reader
    connection: ConnectionState
    work: dict[OrganizationId, Work]

    @property
    def number(self) -> int:
        """Of the live connection; 0, which no mapping has, while there is none."""
        return self.connection.live.number if self.connection.live is not None else 0

    def known(self, organization: OrganizationId) -> Work:
        """Raises: UnknownOrganization."""
        work = self.work[organization]
        if not work.organization.exists:
            raise UnknownOrganization(organization)
        return work


def looked_at(msp: MspId, reader: Reader, ids: Sequence[OrganizationId]) -> Deciding:
    organizations = {one: organization_stream(msp, one) for one in ids}
    mappings = {one: company_mapping_stream(msp, one) for one in ids}
    connection = reader.state(CONNECTION, connection_stream(msp)).state
    organization_states = reader.states(ORGANIZATION, list(organizations.values()))
    mapping_states = reader.states(COMPANY_MAPPING, list(mappings.values()))
    return Deciding(
        reader,
        connection,
        {
            one: Work(organization_states[organizations[one]].state, mapping, before=mapping)
            for one in organizations
            for mapping in (mapping_states[mappings[one]].state,)
        },
    )


def changes_of(msp: MspId, deciding: Deciding) -> list[Change]:
    changes = []
    for organization, work in deciding.work.items():
        changes.append(Change(organization_stream(msp, organization), work.created, work.keys))
        changes.append(Change(company_mapping_stream(msp, organization), work.facts))
    return changes


DecideOne = Callable[[Deciding, int], Work]
"""Decides the item at a place, on what the items before it made of its organization. Raises refusals."""


def item_ids(act: Act, items: Sequence[MapCompanyItem]) -> list[OrganizationId]:
    """The organization of each item, those to be created too. Raises: InvalidInput."""
    for item in items:
        if item.organization is None and item.create is None:
            raise InvalidInput("organization", "an organization, or one to create, is needed")
    return [new_organization_id(act, item.organization, place) for place, item in enumerate(items)]


async def mapping_items(
    info: Info, msp: MspId, items: Sequence[MapCompanyItem], ids: Sequence[OrganizationId]
) -> DecideOne:
    """How each item is decided. Raises: NotConnected."""
    live = await info.context.live(msp)
    views = info.context.views
    directory = Directory(
        live.number,
        await directory_rows.companies_of(views, msp, live.number, [item.company for item in items]),
        await directory_rows.agreements_of(views, msp, live.number, [item.agreement for item in items]),
    )
    terms_at = remembered_terms(info.context.journal, msp)

    def decide_one(deciding: Deciding, place: int) -> Work:
        item, organization = items[place], ids[place]
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

    return decide_one


def unmapping_items(items: Sequence[UnmapCompanyItem], ids: Sequence[OrganizationId]) -> DecideOne:
    """How each item is decided."""

    def decide_one(deciding: Deciding, place: int) -> Work:
        work = deciding.known(ids[place])
        return work.with_mapping(
            decisions.unmap_company(
                work.mapping,
                ids[place],
                connection_number=deciding.number,
                left_behind=items[place].left_behind,
            )
        )

    return decide_one
