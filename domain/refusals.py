"""A rule said no. Each refusal is named after the condition that forbids and carries the values that explain it.

Refusal
├── of a change of an organization
│     OrganizationExists, UnknownOrganization, OrganizationIsClosed, OrganizationIsSelfManaged, UnknownPlan,
│     PlanLacksComponent, QuantityBelowZero, EffectiveInFuture, EffectiveBeforeCreation, ChangeIdReused
├── of setting up a connection
│     NotConnected, AlreadyConnected, DifferentTenant, ProductNotMapped, ProductMappingIncomplete, UnknownProduct,
│     ProductIsInactive, ProductIsBundle, IdentifierTaken
├── of a company mapping
│     AlreadyMapped, NotMapped, UnknownCompany, UnknownAgreement, AgreementOfAnotherCompany, AgreementHasEnded,
│     OrganizationIsExcluded, CompanyIsGone, AgreementIsGone, NothingToRestore
├── of a push or a run
│     UnknownAddition, NotHeld, NumbersMoved, NothingToRetry, MonthHasNotBegun, MonthIsNotClosed, UnknownRun,
│     RunIsOver, RunCannotBeUndone, ConnectionIsNotActive, PreviewIsOutdated
└── of any input
      InvalidInput, IdempotencyKeyReused

They are raised by decisions, translated to a union member in `api/errors.py`, and never logged as errors. A refused
act records nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from domain.values import (
    BillingMonth,
    Component,
    OrganizationId,
    PlanComponent,
    PlanId,
    PsaAgreementId,
    PsaCompanyId,
    PsaProductId,
    RunId,
    Tenant,
)


class Refusal(Exception):
    """A rule said no; `sentence` says why in the words of its fields."""

    sentence: ClassVar[str] = "refused"

    def __str__(self) -> str:
        return self.sentence.format_map(vars(self))


@dataclass(unsafe_hash=True)
class OrganizationExists(Refusal):
    sentence: ClassVar[str] = "organization {organization} exists already"
    organization: OrganizationId


@dataclass(unsafe_hash=True)
class UnknownOrganization(Refusal):
    sentence: ClassVar[str] = "there is no organization {organization}"
    organization: OrganizationId


@dataclass(unsafe_hash=True)
class OrganizationIsClosed(Refusal):
    sentence: ClassVar[str] = "organization {organization} is closed from {closed_at:%Y-%m-%dT%H:%M:%SZ} on"
    organization: OrganizationId
    closed_at: datetime


@dataclass(unsafe_hash=True)
class OrganizationIsSelfManaged(Refusal):
    sentence: ClassVar[str] = "organization {organization} manages itself; only one managed by the MSP can be mapped"
    organization: OrganizationId


@dataclass(unsafe_hash=True)
class UnknownPlan(Refusal):
    sentence: ClassVar[str] = "the catalogue has no plan {plan}"
    plan: str


@dataclass(unsafe_hash=True)
class PlanLacksComponent(Refusal):
    sentence: ClassVar[str] = "plan {plan}, in force at {at:%Y-%m-%dT%H:%M:%SZ}, has no {component}"
    plan: PlanId
    component: Component
    at: datetime


@dataclass(unsafe_hash=True)
class QuantityBelowZero(Refusal):
    sentence: ClassVar[str] = (
        "{component} would be {quantity} at {at:%Y-%m-%dT%H:%M:%SZ}; a quantity is never below zero"
    )
    component: Component
    at: datetime
    quantity: int


@dataclass(unsafe_hash=True)
class EffectiveInFuture(Refusal):
    sentence: ClassVar[str] = (
        "effective at {effective_at:%Y-%m-%dT%H:%M:%SZ} lies more than 5 minutes ahead; "
        "the latest accepted now is {latest:%Y-%m-%dT%H:%M:%SZ}"
    )
    effective_at: datetime
    latest: datetime


@dataclass(unsafe_hash=True)
class EffectiveBeforeCreation(Refusal):
    sentence: ClassVar[str] = (
        "nothing can be effective before the organization was created at {earliest:%Y-%m-%dT%H:%M:%SZ}"
    )
    effective_at: datetime
    earliest: datetime


@dataclass(unsafe_hash=True)
class ChangeIdReused(Refusal):
    sentence: ClassVar[str] = "change id {change_id} was recorded before with other content"
    change_id: str


@dataclass(unsafe_hash=True)
class NotConnected(Refusal):
    sentence: ClassVar[str] = "this MSP has no ConnectWise connected"


@dataclass(unsafe_hash=True)
class AlreadyConnected(Refusal):
    sentence: ClassVar[str] = "this MSP is connected to {tenant}; disconnect first"
    tenant: Tenant


@dataclass(unsafe_hash=True)
class DifferentTenant(Refusal):
    sentence: ClassVar[str] = "the new keys belong to {offered}; this connection is to {current}"
    current: Tenant
    offered: Tenant


@dataclass(unsafe_hash=True)
class ProductNotMapped(Refusal):
    sentence: ClassVar[str] = "{component} of plan {plan} is not mapped to a product"
    plan: PlanId
    component: Component


@dataclass(unsafe_hash=True)
class ProductMappingIncomplete(Refusal):
    sentence: ClassVar[str] = "plan components in use have no product yet"
    missing: tuple[PlanComponent, ...]


@dataclass(unsafe_hash=True)
class UnknownProduct(Refusal):
    sentence: ClassVar[str] = "ConnectWise has no product {product}"
    product: PsaProductId


@dataclass(unsafe_hash=True)
class ProductIsInactive(Refusal):
    sentence: ClassVar[str] = "product {identifier} is inactive in ConnectWise"
    product: PsaProductId
    identifier: str


@dataclass(unsafe_hash=True)
class ProductIsBundle(Refusal):
    sentence: ClassVar[str] = "product {identifier} is a bundle; a bundle can not be an addition"
    product: PsaProductId
    identifier: str


@dataclass(unsafe_hash=True)
class IdentifierTaken(Refusal):
    sentence: ClassVar[str] = "ConnectWise already has a product {identifier}; map it instead"
    identifier: str
    product: PsaProductId


@dataclass(unsafe_hash=True)
class AlreadyMapped(Refusal):
    sentence: ClassVar[str] = "organization {organization} is mapped to agreement {agreement} already"
    organization: OrganizationId
    company: PsaCompanyId
    agreement: PsaAgreementId


@dataclass(unsafe_hash=True)
class NotMapped(Refusal):
    sentence: ClassVar[str] = "organization {organization} is not mapped"
    organization: OrganizationId


@dataclass(unsafe_hash=True)
class UnknownCompany(Refusal):
    sentence: ClassVar[str] = "company {company} is not in the imported directory"
    company: PsaCompanyId


@dataclass(unsafe_hash=True)
class UnknownAgreement(Refusal):
    sentence: ClassVar[str] = "agreement {agreement} is not in the imported directory"
    agreement: PsaAgreementId


@dataclass(unsafe_hash=True)
class CompanyIsGone(Refusal):
    sentence: ClassVar[str] = "company {company} is deleted or gone in ConnectWise"
    company: PsaCompanyId


@dataclass(unsafe_hash=True)
class AgreementIsGone(Refusal):
    sentence: ClassVar[str] = "agreement {agreement} is not in ConnectWise any more"
    agreement: PsaAgreementId


@dataclass(unsafe_hash=True)
class NothingToRestore(Refusal):
    sentence: ClassVar[str] = "organization {organization} had no mapping that could be restored"
    organization: OrganizationId


@dataclass(unsafe_hash=True)
class AgreementOfAnotherCompany(Refusal):
    sentence: ClassVar[str] = "agreement {agreement} belongs to company {owner}, not to {company}"
    agreement: PsaAgreementId
    company: PsaCompanyId
    owner: PsaCompanyId


@dataclass(unsafe_hash=True)
class AgreementHasEnded(Refusal):
    sentence: ClassVar[str] = "agreement {agreement} is {status} in ConnectWise"
    agreement: PsaAgreementId
    status: str


@dataclass(unsafe_hash=True)
class OrganizationIsExcluded(Refusal):
    sentence: ClassVar[str] = "organization {organization} is excluded from billing through the PSA: {reason}"
    organization: OrganizationId
    reason: str


@dataclass(unsafe_hash=True)
class UnknownAddition(Refusal):
    sentence: ClassVar[str] = "nothing is billed on agreement {agreement} with product {product}"
    agreement: PsaAgreementId
    product: PsaProductId


@dataclass(unsafe_hash=True)
class NotHeld(Refusal):
    sentence: ClassVar[str] = "nothing is held on agreement {agreement} with product {product}"
    agreement: PsaAgreementId
    product: PsaProductId


@dataclass(unsafe_hash=True)
class NumbersMoved(Refusal):
    sentence: ClassVar[str] = "the held push is now from {found} to {target}; look at it again"
    found: Decimal
    target: Decimal


@dataclass(unsafe_hash=True)
class NothingToRetry(Refusal):
    sentence: ClassVar[str] = "there is no exception on agreement {agreement} with product {product}"
    agreement: PsaAgreementId
    product: PsaProductId


@dataclass(unsafe_hash=True)
class MonthHasNotBegun(Refusal):
    sentence: ClassVar[str] = "{month} has not begun"
    month: BillingMonth


@dataclass(unsafe_hash=True)
class MonthIsNotClosed(Refusal):
    sentence: ClassVar[str] = "{month} is not closed yet"
    month: BillingMonth


@dataclass(unsafe_hash=True)
class UnknownRun(Refusal):
    sentence: ClassVar[str] = "there is no run {run}"
    run: RunId


@dataclass(unsafe_hash=True)
class RunIsOver(Refusal):
    sentence: ClassVar[str] = "run {run} is over"
    run: RunId


@dataclass(unsafe_hash=True)
class RunCannotBeUndone(Refusal):
    sentence: ClassVar[str] = "run {run} can not be undone: {reason}"
    run: RunId
    reason: str


@dataclass(unsafe_hash=True)
class ConnectionIsNotActive(Refusal):
    sentence: ClassVar[str] = "the connection is {status}; pushes need it ACTIVE"
    status: str


@dataclass(unsafe_hash=True)
class PreviewIsOutdated(Refusal):
    sentence: ClassVar[str] = "no preview with the digest {digest} stands for this month and scope; preview again"
    digest: str


@dataclass(unsafe_hash=True)
class InvalidInput(Refusal):
    sentence: ClassVar[str] = "{field}: {reason}"
    field: str
    reason: str


@dataclass(unsafe_hash=True)
class IdempotencyKeyReused(Refusal):
    sentence: ClassVar[str] = "idempotency key {key} was used before for something else"
    key: str
