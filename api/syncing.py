"""Seeing before writing, writing, and going back: preview a Sync now or an undo, ask for it, undo a run.

A preview is a run that can not write. Its digest stands for the numbers it showed, in its month and for its
organizations: `syncNow` with the digest writes exactly these lines and refuses those whose numbers moved since.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from api.context import Info
from api.fields import ADMINS, mutation
from api.refusals import result
from api.runs import RunAccepted, ask_for, asked_run, organizations_in_scope
from domain.addition import ADDITION, undo_of
from domain.connection import ConnectionState, require_live, require_pushing
from domain.refusals import (
    ConnectionIsNotActive,
    InvalidInput,
    MonthHasNotBegun,
    MonthIsNotClosed,
    NotConnected,
    NotHeld,
    NumbersMoved,
    PreviewIsOutdated,
    RunCannotBeUndone,
    UnknownOrganization,
    UnknownRun,
)
from domain.run import RUN, ApprovedLine, LineAction, PlannedLine, RunKind, RunRequested, RunState, request_undo
from domain.streams import addition_stream, run_stream
from domain.values import (
    BillingMonth,
    MspId,
    OrganizationId,
    PsaAgreementId,
    PsaProductId,
    RunId,
    same_quantity,
)
from projections.reads import month_end as month_rows
from projections.reads import runs as rows

MOST_APPROVED = 10_000


@strawberry.input(
    description="Of a Sync now: without `month` the current one, without `organizations` all. Of an undo: `undoes`, and"
    " nothing else."
)
class PreviewSyncInput:
    month: BillingMonth | None = None
    organizations: list[strawberry.ID] | None = None
    undoes: strawberry.ID | None = None
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input(description="A held line of the preview that is to be written all the same, with the numbers shown.")
class ApprovedLineInput:
    agreement: int
    product: int
    found: Decimal
    target: Decimal


@strawberry.input(
    description="Without `month` the current one; without `organizations` all. With `digest` what that preview showed,"
    " and then both may be left out; `approved` ticks held lines of it."
)
class SyncNowInput:
    month: BillingMonth | None = None
    organizations: list[strawberry.ID] | None = None
    digest: str | None = None
    approved: list[ApprovedLineInput] = strawberry.field(default_factory=list)
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class UndoRunInput:
    run: strawberry.ID
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


_WRITING = (NotConnected, ConnectionIsNotActive)
PREVIEW_SYNC = result(
    "PreviewSyncResult",
    RunAccepted,
    *_WRITING,
    MonthHasNotBegun,
    MonthIsNotClosed,
    UnknownOrganization,
    UnknownRun,
    RunCannotBeUndone,
)
SYNC_NOW = result(
    "SyncNowResult",
    RunAccepted,
    *_WRITING,
    MonthHasNotBegun,
    MonthIsNotClosed,
    UnknownOrganization,
    PreviewIsOutdated,
    NotHeld,
    NumbersMoved,
)
UNDO_RUN = result("UndoRunResult", RunAccepted, *_WRITING, UnknownRun, RunCannotBeUndone)


@strawberry.type
class SyncMutations:
    @mutation(PREVIEW_SYNC, ADMINS, "Work out what Sync now, or an undo, would do; nothing can be written by it.")
    async def preview_sync(self, info: Info, input: PreviewSyncInput) -> Any:
        act = await info.context.act("previewSync", input.msp, input)
        if input.undoes is not None:
            if input.month is not None or input.organizations is not None:
                raise InvalidInput("undoes", "an undo has the month and the lines of the run that it undoes")
            undone = await _undoable(info, act.msp, RunId(input.undoes))
            month, scope = undone.month, undone.organizations
        else:
            scope = await organizations_in_scope(info, act.msp, input.organizations)
            month = await _month(info, act.msp, input.month)

        def request(state: ConnectionState, now: datetime) -> RunRequested:
            undoes = None if input.undoes is None else RunId(input.undoes)
            live = require_pushing(state)
            return asked_run(RunKind.PREVIEW, live, now, month=month, organizations=scope, undoes=undoes)

        return await ask_for(info, act, request)

    @mutation(SYNC_NOW, ADMINS, "Write what the facts say over whatever ConnectWise holds; a worker does it.")
    async def sync_now(self, info: Info, input: SyncNowInput) -> Any:
        act = await info.context.act("syncNow", input.msp, input)
        scope = await organizations_in_scope(info, act.msp, input.organizations)
        month = input.month
        approved: tuple[ApprovedLine, ...] = ()
        if input.digest is not None:
            if act.repeated is None:
                preview = await _preview(info, act.msp, input.digest, month, scope)
                assert preview.requested is not None
                month, scope = preview.requested.month, preview.requested.organizations
                approved = _ticked(preview, input.approved)
        elif input.approved:
            raise InvalidInput("approved", "only together with the digest of the preview that showed these lines")
        else:
            month = await _month(info, act.msp, month)

        def request(state: ConnectionState, now: datetime) -> RunRequested:
            return asked_run(
                RunKind.OVERWRITE,
                require_pushing(state),
                now,
                month=month,
                organizations=scope,
                digest=input.digest,
                approved=approved,
            )

        return await ask_for(info, act, request)

    @mutation(UNDO_RUN, ADMINS, "Put back what a run found, wherever nothing was written or edited since.")
    async def undo_run(self, info: Info, input: UndoRunInput) -> Any:
        act = await info.context.act("undoRun", input.msp, input)
        run = RunId(input.run)
        undone = None if act.repeated is not None else await _undoable(info, act.msp, run)

        def request(state: ConnectionState, now: datetime) -> RunRequested:
            live = require_pushing(state)
            month = None if undone is None else undone.month
            return asked_run(RunKind.UNDO, live, now, month=month, undoes=run)

        return await ask_for(info, act, request)


async def _month(info: Info, msp: MspId, asked: BillingMonth | None) -> BillingMonth:
    """The month to write: the current one, or a closed one. Raises: MonthHasNotBegun, MonthIsNotClosed."""
    asking = info.context
    current = BillingMonth.of(await asking.in_thread(asking.journal.now))
    month = asked or current
    if month > current:
        raise MonthHasNotBegun(month)
    if month < current and not await month_rows.is_closed(asking.views, msp, month):
        raise MonthIsNotClosed(month)
    return month


async def _preview(
    info: Info,
    msp: MspId,
    digest: str,
    month: BillingMonth | None,
    scope: tuple[OrganizationId, ...] | None,
) -> RunState:
    """The newest preview with a digest that stands: of this connection, of the month and scope if these are named,
    and of a month that has not been closed since.

    Raises: NotConnected, PreviewIsOutdated.
    """
    asking = info.context
    number = (await asking.live(msp)).number
    current = BillingMonth.of(await asking.in_thread(asking.journal.now))
    for run in await rows.previews_with(asking.views, msp, digest):
        state: RunState = (await asking.in_thread(asking.journal.state, RUN, run_stream(msp, RunId(run)))).state
        requested = state.requested
        if requested is None or requested.undoes is not None or requested.connection_number != number:
            continue
        was_current = requested.month == BillingMonth.of(requested.requested_at)
        if (
            (month is None or month == requested.month)
            and (scope is None or scope == requested.organizations)
            and (not was_current or requested.month == current)
        ):
            return state
    raise PreviewIsOutdated(digest)


def _ticked(preview: RunState, approved: Sequence[ApprovedLineInput]) -> tuple[ApprovedLine, ...]:
    """Raises: NotHeld for a line that the preview did not hold, NumbersMoved for other numbers than it showed,
    InvalidInput (approved).
    """
    if len(approved) > MOST_APPROVED:
        raise InvalidInput("approved", f"at most {MOST_APPROVED}")
    lines: dict[tuple[int, int], PlannedLine] = {}
    if preview.planned is not None:
        lines = {(line.agreement, line.product): line for line in preview.planned.lines}
    ticked = {}
    for one in approved:
        agreement, product = PsaAgreementId(one.agreement), PsaProductId(one.product)
        line = lines.get((agreement, product))
        if line is None or line.action is not LineAction.HOLD or line.target is None:
            raise NotHeld(agreement, product)
        found = Decimal(0) if line.found is None else line.found
        if not (same_quantity(found, one.found) and same_quantity(line.target, one.target)):
            raise NumbersMoved(found, line.target)
        ticked[agreement, product] = ApprovedLine(agreement, product, found, line.target)
    return tuple(ticked[key] for key in sorted(ticked))


async def _undoable(info: Info, msp: MspId, run: RunId) -> RunRequested:
    """What the run to undo was asked for. Raises: NotConnected, UnknownRun, RunCannotBeUndone."""
    asking = info.context
    live = require_live(await asking.connection(msp))
    state = (await asking.in_thread(asking.journal.state, RUN, run_stream(msp, run))).state
    requested = request_undo(state, run, connection_number=live.number)
    lines = state.planned.lines if state.planned is not None else ()
    streams = [addition_stream(msp, live.tenant, line.agreement, line.product) for line in lines]
    additions = await asking.in_thread(asking.journal.states, ADDITION, streams)
    if all(isinstance(undo_of(addition.state, run), str) for addition in additions.values()):
        raise RunCannotBeUndone(run, "nothing of it is left to undo")
    return requested
