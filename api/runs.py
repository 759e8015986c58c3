"""Runs: asked for here, carried out by workers; anybody may watch how far they are. Imports are asked for here too."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from api import paging
from api.context import Act, Info, checked_id
from api.errors import Told
from api.fields import ADMINS, READERS, computed, mutation, query
from api.organizations import CompanyMapping, shown_mapping
from api.paging import Paged, StateCount
from api.refusals import result
from domain.addition import HoldReason, LineOutcome, Problem
from domain.connection import CONNECTION, ConnectionState, Live, require_live
from domain.refusals import (
    InvalidInput,
    NotConnected,
    RunIsOver,
    UnknownOrganization,
    UnknownRun,
)
from domain.run import (
    RUN,
    ApprovedLine,
    ImportFilter,
    LineAction,
    RunKind,
    RunRequested,
    RunStatus,
    cancel_run,
    request_run,
)
from domain.streams import StreamKind, connection_stream, run_stream
from domain.values import BillingMonth, MspId, OrganizationId, RunId
from journal.reader import Change, Reader
from projections.reads import mappings as mapping_rows
from projections.reads import organizations as organization_rows
from projections.reads import runs as rows
from projections.reads.runs import RunLineRow, RunRow

RUNS_FROM_KEYS = uuid.UUID("7a2f3d4e-90c1-5f6b-8e2d-4c1b0a9f8e7d")
"""Chosen once: a run that was asked for under an idempotency key has its id from that key."""
MOST_ORGANIZATIONS = 1_000
MOST_FILTERED = 200
MOST_TRIES = 5
MOST_VANISHED = 100


@strawberry.type(description="One addition of a run. The numbers are null until they are read in ConnectWise.")
class RunLine:
    agreement: int
    product: int
    action: LineAction
    found: Decimal | None
    wrote: Decimal | None
    base: Decimal | None
    wanted: Decimal | None
    target: Decimal | None
    money: Decimal | None
    problem: str | None
    outcome: LineOutcome | None
    outcome_problem: Problem | None
    outcome_hold: HoldReason | None
    outcome_found: Decimal | None
    outcome_target: Decimal | None
    outcome_at: datetime | None


@strawberry.type(description="Lines of a plan with the same action. `money` is the sum of those whose price is known.")
class PlannedCount:
    action: LineAction
    count: int
    money: Decimal


@strawberry.type(description="What an import is limited to; empty means all.")
class ImportedBy:
    types: list[int]
    statuses: list[int]


@strawberry.type
class Run:
    """One thing that was asked for. `outcomes` count what is done; of an import, what was found."""

    id: strawberry.ID
    msp: strawberry.ID
    kind: RunKind
    status: RunStatus
    month: BillingMonth | None
    organizations: list[strawberry.ID] | None
    undoes: strawberry.ID | None
    digest: str | None
    requested_by: str | None
    requested_at: datetime
    planned_at: datetime | None
    finished_at: datetime | None
    line_count: int
    problem: str | None
    import_filter: ImportedBy | None
    outcomes: strawberry.Private[dict[str, Any] | None]

    @computed("Lines by outcome, WAITING among them; of an import what it found.")
    async def progress(self, info: Info) -> list[StateCount]:
        counts: dict[str, Any] | None = self.outcomes
        if counts is None:
            counts = await info.context.loaders.run_progress.load((MspId(self.msp), self.id))
        return [StateCount(state=state, count=int(count)) for state, count in sorted(counts.items())]

    @computed("Of an import: organizations now mapped to what the last import did not see (any more), at most 100.")
    async def vanished(self, info: Info) -> list[CompanyMapping]:
        if self.kind is not RunKind.IMPORT:
            return []
        found = await mapping_rows.vanished(info.context.views, MspId(self.msp), MOST_VANISHED)
        return [shown_mapping(row) for row in found]

    @computed("How many of the plan's lines would do what, and their change in money a month.")
    async def planned(self, info: Info) -> list[PlannedCount]:
        found = await rows.planned(info.context.views, MspId(self.msp), self.id)
        return [PlannedCount(action=LineAction(action), count=count, money=money) for action, count, money in found]

    @computed("The plan's lines, in its order; all of them, or those of some actions.")
    async def lines(
        self,
        info: Info,
        *,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        actions: list[LineAction] | None = None,
    ) -> Paged[RunLine]:
        views, msp = info.context.views, MspId(self.msp)
        asked = paging.page(first, after, (int,))
        key = int(asked.after[0] or 0) if asked.after else None
        cut = paging.cut(await rows.lines(views, msp, self.id, actions, limit=asked.limit, after=key), asked)
        edges, page_info = paging.edges_of(cut, lambda row: (row.ordinal,), _line)
        return Paged(
            edges=edges,
            page_info=page_info,
            count=lambda: rows.count_lines(views, msp, self.id, actions),
            count_by_state=lambda: rows.progress(views, msp, self.id),
        )


@strawberry.type
class RunAccepted:
    """The run; `joined` when the very same one was going on already."""

    run: Run
    joined: bool


@strawberry.input(description="Ids of company types and statuses; without any, all companies.")
class ImportCompaniesInput:
    types: list[int] = strawberry.field(default_factory=list)
    statuses: list[int] = strawberry.field(default_factory=list)
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


@strawberry.input
class CancelRunInput:
    run: strawberry.ID
    msp: strawberry.ID | None = None
    idempotency_key: str | None = None


IMPORT = result("ImportCompaniesResult", RunAccepted, NotConnected)
CANCEL_RUN = result("CancelRunResult", RunAccepted, UnknownRun, RunIsOver)


@strawberry.input
class RunsFilter:
    kind: RunKind | None = None
    status: RunStatus | None = None


@strawberry.type
class RunQueries:
    @query(READERS, "Runs, the newest first; counts are by status.")
    async def runs(
        self,
        info: Info,
        first: int = paging.DEFAULT_PAGE,
        after: str | None = None,
        filter: RunsFilter | None = None,
        msp: strawberry.ID | None = None,
    ) -> Paged[Run]:
        views = info.context.views
        known = await info.context.known_msp(msp)
        asked = paging.page(first, after, (str, str))
        wanted = filter or RunsFilter()
        cut = paging.cut(
            await rows.runs(
                views, known, kind=wanted.kind, status=wanted.status, limit=asked.limit, after=_run_key(asked)
            ),
            asked,
        )
        edges, page_info = paging.edges_of(
            cut, lambda row: (row.requested_at.isoformat(), row.run), lambda row: shown(known, row)
        )
        return Paged(
            edges=edges,
            page_info=page_info,
            count=lambda: rows.count(views, known, wanted.kind, wanted.status),
            count_by_state=lambda: rows.count_by_status(views, known),
        )

    @query(READERS, "One run; null when the MSP has none of that id.")
    async def run(self, info: Info, id: strawberry.ID, msp: strawberry.ID | None = None) -> Run | None:
        known = await info.context.known_msp(msp)
        row = await rows.run(info.context.views, known, id)
        return None if row is None else shown(known, row)


@strawberry.type
class RunMutations:
    @mutation(IMPORT, ADMINS, "Import companies and their agreements; a worker does it.")
    async def import_companies(self, info: Info, input: ImportCompaniesInput) -> Any:
        for name, ids in (("types", input.types), ("statuses", input.statuses)):
            if len(ids) > MOST_FILTERED or any(each < 1 for each in ids):
                raise InvalidInput(name, f"at most {MOST_FILTERED} ids, each above 0")
        act = await info.context.act("importCompanies", input.msp, input)
        chosen = ImportFilter(tuple(sorted(set(input.types))), tuple(sorted(set(input.statuses))))

        return await ask_for(
            info, act, lambda state, now: asked_run(RunKind.IMPORT, require_live(state), now, import_filter=chosen)
        )

    @mutation(CANCEL_RUN, ADMINS, "Start no further line of a run; those in flight are finished.")
    async def cancel_run(self, info: Info, input: CancelRunInput) -> Any:
        act = await info.context.act("cancelRun", input.msp, input)
        run = RunId(input.run)
        stream = run_stream(act.msp, run)
        await act.record(lambda reader: (Change(stream, cancel_run(reader.state(RUN, stream).state, run)),))
        return await accepted(info, act.msp, run, joined=False)


Request = Callable[[ConnectionState, datetime], RunRequested]
"""What a run is asked for with, by the connection's state and the time. Raises what forbids it."""


def asked_run(
    kind: RunKind,
    live: Live,
    now: datetime,
    *,
    month: BillingMonth | None = None,
    organizations: tuple[OrganizationId, ...] | None = None,
    digest: str | None = None,
    approved: tuple[ApprovedLine, ...] = (),
    undoes: RunId | None = None,
    import_filter: ImportFilter | None = None,
) -> RunRequested:
    return RunRequested(
        kind=kind,
        month=month,
        organizations=organizations,
        digest=digest,
        approved=approved,
        undoes=undoes,
        import_filter=import_filter,
        connection_number=live.number,
        requested_at=now,
    )


class _Overtaken(Exception):
    """Another run of the MSP was recorded since we looked which ones go on."""


async def ask_for(info: Info, act: Act, request: Request) -> RunAccepted:
    """Join the very same run if it is going on, else record the request under an id from the key, or a new one.

    Whoever presses at the same moment joins too: a request is recorded only if no run of the MSP moved since we looked.
    Raises: what `request` raises; Told when others are quicker again and again.
    """
    asking = info.context
    run = RunId(str(uuid.uuid4() if act.key is None else uuid.uuid5(RUNS_FROM_KEYS, f"{act.msp}\n{act.key.key}")))
    for _ in range(MOST_TRIES):
        if act.repeated is not None:
            break
        looked_at = asking.parts.freshness.position
        asked = request(await asking.connection(act.msp), await asking.in_thread(asking.journal.now))
        same = await _going_on(info, act.msp, asked)
        if same is not None:
            return RunAccepted(run=shown(act.msp, same), joined=True)
        try:
            recorded = await act.record(_recording(act.msp, run, request, looked_at))
            if not recorded:
                # The other click of a double one was first, perhaps this very moment.
                await asking.views_hold(await asking.in_thread(asking.journal.head))
            break
        except _Overtaken:
            await asking.views_hold(await asking.in_thread(asking.journal.head))
    else:
        raise Told("other runs are being asked for right now; try again", {"code": "Busy", "values": {}})
    return await accepted(info, act.msp, run, joined=False)


def _recording(msp: MspId, run: RunId, request: Request, looked_at: int) -> Callable[[Reader], tuple[Change, ...]]:
    has_decided = False

    def decide(reader: Reader) -> tuple[Change, ...]:
        nonlocal has_decided
        if has_decided:
            raise _Overtaken
        has_decided = True
        reader.category(msp, StreamKind.RUN, looked_at)
        stream = run_stream(msp, run)
        asked = request(reader.state(CONNECTION, connection_stream(msp)).state, reader.now)
        return (Change(stream, request_run(reader.state(RUN, stream).state, asked)),)

    return decide


async def _going_on(info: Info, msp: MspId, asked: RunRequested) -> RunRow | None:
    """The run that was asked for with the very same content and is not over."""
    asking = info.context
    going_on = await rows.going_on(asking.views, msp, asked.kind)
    streams = {row.run: run_stream(msp, RunId(row.run)) for row in going_on}
    states = await asking.in_thread(asking.journal.states, RUN, list(streams.values()))
    for row in going_on:
        requested = states[streams[row.run]].state.requested
        if requested is not None and replace(requested, requested_at=asked.requested_at) == asked:
            return row
    return None


async def accepted(info: Info, msp: MspId, run: RunId, *, joined: bool) -> RunAccepted:
    row = await rows.run(info.context.views, msp, run)
    if row is None:
        raise Told("this is recorded, but the views do not show it yet", {"code": "ViewsBehind", "values": {}})
    return RunAccepted(run=shown(msp, row), joined=joined)


async def organizations_in_scope(
    info: Info, msp: MspId, asked: list[strawberry.ID] | None
) -> tuple[OrganizationId, ...] | None:
    """Raises: InvalidInput, UnknownOrganization."""
    if asked is None:
        return None
    if not 1 <= len(asked) <= MOST_ORGANIZATIONS:
        raise InvalidInput("organizations", f"1 to {MOST_ORGANIZATIONS}")
    wanted = tuple(sorted({OrganizationId(checked_id("organizations", one)) for one in asked}))
    known = await organization_rows.named(info.context.views, msp, wanted)
    for one in wanted:
        if one not in known:
            raise UnknownOrganization(one)
    return wanted


def _run_key(asked: paging.Page) -> tuple[datetime, str] | None:
    if asked.after is None:
        return None
    try:
        return datetime.fromisoformat(str(asked.after[0])), str(asked.after[1])
    except ValueError as error:
        raise InvalidInput("after", "a cursor that a page before this one gave") from error


def shown(msp: MspId, row: RunRow, progress: dict[str, int] | None = None) -> Run:
    """`progress` where it was read with the row, so that nobody reads it again."""
    imported = (
        ImportedBy(types=row.import_types, statuses=row.import_statuses or []) if row.import_types is not None else None
    )
    return Run(
        id=strawberry.ID(row.run),
        msp=strawberry.ID(msp),
        kind=RunKind(row.kind),
        status=RunStatus(row.status),
        month=None if row.month is None else BillingMonth.parse(row.month),
        organizations=None if row.organizations is None else [strawberry.ID(one) for one in row.organizations],
        undoes=None if row.undoes is None else strawberry.ID(row.undoes),
        digest=row.digest,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        planned_at=row.planned_at,
        finished_at=row.finished_at,
        line_count=row.lines,
        problem=row.problem,
        import_filter=imported,
        outcomes=progress if row.outcomes is None else row.outcomes,
    )


def _line(row: RunLineRow) -> RunLine:
    is_held = row.outcome == LineOutcome.HELD
    return RunLine(
        agreement=row.agreement,
        product=row.product,
        action=LineAction(row.action),
        found=row.found,
        wrote=row.wrote,
        base=row.base,
        wanted=row.wanted,
        target=row.target,
        money=row.money,
        problem=row.problem,
        outcome=None if row.outcome is None else LineOutcome(row.outcome),
        outcome_problem=None if row.outcome_problem is None or is_held else Problem(row.outcome_problem),
        outcome_hold=HoldReason(row.outcome_problem) if row.outcome_problem is not None and is_held else None,
        outcome_found=row.outcome_found,
        outcome_target=row.outcome_target,
        outcome_at=row.outcome_at,
    )
