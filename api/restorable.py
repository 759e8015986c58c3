"""What earlier connections to the ConnectWise that is connected now left, held against what ConnectWise has today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from api.context import Asking
from api.mapping_items import Deciding, Work, looked_at
from api.products import mappable
from connectwise.agreements import AgreementRead
from connectwise.client import ReadingClient
from connectwise.shapes import Agreement, Company
from domain import company_mapping as decisions
from domain.company_mapping import CompanyMapped, CompanyMappingFact
from domain.connection import Live
from domain.organization import standing_at
from domain.refusals import (
    AgreementHasEnded,
    AgreementIsGone,
    AgreementOfAnotherCompany,
    AlreadyMapped,
    CompanyIsGone,
    NothingToRestore,
    ProductNotMapped,
    Refusal,
)
from domain.restoring import EarlierProducts, earlier_mappings, earlier_products, numbers_of_same_tenant
from domain.streams import StreamKind, connection_stream
from domain.values import LeftBehind, MspId, OrganizationId, PlanComponent, PsaProductId
from journal.application import Journal
from journal.reader import Reader

FACTS_PER_READ = 5_000


@dataclass(frozen=True, slots=True)
class Offer:
    """What earlier connections to the live tenant left. Shape: mappings by organization id."""

    live: Live
    products: EarlierProducts | None
    mappings: Mapping[OrganizationId, CompanyMapped]


@dataclass(frozen=True, slots=True)
class PsaNow:
    """What ConnectWise has of the companies and agreements asked about."""

    companies: Mapping[int, Company]
    agreements: Mapping[int, Agreement]
    read_at: datetime

    def renewed(self, old: CompanyMapped, number: int, organization_name: str) -> CompanyMapped:
        """The same mapping through the connection of this number, with the names that things have now.

        Raises: CompanyIsGone, AgreementIsGone, AgreementOfAnotherCompany, AgreementHasEnded.
        """
        company, agreement = self.companies.get(old.company), self.agreements.get(old.agreement)
        if company is None or company.is_deleted:
            raise CompanyIsGone(old.company)
        if agreement is None:
            raise AgreementIsGone(old.agreement)
        if agreement.company_id != old.company:
            raise AgreementOfAnotherCompany(old.agreement, old.company, agreement.company_id)
        if AgreementRead(agreement, (), self.read_at).problem() is not None:
            raise AgreementHasEnded(old.agreement, (agreement.status or "ended").lower())
        return replace(
            old,
            connection_number=number,
            company_name=company.name,
            agreement_name=agreement.name,
            organization_name=organization_name,
            left_behind=LeftBehind.UNTOUCHED,
            mapped_at=self.read_at,
        )


async def offered(asking: Asking, msp: MspId) -> Offer:
    """Raises: NotConnected."""
    live = await asking.live(msp)
    return await asking.in_thread(_read_offer, asking.journal, msp, live)


def _read_offer(journal: Journal, msp: MspId, live: Live) -> Offer:
    """Fold the MSP's connection and company mappings, oldest first."""
    connection = [entry.fact for entry in journal.entries(connection_stream(msp))]
    numbers = numbers_of_same_tenant(connection, live)
    if not numbers:
        return Offer(live, None, {})
    mappings, position = [], 0
    while entries := journal.read(position, FACTS_PER_READ, msp=msp, kinds=(StreamKind.COMPANY_MAPPING,)):
        mappings += [(OrganizationId(entry.stream.key[0]), entry.fact) for entry in entries]
        position = entries[-1].position
    return Offer(live, earlier_products(connection, live), earlier_mappings(mappings, numbers, live.number))


def look(client: ReadingClient, journal: Journal, asked: Iterable[CompanyMapped | None]) -> PsaNow:
    """Raises: as any read."""
    mappings = [one for one in asked if one is not None]
    companies = client.companies_by_id(one.company for one in mappings)
    agreements = client.agreements_by_id(one.agreement for one in mappings)
    return PsaNow({one.id: one for one in companies}, {one.id: one for one in agreements}, journal.now())


def judged(
    journal: Journal, client: ReadingClient, msp: MspId, offer: Offer, ids: Sequence[OrganizationId]
) -> dict[OrganizationId, tuple[str, Refusal | None]]:
    """What each organization is called now, and what stands in the way of its mapping, if anything does."""
    reader = Reader(journal, is_trusting=False)
    deciding = looked_at(msp, reader, ids)
    psa = look(client, journal, [offer.mappings[one] for one in ids])
    found: dict[OrganizationId, tuple[str, Refusal | None]] = {}
    for one in ids:
        why_not: Refusal | None = None
        try:
            restored(deciding, offer, psa, one)
        except Refusal as refusal:
            why_not = refusal
        found[one] = deciding.work[one].organization.name, why_not
    return found


def restored(deciding: Deciding, offer: Offer, psa: PsaNow, organization: OrganizationId) -> Work:
    """Raises: AlreadyMapped, NothingToRestore, and as `map_company` and `PsaNow.renewed`."""
    work = deciding.work[organization]
    current = decisions.current_mapping(work.mapping, offer.live.number)
    if current is not None:
        raise AlreadyMapped(organization, current.company, current.agreement)
    old = offer.mappings.get(organization)
    if old is None:
        raise NothingToRestore(organization)
    standing = standing_at(work.organization, deciding.reader.now)
    is_managed = standing is not None and standing.is_managed

    def mapped_as(mapping: CompanyMapped) -> tuple[CompanyMappingFact, ...]:
        return decisions.map_company(work.mapping, organization, mapping=mapping, is_managed=is_managed, is_move=False)

    # What stands in the way here is told first: it is ours to cure.
    mapped_as(replace(old, connection_number=offer.live.number))
    return work.with_mapping(mapped_as(psa.renewed(old, offer.live.number, work.organization.name)))


def refused_products(
    client: ReadingClient, offer: Offer, items: Iterable[PlanComponent]
) -> dict[PlanComponent, Refusal]:
    """Plan components whose product was not mapped before, or can not be mapped now. Raises: as any read."""
    known = offer.products.products if offer.products is not None else {}
    refused: dict[PlanComponent, Refusal] = {}
    of_product: dict[PsaProductId, Refusal | None] = {}
    for item in items:
        mapped = known.get(item)
        if mapped is None:
            refused[item] = ProductNotMapped(item.plan, item.component)
            continue
        if mapped.product not in of_product:
            try:
                mappable(client, mapped.product)
                of_product[mapped.product] = None
            except Refusal as refusal:
                of_product[mapped.product] = refusal
        problem = of_product[mapped.product]
        if problem is not None:
            refused[item] = problem
    return refused
