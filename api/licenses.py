"""Licence changes, the platform's daily word: up to 1,000 in one call, each answered on its own."""

from datetime import datetime
from typing import Any

import strawberry

from api.changes import AskedChange, RecordedChange, When, checked_count, record_changes
from api.context import Info
from api.fields import PLATFORM, mutation
from api.inputs import of_leaves
from api.refusals import as_graphql, one_of, result
from domain.organization import Given, LicensesChanged, OrganizationFact, OrganizationState, change_licenses
from domain.refusals import (
    ChangeIdReused,
    EffectiveBeforeCreation,
    EffectiveInFuture,
    InvalidInput,
    OrganizationIsClosed,
    PlanLacksComponent,
    QuantityBelowZero,
    Refusal,
    UnknownOrganization,
)
from domain.values import ChangeId, Component, OrganizationId

_REFUSALS: tuple[type[Refusal], ...] = (
    UnknownOrganization,
    OrganizationIsClosed,
    PlanLacksComponent,
    QuantityBelowZero,
    EffectiveInFuture,
    EffectiveBeforeCreation,
    ChangeIdReused,
    InvalidInput,
)


@of_leaves
@strawberry.input(description="Exactly one of `delta` and `quantity`. Without `effectiveAt` it is effective now.")
class LicenseChange:
    change_id: strawberry.ID
    organization: strawberry.ID
    component: Component
    delta: int | None = None
    quantity: int | None = None
    effective_at: datetime | None = None


@of_leaves
@strawberry.input
class ChangeLicensesInput:
    changes: list[LicenseChange]
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.type(description="A licence change as it is recorded; `alreadyRecorded` when its id had come before.")
class Recorded:
    change_id: strawberry.ID
    organization: strawberry.ID
    component: Component
    delta: int
    quantity: int
    effective_at: datetime
    entry_id: strawberry.ID
    already_recorded: bool


_OUTCOME = one_of("LicenseChangeOutcome", Recorded, *_REFUSALS)


@strawberry.type(description="The answer to one change, in the order of the input.")
class LicenseChangeAnswer:
    change_id: strawberry.ID
    outcome: Any = strawberry.field(graphql_type=_OUTCOME)


@strawberry.type
class LicensesReported:
    answers: list[LicenseChangeAnswer]


CHANGE_LICENSES = result("ChangeLicensesResult", LicensesReported)


@strawberry.type
class LicenseMutations:
    @mutation(CHANGE_LICENSES, PLATFORM, "Report up to 1,000 licence changes; accepted ones are saved together.")
    async def change_licenses(self, info: Info, input: ChangeLicensesInput) -> Any:
        checked_count("changes", len(input.changes))
        act = await info.context.act("changeLicenses", input.msp, input)
        outcomes = await record_changes(act, [_asked(one) for one in input.changes])
        return LicensesReported(
            answers=[
                LicenseChangeAnswer(change_id=one.change_id, outcome=_told(one, outcome))
                for one, outcome in zip(input.changes, outcomes, strict=True)
            ]
        )


def _asked(one: LicenseChange) -> AskedChange:
    content = ("licenses", one.component, one.delta, one.quantity, one.effective_at)

    def decide(state: OrganizationState, when: When) -> tuple[OrganizationFact, ...]:
        given, value = _given(one)
        return change_licenses(
            state,
            OrganizationId(one.organization),
            change_id=ChangeId(one.change_id),
            component=one.component,
            given=given,
            value=value,
            effective_at=one.effective_at or when.reader.now,
            now=when.reader.now,
            terms_at=when.terms_at,
        )

    return AskedChange(one.change_id, OrganizationId(one.organization), content, decide)


def _given(one: LicenseChange) -> tuple[Given, int]:
    """Raises: InvalidInput unless exactly one of delta and quantity is given."""
    if one.delta is not None and one.quantity is None:
        return Given.DELTA, one.delta
    if one.quantity is not None and one.delta is None:
        return Given.QUANTITY, one.quantity
    raise InvalidInput("delta", "exactly one of delta and quantity is needed")


def _told(one: LicenseChange, outcome: RecordedChange | Refusal) -> Any:
    if isinstance(outcome, Refusal):
        return as_graphql(outcome)
    change = outcome.change
    assert isinstance(change, LicensesChanged)
    return Recorded(
        change_id=one.change_id,
        organization=one.organization,
        component=change.component,
        delta=change.delta,
        quantity=change.quantity,
        effective_at=change.effective_at,
        entry_id=strawberry.ID(str(outcome.entry_id)),
        already_recorded=outcome.was_recorded,
    )
