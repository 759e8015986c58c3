"""Organizations for stories: instants of autumn 2026, plans, and facts with short names."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.catalogue import Plan
from domain.organization import (
    ORGANIZATION,
    ClosedItem,
    ClosedProduct,
    Given,
    LicensesChanged,
    LicenseTypeChanged,
    ManagementChanged,
    MonthClosed,
    OrganizationClosed,
    OrganizationCreated,
    OrganizationFact,
    OrganizationState,
    PlanChanged,
    UsageCorrected,
    billed_timelines,
    change_license_type,
    change_licenses,
    change_management,
    change_plan,
    close_month,
    close_organization,
    standing_at,
    standings,
)
from domain.quantity_rules import value_at
from domain.values import (
    BillingMonth,
    ChangeId,
    Component,
    LicenseType,
    LineId,
    Management,
    OrganizationId,
    PlanComponent,
    PlanId,
    ProductTerms,
    PsaAgreementId,
    PsaProductId,
    Rule,
)
from tests.domain.story import Outcome, given

OCTOBER, NOVEMBER, DECEMBER = BillingMonth(2026, 10), BillingMonth(2026, 11), BillingMonth(2026, 12)
GLOBEX = OrganizationId("globex")
NETWORK = LineId("network")
CORE = Plan(PlanId("core"), NETWORK, "Core", (Component.LICENSE, Component.SERVER))
LITE = Plan(PlanId("lite"), NETWORK, "Lite", (Component.LICENSE,))
CORE_LICENSE, CORE_SERVER = CORE.items
(LITE_LICENSE,) = LITE.items
SEATS, NODES = PsaProductId(10), PsaProductId(20)
AGREEMENT = PsaAgreementId(7)
MICROSECOND = timedelta(microseconds=1)
MUCH_LATER = datetime(2027, 6, 1, tzinfo=UTC)

Organization = Outcome[OrganizationState, OrganizationFact]


def on(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant of 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


CREATED_AT = on(10, 1)


def created(
    plan: Plan = CORE,
    at: datetime = CREATED_AT,
    license_type: LicenseType = LicenseType.PAID,
    management: Management = Management.MSP,
) -> OrganizationCreated:
    return OrganizationCreated(
        ChangeId("born"), at, "Globex", plan.line, plan.id, plan.components, license_type, management
    )


def bought(
    quantity: int, at: datetime, *, before: int = 0, component: Component = Component.LICENSE, change: str = "c"
) -> LicensesChanged:
    """A given quantity, recorded when `before` was in force."""
    return LicensesChanged(ChangeId(change), component, Given.QUANTITY, quantity - before, quantity, at)


def shifted(
    delta: int, at: datetime, *, before: int, component: Component = Component.LICENSE, change: str = "c"
) -> LicensesChanged:
    """A given delta, recorded when `before` was in force."""
    return LicensesChanged(ChangeId(change), component, Given.DELTA, delta, before + delta, at)


def replanned(plan: Plan, at: datetime, change: str = "c") -> PlanChanged:
    return PlanChanged(ChangeId(change), at, plan.line, plan.id, plan.components)


def retyped(license_type: LicenseType, at: datetime, change: str = "c") -> LicenseTypeChanged:
    return LicenseTypeChanged(ChangeId(change), at, license_type)


def handed(management: Management, at: datetime, change: str = "c") -> ManagementChanged:
    return ManagementChanged(ChangeId(change), at, management)


def shut(at: datetime, change: str = "c") -> OrganizationClosed:
    return OrganizationClosed(ChangeId(change), at)


def product(quantity: str, which: PsaProductId = SEATS, rule: Rule = Rule.CURRENT, minimum: int = 0) -> ClosedProduct:
    return ClosedProduct(which, Decimal(quantity), rule, minimum)


def unmapped(item: PlanComponent, quantity: str) -> ClosedItem:
    return ClosedItem(item.plan, item.component, Decimal(quantity))


def seats(rule: Rule = Rule.CURRENT, minimum: int = 0, *items: PlanComponent) -> ProductTerms:
    """Terms of the product of licences, of both plans unless told otherwise."""
    return ProductTerms(SEATS, items or (CORE_LICENSE, LITE_LICENSE), rule, minimum)


def nodes(rule: Rule = Rule.CURRENT, minimum: int = 0) -> ProductTerms:
    return ProductTerms(NODES, (CORE_SERVER,), rule, minimum)


@dataclass(frozen=True, slots=True)
class Terms:
    """The product terms in force at each Connection version, as `terms_at` wants them."""

    by_version: dict[int, tuple[ProductTerms, ...]]

    def __call__(self, version: int) -> tuple[ProductTerms, ...]:
        return self.by_version[version]


NO_TERMS = Terms({})
CHANGE = ChangeId("c")


def closed(
    month: BillingMonth, products: tuple[ClosedProduct, ...], *without_product: ClosedItem, connection_version: int = 5
) -> MonthClosed:
    return MonthClosed(month, 1, 1, connection_version, 2, AGREEMENT, products, without_product)


def corrected(
    month: BillingMonth,
    version: int,
    old: tuple[ClosedProduct, ...],
    new: tuple[ClosedProduct, ...],
    *,
    old_items: tuple[ClosedItem, ...] = (),
    new_items: tuple[ClosedItem, ...] = (),
    cause: str = "c",
) -> UsageCorrected:
    return UsageCorrected(month, version, 1, 5, 2, AGREEMENT, old, old_items, new, new_items, ChangeId(cause))


@dataclass(frozen=True, slots=True)
class History:
    """A stream of one organization to which changes are reported; `now` is when, `terms` those of closed months."""

    facts: tuple[OrganizationFact, ...]
    now: datetime = MUCH_LATER
    terms: Terms = NO_TERMS
    change: ChangeId = CHANGE

    def licenses(
        self, value: int, at: datetime, *, by: Given = Given.QUANTITY, of: Component = Component.LICENSE
    ) -> Organization:
        return given(ORGANIZATION, *self.facts).when(
            change_licenses,
            GLOBEX,
            change_id=self.change,
            component=of,
            given=by,
            value=value,
            effective_at=at,
            now=self.now,
            terms_at=self.terms,
        )

    def delta(self, value: int, at: datetime, *, of: Component = Component.LICENSE) -> Organization:
        return self.licenses(value, at, by=Given.DELTA, of=of)

    def plan(self, plan: Plan, at: datetime) -> Organization:
        return given(ORGANIZATION, *self.facts).when(
            change_plan,
            GLOBEX,
            change_id=self.change,
            plan=plan,
            effective_at=at,
            now=self.now,
            terms_at=self.terms,
        )

    def license_type(self, license_type: LicenseType, at: datetime) -> Organization:
        return given(ORGANIZATION, *self.facts).when(
            change_license_type,
            GLOBEX,
            change_id=self.change,
            license_type=license_type,
            effective_at=at,
            now=self.now,
            terms_at=self.terms,
        )

    def management(self, management: Management, at: datetime) -> Organization:
        return given(ORGANIZATION, *self.facts).when(
            change_management,
            GLOBEX,
            change_id=self.change,
            management=management,
            effective_at=at,
            now=self.now,
            terms_at=self.terms,
        )

    def close(self, at: datetime) -> Organization:
        return given(ORGANIZATION, *self.facts).when(
            close_organization,
            GLOBEX,
            change_id=self.change,
            effective_at=at,
            now=self.now,
            terms_at=self.terms,
        )

    def close_month(self, month: BillingMonth, *terms: ProductTerms) -> Organization:
        return given(ORGANIZATION, *self.facts).when(
            close_month,
            month,
            terms=terms,
            connection_number=1,
            connection_version=5,
            company_mapping_version=2,
            agreement=AGREEMENT,
            now=self.now,
        )


def history(*facts: OrganizationFact, now: datetime = MUCH_LATER, terms: Terms = NO_TERMS) -> History:
    return History(facts, now, terms)


def quantity(state: OrganizationState, at: datetime, component: Component = Component.LICENSE) -> int | None:
    """What is counted of a component at an instant; none when there is no such component then."""
    standing = standing_at(state, at)
    return None if standing is None else standing.quantities.get(component)


def billed(state: OrganizationState, at: datetime, item: PlanComponent = CORE_LICENSE) -> int:
    """What is billed of a plan component at an instant."""
    return value_at(billed_timelines(standings(state)).get(item, ()), at)
