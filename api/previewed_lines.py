"""One ConnectWise line as it will be after some act: worked out with the decisions that its push would be made of.

Nothing is recorded, and the client can not write.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import strawberry

from connectwise.agreements import AgreementRead, money_effect, unit_price
from connectwise.client import ReadingClient
from domain.addition import ADDITION, AdditionState, DropGuard, Go, Hold, Problem, PushKind, PushOrder, Refuse, judge
from domain.connection import ConnectionState, Live
from domain.organization import OrganizationState, usage_of_month
from domain.records import choose_record, kind_of_act
from domain.run import LineAction
from domain.streams import addition_stream
from domain.values import (
    BillingMonth,
    LeftBehind,
    MspId,
    OrganizationId,
    ProductTerms,
    PsaAgreementId,
    PsaProductId,
    same_quantity,
)
from journal.application import Journal

ZERO = Decimal("0.00")


@strawberry.type(description="What one organization brings to a line; `arrives` when these items bring it there.")
class PreviewedContribution:
    organization: strawberry.ID
    name: str
    quantity: Decimal
    arrives: bool


@strawberry.type(
    description="One ConnectWise line that the items touch, as it will be after all of them: `found` is there now,"
    " `target` will be, the sum of the contributions unless a hand edit is kept. CREATE makes a new addition. A line"
    " that its last organization leaves becomes what `leftBehind` says. `money` is the change a month."
)
class PreviewedLine:
    agreement: int
    product: int
    identifier: str | None
    kind: PushKind | None
    action: LineAction
    found: Decimal | None
    wrote: Decimal | None
    wanted: Decimal
    target: Decimal | None
    contributions: list[PreviewedContribution]
    leaving: list[strawberry.ID]
    left_behind: LeftBehind | None
    money: Decimal | None
    problem: Problem | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """What every line of a preview is worked out from."""

    journal: Journal
    client: ReadingClient
    msp: MspId
    connection: ConnectionState
    live: Live
    now: datetime
    identifiers: Mapping[PsaProductId, str]

    @property
    def month(self) -> BillingMonth:
        return BillingMonth.of(self.now)


@dataclass(frozen=True, slots=True)
class After:
    """Who is on an agreement after the act, who of them arrives by it, and who leaves the line by it.

    `left_behind` is what becomes of the line if nobody is left on it; none when nobody leaves it.
    """

    organizations: Mapping[OrganizationId, OrganizationState]
    arriving: Collection[OrganizationId]
    leaving: Sequence[OrganizationId]
    left_behind: LeftBehind | None


def identifiers(*connections: ConnectionState) -> dict[PsaProductId, str]:
    """What the products mapped in some states of a connection are called."""
    return {one.product: one.identifier for state in connections for one in state.products.values()}


def usage(state: OrganizationState, month: BillingMonth, terms: ProductTerms) -> Decimal | None:
    """What an organization brings to a product; none when it has it at no time in the month."""
    closed = usage_of_month(state, month, (terms,))[0] if state.exists else ()
    return closed[0].quantity if closed else None


def work_out_line(
    look: Look, seen: AgreementRead, agreement: PsaAgreementId, terms: ProductTerms, after: After
) -> PreviewedLine:
    """What a push would do on one line. Raises: as any read of the PSA."""
    state: AdditionState = look.journal.state(
        ADDITION, addition_stream(look.msp, look.live.tenant, agreement, terms.product)
    ).state
    brought = {each: usage(one, look.month, terms) for each, one in after.organizations.items()}
    contributions = {each: quantity for each, quantity in brought.items() if quantity is not None}
    wanted = sum(contributions.values(), ZERO)
    left_behind = None if contributions else after.left_behind
    kind = kind_of_act(
        state, look.live.number, wanted=wanted, has_contributors=bool(contributions), left_behind=left_behind
    )
    shown = PreviewedLine(
        agreement=agreement,
        product=terms.product,
        identifier=look.identifiers.get(terms.product),
        kind=kind,
        action=LineAction.VERIFY,
        found=None,
        wrote=state.wrote,
        wanted=wanted,
        target=None,
        contributions=[
            PreviewedContribution(
                organization=strawberry.ID(each),
                name=after.organizations[each].name,
                quantity=quantity,
                arrives=each in after.arriving,
            )
            for each, quantity in contributions.items()
        ],
        leaving=[strawberry.ID(each) for each in after.leaving],
        left_behind=left_behind,
        money=None,
        problem=None,
        detail=None,
    )
    _judge(look, seen, terms, state, shown)
    return shown


def _judge(look: Look, seen: AgreementRead, terms: ProductTerms, state: AdditionState, shown: PreviewedLine) -> None:
    """Say what a push would do on the line, with the decisions that a push is made of."""
    record = choose_record(state, seen.standing_record(state.record), seen.running_records(terms.product, look.month))
    problem = seen.problem() or (
        None if state.is_proration_confirmed else seen.proration_problem(terms.rule, shown.wanted)
    )
    is_touching = shown.kind is not PushKind.RELEASE or shown.left_behind is LeftBehind.ZERO
    if state.open is not None:
        shown.detail = "a push is under way here; look again in a moment"
    if isinstance(record, Refuse):
        problem = problem or (record.problem, record.detail)
        record = None
    shown.found = record.quantity if record is not None else None
    if shown.kind is None or (shown.kind is PushKind.RELEASE and record is None and not is_touching):
        shown.target = shown.found
        return
    if problem is not None and is_touching:
        shown.action, (shown.problem, shown.detail) = LineAction.REFUSE, problem
        return
    settings = look.connection.settings
    order = PushOrder(
        kind=shown.kind,
        month=look.month,
        run=None,
        connection_number=look.live.number,
        wanted=shown.wanted,
        drift_policy=settings.drift_policy,
        guard=DropGuard(settings.drop_guard_percent, settings.drop_guard_units),
        rule=terms.rule,
        minimum=terms.minimum,
        left_behind=shown.left_behind or LeftBehind.UNTOUCHED,
    )
    match judge(state, order, shown.found):
        case Refuse(problem=named, detail=detail):
            shown.action, shown.problem, shown.detail = LineAction.REFUSE, named, detail
            return
        case Hold(target=target):
            shown.action, shown.target = LineAction.HOLD, target
        case Go(target=target):
            shown.target = target
            if record is None:
                shown.action = LineAction.CREATE
            elif not same_quantity(record.quantity, target):
                shown.action = LineAction.WRITE
    held = seen.record(record.record) if record is not None else None
    price = unit_price(look.client, held, terms.product)
    if price is not None and shown.target is not None:
        shown.money = money_effect(price, shown.found, shown.target, held)
