"""One recurring line of an agreement in the PSA, and everything that was ever written to it.

A push is an absolute write computed from four numbers: *base* (the wanted of the last settled push), *wrote* (its
target), *found* (in the PSA now) and *wanted* (what the facts say). It starts with `PushStarted`, which stays open
until the PSA is known to hold the target or certainly not to; one write is in flight at a time.

The story of a push: `judge` turns the numbers into a verdict, `start_push` records it, `verify`, `fail` and
`settle_from_psa` close it. Nothing here talks to the PSA.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from domain.refusals import InvalidInput, NotHeld, NothingToRetry, NumbersMoved
from domain.replacing import replace
from domain.streams import Aggregate, StreamKind
from domain.values import (
    BillingMonth,
    DriftPolicy,
    LeftBehind,
    OrganizationId,
    PsaAdditionId,
    PsaAgreementId,
    PsaProductId,
    PushId,
    Rule,
    RunId,
    same_quantity,
)

ZERO = Decimal("0.00")


class PushKind(StrEnum):
    INITIAL = "INITIAL"
    INCREMENTAL = "INCREMENTAL"
    OVERWRITE = "OVERWRITE"
    FINAL = "FINAL"
    RELEASE = "RELEASE"
    UNDO = "UNDO"


class HoldReason(StrEnum):
    """Why a push waits for an admin."""

    DROP_GUARD = "DROP_GUARD"
    HAND_EDIT = "HAND_EDIT"


class Answer(StrEnum):
    """What an admin answers to a held push: go on as planned, or one of the three drift policies' outcomes."""

    APPROVE = "APPROVE"
    OVERWRITE = "OVERWRITE"
    KEEP = "KEEP"
    LEAVE = "LEAVE"


class Problem(StrEnum):
    """Named exceptions of one addition; each has its cure in `projections/exceptions.py`."""

    TWO_RUNNING = "TWO_RUNNING"
    BELOW_ZERO = "BELOW_ZERO"
    AGREEMENT_ENDED = "AGREEMENT_ENDED"
    AGREEMENT_GONE = "AGREEMENT_GONE"
    PRODUCT_INACTIVE = "PRODUCT_INACTIVE"
    MISSING_RIGHT = "MISSING_RIGHT"
    RECORD_FORBIDDEN = "RECORD_FORBIDDEN"
    REFUSED_BY_PSA = "REFUSED_BY_PSA"
    NOT_APPLIED = "NOT_APPLIED"
    PSA_UNAVAILABLE = "PSA_UNAVAILABLE"
    PRORATED_TWICE = "PRORATED_TWICE"
    NOT_ON_THIS_INVOICE = "NOT_ON_THIS_INVOICE"
    MISSED_MONTH = "MISSED_MONTH"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    ADDITION_LOST = "ADDITION_LOST"
    CANNOT_UNDO = "CANNOT_UNDO"
    NOTHING_MAPPED = "NOTHING_MAPPED"
    NUMBERS_MOVED = "NUMBERS_MOVED"
    COMPANY_DELETED = "COMPANY_DELETED"
    FINAL_PENDING = "FINAL_PENDING"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one organization brings to an addition, and by which versions of its streams. Units: two decimals."""

    organization: OrganizationId
    quantity: Decimal
    organization_version: int
    company_mapping_version: int


# --- facts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AdditionAdopted:
    """By a worker: the only running record of the product on the agreement is ours from now on."""

    record: PsaAdditionId


@dataclass(frozen=True, slots=True)
class AdditionCreated:
    """By a worker, after ConnectWise answered the create of the open push."""

    record: PsaAdditionId
    push: PushId
    effective_on: datetime


@dataclass(frozen=True, slots=True)
class PushStarted:
    """By a worker, before it writes: everything needed to explain the number for ever.

    `record` and `found` are none for a create. `wanted` is what becomes the base once the push is settled.
    Nothing is sent after `deadline`.
    """

    push: PushId
    kind: PushKind
    month: BillingMonth
    run: RunId | None
    connection_number: int
    record: PsaAdditionId | None
    base: Decimal
    wrote: Decimal | None
    found: Decimal | None
    wanted: Decimal
    target: Decimal
    drift_policy: DriftPolicy | None
    approval: PushId | None
    rule: Rule | None
    minimum: int | None
    deadline: datetime
    connection_version: int
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class UsagePushed:
    """By a worker: the PSA was read back and holds the target. Not `written` when it held it already."""

    push: PushId
    record: PsaAdditionId
    before: Decimal | None
    after: Decimal
    written: bool


@dataclass(frozen=True, slots=True)
class PushFailed:
    """By a worker: the write was certainly not applied. With `will_retry` it is tried again by itself."""

    push: PushId
    problem: Problem
    detail: str
    will_retry: bool


@dataclass(frozen=True, slots=True)
class PushOutcomeUnknown:
    """By a worker: the PSA holds neither what was found nor the target. Closes the push, keeps the base."""

    push: PushId
    earlier_found: Decimal | None
    target: Decimal
    found: Decimal | None


@dataclass(frozen=True, slots=True)
class PushHeld:
    """By a worker: not written until an admin answers."""

    push: PushId
    kind: PushKind
    month: BillingMonth
    run: RunId | None
    reason: HoldReason
    base: Decimal
    wrote: Decimal | None
    found: Decimal
    wanted: Decimal
    target: Decimal


@dataclass(frozen=True, slots=True)
class PushApproved:
    """By an admin; binds to the found and target that were shown. `push` is the held one."""

    push: PushId
    answer: Answer
    found: Decimal
    target: Decimal


@dataclass(frozen=True, slots=True)
class PushRefused:
    """By a worker, before anything was started: an exception with its numbers."""

    kind: PushKind
    month: BillingMonth
    run: RunId | None
    problem: Problem
    detail: str
    found: Decimal | None
    wanted: Decimal | None


@dataclass(frozen=True, slots=True)
class RetryRequested:
    """By an admin: try an exception again. `create_again` lets a lost record be created anew."""

    create_again: bool


@dataclass(frozen=True, slots=True)
class ProrationConfirmed:
    """By an admin: AVERAGE on an agreement that prorates is meant."""


@dataclass(frozen=True, slots=True)
class DriftDetected:
    """By a worker: somebody changed the quantity in the PSA."""

    wrote: Decimal
    found: Decimal


@dataclass(frozen=True, slots=True)
class TroubleSeen:
    """By the nightly watch: something in the PSA around the record needs a person. Pushes are not affected."""

    problem: Problem
    detail: str


@dataclass(frozen=True, slots=True)
class TroubleGone:
    """By the nightly watch: what it saw before is in order again."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class AdditionLost:
    """By a worker: the remembered record is gone, known after a complete read with working credentials."""

    record: PsaAdditionId


AdditionFact = (
    AdditionAdopted
    | AdditionCreated
    | PushStarted
    | UsagePushed
    | PushFailed
    | PushOutcomeUnknown
    | PushHeld
    | PushApproved
    | PushRefused
    | RetryRequested
    | ProrationConfirmed
    | DriftDetected
    | TroubleSeen
    | TroubleGone
    | AdditionLost
)


# --- state -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settled:
    """The last settled push, with what stood before it, so that it can be undone."""

    push: PushId
    kind: PushKind
    month: BillingMonth
    run: RunId | None
    connection_number: int
    base_before: Decimal
    found_before: Decimal | None
    target: Decimal
    was_fresh: bool = False


@dataclass(frozen=True, slots=True)
class Exceptional:
    """Why the addition does not hold what it should."""

    problem: Problem
    kind: PushKind | None
    month: BillingMonth | None
    run: RunId | None
    detail: str
    found: Decimal | None
    wanted: Decimal | None


class LineOutcome(StrEnum):
    """How a run's line ended for this addition; `NOT_STARTED` when the run was over before its turn."""

    NOT_STARTED = "NOT_STARTED"
    VERIFIED = "VERIFIED"
    UNCHANGED = "UNCHANGED"
    HELD = "HELD"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class AdditionState:
    version: int = 0
    record: PsaAdditionId | None = None
    was_known: bool = False
    """Whether the stream ever had a record; then a new one is not adopted silently."""
    is_lost: bool = False
    """The remembered record is gone, and nobody has said yet what is to become of it."""
    may_create_again: bool = False
    base: Decimal = ZERO
    wrote: Decimal | None = None
    is_fresh: bool = True
    """Until a first push settles on this record; again after a release, and for another record."""
    open: PushStarted | None = None
    settled: Settled | None = None
    held: PushHeld | None = None
    approved: PushApproved | None = None
    is_outcome_unknown: bool = False
    """Then only an absolute push may write; increments wait."""
    exceptional: Exceptional | None = None
    missed: Mapping[BillingMonth, Exceptional] = field(default_factory=dict)
    """Closed months that were not written before a newer one closed, until their own overwrite or an admin's word."""
    drift: DriftDetected | None = None
    """The newest hand edit seen since the last settled push."""
    troubles: Mapping[Problem, str] = field(default_factory=dict)
    """What the nightly watch saw and has not seen gone, with its detail. None once it has nothing to watch here."""
    is_proration_confirmed: bool = False
    finals: Mapping[BillingMonth, PushId] = field(default_factory=dict)
    """The final that settled each month."""
    final_started: BillingMonth | None = None
    outcomes: Mapping[RunId, LineOutcome] = field(default_factory=dict)
    """How the runs that touched it ended here; the newest few."""


# --- judging ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DropGuard:
    """Holds an absolute push that would fall below `percent` of what stands and by more than `units`."""

    percent: int
    units: int

    def stops(self, standing: Decimal, target: Decimal) -> bool:
        return target * 100 < standing * self.percent and standing - target > self.units


@dataclass(frozen=True, slots=True)
class Shown:
    """The numbers of a previewed line; `found` is none when the record was to be created."""

    found: Decimal | None
    target: Decimal


@dataclass(frozen=True, slots=True)
class PushOrder:
    """What a push is asked to bring about. `target` is given for UNDO only, `left_behind` for RELEASE only."""

    kind: PushKind
    month: BillingMonth
    run: RunId | None
    connection_number: int
    wanted: Decimal
    drift_policy: DriftPolicy
    guard: DropGuard
    rule: Rule | None = None
    minimum: int | None = None
    target: Decimal | None = None
    left_behind: LeftBehind = LeftBehind.UNTOUCHED
    approved: tuple[Decimal, Decimal] | None = None
    """Found and target of a held line that an admin ticked in a preview."""
    shown: Shown | None = None
    """What the preview showed that this push was asked for with; it binds."""


@dataclass(frozen=True, slots=True)
class Go:
    """Write (or only verify) this target."""

    target: Decimal
    approval: PushId | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    reason: HoldReason
    target: Decimal


@dataclass(frozen=True, slots=True)
class Refuse:
    problem: Problem
    detail: str


Verdict = Go | Hold | Refuse


def is_initial(state: AdditionState, connection_number: int) -> bool:
    """Whether the next due push is an INITIAL: nothing settled yet on this record and connection."""
    return state.is_fresh or state.settled is None or state.settled.connection_number != connection_number


def judge(state: AdditionState, order: PushOrder, found: Decimal | None) -> Verdict:
    """What a push will write, or why it does not.

    `found` is what the PSA holds, none when the record is still to be created.
    """
    here = found if found is not None else ZERO
    by_admin = _hand_edit_answer(state, order, here)
    match order.kind:
        case PushKind.INITIAL | PushKind.OVERWRITE:
            target = order.wanted
        case PushKind.INCREMENTAL:
            if state.is_outcome_unknown:
                return _WAITS_FOR_ABSOLUTE
            target = here + (order.wanted - state.base)
            if _is_drifted(state, here) and same_quantity(here, order.wanted):
                target = here
        case PushKind.FINAL:
            policy = _POLICY_OF[by_admin] if by_admin is not None else order.drift_policy
            if state.is_outcome_unknown and policy is not DriftPolicy.OVERWRITE:
                return _WAITS_FOR_ABSOLUTE
            target = order.wanted
            if not is_initial(state, order.connection_number) and not same_quantity(here, state.base):
                if by_admin is Answer.LEAVE:
                    target = here
                elif policy is DriftPolicy.KEEP:
                    target = order.wanted + (here - state.base)
                elif policy is DriftPolicy.HOLD:
                    return Hold(HoldReason.HAND_EDIT, target)
        case PushKind.RELEASE:
            return Go(here if order.left_behind is LeftBehind.UNTOUCHED else ZERO)
        case PushKind.UNDO:
            assert order.target is not None
            return Go(order.target)
        case _:
            assert_never(order.kind)
    if order.shown is not None and not _is_as_shown(order.shown, found, target):
        return Refuse(Problem.NUMBERS_MOVED, _moved(order.shown, found, target))
    if target < 0:
        return Refuse(Problem.BELOW_ZERO, f"the target would be {target}; Sync now writes {order.wanted}")
    approval = state.approved.push if state.approved is not None else None
    if by_admin is not None:
        return Go(target, approval)
    if _is_guarded(state, order, here) and order.guard.stops(max(here, state.wrote or ZERO), target):
        if _is_approved(state, order, here, target):
            return Go(target, approval)
        if order.approved is not None and _same_pair(order.approved, (here, target)):
            return Go(target)
        return Hold(HoldReason.DROP_GUARD, target)
    return Go(target)


_WAITS_FOR_ABSOLUTE = Refuse(
    Problem.OUTCOME_UNKNOWN, "an earlier push has an unknown outcome; Sync now writes an absolute number"
)
_POLICY_OF = {
    Answer.OVERWRITE: DriftPolicy.OVERWRITE,
    Answer.KEEP: DriftPolicy.KEEP,
    Answer.LEAVE: DriftPolicy.OVERWRITE,
    Answer.APPROVE: DriftPolicy.OVERWRITE,
}


def _is_as_shown(shown: Shown, found: Decimal | None, target: Decimal) -> bool:
    if shown.found is None or found is None:
        return shown.found is found and same_quantity(shown.target, target)
    return _same_pair((shown.found, shown.target), (found, target))


def _moved(shown: Shown, found: Decimal | None, target: Decimal) -> str:
    was = "nothing" if shown.found is None else shown.found
    now = "nothing" if found is None else found
    return f"the preview showed {was} to become {shown.target}; now {now} would become {target}"


def _is_drifted(state: AdditionState, found: Decimal) -> bool:
    return state.wrote is not None and not same_quantity(found, state.wrote)


def _is_guarded(state: AdditionState, order: PushOrder, found: Decimal) -> bool:
    match order.kind:
        case PushKind.INITIAL | PushKind.OVERWRITE:
            return True
        case PushKind.FINAL:
            return is_initial(state, order.connection_number) or _is_drifted(state, found)
        case _:
            return False


def _answered(state: AdditionState, order: PushOrder) -> tuple[PushHeld, PushApproved] | None:
    """The hold of this very push with an admin's answer to it, if anybody answered."""
    held, approved = state.held, state.approved
    if held is None or approved is None or approved.push != held.push:
        return None
    return (held, approved) if (held.kind, held.month) == (order.kind, order.month) else None


def _hand_edit_answer(state: AdditionState, order: PushOrder, found: Decimal) -> Answer | None:
    """The answer to a hand edit, as long as what was shown still stands."""
    answered = _answered(state, order)
    if answered is None or answered[0].reason is not HoldReason.HAND_EDIT:
        return None
    approved = answered[1]
    return approved.answer if _same_pair((approved.found, approved.target), (found, order.wanted)) else None


def _is_approved(state: AdditionState, order: PushOrder, found: Decimal, target: Decimal) -> bool:
    """Whether an admin let exactly this drop pass."""
    answered = _answered(state, order)
    return (
        answered is not None
        and answered[0].reason is HoldReason.DROP_GUARD
        and _same_pair((answered[1].found, answered[1].target), (found, target))
    )


def _same_pair(left: tuple[Decimal, Decimal], right: tuple[Decimal, Decimal]) -> bool:
    return same_quantity(left[0], right[0]) and same_quantity(left[1], right[1])


# --- decisions -------------------------------------------------------------------------------------------------


class PushIsOpen(Exception):
    """Another worker's push of this addition is open; it has to be settled first. Not a refusal: the worker stops."""


def start_push(
    state: AdditionState,
    order: PushOrder,
    *,
    push: PushId,
    record: PsaAdditionId | None,
    found: Decimal | None,
    deadline: datetime,
    connection_version: int,
    contributions: tuple[Contribution, ...],
    is_news: bool = True,
) -> tuple[AdditionFact, ...]:
    """Record what `judge` says: a start, a hold or an exception; drift and an adoption with it.

    Unless `is_news`, nothing is recorded when the same hold or exception stands already.
    Raises: PushIsOpen.
    """
    if state.open is not None:
        raise PushIsOpen
    facts: list[AdditionFact] = []
    if record is not None and record != state.record:
        facts.append(AdditionAdopted(record))
        state = evolve(state, facts[-1])
    elif not state.is_fresh and found is not None and _is_drifted(state, found) and state.wrote is not None:
        drift = DriftDetected(state.wrote, found)
        if drift != state.drift:
            facts.append(drift)
            state = evolve(state, drift)
    match judge(state, order, found):
        case Go(target=target, approval=approval):
            facts.append(
                PushStarted(
                    push=push,
                    kind=order.kind,
                    month=order.month,
                    run=order.run,
                    connection_number=order.connection_number,
                    record=record,
                    base=state.base,
                    wrote=state.wrote,
                    found=found,
                    wanted=order.wanted,
                    target=target,
                    drift_policy=order.drift_policy if order.kind is PushKind.FINAL else None,
                    approval=approval,
                    rule=order.rule,
                    minimum=order.minimum,
                    deadline=deadline,
                    connection_version=connection_version,
                    contributions=contributions,
                )
            )
        case Hold(reason=reason, target=target):
            here = found if found is not None else ZERO
            held = PushHeld(
                push, order.kind, order.month, order.run, reason, state.base, state.wrote, here, order.wanted, target
            )
            stands = state.held is not None and replace(state.held, push=push) == held and state.approved is None
            if is_news or not stands:
                facts.append(held)
        case Refuse(problem=problem, detail=detail):
            facts.extend(
                refuse_push(
                    state,
                    kind=order.kind,
                    month=order.month,
                    run=order.run,
                    problem=problem,
                    detail=detail,
                    found=found,
                    wanted=order.wanted,
                    is_news=is_news,
                )
            )
    return tuple(facts)


def refuse_push(
    state: AdditionState,
    *,
    kind: PushKind,
    month: BillingMonth,
    run: RunId | None,
    problem: Problem,
    detail: str,
    found: Decimal | None = None,
    wanted: Decimal | None = None,
    is_news: bool = True,
) -> tuple[AdditionFact, ...]:
    """An exception before a start; unless `is_news`, nothing when exactly this one stands already."""
    standing = state.missed.get(month) if problem is Problem.MISSED_MONTH else state.exceptional
    if not is_news and standing == Exceptional(problem, kind, month, run, detail, found, wanted):
        return ()
    return (PushRefused(kind, month, run, problem, detail, found, wanted),)


def created(state: AdditionState, record: PsaAdditionId, effective_on: datetime) -> tuple[AdditionFact, ...]:
    """ConnectWise answered the create of the open push. Nothing when somebody settled it meanwhile."""
    if state.open is None or state.open.record is not None or state.record == record:
        return ()
    return (AdditionCreated(record, state.open.push, effective_on),)


def verify_push(
    state: AdditionState, push: PushId, *, record: PsaAdditionId, after: Decimal, written: bool
) -> tuple[AdditionFact, ...]:
    """The PSA was read back and holds `after`. A 200 that changed nothing is a failure, one that made something
    else of the target an unknown outcome.

    Nothing when somebody settled it meanwhile.
    """
    if state.open is None or state.open.push != push:
        return ()
    before, target = state.open.found, state.open.target
    if same_quantity(after, target):
        return (UsagePushed(push, record, before, after, written),)
    if before is not None and same_quantity(after, before):
        detail = f"ConnectWise answered {after} instead of {target}"
        return (PushFailed(push, Problem.NOT_APPLIED, detail, False),)
    return (PushOutcomeUnknown(push, before, target, after),)


def fail_push(
    state: AdditionState, push: PushId, problem: Problem, detail: str, *, will_retry: bool
) -> tuple[AdditionFact, ...]:
    """The write was certainly not applied. Nothing when somebody settled it meanwhile."""
    if state.open is None or state.open.push != push:
        return ()
    return (PushFailed(push, problem, detail, will_retry),)


def settle_from_psa(
    state: AdditionState,
    push: PushId,
    *,
    record: PsaAdditionId | None,
    found: Decimal | None,
    effective_on: datetime | None = None,
) -> tuple[AdditionFact, ...]:
    """Close an open push by what the PSA holds, after its deadline plus a grace.

    `record` and `found` are none when no running record of the product exists.
    """
    started = state.open
    if started is None or started.push != push:
        return ()
    facts: list[AdditionFact] = []
    if started.record is None and record is not None and state.record != record:
        facts.append(AdditionCreated(record, push, effective_on or started.month.begins_at))
    if found is not None and record is not None and same_quantity(found, started.target):
        written = started.found is None or not same_quantity(started.found, started.target)
        facts.append(UsagePushed(push, record, started.found, found, written))
    elif (found is None and started.found is None) or (
        found is not None and started.found is not None and same_quantity(found, started.found)
    ):
        facts.append(PushFailed(push, Problem.NOT_APPLIED, "ConnectWise still holds what it held before", True))
    else:
        facts.append(PushOutcomeUnknown(push, started.found, started.target, found))
    return tuple(facts)


def lose_record(state: AdditionState) -> tuple[AdditionFact, ...]:
    """The remembered record is gone."""
    return () if state.record is None else (AdditionLost(state.record),)


def detect_drift(state: AdditionState, found: Decimal) -> tuple[AdditionFact, ...]:
    """Seen by the nightly watch. Nothing when a push is open, nothing was written, or it is known already."""
    if state.open is not None or state.is_fresh or state.wrote is None or same_quantity(found, state.wrote):
        return ()
    drift = DriftDetected(state.wrote, found)
    return () if drift == state.drift else (drift,)


def watch_troubles(state: AdditionState, seen: Mapping[Problem, str]) -> tuple[AdditionFact, ...]:
    """What the nightly watch saw now against what it saw before."""
    gone = tuple(TroubleGone(problem) for problem in state.troubles if problem not in seen)
    new = tuple(
        TroubleSeen(problem, detail) for problem, detail in seen.items() if state.troubles.get(problem) != detail
    )
    return (*gone, *new)


def approve_push(
    state: AdditionState,
    agreement: PsaAgreementId,
    product: PsaProductId,
    *,
    push: PushId,
    answer: Answer,
    found: Decimal,
    target: Decimal,
) -> tuple[AdditionFact, ...]:
    """Answer a held push; `found` and `target` are those that the admin saw.

    Raises: NotHeld; InvalidInput for an answer that does not fit the hold; NumbersMoved when the hold is not about
    these numbers (any more).
    """
    held = state.held
    if held is None or held.push != push:
        raise NotHeld(agreement, product)
    if (held.reason is HoldReason.DROP_GUARD) != (answer is Answer.APPROVE):
        raise InvalidInput("answer", "APPROVE answers a drop; OVERWRITE, KEEP or LEAVE answer a hand edit")
    if not _same_pair((held.found, held.target), (found, target)):
        raise NumbersMoved(held.found, held.target)
    approved = PushApproved(push, answer, found, target)
    return () if state.approved == approved else (approved,)


def request_retry(
    state: AdditionState, agreement: PsaAgreementId, product: PsaProductId, *, create_again: bool
) -> tuple[AdditionFact, ...]:
    """Try what stands in the way again; where only missed months stand, let those go.

    Raises: NothingToRetry.
    """
    if state.exceptional is None and not state.missed:
        raise NothingToRetry(agreement, product)
    return (RetryRequested(create_again),)


def confirm_proration(state: AdditionState) -> tuple[AdditionFact, ...]:
    return () if state.is_proration_confirmed else (ProrationConfirmed(),)


_WITHOUT_EFFECT = frozenset({LineOutcome.HELD, LineOutcome.REFUSED, LineOutcome.FAILED})
"""Ends of a run's line that left the PSA as it was."""


def undo_of(state: AdditionState, run: RunId) -> tuple[Decimal, Decimal] | str:
    """Target and base that undo what a run wrote here, or the reason why it can not be undone."""
    settled = state.settled
    if state.open is not None:
        return "a push is open"
    if settled is None or settled.run != run:
        is_without_effect = settled is None or state.outcomes.get(run) in _WITHOUT_EFFECT
        return "it wrote nothing here" if is_without_effect else "something was pushed after it"
    return (settled.found_before if settled.found_before is not None else ZERO, settled.base_before)


# --- evolve ----------------------------------------------------------------------------------------------------

_OUTCOMES_KEPT = 20


def evolve(state: AdditionState, fact: AdditionFact) -> AdditionState:
    version = state.version + 1
    match fact:  # the commonest two by far, changed in one step
        case PushStarted():
            finals = fact.month if fact.kind is PushKind.FINAL else state.final_started
            return replace(state, version=version, open=fact, final_started=finals)
        case UsagePushed():
            return _settled(state, version, fact)
    state = replace(state, version=version)
    match fact:
        case AdditionAdopted():
            return _with_record(state, fact.record)
        case AdditionCreated():
            return _with_record(state, fact.record)
        case PushFailed():
            started = state.open
            assert started is not None
            if fact.will_retry:
                return replace(state, open=None)
            failed = Exceptional(
                fact.problem, started.kind, started.month, started.run, fact.detail, started.found, started.wanted
            )
            return _with_outcome(replace(state, open=None, exceptional=failed), started.run, LineOutcome.FAILED)
        case PushOutcomeUnknown():
            started = state.open
            assert started is not None
            unknown = Exceptional(
                Problem.OUTCOME_UNKNOWN,
                started.kind,
                started.month,
                started.run,
                "ConnectWise holds neither what it held before nor what was written",
                fact.found,
                started.wanted,
            )
            return _with_outcome(
                replace(state, open=None, is_outcome_unknown=True, exceptional=unknown),
                started.run,
                LineOutcome.UNKNOWN,
            )
        case PushHeld():
            return _with_outcome(replace(state, held=fact, approved=None), fact.run, LineOutcome.HELD)
        case PushApproved():
            return replace(state, approved=fact)
        case PushRefused():
            refused = Exceptional(fact.problem, fact.kind, fact.month, fact.run, fact.detail, fact.found, fact.wanted)
            held = state.held
            if held is not None and (held.kind, held.month, held.run) == (fact.kind, fact.month, fact.run):
                state = replace(state, held=None, approved=None)  # What is refused waits for no answer any more.
            if fact.problem is Problem.MISSED_MONTH:
                state = replace(state, missed={**state.missed, fact.month: refused})
            else:
                state = replace(state, exceptional=refused)
            return _with_outcome(state, fact.run, LineOutcome.REFUSED)
        case RetryRequested():
            missed = state.missed if state.exceptional is not None else {}
            return replace(state, exceptional=None, missed=missed, is_lost=False, may_create_again=fact.create_again)
        case ProrationConfirmed():
            return replace(state, is_proration_confirmed=True)
        case DriftDetected():
            return replace(state, drift=fact)
        case TroubleSeen():
            return replace(state, troubles={**state.troubles, fact.problem: fact.detail})
        case TroubleGone():
            troubles = {problem: detail for problem, detail in state.troubles.items() if problem != fact.problem}
            return replace(state, troubles=troubles)
        case AdditionLost():
            lost = Exceptional(Problem.ADDITION_LOST, None, None, None, "the record is gone", None, None)
            return replace(
                state, record=None, is_lost=True, is_fresh=True, wrote=None, drift=None, troubles={}, exceptional=lost
            )
        case _:
            assert_never(fact)


def _with_record(state: AdditionState, record: PsaAdditionId) -> AdditionState:
    if record == state.record:
        return state
    return replace(
        _without_past(state), record=record, was_known=True, is_lost=False, may_create_again=False, exceptional=None
    )


def _without_past(state: AdditionState) -> AdditionState:
    """What was written, held, answered or left unknown belongs to the record that it was about."""
    return replace(state, is_fresh=True, wrote=None, drift=None, held=None, approved=None, is_outcome_unknown=False)


def _settled(state: AdditionState, version: int, fact: UsagePushed) -> AdditionState:
    started = state.open
    assert started is not None
    settled = Settled(
        started.push,
        started.kind,
        started.month,
        started.run,
        started.connection_number,
        started.base,
        started.found,
        started.target,
        state.is_fresh,
    )
    finals = state.finals
    if started.kind is PushKind.FINAL:
        finals = {**finals, started.month: started.push}
    pushed = replace(
        state,
        version=version,
        base=started.wanted,
        wrote=started.target,
        is_fresh=_is_fresh_after(state, started),
        open=None,
        settled=settled,
        held=None,
        approved=None,
        is_outcome_unknown=False,
        exceptional=None,
        missed=_without(state.missed, started.month),
        drift=None,
        troubles={} if started.kind is PushKind.RELEASE else state.troubles,
        finals=finals,
    )
    outcome = LineOutcome.VERIFIED if fact.written else LineOutcome.UNCHANGED
    return _with_outcome(pushed, started.run, outcome)


def _is_fresh_after(state: AdditionState, started: PushStarted) -> bool:
    """A release ends what we bill here, and an undo brings back what the line was before the undone push."""
    match started.kind:
        case PushKind.RELEASE:
            return True
        case PushKind.UNDO:
            return state.settled is None or state.settled.was_fresh
        case _:
            return False


def _without(missed: Mapping[BillingMonth, Exceptional], written: BillingMonth) -> Mapping[BillingMonth, Exceptional]:
    """Writing a month brings back none of the others that were missed: only its own overwrite does."""
    return {month: why for month, why in missed.items() if month != written} if written in missed else missed


def _with_outcome(state: AdditionState, run: RunId | None, outcome: LineOutcome) -> AdditionState:
    if run is None:
        return state
    kept = {known: how for known, how in state.outcomes.items() if known != run}
    for oldest in list(kept)[: max(0, len(kept) - _OUTCOMES_KEPT + 1)]:
        del kept[oldest]
    return replace(state, outcomes={**kept, run: outcome})


ADDITION: Aggregate[AdditionState, AdditionFact] = Aggregate(StreamKind.ADDITION, AdditionState(), evolve)
