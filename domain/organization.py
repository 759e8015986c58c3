"""One organization: what it bought, how much of it, when; and the usage of each closed month.

Everything effective is kept in the order of (`effective_at`, version), because a change may be reported late. From
that list one walk derives which quantity was in force when. What was given binds: a given quantity holds until the
next given quantity, a given delta shifts it; quantities derived earlier are never trusted again.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import assert_never

from domain import quantity_rules
from domain.catalogue import Plan
from domain.quantity_rules import Step, Timeline
from domain.refusals import (
    EffectiveBeforeCreation,
    EffectiveInFuture,
    InvalidInput,
    MonthHasNotBegun,
    OrganizationExists,
    OrganizationIsClosed,
    PlanLacksComponent,
    QuantityBelowZero,
    UnknownOrganization,
)
from domain.replacing import replace
from domain.streams import Aggregate, StreamKind
from domain.values import (
    FIRST_INSTANT,
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

FORESIGHT = timedelta(minutes=5)
"""How far ahead of the clock a change may be effective (design §3)."""

MOST_UNITS = 1_000_000_000
"""A bound on quantities, so that sums stay exact everywhere a number travels."""


class Given(StrEnum):
    """What the platform reported: the new quantity, or by how much it changed."""

    QUANTITY = "QUANTITY"
    DELTA = "DELTA"


# --- facts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrganizationCreated:
    """By the platform, or by an MSP admin who creates it while mapping. Nothing is effective earlier."""

    change_id: ChangeId
    effective_at: datetime
    name: str
    line: LineId
    plan: PlanId
    components: tuple[Component, ...]
    license_type: LicenseType
    management: Management


@dataclass(frozen=True, slots=True)
class OrganizationRenamed:
    """By the platform; at once, names have no history of effect."""

    name: str


@dataclass(frozen=True, slots=True)
class ManagementChanged:
    """By the platform. While an organization manages itself it bills 0."""

    change_id: ChangeId
    effective_at: datetime
    management: Management


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """By the platform. A component that the new plan lacks ends here; one that it has again starts at 0."""

    change_id: ChangeId
    effective_at: datetime
    line: LineId
    plan: PlanId
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class LicenseTypeChanged:
    """By the platform. TRIAL and NFR bill 0."""

    change_id: ChangeId
    effective_at: datetime
    license_type: LicenseType


@dataclass(frozen=True, slots=True)
class LicensesChanged:
    """By the platform. `given` tells which of `delta` and `quantity` binds; the other is what followed then."""

    change_id: ChangeId
    component: Component
    given: Given
    delta: int
    quantity: int
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class OrganizationClosed:
    """By the platform. From `effective_at` on it bills 0."""

    change_id: ChangeId
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class ClosedProduct:
    """What one product closed with. Units: two decimals."""

    product: PsaProductId
    quantity: Decimal
    rule: Rule
    minimum: int


@dataclass(frozen=True, slots=True)
class ClosedItem:
    """Usage of a plan component that had no product at the close, under CURRENT. Units: two decimals."""

    plan: PlanId
    component: Component
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class MonthClosed:
    """By the clock at 00:30 UTC of day 1, once per month; later changes are corrections with a version.

    `agreement` is where it was mapped at the close; none when it was not mapped.
    """

    month: BillingMonth
    version: int
    connection_number: int
    connection_version: int
    company_mapping_version: int
    agreement: PsaAgreementId | None
    products: tuple[ClosedProduct, ...]
    without_product: tuple[ClosedItem, ...]


@dataclass(frozen=True, slots=True)
class UsageCorrected:
    """With the change that caused it, for each closed month whose usage it changes."""

    month: BillingMonth
    version: int
    connection_number: int
    connection_version: int
    company_mapping_version: int
    agreement: PsaAgreementId | None
    old_products: tuple[ClosedProduct, ...]
    old_without_product: tuple[ClosedItem, ...]
    products: tuple[ClosedProduct, ...]
    without_product: tuple[ClosedItem, ...]
    cause: ChangeId


EffectiveChange = (
    OrganizationCreated | ManagementChanged | PlanChanged | LicenseTypeChanged | LicensesChanged | OrganizationClosed
)
OrganizationFact = EffectiveChange | OrganizationRenamed | MonthClosed | UsageCorrected
MonthUsage = MonthClosed | UsageCorrected


# --- state -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Effective:
    """A change at its place in time. Shape: ordered by (`at`, `version`)."""

    at: datetime
    version: int
    change: EffectiveChange


@dataclass(frozen=True, slots=True)
class Standing:
    """What an organization is from an instant on, until the next one."""

    at: datetime
    line: LineId
    plan: PlanId
    components: tuple[Component, ...]
    license_type: LicenseType
    management: Management
    is_closed: bool
    quantities: Mapping[Component, int]
    """Counted, whatever the licence type; only components of the plan."""

    @property
    def is_billed(self) -> bool:
        return self.license_type is LicenseType.PAID and self.is_managed

    @property
    def is_managed(self) -> bool:
        return self.management is Management.MSP and not self.is_closed


@dataclass(frozen=True, slots=True)
class OrganizationState:
    version: int = 0
    name: str = ""
    changes: tuple[Effective, ...] = ()
    standings: tuple[Standing, ...] = ()
    """Derived from the changes, one change at a time: a long history would take long to go through for each of them.

    Shape: as `standings` tells.
    """
    closed_months: Mapping[BillingMonth, MonthUsage] = field(default_factory=dict)
    """The newest version of each closed month."""

    @property
    def exists(self) -> bool:
        return bool(self.changes)


def standings(state: OrganizationState) -> tuple[Standing, ...]:
    """Everything the organization ever was, derived from what is recorded.

    Shape: ordered by `at`, each instant once, so values that last no time do not appear; empty before creation.
    """
    return state.standings


def standings_in(state: OrganizationState, month: BillingMonth) -> tuple[Standing, ...]:
    """What the organization is within a month, beginning with what it was when the month began. Shape: as above."""
    found = state.standings
    first = max(bisect_right(found, month.begins_at, key=_at) - 1, 0)
    return found[first : bisect_left(found, month.ends_at, key=_at)]


def _at(standing: Standing) -> datetime:
    return standing.at


_NOTHING_YET = Standing(
    datetime.min.replace(tzinfo=UTC), LineId(""), PlanId(""), (), LicenseType.PAID, Management.MSP, False, {}
)


def _standings_after(found: tuple[Standing, ...], later: Iterable[Effective]) -> tuple[Standing, ...]:
    """The standings with more changes, none of them earlier in time than the last one."""
    reached = list(found)
    for effective in later:
        new = _changed(reached[-1] if reached else _NOTHING_YET, effective)
        if reached and reached[-1].at == new.at:
            reached[-1] = new
        else:
            reached.append(new)
    return tuple(reached)


def _changed(last: Standing, effective: Effective) -> Standing:
    at = effective.at
    match effective.change:
        case OrganizationCreated() as created:
            return Standing(
                at,
                created.line,
                created.plan,
                created.components,
                created.license_type,
                created.management,
                last.is_closed,
                dict.fromkeys(created.components, 0),
            )
        case PlanChanged() as changed:
            kept = {component: last.quantities.get(component, 0) for component in changed.components}
            return replace(
                last, at=at, line=changed.line, plan=changed.plan, components=changed.components, quantities=kept
            )
        case LicenseTypeChanged() as changed:
            return replace(last, at=at, license_type=changed.license_type)
        case ManagementChanged() as changed:
            return replace(last, at=at, management=changed.management)
        case LicensesChanged() as changed:
            if changed.component not in last.quantities:
                return replace(last, at=at)
            before = 0 if changed.given is Given.QUANTITY else last.quantities[changed.component]
            bound = changed.quantity if changed.given is Given.QUANTITY else changed.delta
            return Standing(  # the commonest by far, and `replace` takes three times as long
                at,
                last.line,
                last.plan,
                last.components,
                last.license_type,
                last.management,
                last.is_closed,
                {**last.quantities, changed.component: before + bound},
            )
        case OrganizationClosed():
            return replace(last, at=at, is_closed=True)
        case never:
            assert_never(never)


def standing_at(state: OrganizationState, instant: datetime) -> Standing | None:
    """What the organization is at an instant; none before its creation."""
    found = state.standings
    after = bisect_right(found, instant, key=_at)
    return found[after - 1] if after else None


def billed_timelines(found: Iterable[Standing]) -> dict[PlanComponent, Timeline]:
    """The billed quantity of each plan component over time: 0 while TRIAL, NFR, closed or not managed.

    Shape: one timeline for each component of each plan the organization ever had, also one that never left 0.
    """
    steps: dict[PlanComponent, list[Step]] = {}
    for standing in found:
        here = _billed(standing)
        for item in here:
            steps.setdefault(item, [])
        for item, timeline in steps.items():
            quantity = here.get(item, 0)
            if (timeline[-1].quantity if timeline else 0) != quantity:
                timeline.append(Step(standing.at, quantity))
    return {item: tuple(timeline) for item, timeline in steps.items()}


def product_timeline(timelines: Mapping[PlanComponent, Timeline], items: Iterable[PlanComponent]) -> Timeline:
    """One timeline for all plan components that share a product."""
    return quantity_rules.add_timelines(timelines[item] for item in items if item in timelines)


def is_managed_in(state: OrganizationState, month: BillingMonth) -> bool:
    """Whether an MSP managed it at any time in the month; up to the month in which it closed."""
    found = standings(state)
    for index, standing in enumerate(found):
        until = found[index + 1].at if index + 1 < len(found) else month.ends_at
        if standing.is_managed and standing.at < month.ends_at and until > month.begins_at:
            return True
    return False


# --- decisions -------------------------------------------------------------------------------------------------

TermsAt = Callable[[int], tuple[ProductTerms, ...]]
"""The product terms of the MSP's connection at a recorded Connection version; needed when a closed month changes."""


def create_organization(
    state: OrganizationState,
    organization: OrganizationId,
    *,
    change_id: ChangeId,
    effective_at: datetime,
    name: str,
    plan: Plan,
    license_type: LicenseType,
    management: Management,
    now: datetime,
) -> tuple[OrganizationFact, ...]:
    """Raises: OrganizationExists, EffectiveInFuture, InvalidInput (name, effectiveAt)."""
    if state.exists:
        raise OrganizationExists(organization)
    _not_ahead(effective_at, now)
    if effective_at < FIRST_INSTANT:
        raise InvalidInput("effectiveAt", f"not before {FIRST_INSTANT:%Y-%m-%d}")
    return (
        OrganizationCreated(
            change_id, effective_at, checked_name(name), plan.line, plan.id, plan.components, license_type, management
        ),
    )


def rename_organization(
    state: OrganizationState, organization: OrganizationId, name: str
) -> tuple[OrganizationFact, ...]:
    """Raises: UnknownOrganization, InvalidInput (name)."""
    _known(state, organization)
    return () if state.name == checked_name(name) else (OrganizationRenamed(checked_name(name)),)


def change_licenses(
    state: OrganizationState,
    organization: OrganizationId,
    *,
    change_id: ChangeId,
    component: Component,
    given: Given,
    value: int,
    effective_at: datetime,
    now: datetime,
    terms_at: TermsAt,
) -> tuple[OrganizationFact, ...]:
    """Record a licence change, also a late one, with a correction for every closed month that it changes.

    Units: `value` is the new quantity or the signed delta, as `given` says.
    Raises: UnknownOrganization, EffectiveInFuture, EffectiveBeforeCreation, OrganizationIsClosed,
    PlanLacksComponent, QuantityBelowZero (here or at any later instant), InvalidInput.
    """
    _effective_within_life(state, organization, effective_at, now)
    standing = standing_at(state, effective_at)
    assert standing is not None
    if component not in standing.components:
        raise PlanLacksComponent(standing.plan, component, effective_at)
    if abs(value) > MOST_UNITS:
        raise InvalidInput("value", f"more than {MOST_UNITS} units")
    before = standing.quantities[component]
    quantity = value if given is Given.QUANTITY else before + value
    delta = quantity - before
    if quantity < 0:
        raise QuantityBelowZero(component, effective_at, quantity)
    if quantity > MOST_UNITS:
        raise InvalidInput("value", f"the quantity would exceed {MOST_UNITS} units")
    change = LicensesChanged(change_id, component, given, delta, quantity, effective_at)
    return _with_corrections(state, change, terms_at)


def change_plan(
    state: OrganizationState,
    organization: OrganizationId,
    *,
    change_id: ChangeId,
    plan: Plan,
    effective_at: datetime,
    now: datetime,
    terms_at: TermsAt,
) -> tuple[OrganizationFact, ...]:
    """Raises: as change_licenses; QuantityBelowZero when a later delta would fall below zero."""
    _effective_within_life(state, organization, effective_at, now)
    change = PlanChanged(change_id, effective_at, plan.line, plan.id, plan.components)
    return _with_corrections(state, change, terms_at)


def change_license_type(
    state: OrganizationState,
    organization: OrganizationId,
    *,
    change_id: ChangeId,
    license_type: LicenseType,
    effective_at: datetime,
    now: datetime,
    terms_at: TermsAt,
) -> tuple[OrganizationFact, ...]:
    """Raises: UnknownOrganization, EffectiveInFuture, EffectiveBeforeCreation, OrganizationIsClosed."""
    _effective_within_life(state, organization, effective_at, now)
    return _with_corrections(state, LicenseTypeChanged(change_id, effective_at, license_type), terms_at)


def change_management(
    state: OrganizationState,
    organization: OrganizationId,
    *,
    change_id: ChangeId,
    management: Management,
    effective_at: datetime,
    now: datetime,
    terms_at: TermsAt,
) -> tuple[OrganizationFact, ...]:
    """Raises: UnknownOrganization, EffectiveInFuture, EffectiveBeforeCreation, OrganizationIsClosed."""
    _effective_within_life(state, organization, effective_at, now)
    return _with_corrections(state, ManagementChanged(change_id, effective_at, management), terms_at)


def close_organization(
    state: OrganizationState,
    organization: OrganizationId,
    *,
    change_id: ChangeId,
    effective_at: datetime,
    now: datetime,
    terms_at: TermsAt,
) -> tuple[OrganizationFact, ...]:
    """Raises: UnknownOrganization, EffectiveInFuture, EffectiveBeforeCreation, OrganizationIsClosed."""
    _known(state, organization)
    if closed_at := _closed_at(state):
        raise OrganizationIsClosed(organization, closed_at)
    _effective_within_life(state, organization, effective_at, now)
    return _with_corrections(state, OrganizationClosed(change_id, effective_at), terms_at)


def close_month(
    state: OrganizationState,
    month: BillingMonth,
    *,
    terms: tuple[ProductTerms, ...],
    connection_number: int,
    connection_version: int,
    company_mapping_version: int,
    agreement: PsaAgreementId | None,
    now: datetime,
) -> tuple[OrganizationFact, ...]:
    """Fix the usage of a month that is over. Nothing when it is closed already or was not managed in it.

    Raises: MonthHasNotBegun when the month is not over.
    """
    if now < month.ends_at:
        raise MonthHasNotBegun(month.next())
    if month in state.closed_months or not is_managed_in(state, month):
        return ()
    products, without_product = usage_of_month(state, month, terms)
    return (
        MonthClosed(
            month,
            1,
            connection_number,
            connection_version,
            company_mapping_version,
            agreement,
            products,
            without_product,
        ),
    )


def usage_of_month(
    state: OrganizationState, month: BillingMonth, terms: tuple[ProductTerms, ...]
) -> tuple[tuple[ClosedProduct, ...], tuple[ClosedItem, ...]]:
    """What the month closes with by the facts known now: per product, and per component that has none.

    Shape: products of plan components that the organization had in the month, by product id; components without a
    product by plan and component.
    """
    found = standings_in(state, month)
    items = _items_of(found)
    last = _billed(found[-1]) if found else {}
    products = tuple(
        ClosedProduct(term.product, _quantity_of_month(found, last, month, term), term.rule, term.minimum)
        for term in sorted(terms, key=lambda term: term.product)
        if not items.isdisjoint(term.items)
    )
    mapped = {item for term in terms for item in term.items}
    without_product = tuple(
        ClosedItem(item.plan, item.component, _hundredths(last.get(item, 0))) for item in sorted(items - mapped)
    )
    return products, without_product


@lru_cache(maxsize=10_000)
def _hundredths(number: int) -> Decimal:
    return Decimal(number).quantize(Decimal("0.01"))


def _quantity_of_month(
    found: tuple[Standing, ...], last: Mapping[PlanComponent, int], month: BillingMonth, term: ProductTerms
) -> Decimal:
    """As `quantity_rules.quantity_of_month` of the product's timeline, without the timeline where the end is enough."""
    if term.rule is Rule.CURRENT:
        number = sum(last.get(item, 0) for item in term.items)
        if number >= term.minimum:
            return _hundredths(number)
    timeline = product_timeline(billed_timelines(found), term.items)
    return quantity_rules.quantity_of_month(timeline, month, term.rule, term.minimum)


def _billed(standing: Standing) -> dict[PlanComponent, int]:
    """What a standing bills, by its plan's components."""
    is_billed = standing.is_billed
    return {
        PlanComponent(standing.plan, component): quantity if is_billed else 0
        for component, quantity in standing.quantities.items()
    }


def items_in_month(state: OrganizationState, month: BillingMonth) -> frozenset[PlanComponent]:
    """The plan components that the organization has at some time within the month."""
    return _items_of(standings_in(state, month))


def _items_of(found: Iterable[Standing]) -> frozenset[PlanComponent]:
    items: frozenset[PlanComponent] = frozenset()
    for plan in {(standing.plan, standing.components) for standing in found}:
        items |= _items_of_plan(*plan)
    return items


@lru_cache(maxsize=1_000)
def _items_of_plan(plan: PlanId, components: tuple[Component, ...]) -> frozenset[PlanComponent]:
    return frozenset(PlanComponent(plan, component) for component in components)


def checked_name(name: str) -> str:
    """A name as shown: trimmed, 1 to 200 characters, no control characters.

    Raises: InvalidInput.
    """
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= 200:
        raise InvalidInput("name", "1 to 200 characters are needed")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in trimmed):
        raise InvalidInput("name", "control characters are not allowed")
    return trimmed


def _known(state: OrganizationState, organization: OrganizationId) -> None:
    if not state.exists:
        raise UnknownOrganization(organization)


def _not_ahead(effective_at: datetime, now: datetime) -> None:
    if effective_at > now + FORESIGHT:
        raise EffectiveInFuture(effective_at, now + FORESIGHT)


def _closed_at(state: OrganizationState) -> datetime | None:
    if not (state.standings and state.standings[-1].is_closed):  # who is closed stays so
        return None
    return next((one.at for one in state.changes if isinstance(one.change, OrganizationClosed)), None)


def _effective_within_life(
    state: OrganizationState, organization: OrganizationId, effective_at: datetime, now: datetime
) -> None:
    _known(state, organization)
    _not_ahead(effective_at, now)
    if effective_at < state.changes[0].at:
        raise EffectiveBeforeCreation(effective_at, state.changes[0].at)
    closed_at = _closed_at(state)
    if closed_at is not None and effective_at >= closed_at:
        raise OrganizationIsClosed(organization, closed_at)


def _with_corrections(
    state: OrganizationState, change: EffectiveChange, terms_at: TermsAt
) -> tuple[OrganizationFact, ...]:
    changed = evolve(state, change)
    _within_bounds(changed, change.effective_at)
    corrections = []
    for month in sorted(state.closed_months):
        if month.ends_at <= change.effective_at:
            continue
        closed = state.closed_months[month]
        products, without_product = usage_of_month(changed, month, terms_at(closed.connection_version))
        if (products, without_product) != (closed.products, closed.without_product):
            corrections.append(
                UsageCorrected(
                    month=month,
                    version=closed.version + 1,
                    connection_number=closed.connection_number,
                    connection_version=closed.connection_version,
                    company_mapping_version=closed.company_mapping_version,
                    agreement=closed.agreement,
                    old_products=closed.products,
                    old_without_product=closed.without_product,
                    products=products,
                    without_product=without_product,
                    cause=change.change_id,
                )
            )
    return (change, *corrections)


def _within_bounds(state: OrganizationState, since: datetime) -> None:
    for standing in state.standings[bisect_left(state.standings, since, key=_at) :]:
        for component, quantity in standing.quantities.items():
            if quantity < 0:
                raise QuantityBelowZero(component, standing.at, quantity)
            if quantity > MOST_UNITS:
                raise InvalidInput("value", f"the quantity would exceed {MOST_UNITS} units")


# --- evolve ----------------------------------------------------------------------------------------------------


def evolve(state: OrganizationState, fact: OrganizationFact) -> OrganizationState:
    version = state.version + 1
    match fact:
        case OrganizationCreated():
            return replace(_inserted(state, version, fact), name=fact.name)
        case ManagementChanged() | PlanChanged() | LicenseTypeChanged() | LicensesChanged() | OrganizationClosed():
            return _inserted(state, version, fact)
        case OrganizationRenamed():
            return replace(state, version=version, name=fact.name)
        case MonthClosed() | UsageCorrected():
            return replace(state, version=version, closed_months={**state.closed_months, fact.month: fact})
        case _:
            assert_never(fact)


def _inserted(state: OrganizationState, version: int, change: EffectiveChange) -> OrganizationState:
    new = Effective(change.effective_at, version, change)
    if not state.changes or state.changes[-1].at <= new.at:
        changes, found = (*state.changes, new), _standings_after(state.standings, (new,))
    else:
        in_order = list(state.changes)
        insort(in_order, new, key=lambda effective: (effective.at, effective.version))
        changes = tuple(in_order)
        before = state.standings[: bisect_left(state.standings, new.at, key=_at)]
        found = _standings_after(before, (effective for effective in changes if effective.at >= new.at))
    return OrganizationState(version, state.name, changes, found, state.closed_months)


ORGANIZATION: Aggregate[OrganizationState, OrganizationFact] = Aggregate(
    StreamKind.ORGANIZATION, OrganizationState(), evolve
)
