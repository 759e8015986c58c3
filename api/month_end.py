"""The month-end report: what is closed and verified, what is not and why, and whether it is safe to invoice."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import strawberry

from api.context import Info
from api.fields import READERS, query
from api.pushes import OpenException, shown
from domain.addition import PushKind
from domain.connection import ConnectionState
from domain.refusals import MonthHasNotBegun
from domain.values import BillingMonth, Component, MspId, same_quantity
from projections.reads import additions as addition_rows
from projections.reads import month_end as rows
from projections.reads.additions import AdditionRow, ExceptionFilter
from projections.reads.ask import Views
from projections.reads.month_end import ClosedLineRow, LeakRow

MOST_LISTED = 1_000


@strawberry.enum(description="Whether an addition holds what its month closed with.")
class LineState(StrEnum):
    VERIFIED = "VERIFIED"
    WAITING = "WAITING"
    MOVED_ON = "MOVED_ON"
    EDITED_BY_HAND = "EDITED_BY_HAND"
    CORRECTED_LATER = "CORRECTED_LATER"


@strawberry.type(description="One addition of a closed month: what was closed, and what the final wrote.")
class MonthEndLine:
    agreement: int
    product: int
    organizations: list[strawberry.ID]
    closed: Decimal
    target: Decimal | None
    verified_at: datetime | None
    state: LineState


@strawberry.type(description="Billable usage that no agreement bills: a revenue leak, unless excluded for a reason.")
class UnbilledUsage:
    organization: strawberry.ID
    organization_name: str
    product: int | None
    plan: strawberry.ID | None
    component: Component | None
    quantity: Decimal
    excluded_because: str | None


@strawberry.type(
    description="Usage of a closed month that a late change corrected; `version` counts from 1 at the close."
)
class UsageCorrection:
    organization: strawberry.ID
    version: int
    product: int | None
    plan: strawberry.ID | None
    component: Component | None
    old_quantity: Decimal | None
    quantity: Decimal | None
    change_id: strawberry.ID
    recorded_at: datetime


@strawberry.type
class MonthEnd:
    """The report of one month. `sentence` says why it is, or is not, safe to invoice."""

    month: BillingMonth
    is_closed: bool
    safe_to_invoice: bool
    sentence: str
    lines: list[MonthEndLine]
    exceptions: list[OpenException]
    leaks: list[UnbilledUsage]
    excluded: list[UnbilledUsage]
    corrections: list[UsageCorrection]


@strawberry.type
class MonthEndQueries:
    @query(READERS, "How a month ended.")
    async def month_end(self, info: Info, month: BillingMonth, msp: strawberry.ID | None = None) -> MonthEnd:
        asking = info.context
        known = await asking.known_msp(msp)
        now = await asking.in_thread(asking.journal.now)
        if month.begins_at > now:
            raise MonthHasNotBegun(month)
        return await report(asking.views, known, month, await asking.connection(known))


async def report(views: Views, msp: MspId, month: BillingMonth, connection: ConnectionState) -> MonthEnd:
    closed = await rows.lines(views, msp, month)
    unbilled = await rows.leaks(views, msp, month)
    corrections = await rows.corrections(views, msp, month)
    open_exceptions = await addition_rows.exceptions(views, msp, ExceptionFilter(), MOST_LISTED, None)
    additions: dict[tuple[int, int], AdditionRow] = {}
    if connection.live is not None:
        agreements = sorted({line.agreement for line in closed})
        additions = await addition_rows.of_agreements(views, msp, connection.live.tenant, agreements)
    is_closed = await rows.is_closed(views, msp, month)
    lines = [_line(row, additions.get((row.agreement, row.product)), month) for row in closed]
    here = {(line.agreement, line.product) for line in closed}
    exceptions = [
        each
        for each in open_exceptions
        if each.agreement is None or each.month == str(month) or (each.agreement, each.product or 0) in here
    ]
    leaks = [_unbilled(row) for row in unbilled if row.excluded_because is None]
    verdict = _verdict(
        _Tally(
            month=month,
            is_closed=is_closed,
            unclosed=await rows.unclosed(views, msp, month),
            lines=tuple(lines),
            exceptions=len(exceptions),
            leaks=len(leaks),
        )
    )
    return MonthEnd(
        month=month,
        is_closed=is_closed,
        safe_to_invoice=verdict.is_safe,
        sentence=verdict.sentence,
        lines=lines,
        exceptions=[shown(each) for each in exceptions],
        leaks=leaks,
        excluded=[_unbilled(row) for row in unbilled if row.excluded_because is not None],
        corrections=[
            UsageCorrection(
                organization=strawberry.ID(row.organization),
                version=row.version,
                product=row.product,
                plan=None if row.plan is None else strawberry.ID(row.plan),
                component=None if row.component is None else Component(row.component),
                old_quantity=row.old_quantity,
                quantity=row.quantity,
                change_id=strawberry.ID(row.cause),
                recorded_at=row.recorded_at,
            )
            for row in corrections
        ],
    )


def _line(row: ClosedLineRow, addition: AdditionRow | None, month: BillingMonth) -> MonthEndLine:
    final = addition is not None and addition.final_month == str(month)
    overwritten = (
        addition is not None and addition.last_kind == PushKind.OVERWRITE and addition.last_month == str(month)
    )
    target = verified_at = None
    if addition is not None and overwritten:
        target, verified_at = addition.last_target, addition.last_settled_at
    elif addition is not None and final:
        target, verified_at = addition.final_target, addition.final_verified_at
    return MonthEndLine(
        agreement=row.agreement,
        product=row.product,
        organizations=[strawberry.ID(one) for one in row.organizations],
        closed=row.quantity,
        target=target,
        verified_at=verified_at,
        state=_state(row, addition, verified_at, is_last=overwritten or _final_is_last(addition)),
    )


def _final_is_last(addition: AdditionRow | None) -> bool:
    return addition is not None and addition.final_push is not None and addition.final_push == addition.last_push


def _state(
    row: ClosedLineRow, addition: AdditionRow | None, verified_at: datetime | None, *, is_last: bool
) -> LineState:
    if addition is None or verified_at is None:
        return LineState.WAITING
    if not is_last or addition.open_push is not None:
        return LineState.MOVED_ON
    if addition.drift_found is not None and not same_quantity(addition.drift_found, addition.wrote or Decimal(0)):
        return LineState.EDITED_BY_HAND
    if not same_quantity(addition.base, row.quantity):
        return LineState.CORRECTED_LATER
    return LineState.VERIFIED


def _unbilled(row: LeakRow) -> UnbilledUsage:
    return UnbilledUsage(
        organization=strawberry.ID(row.organization),
        organization_name=row.name,
        product=row.product,
        plan=None if row.plan is None else strawberry.ID(row.plan),
        component=None if row.component is None else Component(row.component),
        quantity=row.quantity,
        excluded_because=row.excluded_because,
    )


@dataclass(frozen=True, slots=True)
class _Tally:
    """What the verdict looks at."""

    month: BillingMonth
    is_closed: bool
    unclosed: int
    lines: tuple[MonthEndLine, ...]
    exceptions: int
    leaks: int

    def lines_in(self, state: LineState) -> int:
        return sum(1 for line in self.lines if line.state is state)


@dataclass(frozen=True, slots=True)
class _Verdict:
    is_safe: bool
    sentence: str


def _verdict(tally: _Tally) -> _Verdict:
    """The first reason that forbids invoicing, in the order in which they are cured; or that nothing does."""
    month = tally.month
    reasons = (
        (not tally.is_closed, f"{month} is not closed yet."),
        (tally.unclosed > 0, f"{tally.unclosed} organizations have no close of {month}."),
        (tally.exceptions > 0, f"{tally.exceptions} exceptions need a person."),
        (tally.lines_in(LineState.WAITING) > 0, f"{tally.lines_in(LineState.WAITING)} additions wait for their final."),
        (
            tally.lines_in(LineState.CORRECTED_LATER) > 0,
            f"{tally.lines_in(LineState.CORRECTED_LATER)} additions were corrected after their final was written.",
        ),
        (
            tally.lines_in(LineState.EDITED_BY_HAND) > 0,
            f"{tally.lines_in(LineState.EDITED_BY_HAND)} additions were edited by hand after their final.",
        ),
        (
            tally.lines_in(LineState.MOVED_ON) > 0,
            f"{tally.lines_in(LineState.MOVED_ON)} additions hold a newer month's quantity already.",
        ),
        (tally.leaks > 0, f"{tally.leaks} usages are billed by no agreement."),
    )
    for holds, sentence in reasons:
        if holds:
            return _Verdict(False, sentence)
    return _Verdict(True, f"All {len(tally.lines)} additions hold what {month} closed with.")
