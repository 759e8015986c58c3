"""The month-end report: what is closed and verified, what is not and why, and whether it is safe to invoice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import strawberry

from api.context import Asking, Info
from api.fields import READERS, query
from api.pushes import OpenException, shown
from domain.addition import PushKind
from domain.connection import closes
from domain.organization import ORGANIZATION, OrganizationState, is_managed_in, usage_of_month
from domain.refusals import MonthHasNotBegun
from domain.streams import organization_stream
from domain.values import BillingMonth, Component, MspId, OrganizationId, same_quantity
from journal.application import Journal
from projections.reads import additions as addition_rows
from projections.reads import month_end as rows
from projections.reads.additions import AdditionRow, ExceptionFilter, ExceptionRow
from projections.reads.month_end import ClosedLineRow, LeakRow, LeftRow, MonthPushRow, UnclosedRow

MOST_LISTED = 1_000


@strawberry.enum(
    description="Whether an addition holds what its month closed with. BEING_LEFT: nothing was closed on it, since the"
    " usage moved elsewhere, and it is not set to 0 yet."
)
class LineState(StrEnum):
    VERIFIED = "VERIFIED"
    WAITING = "WAITING"
    MOVED_ON = "MOVED_ON"
    EDITED_BY_HAND = "EDITED_BY_HAND"
    CORRECTED_LATER = "CORRECTED_LATER"
    BEING_LEFT = "BEING_LEFT"


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
        return await report(asking, known, month, now)


async def report(asking: Asking, msp: MspId, month: BillingMonth, now: datetime) -> MonthEnd:
    """Of a month that has begun. What is about no month stands in the way of the one before the running one."""
    views, connection = asking.views, await asking.connection(msp)
    is_newest = month == BillingMonth.of(now).previous()
    closed = await rows.lines(views, msp, month)
    unbilled = await rows.leaks(views, msp, month)
    corrections = await rows.corrections(views, msp, month)
    open_exceptions = await addition_rows.exceptions(views, msp, ExceptionFilter(), MOST_LISTED, None)
    additions: dict[tuple[int, int], AdditionRow] = {}
    pushes: dict[tuple[int, int], MonthPushRow] = {}
    left: list[LeftRow] = []
    if connection.live is not None:
        found = await rows.pushes(views, msp, connection.live.tenant, month)
        pushes = {(push.agreement, push.product): push for push in found}
        asked_for = await rows.pending_finals(views, msp, connection.live.tenant, month)
        closed = _with_outlived(closed, {*pushes, *asked_for})
        agreements = sorted({line.agreement for line in closed})
        additions = await addition_rows.of_agreements(views, msp, connection.live.tenant, agreements)
        left = await rows.left(views, msp, connection.live.tenant) if is_newest else []
    is_closed = await rows.is_closed(views, msp, month)
    candidates = await rows.unclosed(views, msp, month)
    lines = [
        _line(row, additions.get((row.agreement, row.product)), pushes.get((row.agreement, row.product)))
        for row in closed
    ]
    here = {(line.agreement, line.product) for line in closed}
    being_left = {(row.agreement, row.product): row for row in left if (row.agreement, row.product) not in here}
    lines += map(_being_left, being_left.values())
    exceptions = [
        each
        for each in open_exceptions
        if each.month == str(month) or (is_newest and _stands_in_the_way(each, here, being_left))
    ]
    missing = [] if month.ends_at > now else await asking.in_thread(_missing, asking.journal, msp, month, candidates)
    is_open = month.ends_at > now or closes(connection, month)
    if not is_closed and not is_open:
        unbilled = [row for one in missing for row in _never_closed(one, month)]
    leaks = [_unbilled(row) for row in unbilled if row.excluded_because is None]
    verdict = _verdict(
        _Tally(
            month=month,
            is_closed=is_closed,
            is_open=is_open,
            was_connected=connection.live is not None and connection.live.connected_at < month.ends_at,
            unclosed=len(missing),
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


def _with_outlived(closed: Sequence[ClosedLineRow], finals: Collection[tuple[int, int]]) -> list[ClosedLineRow]:
    """With the additions that nobody had in the month any more, and that its finals bring to 0 for that."""
    known = {(row.agreement, row.product) for row in closed}
    outlived = [ClosedLineRow(*line, Decimal("0.00"), []) for line in finals if line not in known]
    return sorted((*closed, *outlived), key=lambda row: (row.agreement, row.product))


def _stands_in_the_way(
    each: ExceptionRow, here: Collection[tuple[int, int]], being_left: Collection[tuple[int, int]]
) -> bool:
    """Whether an exception keeps the month from being invoiced although it is about no month, or about a release that
    was tried only after the month had ended.
    """
    line = (each.agreement or 0, each.product or 0)
    if line in being_left:
        return each.month is None or each.kind == PushKind.RELEASE
    return each.month is None and (each.agreement is None or line in here)


_Unclosed = tuple[UnclosedRow, OrganizationState]


def _missing(journal: Journal, msp: MspId, month: BillingMonth, candidates: Sequence[UnclosedRow]) -> list[_Unclosed]:
    """Those that the MSP managed at some time in the month, with what is recorded of them."""
    streams = {row: organization_stream(msp, OrganizationId(row.organization)) for row in candidates}
    states = journal.states(ORGANIZATION, list(streams.values()))
    found = [(row, states[stream].state) for row, stream in streams.items()]
    return [(row, state) for row, state in found if is_managed_in(state, month)]


def _never_closed(unclosed: _Unclosed, month: BillingMonth) -> list[LeakRow]:
    """What an organization used in a month that nobody closes, as usage without a product is closed."""
    row, state = unclosed
    _, used = usage_of_month(state, month, ())
    return [
        LeakRow(row.organization, row.name, None, one.plan, one.component, one.quantity, row.excluded_because)
        for one in used
        if one.quantity > 0
    ]


def _being_left(row: LeftRow) -> MonthEndLine:
    return MonthEndLine(
        agreement=row.agreement,
        product=row.product,
        organizations=[],
        closed=Decimal("0.00"),
        target=row.holds,
        verified_at=None,
        state=LineState.BEING_LEFT,
    )


def _line(row: ClosedLineRow, addition: AdditionRow | None, push: MonthPushRow | None) -> MonthEndLine:
    return MonthEndLine(
        agreement=row.agreement,
        product=row.product,
        organizations=[strawberry.ID(one) for one in row.organizations],
        closed=row.quantity,
        target=None if push is None else push.target,
        verified_at=None if push is None else push.verified_at,
        state=_state(row, addition, push),
    )


def _state(row: ClosedLineRow, addition: AdditionRow | None, push: MonthPushRow | None) -> LineState:
    if addition is None or push is None:
        return LineState.WAITING
    if addition.last_push != push.push or addition.open_push is not None:
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
    is_open: bool
    """Not over, or still to be closed."""
    was_connected: bool
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


def _why_not_closed(tally: _Tally) -> str:
    if tally.is_open:
        return f"{tally.month} is not closed yet."
    if not tally.was_connected:
        return f"{tally.month} ended while ConnectWise was not connected, so it is not closed and billed nowhere."
    return f"{tally.month} ended before a product was mapped, so it is not closed and billed nowhere."


def _verdict(tally: _Tally) -> _Verdict:
    """The first reason that forbids invoicing, in the order in which they are cured; or that nothing does."""
    month = tally.month
    reasons = (
        (0 if tally.is_closed else 1, _why_not_closed(tally), ""),
        (tally.unclosed, f"organization has no close of {month}.", f"organizations have no close of {month}."),
        (tally.exceptions, "exception needs a person.", "exceptions need a person."),
        (tally.lines_in(LineState.WAITING), "addition waits for its final.", "additions wait for their final."),
        (
            tally.lines_in(LineState.CORRECTED_LATER),
            "addition was corrected after its final was written.",
            "additions were corrected after their final was written.",
        ),
        (
            tally.lines_in(LineState.EDITED_BY_HAND),
            "addition was edited by hand after its final.",
            "additions were edited by hand after their final.",
        ),
        (
            tally.lines_in(LineState.MOVED_ON),
            "addition was pushed again after its final.",
            "additions were pushed again after their final.",
        ),
        (
            tally.lines_in(LineState.BEING_LEFT),
            "addition that was left is not set to 0 yet.",
            "additions that were left are not set to 0 yet.",
        ),
        (tally.leaks, "usage is billed by no agreement.", "usages are billed by no agreement."),
    )
    for count, one, many in reasons:
        if count:
            return _Verdict(False, one if not many else f"{count} {one if count == 1 else many}")
    held = "addition holds" if len(tally.lines) == 1 else "additions hold"
    return _Verdict(True, f"All {len(tally.lines)} {held} what {month} closed with.")
