"""After connecting the same ConnectWise again: what was mapped before is offered, and mapped anew by a person's word.

Offered is what stood when an earlier connection to the tenant ended, each with whether ConnectWise still has it and can
bill on it. Restoring maps it under the new connection's number in one atomic append; the workers then take the same
additions under management again, each beginning with an INITIAL push.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import strawberry

from api import paging
from api.context import Act, Info
from api.fields import ADMINS, READERS, mutation, query
from api.mapping_items import changes_of, looked_at
from api.mappings import MappingChanged
from api.organizations import shown_mapping
from api.paging import Paged
from api.products import reading
from api.refusals import RefusalType, as_graphql, one_of, result
from api.restorable import Offer, judged, look, offered, refused_products, restored
from connectwise.client import ReadingClient
from domain.company_mapping import CompanyMapped
from domain.connection import ProductRule, require_live
from domain.refusals import (
    AgreementHasEnded,
    AgreementIsGone,
    AgreementOfAnotherCompany,
    AlreadyMapped,
    CompanyIsGone,
    InvalidInput,
    NotConnected,
    NothingToRestore,
    NotMapped,
    OrganizationIsExcluded,
    OrganizationIsSelfManaged,
    ProductIsBundle,
    ProductIsInactive,
    ProductNotMapped,
    Refusal,
    UnknownProduct,
)
from domain.restoring import restore_products
from domain.streams import connection_stream
from domain.values import (
    Component,
    OrganizationId,
    PlanComponent,
    PlanId,
    Rule,
)
from journal.reader import Change, Reader
from projections.reads import mappings as mapping_rows

MOST_NAMED = 10_000


@strawberry.type(description="A plan component's product before; `whyNot` says what stands in the way now.")
class RestorableProduct:
    plan: strawberry.ID
    component: Component
    product: int
    identifier: str
    description: str
    rule: Rule
    minimum: int
    can_be_restored: bool
    why_not: RefusalType | None


@strawberry.type(description="Where an organization billed before; `whyNot` says what stands in the way now.")
class RestorableMapping:
    organization: strawberry.ID
    organization_name: str
    company: int
    company_name: str
    agreement: int
    agreement_name: str
    mapped_at: datetime
    can_be_restored: bool
    why_not: RefusalType | None


@strawberry.type(description="What was mapped when an earlier connection to the same ConnectWise ended.")
class RestorableMappings:
    products: list[RestorableProduct]
    organizations: Paged[RestorableMapping]


@strawberry.input
class PlanComponentInput:
    plan: strawberry.ID
    component: Component


@strawberry.input(description="Without `products` or `organizations` all that are offered; an empty list means none.")
class RestoreMappingsInput:
    products: list[PlanComponentInput] | None = None
    organizations: list[strawberry.ID] | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.type
class ProductRestored:
    product: int


_PRODUCT_OUTCOME = one_of(
    "ProductRestoreOutcome", ProductRestored, ProductNotMapped, UnknownProduct, ProductIsInactive, ProductIsBundle
)
_MAPPING_OUTCOME = one_of(
    "MappingRestoreOutcome",
    MappingChanged,
    NothingToRestore,
    AlreadyMapped,
    NotMapped,
    OrganizationIsExcluded,
    OrganizationIsSelfManaged,
    CompanyIsGone,
    AgreementIsGone,
    AgreementOfAnotherCompany,
    AgreementHasEnded,
)


@strawberry.type
class ProductRestoreAnswer:
    plan: strawberry.ID
    component: Component
    outcome: Any = strawberry.field(graphql_type=_PRODUCT_OUTCOME)


@strawberry.type
class MappingRestoreAnswer:
    organization: strawberry.ID
    outcome: Any = strawberry.field(graphql_type=_MAPPING_OUTCOME)


@strawberry.type(description="An answer for each plan component and each organization that was asked for.")
class MappingsRestored:
    products: list[ProductRestoreAnswer]
    answers: list[MappingRestoreAnswer]


RESTORE = result("RestoreMappingsResult", MappingsRestored, NotConnected, psa=True)


@strawberry.type
class RestoreQueries:
    @query(READERS, "What was mapped before this ConnectWise was disconnected, and whether it still can be.")
    async def restorable_mappings(
        self, info: Info, first: int = paging.DEFAULT_PAGE, after: str | None = None, msp: strawberry.ID | None = None
    ) -> RestorableMappings:
        asking = info.context
        known = await asking.known_msp(msp)
        asked = paging.page(first, after, (str,))
        offer = await offered(asking, known)
        _, client = await reading(info, known)
        ids = sorted(offer.mappings)
        begin = bisect_right(ids, OrganizationId(str(asked.after[0]))) if asked.after else 0
        cut = paging.cut(ids[begin : begin + asked.limit], asked)
        known_now = await asking.in_thread(judged, asking.journal, client, known, offer, cut.rows)
        edges, page_info = paging.edges_of(
            cut, lambda one: (one,), lambda one: _shown(one, offer.mappings[one], *known_now[one])
        )

        async def count() -> int:
            return len(ids)

        async def count_by_state() -> dict[str, int]:
            every = await asking.in_thread(judged, asking.journal, client, known, offer, ids)
            return dict(Counter("RESTORABLE" if no is None else type(no).__name__ for _, no in every.values()))

        state = await asking.connection(known)
        products = await asking.in_thread(_products, client, offer, set(state.products))
        return RestorableMappings(
            products=products,
            organizations=Paged(edges=edges, page_info=page_info, count=count, count_by_state=count_by_state),
        )


@strawberry.type
class RestoreMutations:
    @mutation(RESTORE, ADMINS, "Map again what was mapped before, all of it in one append, and nothing twice.")
    async def restore_mappings(self, info: Info, input: RestoreMappingsInput) -> Any:
        asking = info.context
        for name, asked in (("products", input.products), ("organizations", input.organizations)):
            if asked is not None and len(asked) > MOST_NAMED:
                raise InvalidInput(name, f"at most {MOST_NAMED}")
        act = await asking.act("restoreMappings", input.msp, input)
        offer = await offered(asking, act.msp)
        items = _items(offer, input.products)
        ids = sorted(
            offer.mappings if input.organizations is None else {OrganizationId(one) for one in input.organizations}
        )
        if act.repeated is not None:
            return await _answered(act, items, {}, ids, {})
        _, client = await reading(info, act.msp)
        refused_items = await asking.in_thread(refused_products, client, offer, items)
        psa = await asking.in_thread(look, client, asking.journal, [offer.mappings.get(one) for one in ids])
        refused: dict[OrganizationId, Refusal] = {}

        def decide(reader: Reader) -> Sequence[Change]:
            refused.clear()
            deciding = looked_at(act.msp, reader, ids)
            live = require_live(deciding.connection)
            if live.number != offer.live.number:
                raise NotConnected
            for one in ids:
                try:
                    deciding.work[one] = restored(deciding, offer, psa, one)
                except Refusal as refusal:
                    refused[one] = refusal
            wanted = [item for item in items if item not in refused_items]
            facts = (
                restore_products(deciding.connection, offer.products, wanted, reader.now)
                if offer.products is not None
                else ()
            )
            return [Change(connection_stream(act.msp), facts), *changes_of(act.msp, deciding)]

        await act.record(decide)
        return await _answered(act, items, refused_items, ids, refused)


def _items(offer: Offer, asked: Sequence[PlanComponentInput] | None) -> list[PlanComponent]:
    if asked is None:
        return sorted(offer.products.products) if offer.products is not None else []
    return sorted({PlanComponent(PlanId(one.plan), one.component) for one in asked})


def _products(client: ReadingClient, offer: Offer, mapped_now: set[PlanComponent]) -> list[RestorableProduct]:
    """Shape: by plan and component; those mapped now are left out."""
    if offer.products is None:
        return []
    items = [item for item in sorted(offer.products.products) if item not in mapped_now]
    refused = refused_products(client, offer, items)
    found = []
    for item in items:
        mapped = offer.products.products[item]
        rule = offer.products.rules.get(mapped.product, ProductRule())
        found.append(
            RestorableProduct(
                plan=strawberry.ID(item.plan),
                component=item.component,
                product=mapped.product,
                identifier=mapped.identifier,
                description=mapped.description,
                rule=rule.rule,
                minimum=rule.minimum,
                can_be_restored=item not in refused,
                why_not=as_graphql(refused[item]) if item in refused else None,
            )
        )
    return found


def _shown(organization: OrganizationId, old: CompanyMapped, name: str, why_not: Refusal | None) -> RestorableMapping:
    return RestorableMapping(
        organization=strawberry.ID(organization),
        organization_name=name,
        company=old.company,
        company_name=old.company_name,
        agreement=old.agreement,
        agreement_name=old.agreement_name,
        mapped_at=old.mapped_at,
        can_be_restored=why_not is None,
        why_not=None if why_not is None else as_graphql(why_not),
    )


async def _answered(
    act: Act,
    items: Sequence[PlanComponent],
    refused_items: Mapping[PlanComponent, Refusal],
    ids: Sequence[OrganizationId],
    refused: Mapping[OrganizationId, Refusal],
) -> MappingsRestored:
    """How things stand after the act; for one that was carried out before, how they stand now."""
    rows = await mapping_rows.of_organizations(act.asking.views, act.msp, ids)
    products = (await act.asking.connection(act.msp)).products

    def of_item(item: PlanComponent) -> Any:
        if item in refused_items or item not in products:
            return as_graphql(refused_items.get(item) or ProductNotMapped(item.plan, item.component))
        return ProductRestored(product=products[item].product)

    def of_organization(one: OrganizationId) -> Any:
        row = rows.get(one)
        if one in refused or row is None or row.agreement is None:
            return as_graphql(refused.get(one) or NotMapped(one))
        return MappingChanged(organization=strawberry.ID(one), mapping=shown_mapping(row))

    return MappingsRestored(
        products=[
            ProductRestoreAnswer(plan=strawberry.ID(item.plan), component=item.component, outcome=of_item(item))
            for item in items
        ],
        answers=[MappingRestoreAnswer(organization=strawberry.ID(one), outcome=of_organization(one)) for one in ids],
    )
