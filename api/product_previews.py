"""Which lines a product mapping touches: shown before a plan's component is mapped, mapped elsewhere, or unmapped."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

import strawberry

from api.context import Info
from api.fields import ADMINS, mutation
from api.previewed_lines import ZERO, After, Look, PreviewedLine, identifiers, usage, work_out_line
from api.products import known_item, mappable, reading
from api.refusals import result
from connectwise.agreements import read_agreement
from domain import connection as decisions
from domain.connection import CONNECTION, ConnectionState, product_terms
from domain.organization import ORGANIZATION, OrganizationState
from domain.refusals import (
    NotConnected,
    PlanLacksComponent,
    ProductIsBundle,
    ProductIsInactive,
    ProductNotMapped,
    UnknownPlan,
    UnknownProduct,
)
from domain.streams import organization_stream
from domain.values import (
    Component,
    LeftBehind,
    OrganizationId,
    ProductTerms,
    PsaAgreementId,
    PsaProductId,
    Rule,
)
from projections.reads import mappings as mapping_rows

MOST_AGREEMENTS = 100
"""How many agreements are read in ConnectWise; the others are counted."""


@strawberry.input(description="Without `product` the plan's component would be unmapped.")
class PreviewProductMappingInput:
    plan: strawberry.ID
    component: Component
    product: int | None = None
    left_behind: LeftBehind | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.type(
    description="`agreements` is how many agreements are touched; `lines` are those of the first 100 of them, `money`"
    " is their sum where prices are known."
)
class ProductMappingPreviewed:
    agreements: int
    lines: list[PreviewedLine]
    money: Decimal


PREVIEW = result(
    "PreviewProductMappingResult",
    ProductMappingPreviewed,
    NotConnected,
    UnknownPlan,
    PlanLacksComponent,
    UnknownProduct,
    ProductIsInactive,
    ProductIsBundle,
    ProductNotMapped,
    psa=True,
)


@dataclass(frozen=True, slots=True)
class _Touched:
    """A product whose items change, by how it bills before and after, and what becomes of lines that it leaves."""

    before: ProductTerms
    after: ProductTerms
    left_behind: LeftBehind


@strawberry.type
class ProductPreviewMutations:
    @mutation(PREVIEW, ADMINS, "Show which lines a product mapping would touch. Records nothing, writes nothing.")
    async def preview_product_mapping(self, info: Info, input: PreviewProductMappingInput) -> Any:
        asking = info.context
        act = await asking.act("previewProductMapping", input.msp, input)
        item = await known_item(info, input.plan, input.component)
        live, client = await reading(info, act.msp)
        before = await asking.connection(act.msp)
        now = await asking.in_thread(asking.journal.now)
        if input.product is None:
            left_behind = input.left_behind or LeftBehind.UNTOUCHED
            facts = decisions.unmap_product(before, item, left_behind=left_behind)
        else:
            left_behind = input.left_behind or LeftBehind.ZERO
            product = await asking.in_thread(mappable, client, PsaProductId(input.product))
            facts = decisions.map_product(
                before,
                item,
                product=product.id,
                identifier=product.identifier,
                description=product.description,
                left_behind=left_behind,
                now=now,
            )
        after = reduce(CONNECTION.evolve, facts, before)
        look = Look(asking.journal, client, act.msp, after, live, now, identifiers(before, after))
        there = await mapping_rows.by_agreement(asking.views, act.msp)
        touched = _touched(before, after, left_behind)
        agreements, lines = await asking.in_thread(_lines, look, touched, there)
        money = sum((line.money for line in lines if line.money is not None), ZERO)
        return ProductMappingPreviewed(agreements=agreements, lines=lines, money=money)


def _touched(before: ConnectionState, after: ConnectionState, left_behind: LeftBehind) -> list[_Touched]:
    """Shape: by product."""
    old = {terms.product: terms for terms in product_terms(before)}
    new = {terms.product: terms for terms in product_terms(after)}
    return [
        _Touched(
            old.get(product, ProductTerms(product, (), Rule.CURRENT, 0)),
            new.get(product, ProductTerms(product, (), Rule.CURRENT, 0)),
            left_behind,
        )
        for product in sorted(old.keys() | new.keys())
        if old.get(product) != new.get(product)
    ]


def _lines(
    look: Look, touched: Sequence[_Touched], there: Mapping[int, Sequence[str]]
) -> tuple[int, list[PreviewedLine]]:
    """How many agreements are touched, and the lines of the first of them. Raises: as any read of the PSA."""
    streams = {
        organization: organization_stream(look.msp, organization)
        for mapped in there.values()
        for organization in map(OrganizationId, mapped)
    }
    states = look.journal.states(ORGANIZATION, list(streams.values()))

    def on(agreement: int) -> dict[OrganizationId, OrganizationState]:
        return {one: states[streams[one]].state for one in map(OrganizationId, there[agreement])}

    def products_on(agreement: int) -> list[_Touched]:
        return [
            one
            for one in touched
            if any(
                usage(state, look.month, terms) is not None
                for state in on(agreement).values()
                for terms in (one.before, one.after)
            )
        ]

    agreements = {agreement: found for agreement in there if (found := products_on(agreement))}

    def of_agreement(agreement: int) -> list[PreviewedLine]:
        number = PsaAgreementId(agreement)
        seen = read_agreement(look.client, number, look.now)
        return [
            work_out_line(look, seen, number, one.after, _after(look, one, on(agreement)))
            for one in agreements[agreement]
        ]

    with ThreadPoolExecutor(look.connection.settings.parallel_requests, thread_name_prefix="preview") as threads:
        some = sorted(agreements)[:MOST_AGREEMENTS]
        return len(agreements), [line for lines in threads.map(of_agreement, some) for line in lines]


def _after(look: Look, one: _Touched, organizations: Mapping[OrganizationId, OrganizationState]) -> After:
    before = {each for each, state in organizations.items() if usage(state, look.month, one.before) is not None}
    after = {each for each, state in organizations.items() if usage(state, look.month, one.after) is not None}
    return After(
        organizations=organizations,
        arriving=after - before,
        leaving=sorted(before - after),
        left_behind=one.left_behind if before - after else None,
    )
