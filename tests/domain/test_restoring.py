"""Mappings of earlier connections to the same tenant are offered; those of others, and what was unmapped, are not."""

from datetime import UTC, datetime
from functools import reduce

import pytest

from domain.company_mapping import CompanyMapped, CompanyMappingFact, CompanyUnmapped, OrganizationExcluded
from domain.connection import (
    CONNECTION,
    Connected,
    ConnectionFact,
    Disconnected,
    Live,
    MappedProduct,
    ProductMapped,
    ProductRule,
    ProductRuleSet,
    ProductUnmapped,
)
from domain.refusals import NotConnected
from domain.restoring import (
    EarlierProducts,
    earlier_mappings,
    earlier_products,
    numbers_of_same_tenant,
    restore_products,
    tenants_of,
)
from domain.values import (
    Component,
    LeftBehind,
    OrganizationId,
    PlanComponent,
    PlanId,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    Rule,
    Tenant,
)

NOW = datetime(2026, 11, 5, tzinfo=UTC)
ACME, OTHER = Tenant("na.myconnectwise.net", "acme"), Tenant("eu.myconnectwise.net", "other")
LICENSES = PlanComponent(PlanId("core"), Component.LICENSE)
SERVERS = PlanComponent(PlanId("core"), Component.SERVER)
GLOBEX, INITECH = OrganizationId("globex"), OrganizationId("initech")


def connected(number: int, tenant: Tenant = ACME) -> Connected:
    return Connected(number, tenant, "https://na.myconnectwise.net", "Acme", "0000", NOW)


def live(number: int, tenant: Tenant = ACME) -> Live:
    return Live(number, tenant, "https://na.myconnectwise.net", "Acme", "0000", NOW)


def product(item: PlanComponent, number: int) -> ProductMapped:
    return ProductMapped(item, PsaProductId(number), f"P{number}", f"Product {number}", LeftBehind.ZERO, NOW)


def mapped(number: int, agreement: int = 7) -> CompanyMapped:
    return CompanyMapped(
        number, PsaCompanyId(3), "Globex", PsaAgreementId(agreement), "Monthly", "Globex", LeftBehind.ZERO, NOW
    )


FIRST: tuple[ConnectionFact, ...] = (
    connected(1),
    product(LICENSES, 11),
    product(SERVERS, 12),
    ProductRuleSet(PsaProductId(11), Rule.PEAK, 5),
    ProductRuleSet(PsaProductId(12), Rule.PEAK, 1),
    ProductUnmapped(SERVERS, LeftBehind.UNTOUCHED),
    Disconnected(1),
)
ELSEWHERE: tuple[ConnectionFact, ...] = (connected(2, OTHER), product(LICENSES, 99), Disconnected(2))
EARLIER = EarlierProducts(
    1, {LICENSES: MappedProduct(PsaProductId(11), "P11", "Product 11")}, {PsaProductId(11): ProductRule(Rule.PEAK, 5)}
)


def test_only_earlier_connections_to_the_same_tenant_count() -> None:
    facts = (*FIRST, *ELSEWHERE, connected(3))

    assert {1: ACME, 2: OTHER, 3: ACME} == tenants_of(facts)
    assert frozenset({1}) == numbers_of_same_tenant(facts, live(3))
    assert frozenset() == numbers_of_same_tenant(facts, live(2, OTHER))


@pytest.mark.parametrize(
    ("facts", "now", "expected"),
    [
        ((*FIRST, connected(2)), live(2), EARLIER),
        ((*FIRST, *ELSEWHERE, connected(3)), live(3), EARLIER),
        ((*FIRST, connected(2), Disconnected(2), connected(3)), live(3), EARLIER),
        ((connected(1),), live(1), None),
        ((*ELSEWHERE, connected(3)), live(3), None),
    ],
)
def test_the_product_mappings_offered_are_the_newest_of_the_same_tenant(
    facts: tuple[ConnectionFact, ...], now: Live, expected: EarlierProducts | None
) -> None:
    assert expected == earlier_products(facts, now)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([(GLOBEX, mapped(1)), (INITECH, mapped(1, 8))], {GLOBEX: mapped(1), INITECH: mapped(1, 8)}),
        ([(GLOBEX, mapped(1)), (GLOBEX, mapped(1, 9))], {GLOBEX: mapped(1, 9)}),
        ([(GLOBEX, mapped(1)), (GLOBEX, CompanyUnmapped(LeftBehind.ZERO))], {}),
        ([(GLOBEX, mapped(1)), (GLOBEX, OrganizationExcluded("by hand"))], {GLOBEX: mapped(1)}),
        ([(GLOBEX, mapped(1)), (GLOBEX, mapped(2, 50))], {GLOBEX: mapped(1)}),
        ([(GLOBEX, mapped(1)), (GLOBEX, mapped(2)), (GLOBEX, CompanyUnmapped(LeftBehind.ZERO))], {GLOBEX: mapped(1)}),
        ([(GLOBEX, mapped(1)), (GLOBEX, mapped(3))], {}),
        ([(GLOBEX, mapped(1)), (GLOBEX, mapped(3)), (GLOBEX, CompanyUnmapped(LeftBehind.ZERO))], {}),
    ],
)
def test_a_company_mapping_is_offered_until_it_was_unmapped_or_mapped_anew(
    facts: list[tuple[OrganizationId, CompanyMappingFact]], expected: dict[OrganizationId, CompanyMapped]
) -> None:
    assert expected == earlier_mappings(facts, {1}, 3)


def test_products_are_restored_with_their_rules_and_only_once() -> None:
    state = reduce(CONNECTION.evolve, (*FIRST, connected(2)), CONNECTION.initial)

    facts = restore_products(state, EARLIER, [LICENSES, SERVERS], NOW)
    again = restore_products(reduce(CONNECTION.evolve, facts, state), EARLIER, [LICENSES], NOW)

    restored = ProductMapped(LICENSES, PsaProductId(11), "P11", "Product 11", LeftBehind.UNTOUCHED, NOW)
    assert (restored, ProductRuleSet(PsaProductId(11), Rule.PEAK, 5)) == facts
    assert () == again


def test_what_is_mapped_now_keeps_its_product_and_its_rule() -> None:
    now_mapped = (*FIRST, connected(2), product(LICENSES, 50), product(SERVERS, 11))
    state = reduce(CONNECTION.evolve, now_mapped, CONNECTION.initial)

    assert () == restore_products(state, EARLIER, [LICENSES], NOW)


def test_a_rule_whose_product_was_not_asked_for_is_not_restored() -> None:
    state = reduce(CONNECTION.evolve, (*FIRST, connected(2)), CONNECTION.initial)

    assert () == restore_products(state, EARLIER, [], NOW)


def test_nothing_is_restored_without_a_connection() -> None:
    with pytest.raises(NotConnected):
        restore_products(CONNECTION.initial, EARLIER, [LICENSES], NOW)
