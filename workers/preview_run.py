"""What Sync now, or an undo, would do: every line worked out exactly as its push would be, and nothing written.

The client here has no writing verb, and the decisions are asked without recording their answer. So a preview can not
say anything else than a push would do on the same numbers, and can not do it.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from connectwise.agreements import AgreementRead, money_effect, read_agreement, unit_price
from connectwise.client import ReadingClient
from connectwise.errors import PsaError
from domain.addition import ADDITION, AdditionState, Problem, PushHeld, PushIsOpen, PushRefused, PushStarted
from domain.connection import ConnectionState, require_live
from domain.run import RUN, LineAction, PlannedLine, RunKind, RunRequested
from domain.streams import addition_stream
from domain.values import BillingMonth, MspId, PsaAgreementId, PsaProductId, PushId, RunId, same_quantity
from journal.entry import Entry, Origin
from journal.reader import Change, Reader
from projections.due_pushes import DueState, Lane
from workers.due import DueAgreement, DueRow
from workers.push_orders import Facts, PushContext, order_push
from workers.tools import Tools

Line = tuple[PsaAgreementId, PsaProductId]


def preview_lines(
    tools: Tools,
    msp: MspId,
    connection: ConnectionState,
    requested: Entry[RunRequested],
    lines: Sequence[PlannedLine],
) -> tuple[PlannedLine, ...]:
    """Work out each line. Shape: in the order given; what can not be read or written is a line with its problem. What
    was not looked at when the run was cancelled is left out.

    Raises: NotConnected.
    """
    live = require_live(connection)
    client = tools.clients.reading(msp, live.number)
    by_agreement: dict[PsaAgreementId, list[PlannedLine]] = {}
    for line in lines:
        by_agreement.setdefault(line.agreement, []).append(line)

    def of_agreement(agreement: PsaAgreementId) -> list[PlannedLine]:
        if _is_cancelled(tools, requested):
            return []
        due = DueAgreement(msp, live.tenant.site, live.tenant.company_id, agreement)
        read_at = tools.journal.now()
        try:
            seen = read_agreement(client, agreement, read_at)
            context = PushContext(tools.pool, due, seen, tools.timing.deadline)
            shown = [_preview(tools, client, context, requested, line) for line in by_agreement[agreement]]
            return [line for line in shown if line is not None]
        except PsaError as error:
            return [_refused(line, Problem.PSA_UNAVAILABLE, str(error)) for line in by_agreement[agreement]]

    with ThreadPoolExecutor(connection.settings.parallel_requests, thread_name_prefix="preview") as threads:
        found = {
            (line.agreement, line.product): line for some in threads.map(of_agreement, by_agreement) for line in some
        }
    return tuple(found[line.agreement, line.product] for line in lines if (line.agreement, line.product) in found)


def _is_cancelled(tools: Tools, requested: Entry[RunRequested]) -> bool:
    return tools.journal.state(RUN, requested.stream).state.is_cancelled


def digest_of(requested: RunRequested, lines: Sequence[PlannedLine]) -> str:
    """Binds a preview: the same numbers of the same lines give the same digest; any other number, month or scope
    another one.
    """
    numbers = [
        [line.agreement, line.product, line.action, *map(str, (line.found, line.wrote, line.base, line.target))]
        for line in lines
    ]
    about = [str(requested.month), requested.organizations, requested.undoes, requested.connection_number, numbers]
    return sha256(json.dumps(about, separators=(",", ":")).encode()).hexdigest()


def _preview(
    tools: Tools, client: ReadingClient, context: PushContext, requested: Entry[RunRequested], line: PlannedLine
) -> PlannedLine | None:
    """The line as a push would leave it; none when the run was cancelled meanwhile, so that a push would do nothing."""
    stream = addition_stream(context.msp, context.due.tenant, line.agreement, line.product)
    state = AdditionState()
    would: Sequence[object] = ()

    def ask(reader: Reader) -> Sequence[Change]:
        nonlocal state, would
        state = reader.state(ADDITION, stream).state
        row = _row(stream.id, requested, line, reader.now)
        answer = order_push(reader, context, row, state, PushId("preview"))
        would = answer.facts if isinstance(answer, Facts) else ()
        return ()

    try:
        tools.journal.transact(ask, _nobody(tools, requested))
    except PushIsOpen:
        return _refused(line, Problem.OUTCOME_UNKNOWN, "a push is under way; preview again in a moment")
    for fact in reversed(would):
        match fact:
            case PushStarted(record=record, found=found, wanted=wanted, target=target):
                is_same = found is not None and same_quantity(found, target)
                action = LineAction.CREATE if record is None else LineAction.VERIFY if is_same else LineAction.WRITE
                return _planned(client, context.seen, state, line, (action, found, wanted, target))
            case PushHeld(found=found, wanted=wanted, target=target):
                return _planned(client, context.seen, state, line, (LineAction.HOLD, found, wanted, target))
            case PushRefused(problem=problem, detail=detail):
                return _refused(line, problem, detail)
    if _is_cancelled(tools, requested):
        return None
    return _refused(line, Problem.NOTHING_MAPPED, "there is nothing to write here")


def _row(addition: UUID, requested: Entry[RunRequested], line: PlannedLine, now: datetime) -> DueRow:
    """The line as the due push that it would become."""
    month = requested.fact.month or BillingMonth.of(now)
    is_undo = requested.fact.undoes is not None
    run = RunId(requested.stream.key[0])
    return DueRow(
        addition=addition,
        lane=Lane.RUN,
        ref=run,
        agreement=line.agreement,
        product=line.product,
        month=str(month),
        run=run,
        kind=RunKind.UNDO if is_undo else RunKind.OVERWRITE,
        left_behind=None,
        target=line.target if is_undo else None,
        base=line.base if is_undo else None,
        due_position=requested.position,
        due_since=requested.recorded_at,
        cause=requested.entry_id,
        correlation=requested.correlation_id,
        state=DueState.DUE,
        tries=0,
        is_noted=False,
        asked_at=now,
        is_missed=False,
        closed_on=None,
    )


def _planned(
    client: ReadingClient,
    seen: AgreementRead,
    state: AdditionState,
    line: PlannedLine,
    numbers: tuple[LineAction, Decimal | None, Decimal, Decimal],
) -> PlannedLine:
    action, found, wanted, target = numbers
    record = next((addition for addition in seen.additions if addition.id == state.record), None)
    if record is None and found is not None:
        record = next((one for one in seen.additions if one.product_id == line.product), None)
    price = unit_price(client, record, line.product)
    return PlannedLine(
        agreement=line.agreement,
        product=line.product,
        action=action,
        found=found,
        wrote=state.wrote,
        base=state.base,
        wanted=wanted,
        target=target,
        money=None if price is None else money_effect(price, found, target, record),
        problem="the unit price is 0" if price == 0 else None,
    )


def _refused(line: PlannedLine, problem: Problem, detail: str) -> PlannedLine:
    return PlannedLine(line.agreement, line.product, LineAction.REFUSE, problem=f"{problem}: {detail}")


def _nobody(tools: Tools, requested: Entry[RunRequested]) -> Origin:
    """Nothing is recorded; the journal wants to know who would."""
    return tools.origin(correlation=requested.correlation_id, causation=requested.entry_id)
