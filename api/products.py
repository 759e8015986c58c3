"""What the vendor sells and which ConnectWise products bill it: catalogue, search, create, map, rule and minimum."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import strawberry

from api.connection import ConnectionChanged, connection_of
from api.context import Info
from api.fields import ADMINS, EVERYBODY, READERS, computed, mutation, query
from api.refusals import IdentifierChanged, PsaOutcomeUnknown, result
from connectwise.client import ReadingClient, WritingClient
from connectwise.errors import NotFound
from connectwise.links import product_link
from connectwise.shapes import CatalogItem
from domain import connection as decisions
from domain.catalogue import Catalogue
from domain.connection import CONNECTION, ConnectionState, Live, ProductCreated
from domain.refusals import (
    IdentifierTaken,
    InvalidInput,
    NotConnected,
    PlanLacksComponent,
    ProductIsBundle,
    ProductIsInactive,
    ProductNotMapped,
    UnknownPlan,
    UnknownProduct,
)
from domain.streams import connection_stream
from domain.values import Component, LeftBehind, MspId, PlanComponent, PlanId, PsaProductId, Rule
from journal.reader import Change, Reader

BUNDLE = "Bundle"
CREATE_PRODUCT_WITHIN = timedelta(seconds=60)
MOST_FOUND = 100
MOST_CHOSEN = 500


@strawberry.type
class Plan:
    id: strawberry.ID
    name: str
    components: list[Component]


@strawberry.type
class ProductLine:
    id: strawberry.ID
    name: str
    plans: list[Plan]


@strawberry.type(description="A product of the MSP's ConnectWise catalogue, as it is there now.")
class PsaProduct:
    id: int
    identifier: str
    description: str
    product_class: str | None
    category: str | None
    subcategory: str | None
    type: str | None
    unit_of_measure: str | None
    price: Decimal | None
    is_inactive: bool
    link: str


@strawberry.type(description="An entry of one of ConnectWise's setup tables.")
class PsaTableEntry:
    id: int
    name: str
    is_inactive: bool


@strawberry.type(
    description="A company type or status of ConnectWise. `companies` asks ConnectWise once for each entry."
)
class PsaCompanyKind:
    id: int
    name: str
    is_inactive: bool
    count: strawberry.Private[Callable[[], int]]

    @computed("How many companies have it; deleted ones do not count.")
    async def companies(self, info: Info) -> int:
        return await info.context.in_thread(self.count)


@strawberry.type
class PsaSubcategory:
    id: int
    name: str
    category: int
    is_inactive: bool


@strawberry.type(description="What a new product can be filed under.")
class PsaProductSetup:
    categories: list[PsaTableEntry]
    subcategories: list[PsaSubcategory]
    types: list[PsaTableEntry]


@strawberry.type
class ProductMade:
    """A product that was missing in ConnectWise and is there now."""

    product: int
    identifier: str
    description: str


@strawberry.input
class CreateProductInput:
    identifier: str
    description: str
    subcategory: int
    type: int
    customer_description: str | None = None
    price: Decimal | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input(description="`leftBehind` is for additions that a remapping leaves.")
class MapProductInput:
    plan: strawberry.ID
    component: Component
    product: int
    left_behind: LeftBehind = LeftBehind.ZERO
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input(description="`leftBehind` is for additions that nothing bills any more.")
class UnmapProductInput:
    plan: strawberry.ID
    component: Component
    left_behind: LeftBehind = LeftBehind.UNTOUCHED
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input(description="Rule and minimum belong to the product: all plan components mapped to it share them.")
class SetProductRuleInput:
    product: int
    rule: Rule
    minimum: int = 0
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


CREATE_PRODUCT = result(
    "CreateProductResult",
    ProductMade,
    NotConnected,
    IdentifierTaken,
    psa=True,
    also=(IdentifierChanged, PsaOutcomeUnknown),
)
MAP_PRODUCT = result(
    "MapProductResult",
    ConnectionChanged,
    NotConnected,
    UnknownPlan,
    PlanLacksComponent,
    UnknownProduct,
    ProductIsInactive,
    ProductIsBundle,
    psa=True,
)
UNMAP_PRODUCT = result("UnmapProductResult", ConnectionChanged, NotConnected, ProductNotMapped)
SET_PRODUCT_RULE = result("SetProductRuleResult", ConnectionChanged, NotConnected, UnknownProduct)


@strawberry.type
class ProductQueries:
    @query(EVERYBODY, "The vendor's catalogue: what there is to map.")
    async def product_lines(self, info: Info) -> list[ProductLine]:
        return [
            ProductLine(
                id=strawberry.ID(line.id),
                name=line.name,
                plans=[
                    Plan(id=strawberry.ID(plan.id), name=plan.name, components=list(plan.components))
                    for plan in line.plans
                ],
            )
            for line in info.context.parts.catalogue.lines
        ]

    @query(READERS, "Active products of ConnectWise whose identifier or description holds every word.")
    async def psa_products(
        self, info: Info, search: str, first: int = 25, msp: strawberry.ID | None = None
    ) -> list[PsaProduct]:
        if not 1 <= first <= MOST_FOUND:
            raise InvalidInput("first", f"1 to {MOST_FOUND}")
        if len(search) > 200:
            raise InvalidInput("search", "at most 200 characters")
        known = await info.context.known_msp(msp)
        live, client = await reading(info, known)
        found = await info.context.in_thread(client.search_products, search, first)
        return [_psa_product(client, live, item) for item in found]

    @query(READERS, "Categories, subcategories and types that a new product can have.")
    async def psa_product_setup(self, info: Info, msp: strawberry.ID | None = None) -> PsaProductSetup:
        _, client = await reading(info, await info.context.known_msp(msp))
        categories = await info.context.in_thread(client.categories)
        subcategories = await info.context.in_thread(client.subcategories)
        types = await info.context.in_thread(client.product_types)
        return PsaProductSetup(
            categories=[PsaTableEntry(id=each.id, name=each.name, is_inactive=each.is_inactive) for each in categories],
            subcategories=[
                PsaSubcategory(id=each.id, name=each.name, category=each.category_id, is_inactive=each.is_inactive)
                for each in subcategories
            ],
            types=[PsaTableEntry(id=each.id, name=each.name, is_inactive=each.is_inactive) for each in types],
        )

    @query(READERS, "ConnectWise's company types, to filter an import by.")
    async def psa_company_types(self, info: Info, msp: strawberry.ID | None = None) -> list[PsaCompanyKind]:
        _, client = await reading(info, await info.context.known_msp(msp))
        types = await info.context.in_thread(client.company_types)
        return [
            PsaCompanyKind(
                id=each.id, name=each.name, is_inactive=False, count=partial(client.count_companies, types=(each.id,))
            )
            for each in types
        ]

    @query(READERS, "ConnectWise's company statuses, to filter an import by.")
    async def psa_company_statuses(self, info: Info, msp: strawberry.ID | None = None) -> list[PsaCompanyKind]:
        _, client = await reading(info, await info.context.known_msp(msp))
        statuses = await info.context.in_thread(client.company_statuses)
        return [
            PsaCompanyKind(
                id=each.id,
                name=each.name,
                is_inactive=each.is_inactive,
                count=partial(client.count_companies, statuses=(each.id,)),
            )
            for each in statuses
        ]

    @query(
        READERS,
        "About how many companies an import with this filter would read, by ConnectWise's own count."
        " No types or no statuses means any.",
    )
    async def psa_company_count(
        self,
        info: Info,
        types: list[int] | None = None,
        statuses: list[int] | None = None,
        msp: strawberry.ID | None = None,
    ) -> int:
        chosen = (types or [], statuses or [])
        if any(len(each) > MOST_CHOSEN for each in chosen):
            raise InvalidInput("types" if len(chosen[0]) > MOST_CHOSEN else "statuses", f"at most {MOST_CHOSEN}")
        _, client = await reading(info, await info.context.known_msp(msp))
        return await info.context.in_thread(client.count_companies, *chosen)


@strawberry.type
class ProductMutations:
    @mutation(CREATE_PRODUCT, ADMINS, "Create a product of class Agreement in ConnectWise.")
    async def create_product(self, info: Info, input: CreateProductInput) -> Any:
        asking = info.context
        act = await asking.act("createProduct", input.msp, input)
        stream = connection_stream(act.msp)
        if act.repeated is not None:
            first: ProductCreated = (await act.first_entry(stream)).fact
            return _made(first)
        _check_new_product(input)
        live = await asking.live(act.msp)
        client = await asking.in_thread(asking.parts.psa.tenants.writing, act.msp, live.number)
        item = await asking.in_thread(_create_in_psa, client, input, asking.parts.psa.wire.time.now())
        created = ProductCreated(item.id, item.identifier, item.description, input.subcategory, input.type)

        def decide(reader: Reader) -> tuple[Change, ...]:
            return (Change(stream, decisions.create_product(reader.state(CONNECTION, stream).state, created)),)

        await act.record(decide)
        return _made(created)

    @mutation(MAP_PRODUCT, ADMINS, "Say which ConnectWise product bills a plan's component.")
    async def map_product(self, info: Info, input: MapProductInput) -> Any:
        asking = info.context
        act = await asking.act("mapProduct", input.msp, input)
        if act.repeated is not None:
            return ConnectionChanged(connection=await connection_of(info, act.msp))
        item = await known_item(info, input.plan, input.component)
        _, client = await reading(info, act.msp)
        product = await asking.in_thread(mappable, client, PsaProductId(input.product))
        stream = connection_stream(act.msp)

        def decide(reader: Reader) -> tuple[Change, ...]:
            state: ConnectionState = reader.state(CONNECTION, stream).state
            facts = decisions.map_product(
                state,
                item,
                product=product.id,
                identifier=product.identifier,
                description=product.description,
                left_behind=input.left_behind,
                now=reader.now,
            )
            return (Change(stream, facts),)

        await act.record(decide)
        return ConnectionChanged(connection=await connection_of(info, act.msp))

    @mutation(UNMAP_PRODUCT, ADMINS, "A plan's component is billed by no product any more.")
    async def unmap_product(self, info: Info, input: UnmapProductInput) -> Any:
        act = await info.context.act("unmapProduct", input.msp, input)
        stream = connection_stream(act.msp)
        item = PlanComponent(PlanId(input.plan), input.component)

        def decide(reader: Reader) -> tuple[Change, ...]:
            state = reader.state(CONNECTION, stream).state
            return (Change(stream, decisions.unmap_product(state, item, left_behind=input.left_behind)),)

        await act.record(decide)
        return ConnectionChanged(connection=await connection_of(info, act.msp))

    @mutation(SET_PRODUCT_RULE, ADMINS, "Set how a product's months are counted, and the least that is billed.")
    async def set_product_rule(self, info: Info, input: SetProductRuleInput) -> Any:
        act = await info.context.act("setProductRule", input.msp, input)
        stream, product = connection_stream(act.msp), PsaProductId(input.product)

        def decide(reader: Reader) -> tuple[Change, ...]:
            state = reader.state(CONNECTION, stream).state
            facts = decisions.set_product_rule(state, product, rule=input.rule, minimum=input.minimum)
            return (Change(stream, facts),)

        await act.record(decide)
        return ConnectionChanged(connection=await connection_of(info, act.msp))


async def reading(info: Info, msp: MspId) -> tuple[Live, ReadingClient]:
    """The live connection and a client that can not write. Raises: NotConnected."""
    asking = info.context
    live = await asking.live(msp)
    return live, await asking.in_thread(asking.parts.psa.tenants.reading, msp, live.number)


async def known_item(info: Info, plan: str, component: Component) -> PlanComponent:
    """Raises: UnknownPlan, PlanLacksComponent."""
    catalogue: Catalogue = info.context.parts.catalogue
    known = catalogue.plan(plan)
    if component not in known.components:
        now = await info.context.in_thread(info.context.journal.now)
        raise PlanLacksComponent(known.id, component, now)
    return PlanComponent(known.id, component)


def mappable(client: ReadingClient, product: PsaProductId) -> CatalogItem:
    """Raises: UnknownProduct, ProductIsInactive, ProductIsBundle, and as any read."""
    try:
        item = client.product(product)
    except NotFound as error:
        raise UnknownProduct(product) from error
    if item.is_inactive:
        raise ProductIsInactive(product, item.identifier)
    if item.product_class == BUNDLE:
        raise ProductIsBundle(product, item.identifier)
    return item


def _check_new_product(given: CreateProductInput) -> None:
    """Raises: InvalidInput. Source of the lengths: `WritingClient.create_product`."""
    for name, text, most in (
        ("identifier", given.identifier, 60),
        ("description", given.description, 60),
        ("customerDescription", given.customer_description or given.description, 6000),
    ):
        if not 1 <= len(text.strip()) <= most or (name == "identifier" and not text.isprintable()):
            raise InvalidInput(name, f"1 to {most} printable characters")
    if given.price is not None and given.price < 0:
        raise InvalidInput("price", "not below zero")


def _create_in_psa(client: WritingClient, given: CreateProductInput, now: Any) -> CatalogItem:
    """Raises: IdentifierTaken when it is there already, and as any write."""
    identifier = given.identifier.strip()
    known = client.product_by_identifier(identifier)
    if known is not None:
        raise IdentifierTaken(known.identifier, known.id)
    return client.create_product(
        identifier=identifier,
        description=given.description.strip(),
        customer_description=(given.customer_description or given.description).strip(),
        subcategory_id=given.subcategory,
        type_id=given.type,
        price=given.price,
        deadline=now + CREATE_PRODUCT_WITHIN,
    )


def _made(created: ProductCreated) -> ProductMade:
    return ProductMade(product=created.product, identifier=created.identifier, description=created.description)


def _psa_product(client: ReadingClient, live: Live, item: CatalogItem) -> PsaProduct:
    return PsaProduct(
        id=item.id,
        identifier=item.identifier,
        description=item.description,
        product_class=item.product_class,
        category=item.category.text if item.category else None,
        subcategory=item.subcategory.text if item.subcategory else None,
        type=item.type.text if item.type else None,
        unit_of_measure=item.unit_of_measure,
        price=item.price,
        is_inactive=item.is_inactive,
        link=product_link(client.address.site, live.tenant.company_id, item.id),
    )
