"""What the platform reports about organizations besides licences, and what MSP admins create."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry

from api.changes import AskedChange, When, checked_count, record_change, record_changes
from api.context import Act, Info, checked_id
from api.errors import Told
from api.fields import ADMINS, PLATFORM, mutation
from api.organizations import Organization, find_organization
from api.refusals import as_graphql, one_of, result
from domain import organization as decisions
from domain.organization import ORGANIZATION, OrganizationFact, OrganizationState
from domain.refusals import (
    ChangeIdReused,
    EffectiveBeforeCreation,
    EffectiveInFuture,
    InvalidInput,
    OrganizationExists,
    OrganizationIsClosed,
    QuantityBelowZero,
    Refusal,
    UnknownOrganization,
    UnknownPlan,
)
from domain.streams import organization_stream
from domain.values import ChangeId, LicenseType, Management, MspId, OrganizationId
from journal.reader import Change

ORGANIZATIONS_FROM_KEYS = uuid.UUID("0b0c35a5-4a83-5f0f-9b57-5d2a51a7c3de")
"""Chosen once: an organization created under an idempotency key has its id from that key."""


@strawberry.type
class OrganizationChanged:
    """The organization as it is after the act. `entryId` names the fact; null when nothing had to be recorded."""

    organization: Organization
    entry_id: strawberry.ID | None
    already_recorded: bool


@strawberry.input(description="Without `organization` an id is made.")
class CreateOrganizationInput:
    name: str
    plan: strawberry.ID
    license_type: LicenseType = LicenseType.PAID
    organization: strawberry.ID | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class NewOrganization:
    change_id: strawberry.ID
    organization: strawberry.ID
    name: str
    plan: strawberry.ID
    license_type: LicenseType = LicenseType.PAID
    management: Management = Management.MSP
    effective_at: datetime | None = None


@strawberry.input
class RegisterOrganizationsInput:
    organizations: list[NewOrganization]
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class RenameOrganizationInput:
    organization: strawberry.ID
    name: str
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class ChangeManagementInput:
    change_id: strawberry.ID
    organization: strawberry.ID
    management: Management
    effective_at: datetime | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class ChangePlanInput:
    change_id: strawberry.ID
    organization: strawberry.ID
    plan: strawberry.ID
    effective_at: datetime | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class ChangeLicenseTypeInput:
    change_id: strawberry.ID
    organization: strawberry.ID
    license_type: LicenseType
    effective_at: datetime | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class CloseOrganizationInput:
    change_id: strawberry.ID
    organization: strawberry.ID
    effective_at: datetime | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.type
class OrganizationRegistered:
    organization: strawberry.ID
    entry_id: strawberry.ID
    already_recorded: bool


_CREATING: tuple[type[Refusal], ...] = (
    OrganizationExists,
    UnknownPlan,
    EffectiveInFuture,
    ChangeIdReused,
    InvalidInput,
)
_REGISTRATION_OUTCOME = one_of("RegistrationOutcome", OrganizationRegistered, *_CREATING)


@strawberry.type(description="The answer to one item, in the order of the input.")
class RegistrationAnswer:
    change_id: strawberry.ID
    outcome: Any = strawberry.field(graphql_type=_REGISTRATION_OUTCOME)


@strawberry.type
class OrganizationsRegistered:
    answers: list[RegistrationAnswer]


_CHANGING: tuple[type[Refusal], ...] = (
    UnknownOrganization,
    OrganizationIsClosed,
    EffectiveInFuture,
    EffectiveBeforeCreation,
    ChangeIdReused,
)
CREATE = result("CreateOrganizationResult", OrganizationChanged, OrganizationExists, UnknownPlan)
REGISTER = result("RegisterOrganizationsResult", OrganizationsRegistered)
RENAME = result("RenameOrganizationResult", OrganizationChanged, UnknownOrganization)
CHANGE_MANAGEMENT = result("ChangeManagementResult", OrganizationChanged, *_CHANGING)
CHANGE_PLAN = result("ChangePlanResult", OrganizationChanged, UnknownPlan, QuantityBelowZero, *_CHANGING)
CHANGE_LICENSE_TYPE = result("ChangeLicenseTypeResult", OrganizationChanged, *_CHANGING)
CLOSE = result("CloseOrganizationResult", OrganizationChanged, *_CHANGING)


@strawberry.type
class OrganizationMutations:
    @mutation(CREATE, ADMINS, "Create an organization that the MSP manages.")
    async def create_organization(self, info: Info, input: CreateOrganizationInput) -> Any:
        act = await info.context.act("createOrganization", input.msp, input)
        organization = new_organization_id(act, input.organization, 0)
        one = created_by_admin(info, organization, input.name, input.plan, input.license_type)
        if act.repeated is not None:
            first = await act.first_entry(organization_stream(act.msp, organization))
            return await _changed(info, act.msp, organization, first.entry_id, True)
        recorded = await record_change(act, one)
        return await _changed(info, act.msp, organization, recorded.entry_id, recorded.was_recorded)

    @mutation(REGISTER, PLATFORM, "Register up to 1,000 organizations; each is accepted or refused on its own.")
    async def register_organizations(self, info: Info, input: RegisterOrganizationsInput) -> Any:
        checked_count("organizations", len(input.organizations))
        act = await info.context.act("registerOrganizations", input.msp, input)
        outcomes = await record_changes(act, [_registered(info, one) for one in input.organizations])
        answers = []
        for one, outcome in zip(input.organizations, outcomes, strict=True):
            told: Any = (
                as_graphql(outcome)
                if isinstance(outcome, Refusal)
                else OrganizationRegistered(
                    organization=one.organization,
                    entry_id=strawberry.ID(str(outcome.entry_id)),
                    already_recorded=outcome.was_recorded,
                )
            )
            answers.append(RegistrationAnswer(change_id=one.change_id, outcome=told))
        return OrganizationsRegistered(answers=answers)

    @mutation(RENAME, PLATFORM)
    async def rename_organization(self, info: Info, input: RenameOrganizationInput) -> Any:
        act = await info.context.act("renameOrganization", input.msp, input)
        organization = OrganizationId(input.organization)
        stream = organization_stream(act.msp, organization)
        entries = await act.record(
            lambda reader: (
                Change(
                    stream,
                    decisions.rename_organization(reader.state(ORGANIZATION, stream).state, organization, input.name),
                ),
            )
        )
        return await _changed(info, act.msp, organization, entries[0].entry_id if entries else None, not entries)

    @mutation(CHANGE_MANAGEMENT, PLATFORM, "Say who manages an organization: only one managed by its MSP is billed.")
    async def change_management(self, info: Info, input: ChangeManagementInput) -> Any:
        def decide(state: OrganizationState, when: When) -> tuple[OrganizationFact, ...]:
            return decisions.change_management(
                state,
                OrganizationId(input.organization),
                change_id=ChangeId(input.change_id),
                management=input.management,
                effective_at=input.effective_at or when.reader.now,
                now=when.reader.now,
                terms_at=when.terms_at,
            )

        return await _change(info, "changeManagement", input, (input.management,), decide)

    @mutation(CHANGE_PLAN, PLATFORM, "Another plan. A component that it lacks ends; one that it has again starts at 0.")
    async def change_plan(self, info: Info, input: ChangePlanInput) -> Any:
        def decide(state: OrganizationState, when: When) -> tuple[OrganizationFact, ...]:
            return decisions.change_plan(
                state,
                OrganizationId(input.organization),
                change_id=ChangeId(input.change_id),
                plan=info.context.parts.catalogue.plan(input.plan),
                effective_at=input.effective_at or when.reader.now,
                now=when.reader.now,
                terms_at=when.terms_at,
            )

        return await _change(info, "changePlan", input, (input.plan,), decide)

    @mutation(CHANGE_LICENSE_TYPE, PLATFORM, "PAID is billed; TRIAL and NFR are counted and billed as 0.")
    async def change_license_type(self, info: Info, input: ChangeLicenseTypeInput) -> Any:
        def decide(state: OrganizationState, when: When) -> tuple[OrganizationFact, ...]:
            return decisions.change_license_type(
                state,
                OrganizationId(input.organization),
                change_id=ChangeId(input.change_id),
                license_type=input.license_type,
                effective_at=input.effective_at or when.reader.now,
                now=when.reader.now,
                terms_at=when.terms_at,
            )

        return await _change(info, "changeLicenseType", input, (input.license_type,), decide)

    @mutation(CLOSE, PLATFORM, "The customer left: from then on it is billed as 0.")
    async def close_organization(self, info: Info, input: CloseOrganizationInput) -> Any:
        def decide(state: OrganizationState, when: When) -> tuple[OrganizationFact, ...]:
            return decisions.close_organization(
                state,
                OrganizationId(input.organization),
                change_id=ChangeId(input.change_id),
                effective_at=input.effective_at or when.reader.now,
                now=when.reader.now,
                terms_at=when.terms_at,
            )

        return await _change(info, "closeOrganization", input, (), decide)


async def _change(
    info: Info,
    name: str,
    given: Any,
    content: tuple[Any, ...],
    decide: Callable[[OrganizationState, When], tuple[OrganizationFact, ...]],
) -> OrganizationChanged:
    """Record one change with its id, and show the organization as it is then."""
    act = await info.context.act(name, given.msp, given)
    organization = OrganizationId(given.organization)
    one = AskedChange(given.change_id, organization, (name, given.effective_at, *content), decide)
    recorded = await record_change(act, one)
    return await _changed(info, act.msp, organization, recorded.entry_id, recorded.was_recorded)


def _registered(info: Info, one: NewOrganization) -> AskedChange:
    def decide(state: OrganizationState, when: When) -> tuple[OrganizationFact, ...]:
        checked_id("organization", one.organization)
        return decisions.create_organization(
            state,
            OrganizationId(one.organization),
            change_id=ChangeId(one.change_id),
            effective_at=one.effective_at or when.reader.now,
            name=one.name,
            plan=info.context.parts.catalogue.plan(one.plan),
            license_type=one.license_type,
            management=one.management,
            now=when.reader.now,
        )

    content = ("register", one.name, one.plan, one.license_type, one.management, one.effective_at)
    return AskedChange(one.change_id, OrganizationId(one.organization), content, decide)


def new_organization_id(act: Act, given: str | None, number: int) -> OrganizationId:
    """The id of an organization that an admin creates: as given, from the idempotency key, or a new one."""
    if given is not None:
        return OrganizationId(checked_id("organization", given))
    if act.key is None:
        return OrganizationId(str(uuid.uuid4()))
    return OrganizationId(str(uuid.uuid5(ORGANIZATIONS_FROM_KEYS, f"{act.msp}\n{act.key.key}\n{number}")))


def created_by_admin(
    info: Info, organization: OrganizationId, name: str, plan: str, license_type: LicenseType
) -> AskedChange:
    """The creation of an organization by an MSP admin; its change id is made from the organization's."""
    change_id = ChangeId(f"created:{uuid.uuid5(ORGANIZATIONS_FROM_KEYS, organization)}")

    def decide(state: OrganizationState, when: When) -> tuple[OrganizationFact, ...]:
        return decisions.create_organization(
            state,
            organization,
            change_id=change_id,
            effective_at=when.reader.now,
            name=name,
            plan=info.context.parts.catalogue.plan(plan),
            license_type=license_type,
            management=Management.MSP,
            now=when.reader.now,
        )

    return AskedChange(change_id, organization, ("create", name, plan, license_type), decide)


async def _changed(
    info: Info, msp: MspId, organization: str, entry_id: uuid.UUID | None, already: bool
) -> OrganizationChanged:
    found = await find_organization(info, msp, organization)
    if found is None:
        raise Told("this is recorded, but the views do not show it yet", {"code": "ViewsBehind", "values": {}})
    return OrganizationChanged(
        organization=found,
        entry_id=None if entry_id is None else strawberry.ID(str(entry_id)),
        already_recorded=already,
    )
