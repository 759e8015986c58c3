"""Additions for stories: orders, facts of pushes, and a line that already holds a settled number."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from domain.addition import (
    ADDITION,
    AdditionAdopted,
    AdditionFact,
    AdditionState,
    Answer,
    Contribution,
    DropGuard,
    HoldReason,
    Problem,
    PushApproved,
    PushFailed,
    PushHeld,
    PushKind,
    PushOrder,
    PushOutcomeUnknown,
    PushRefused,
    PushStarted,
    UsagePushed,
    start_push,
)
from domain.values import (
    BillingMonth,
    DriftPolicy,
    OrganizationId,
    PsaAdditionId,
    PsaAgreementId,
    PsaProductId,
    PushId,
    Rule,
    RunId,
)
from tests.domain.story import Outcome, given

NOVEMBER, DECEMBER = BillingMonth(2026, 11), BillingMonth(2026, 12)
RECORD, OTHER_RECORD = PsaAdditionId(500), PsaAdditionId(501)
AGREEMENT, PRODUCT = PsaAgreementId(7), PsaProductId(9)
RUN, ANOTHER_RUN = RunId("run-1"), RunId("run-2")
DEADLINE = datetime(2026, 11, 5, 8, 1, tzinfo=UTC)
GUARD = DropGuard(percent=50, units=10)
UNGUARDED = DropGuard(percent=0, units=0)
CONTRIBUTIONS = (Contribution(OrganizationId("globex"), Decimal("12.00"), 3, 1),)
FIRST, SECOND, THIRD = PushId("push-1"), PushId("push-2"), PushId("push-3")


def units(number: str | int | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def order(
    kind: PushKind,
    wanted: str | int | Decimal,
    *,
    month: BillingMonth = NOVEMBER,
    run: RunId | None = None,
    policy: DriftPolicy = DriftPolicy.OVERWRITE,
    guard: DropGuard = GUARD,
    connection_number: int = 1,
) -> PushOrder:
    return PushOrder(kind, month, run, connection_number, Decimal(wanted), policy, guard, rule=Rule.CURRENT, minimum=0)


def started(
    push: PushId,
    kind: PushKind,
    wanted: str | int,
    target: str | int,
    *,
    base: str | int = "0.00",
    wrote: str | int | None = None,
    found: str | int | None = None,
    record: PsaAdditionId | None = RECORD,
    month: BillingMonth = NOVEMBER,
    run: RunId | None = None,
    policy: DriftPolicy = DriftPolicy.OVERWRITE,
    approval: PushId | None = None,
    connection_number: int = 1,
) -> PushStarted:
    return PushStarted(
        push=push,
        kind=kind,
        month=month,
        run=run,
        connection_number=connection_number,
        record=record,
        base=Decimal(base),
        wrote=units(wrote),
        found=units(found),
        wanted=Decimal(wanted),
        target=Decimal(target),
        drift_policy=policy if kind is PushKind.FINAL else None,
        approval=approval,
        rule=Rule.CURRENT,
        minimum=0,
        deadline=DEADLINE,
        connection_version=4,
        contributions=CONTRIBUTIONS,
    )


def pushed(push: PushId, before: str | int | None, after: str | int, *, written: bool = True) -> UsagePushed:
    return UsagePushed(push, RECORD, units(before), Decimal(after), written)


def settled(
    kind: PushKind = PushKind.INITIAL,
    wanted: str | int = 12,
    target: str | int | None = None,
    *,
    base: str | int = "0.00",
    found: str | int = 0,
    month: BillingMonth = NOVEMBER,
    run: RunId | None = None,
    push: PushId = FIRST,
    connection_number: int = 1,
) -> tuple[PushStarted, UsagePushed]:
    """A push that was started and verified."""
    goal = wanted if target is None else target
    return (
        started(
            push,
            kind,
            wanted,
            goal,
            base=base,
            found=found,
            month=month,
            run=run,
            connection_number=connection_number,
        ),
        pushed(push, found, goal),
    )


ADOPTED = AdditionAdopted(RECORD)
HOLDS_12: tuple[AdditionFact, ...] = (ADOPTED, *settled())
"""An adopted line whose first push wrote 12: base 12, wrote 12."""
HOLDS_100: tuple[AdditionFact, ...] = (ADOPTED, *settled(wanted=100))
KEPT_14: tuple[AdditionFact, ...] = (
    *HOLDS_12,
    *settled(PushKind.INCREMENTAL, 13, 15, base=12, found=14, push=SECOND),
)
"""A hand edit from 12 to 14 was kept by an increment of 1: base 13, wrote 15."""
UNKNOWN_12: tuple[AdditionFact, ...] = (
    *HOLDS_12,
    started(SECOND, PushKind.INCREMENTAL, 15, 15, base=12, wrote=12, found=12),
    PushOutcomeUnknown(SECOND, Decimal(12), Decimal(15), Decimal(40)),
)
"""An increment from 12 to 15 after which the PSA held 40."""


def held(
    push: PushId,
    kind: PushKind,
    reason: HoldReason,
    wanted: str | int,
    *,
    base: str | int,
    wrote: str | int | None,
    found: str | int,
    month: BillingMonth = NOVEMBER,
    run: RunId | None = None,
) -> PushHeld:
    return PushHeld(
        push,
        kind,
        month,
        run,
        reason,
        Decimal(base),
        units(wrote),
        Decimal(found),
        Decimal(wanted),
        Decimal(wanted),
    )


def answered(push: PushId, answer: Answer, found: str | int, target: str | int) -> PushApproved:
    return PushApproved(push, answer, Decimal(found), Decimal(target))


def failed(
    push: PushId, problem: Problem = Problem.PSA_UNAVAILABLE, detail: str = "503", *, will_retry: bool = False
) -> PushFailed:
    return PushFailed(push, problem, detail, will_retry)


def refused(
    kind: PushKind,
    problem: Problem,
    detail: str,
    *,
    found: str | int | None = None,
    wanted: str | int | None = None,
    month: BillingMonth = NOVEMBER,
    run: RunId | None = None,
) -> PushRefused:
    return PushRefused(kind, month, run, problem, detail, units(found), units(wanted))


Pushing = Outcome[AdditionState, AdditionFact]


@dataclass(frozen=True, slots=True)
class Line:
    """An addition with its facts so far."""

    facts: tuple[AdditionFact, ...]

    @property
    def state(self) -> AdditionState:
        return given(ADDITION, *self.facts).state

    def push(
        self,
        what: PushOrder,
        *,
        found: str | int | None,
        push: PushId = SECOND,
        record: PsaAdditionId | None = RECORD,
        is_news: bool = True,
    ) -> Pushing:
        """Start a push; without `found` the record is still to be created."""
        return given(ADDITION, *self.facts).when(
            start_push,
            what,
            push=push,
            record=None if found is None else record,
            found=units(found),
            deadline=DEADLINE,
            connection_version=4,
            contributions=CONTRIBUTIONS,
            is_news=is_news,
        )


def line(*facts: AdditionFact) -> Line:
    return Line(facts)


def approved_in_preview(what: PushOrder, found: str | int, target: str | int) -> PushOrder:
    return replace(what, approved=(Decimal(found), Decimal(target)))
