"""The acts of the model, done to a real ledger."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.catalogue import Plan
from domain.company_mapping import COMPANY_MAPPING, CompanyMapped, map_company, unmap_company
from domain.connection import CONNECTION, map_product, set_product_rule, unmap_product
from domain.organization import (
    ORGANIZATION,
    Given,
    OrganizationState,
    change_license_type,
    change_licenses,
    change_management,
    change_plan,
    close_organization,
    create_organization,
    standing_at,
)
from domain.refusals import Refusal
from domain.streams import Stream, company_mapping_stream, connection_stream, organization_stream
from domain.values import (
    Component,
    LeftBehind,
    LicenseType,
    Management,
    OrganizationId,
    PlanComponent,
    PlanId,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    Rule,
)
from tests.model.reference import Closing, Creation, Licenses, NewManagement, NewPlan, NewType, Report
from tests.model.world import Act, CompanyMapping, ProductMapping, ProductRule, Reported
from tests.workers.system import CATALOGUE, MSP, System

PLANS: dict[str, tuple[str, ...]] = {
    plan: tuple(component.value for component in CATALOGUE.plan(plan).components)
    for plan in ("network-core", "network-lite")
}
ITEMS = [(plan, component) for plan, components in PLANS.items() for component in components]


def do(system: System, act: Act, leaving: str = "UNTOUCHED") -> str | None:
    """Do it, or say by which refusal it was refused."""
    left = LeftBehind(leaving)
    try:
        match act:
            case Reported(organization, report):
                _report(system, OrganizationId(organization), report)
            case ProductMapping((plan, component), None):
                item = PlanComponent(PlanId(plan), Component(component))
                system.on_connection(lambda state: unmap_product(state, item, left_behind=left))
            case ProductMapping((plan, component), int(mapped)):
                item, now, product = PlanComponent(PlanId(plan), Component(component)), system.now, PsaProductId(mapped)
                identifier = f"P{product}"
                system.on_connection(
                    lambda state: map_product(
                        state,
                        item,
                        product=product,
                        identifier=identifier,
                        description=identifier,
                        left_behind=left,
                        now=now,
                    )
                )
            case ProductRule(product, rule, minimum):
                system.on_connection(
                    lambda state: set_product_rule(state, PsaProductId(product), rule=Rule(rule), minimum=minimum)
                )
            case CompanyMapping(organization, agreement, is_move):
                _map(system, OrganizationId(organization), agreement, is_move, left)
            case _:
                raise ValueError(f"nobody does {act}")
    except Refusal as refused:
        return type(refused).__name__
    return None


def plan_of(name: str) -> Plan:
    return CATALOGUE.plan(name)


def _report(system: System, organization: OrganizationId, report: Report) -> None:
    change_id, now = system.change_id(), system.now
    at: Any = {"effective_at": report.at, "change_id": change_id, "now": now}
    late: Any = {**at, "terms_at": system.terms_at}

    def decide(state: OrganizationState) -> tuple[Any, ...]:
        match report:
            case Creation(_, plan, _, license_type, management):
                return create_organization(
                    state,
                    organization,
                    name=organization,
                    plan=plan_of(plan),
                    license_type=LicenseType(license_type),
                    management=Management(management),
                    **at,
                )
            case Licenses(_, component, given, value):
                return change_licenses(
                    state, organization, component=Component(component), given=Given(given), value=value, **late
                )
            case NewPlan(_, plan, _):
                return change_plan(state, organization, plan=plan_of(plan), **late)
            case NewType(_, license_type):
                return change_license_type(state, organization, license_type=LicenseType(license_type), **late)
            case NewManagement(_, management):
                return change_management(state, organization, management=Management(management), **late)
            case Closing():
                return close_organization(state, organization, **late)

    system.journal.execute(ORGANIZATION, organization_stream(MSP, organization), decide, system.origin())


def _map(system: System, organization: OrganizationId, agreement: int | None, is_move: bool, left: LeftBehind) -> None:
    number = system.journal.state(CONNECTION, connection_stream(MSP)).state.number
    stream: Stream = company_mapping_stream(MSP, organization)
    if agreement is None:
        system.journal.execute(
            COMPANY_MAPPING,
            stream,
            lambda state: unmap_company(state, organization, connection_number=number, left_behind=left),
            system.origin(),
        )
        return
    mapping = CompanyMapped(
        connection_number=number,
        company=PsaCompanyId(1),
        company_name="Company",
        agreement=PsaAgreementId(agreement),
        agreement_name="Agreement",
        organization_name=organization,
        left_behind=left,
        mapped_at=system.now,
    )
    is_managed = _is_managed(system, organization, system.now)
    system.journal.execute(
        COMPANY_MAPPING,
        stream,
        lambda state: map_company(state, organization, mapping=mapping, is_managed=is_managed, is_move=is_move),
        system.origin(),
    )


def _is_managed(system: System, organization: OrganizationId, now: datetime) -> bool:
    standing = standing_at(system.journal.state(ORGANIZATION, organization_stream(MSP, organization)).state, now)
    return standing is not None and standing.is_managed


def hundredths(number: Decimal) -> int:
    return int((number * 100).to_integral_value())
