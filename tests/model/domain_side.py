"""The other side: the same acts carried out by the domain's decisions, and the same questions asked of its states."""

import itertools
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from domain.catalogue import Plan
from domain.company_mapping import (
    COMPANY_MAPPING,
    CompanyMapped,
    CompanyMappingState,
    current_mapping,
    map_company,
    unmap_company,
)
from domain.connection import (
    CONNECTION,
    Connected,
    ConnectionFact,
    ConnectionState,
    closes,
    map_product,
    product_terms,
    set_product_rule,
    unmap_product,
)
from domain.organization import (
    ORGANIZATION,
    ClosedItem,
    ClosedProduct,
    Given,
    MonthClosed,
    OrganizationFact,
    OrganizationState,
    UsageCorrected,
    change_license_type,
    change_licenses,
    change_management,
    change_plan,
    close_month,
    close_organization,
    create_organization,
    standing_at,
    usage_of_month,
)
from domain.refusals import Refusal
from domain.streams import Stream, company_mapping_stream, connection_stream, organization_stream
from domain.values import (
    BillingMonth,
    ChangeId,
    Component,
    LeftBehind,
    LicenseType,
    LineId,
    Management,
    MspId,
    OrganizationId,
    PlanComponent,
    PlanId,
    ProductTerms,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    Rule,
    Tenant,
)
from tests.model.reference import Closing, Creation, Licenses, NewManagement, NewPlan, NewType, Report, Usage
from tests.model.world import Act, CompanyMapping, MonthEnd, ProductMapping, ProductRule, Reported

CONNECTION_NUMBER = 1
MSP = MspId("acme")
TENANT = Tenant("na.example", "acme")


def plan_of(plan: str, components: tuple[str, ...]) -> Plan:
    return Plan(PlanId(plan), LineId("line"), plan, tuple(Component(component) for component in components))


def hundredths(number: Decimal) -> int:
    scaled = number * 100
    assert scaled == scaled.to_integral_value(), f"{number} has more than two decimals"
    return int(scaled)


def as_usage(products: Iterable[ClosedProduct], without_product: Iterable[ClosedItem]) -> Usage:
    return Usage(
        tuple((int(one.product), hundredths(one.quantity)) for one in products),
        tuple(((str(one.plan), str(one.component)), hundredths(one.quantity)) for one in without_product),
    )


class DomainSide:
    """The folded state of every stream of one MSP that was connected before the first act."""

    def __init__(self, connected_at: datetime) -> None:
        connected = Connected(CONNECTION_NUMBER, TENANT, "https://na.example", "Acme", "…1", connected_at)
        self.note(connection_stream(MSP), (connected,))
        self.connection: ConnectionState = CONNECTION.evolve(CONNECTION.initial, connected)
        self.terms: dict[int, tuple[ProductTerms, ...]] = {}
        self.organizations: dict[str, OrganizationState] = {}
        self.mappings: dict[str, CompanyMappingState] = {}
        self.facts: dict[str, list[OrganizationFact]] = {}
        self._changes = itertools.count(1)

    def offer(self, act: Act, now: datetime) -> str | None:
        """Decide and fold, or say why not."""
        try:
            match act:
                case Reported():
                    facts = self._decide(act.organization, act.report, now)
                    self._fold_organization(act.organization, facts)
                case ProductMapping() | ProductRule():
                    facts_of_connection = self._decide_connection(act, now)
                    self.note(connection_stream(MSP), facts_of_connection)
                    self.connection = reduce(CONNECTION.evolve, facts_of_connection, self.connection)
                case CompanyMapping():
                    self._map(act, now)
                case MonthEnd():
                    self._close(BillingMonth(act.year, act.month), now)
        except Refusal as refused:
            return type(refused).__name__
        return None

    def note(self, stream: Stream, facts: tuple[Any, ...]) -> None:
        """What was decided, before it is folded; for those who keep a journal of it."""

    def _decide(self, organization: str, report: Report, now: datetime) -> tuple[OrganizationFact, ...]:
        state = self.organizations.get(organization, ORGANIZATION.initial)
        name, change = OrganizationId(organization), ChangeId(f"c-{next(self._changes)}")
        terms_at = self.terms.__getitem__
        match report:
            case Creation():
                return create_organization(
                    state,
                    name,
                    change_id=change,
                    effective_at=report.at,
                    name=organization,
                    plan=plan_of(report.plan, report.components),
                    license_type=LicenseType(report.license_type),
                    management=Management(report.management),
                    now=now,
                )
            case Licenses():
                return change_licenses(
                    state,
                    name,
                    change_id=change,
                    component=Component(report.component),
                    given=Given(report.given),
                    value=report.value,
                    effective_at=report.at,
                    now=now,
                    terms_at=terms_at,
                )
            case NewPlan():
                plan = plan_of(report.plan, report.components)
                return change_plan(
                    state, name, change_id=change, plan=plan, effective_at=report.at, now=now, terms_at=terms_at
                )
            case NewType():
                return change_license_type(
                    state,
                    name,
                    change_id=change,
                    license_type=LicenseType(report.license_type),
                    effective_at=report.at,
                    now=now,
                    terms_at=terms_at,
                )
            case NewManagement():
                return change_management(
                    state,
                    name,
                    change_id=change,
                    management=Management(report.management),
                    effective_at=report.at,
                    now=now,
                    terms_at=terms_at,
                )
            case Closing():
                return close_organization(
                    state, name, change_id=change, effective_at=report.at, now=now, terms_at=terms_at
                )

    def _fold_organization(self, organization: str, facts: tuple[OrganizationFact, ...]) -> None:
        self.note(organization_stream(MSP, OrganizationId(organization)), facts)
        before = self.organizations.get(organization, ORGANIZATION.initial)
        self.organizations[organization] = reduce(ORGANIZATION.evolve, facts, before)
        self.facts.setdefault(organization, []).extend(facts)

    def _decide_connection(self, act: ProductMapping | ProductRule, now: datetime) -> tuple[ConnectionFact, ...]:
        if isinstance(act, ProductRule):
            return set_product_rule(
                self.connection, PsaProductId(act.product), rule=Rule(act.rule), minimum=act.minimum
            )
        item = PlanComponent(PlanId(act.item[0]), Component(act.item[1]))
        if act.product is None:
            return unmap_product(self.connection, item, left_behind=LeftBehind.UNTOUCHED)
        return map_product(
            self.connection,
            item,
            product=PsaProductId(act.product),
            identifier=str(act.product),
            description="",
            left_behind=LeftBehind.ZERO,
            now=now,
        )

    def _map(self, act: CompanyMapping, now: datetime) -> None:
        state = self.mappings.get(act.organization, COMPANY_MAPPING.initial)
        organization = OrganizationId(act.organization)
        if act.agreement is None:
            facts = unmap_company(
                state, organization, connection_number=CONNECTION_NUMBER, left_behind=LeftBehind.UNTOUCHED
            )
        else:
            standing = standing_at(self.organizations.get(act.organization, ORGANIZATION.initial), now)
            facts = map_company(
                state,
                organization,
                mapping=CompanyMapped(
                    CONNECTION_NUMBER,
                    PsaCompanyId(1),
                    "Company",
                    PsaAgreementId(act.agreement),
                    "Agreement",
                    act.organization,
                    LeftBehind.ZERO,
                    now,
                ),
                is_managed=standing is not None and standing.is_managed,
                is_move=act.is_move,
            )
        self.note(company_mapping_stream(MSP, organization), facts)
        self.mappings[act.organization] = reduce(COMPANY_MAPPING.evolve, facts, state)

    def _close(self, month: BillingMonth, now: datetime) -> None:
        if not closes(self.connection, month):
            return
        terms = product_terms(self.connection)
        self.terms[self.connection.version] = terms
        for organization, state in list(self.organizations.items()):
            mapping = self.mappings.get(organization, COMPANY_MAPPING.initial)
            mapped = current_mapping(mapping, CONNECTION_NUMBER)
            facts = close_month(
                state,
                month,
                terms=terms,
                connection_number=CONNECTION_NUMBER,
                connection_version=self.connection.version,
                company_mapping_version=mapping.version,
                agreement=mapped.agreement if mapped is not None else None,
                now=now,
            )
            self._fold_organization(organization, facts)

    # --- answers -----------------------------------------------------------------------------------------------

    def wanted(self, year: int, month: int) -> dict[tuple[int, int], int]:
        """What each addition is told about a month: agreement and product → hundredths."""
        told: dict[tuple[int, int], int] = {}
        for organization, state in self.organizations.items():
            mapped = current_mapping(self.mappings.get(organization, COMPANY_MAPPING.initial), CONNECTION_NUMBER)
            if mapped is not None:
                products, _ = usage_of_month(state, BillingMonth(year, month), product_terms(self.connection))
                for one in products:
                    key = int(mapped.agreement), int(one.product)
                    told[key] = told.get(key, 0) + hundredths(one.quantity)
        return told

    def closings(self) -> dict[tuple[str, int, int], list[Usage]]:
        """Every version of every closed month, checked to be numbered and chained without a gap."""
        versions: dict[tuple[str, int, int], list[Usage]] = {}
        for organization, facts in self.facts.items():
            for fact in facts:
                if isinstance(fact, MonthClosed | UsageCorrected):
                    known = versions.setdefault((organization, fact.month.year, fact.month.month), [])
                    known.append(as_usage(fact.products, fact.without_product))
                    assert fact.version == len(known)
                    if isinstance(fact, UsageCorrected):
                        assert as_usage(fact.old_products, fact.old_without_product) == known[-2]
        return versions

    def counted(self, organization: str, instant: datetime) -> dict[str, int] | None:
        """Every component with its quantity at an instant, whatever the licence type; none before the creation."""
        standing = standing_at(self.organizations[organization], instant)
        if standing is None:
            return None
        return {str(component): quantity for component, quantity in standing.quantities.items()}

    def last_change(self, organization: str) -> OrganizationFact:
        """The newest fact that is not a correction."""
        return next(fact for fact in reversed(self.facts[organization]) if not isinstance(fact, UsageCorrected))
