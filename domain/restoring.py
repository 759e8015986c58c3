"""What was mapped through earlier connections to the same ConnectWise, and mapping it again.

Record ids mean the same again when the same tenant is connected anew, but nothing is mapped by itself: a person looks
at what is offered and takes what still holds. Whatever was unmapped at the time is not offered.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from domain.company_mapping import CompanyMapped, CompanyMappingFact, CompanyUnmapped
from domain.connection import (
    CONNECTION,
    Connected,
    ConnectionFact,
    ConnectionState,
    Disconnected,
    Live,
    MappedProduct,
    ProductRule,
    map_product,
    require_live,
    set_product_rule,
)
from domain.values import LeftBehind, OrganizationId, PlanComponent, PsaProductId, Tenant


@dataclass(frozen=True, slots=True)
class EarlierProducts:
    """The product mappings of an earlier connection, as they were when it ended. `rules` only of products mapped."""

    connection_number: int
    products: Mapping[PlanComponent, MappedProduct]
    rules: Mapping[PsaProductId, ProductRule]


def tenants_of(facts: Iterable[ConnectionFact]) -> dict[int, Tenant]:
    """The tenant of each connection of an MSP, by its number."""
    return {fact.number: fact.tenant for fact in facts if isinstance(fact, Connected)}


def numbers_of_same_tenant(facts: Iterable[ConnectionFact], live: Live) -> frozenset[int]:
    """Numbers of the earlier connections to the tenant that is connected now."""
    return frozenset(
        number for number, tenant in tenants_of(facts).items() if tenant == live.tenant and number < live.number
    )


def earlier_products(facts: Iterable[ConnectionFact], live: Live) -> EarlierProducts | None:
    """Those of the newest earlier connection to the same tenant that had any."""
    state, found = CONNECTION.initial, None
    for fact in facts:
        ended = state.live if isinstance(fact, Disconnected) else None
        if ended is not None and ended.tenant == live.tenant and state.products:
            used = {mapped.product for mapped in state.products.values()}
            rules = {product: rule for product, rule in state.rules.items() if product in used}
            found = EarlierProducts(ended.number, state.products, rules)
        state = CONNECTION.evolve(state, fact)
    return found


def earlier_mappings(
    facts: Iterable[tuple[OrganizationId, CompanyMappingFact]], numbers: Collection[int], live_number: int
) -> dict[OrganizationId, CompanyMapped]:
    """The newest mapping of each organization through one of the connections, unless it was unmapped there.

    What was mapped through the live connection, in whatever way it ended, is not offered again.
    """
    newest: dict[OrganizationId, CompanyMapped] = {}
    found: dict[OrganizationId, CompanyMapped] = {}
    for organization, fact in facts:
        match fact:
            case CompanyMapped():
                newest[organization] = fact
                if fact.connection_number in numbers:
                    found[organization] = fact
                elif fact.connection_number == live_number:
                    found.pop(organization, None)
            case CompanyUnmapped():
                if newest.get(organization) == found.get(organization):
                    found.pop(organization, None)
            case _:
                continue
    return found


def restore_products(
    state: ConnectionState, earlier: EarlierProducts, items: Collection[PlanComponent], now: datetime
) -> tuple[ConnectionFact, ...]:
    """Map these plan components as they were, with the rules of their products; what is mapped now stays as it is.

    Raises: NotConnected.
    """
    require_live(state)
    facts: list[ConnectionFact] = []
    for item in sorted(set(items) & set(earlier.products) - set(state.products)):
        mapped = earlier.products[item]
        facts.extend(
            map_product(
                state,
                item,
                product=mapped.product,
                identifier=mapped.identifier,
                description=mapped.description,
                left_behind=LeftBehind.UNTOUCHED,
                now=now,
            )
        )
    ruled = {mapped.product for mapped in state.products.values()}
    state = reduce(CONNECTION.evolve, facts, state)
    for product, rule in sorted(earlier.rules.items()):
        if product not in ruled and any(mapped.product == product for mapped in state.products.values()):
            facts.extend(set_product_rule(state, product, rule=rule.rule, minimum=rule.minimum))
    return tuple(facts)
